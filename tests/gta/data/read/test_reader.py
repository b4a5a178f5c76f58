"""The decoder against a plain decode of everything, and against damaged files."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from gta.config import DrawingConfig
from gta.data.drawn.clip import draw_clip
from gta.data.drawn.encode import encode_webm
from gta.data.drawn.templates import TEMPLATES
from gta.data.read import pyav
from gta.data.read.reader import ClipError, count_frames, read_all, read_frames
from gta.errors import UserError
from tests.support import videos


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return draw_clip(DrawingConfig(), "train", TEMPLATES[0], 0)


def _write(path: Path, frames: np.ndarray, codec: str, **options: str) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=12, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module", params=["webm", "mp4", "keys"])
def video(request, tmp_path_factory, frames) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    if request.param == "webm":
        return _write(folder / "a.webm", frames, "libvpx-vp9", deadline="realtime", **{"cpu-used": "8"})
    if request.param == "mp4":
        return _write(folder / "a.mp4", frames, "libx264")
    path = folder / "keys.webm"
    path.write_bytes(encode_webm(frames))
    return path


def _everything(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_chosen_frames_have_the_pixels_of_a_full_decode(video):
    whole = _everything(video)
    assert count_frames(video) == len(whole) == 32
    assert np.array_equal(read_all(video), whole)
    for at in ([0], [31], [1, 5, 9, 13, 18, 22, 26, 30], [7, 3, 3, 20]):
        assert np.array_equal(read_frames(video, at), whole[at])


def test_frames_resemble_what_was_encoded(video, frames):
    assert np.abs(read_all(video).astype(int) - frames).mean() < 16


def test_only_the_chosen_frames_are_converted(video, monkeypatch):
    converted = []
    converter = pyav.converter
    monkeypatch.setattr(
        pyav, "converter", lambda size: lambda frame: (converted.append(frame.pts), converter(size)(frame))[1]
    )
    assert read_frames(video, [2, 4, 2]).shape[0] == 3
    assert len(converted) == 2


def test_frames_are_scaled_while_they_are_read(video):
    small = read_frames(video, [4, 8], size=(24, 36))
    assert small.shape == (2, 24, 36, 3)
    assert abs(small.mean() - read_frames(video, [4, 8]).mean()) < 4


def test_the_header_s_number_of_frames_is_not_believed(tmp_path, frames):
    """An mp4 that is cut after 20 packets but whose muxer was told a longer duration still counts 20."""
    path = _write(tmp_path / "a.mkv", frames[:20], "libx264")
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames != 20
    assert count_frames(path) == 20


def test_asking_past_the_end_names_the_file_and_its_length(tmp_path, frames):
    path = _write(tmp_path / "12.webm", frames[:5], "libvpx-vp9", deadline="realtime", **{"cpu-used": "8"})
    with pytest.raises(ClipError, match=r"12\.webm has 5 frames, frame 7 was asked for"):
        read_frames(path, [0, 7])


@pytest.mark.parametrize("content", [b"", b"not a video at all", b"\x1a\x45\xdf\xa3" + b"\0" * 500])
def test_files_that_are_no_video(tmp_path, content):
    path = tmp_path / "12.webm"
    path.write_bytes(content)
    for read in (count_frames, read_all, lambda p: read_frames(p, [0])):
        with pytest.raises(UserError, match=r"12\.webm") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_a_truncated_file_gives_its_whole_frames_and_an_error_for_the_rest(tmp_path, frames):
    content = encode_webm(frames)
    path = tmp_path / "12.webm"
    path.write_bytes(content[: len(content) // 2])
    there = count_frames(path)
    assert 5 < there < 25
    assert len(read_frames(path, [0, 1])) == 2
    with pytest.raises(ClipError, match=r"12\.webm"):
        read_frames(path, [0, 31])


def test_a_header_without_frames(tmp_path, frames):
    content = encode_webm(frames)
    path = tmp_path / "12.webm"
    path.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])  # up to the first cluster
    with pytest.raises(ClipError, match=r"12\.webm"):
        read_all(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ClipError, match="does not exist"):
        read_frames(tmp_path / "1.webm", [0])


def test_negative_frame_numbers_are_a_bug_of_the_caller(video):
    with pytest.raises(ValueError, match="0 or more"):
        read_frames(video, [-1])


def test_the_codec_carries_no_arrow_of_time(tmp_path, frames):
    forward, backward = tmp_path / "f.webm", tmp_path / "b.webm"
    forward.write_bytes(encode_webm(frames))
    backward.write_bytes(encode_webm(frames[::-1]))
    assert np.array_equal(read_all(forward), read_all(backward)[::-1])


def test_the_same_frames_give_the_same_bytes(frames):
    assert encode_webm(frames) == encode_webm(frames)


def test_the_loading_benchmark_runs_and_checks_the_pixels(tmp_path, monkeypatch, capsys):
    from benchmarks import loading

    plain = {
        name: loading.VIDEO_READERS[name] for name in (loading.OURS, "PyAV, decode and convert all", "no conversion")
    }
    monkeypatch.setattr(loading, "VIDEO_READERS", plain)
    clips = [videos.draw(loading.LENGTH, 240, 427)]
    monkeypatch.setattr(loading, "sources", lambda _: (clips, "drawn"))
    out = tmp_path / "loading.md"
    assert loading.main(["--clips", "1", "--repeats", "1", "--out", str(out)]) == 0
    assert out.read_text() == capsys.readouterr().out
    assert out.read_text().count("| gta.data | ") == 3
    monkeypatch.setitem(plain, "wrong", lambda path: plain[loading.OURS](path)[::-1])
    with pytest.raises(AssertionError, match="wrong gives different pixels"):
        loading.table(1, 1)


def test_the_loading_benchmark_can_draw_its_clips(monkeypatch):
    from benchmarks import loading

    monkeypatch.setattr(loading, "_film", lambda: None)
    clips, shown = loading.sources(1)
    assert shown == "drawn"
    assert [clip.shape for clip in clips] == [(48, 240, 427, 3)]
