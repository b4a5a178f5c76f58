"""How many broken clips a training accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gta.data.sets.damage import Damage, damage_limit
from gta.data.sets.splits import Clip, Split
from gta.errors import UserError


@pytest.mark.parametrize(
    ("text", "limit"), [("", None), ("0.01", 0.01), ("1%", 0.01), ("0.6 %", 0.006), ("0", 0.0), ("1", 1.0)]
)
def test_the_part_of_clips_that_may_be_broken(monkeypatch, text, limit):
    monkeypatch.setenv("GTA_DAMAGED", text)
    assert damage_limit() == pytest.approx(limit)


@pytest.mark.parametrize("text", ["much", "-1", "2", "101%", "nan", "1e-2"])
def test_a_part_that_is_none(monkeypatch, text):
    monkeypatch.setenv("GTA_DAMAGED", text)
    with pytest.raises(UserError, match=r"^GTA_DAMAGED is .*; expected the part of the clips"):
        damage_limit()


def test_the_releases_broken_clips_can_be_trained_on_with_the_option_that_the_message_names():
    split = Split(("a",), tuple(Clip(str(i), Path(f"{i}.mp4"), 0, "a") for i in range(10_000)))
    broken = [[i] for i in range(60)]  # 0.6 % of the clips, as in the release of Kinetics
    damage = Damage(split)
    damage.note(broken[:10])
    with pytest.raises(UserError, match=r"11 of 11 clips .* more than 0\.1% of them; .*GTA_DAMAGED=0\.01") as caught:
        damage.note(broken[10:11])
    limit = float(str(caught.value).rpartition("=")[2])
    damage = Damage(split, limit)
    for _ in range(3):  # epochs
        damage.note(broken + [[-1]] * 9_940)
    assert (damage.read, damage.replaced, damage.names["59"]) == (30_000, 180, 3)
