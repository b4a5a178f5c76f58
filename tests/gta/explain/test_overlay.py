"""Maps over frames."""

import numpy as np

from gta.explain.overlay import overlay, spread


def test_maps_brighten_where_they_are_high():
    frames = np.full((4, 8, 8, 3), 100, np.uint8)
    maps = np.zeros((2, 2, 2), np.float32)
    maps[1, 0, 0] = 1
    assert spread(maps, 4)[:, 0, 0].tolist() == [0, 0, 1, 1]
    found = overlay(frames, maps)
    assert (found[:2] == 100).all()
    assert found[2, 0, 0].astype(int).tolist() != [100, 100, 100]
    assert (found[2, 7, 7] == 100).all()
