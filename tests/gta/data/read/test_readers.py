"""Every way to read a clip gives the pixels of a plain decode, in time or with an error that names the file."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from gta.config import DataConfig
from gta.data.dataset import ClipDataset
from gta.data.read import jpeg, pyav
from gta.data.read import torchcodec as codec
from gta.data.read.deadline import ClipError, Deadline, within
from gta.data.read.reader import Reader, choose_reader, count_frames, probe, read_all, read_frames
from gta.data.read.video import Stored
from gta.data.sets.splits import Clip, Split
from gta.errors import UserError
from tests.support import videos

FILMS = {
    "vp9.webm": ("libvpx-vp9", {"g": "9", "auto_alt_ref": "1", "lag_in_frames": "12", "b": "0", "deadline": "good"}),
    "vp8.webm": ("libvpx", {"g": "9", "auto_alt_ref": "1", "lag_in_frames": "12"}),
    "h264.mp4": ("libx264", {"g": "12"}),
    "open.mp4": ("libx264", {"x264_params": "open-gop=1:bframes=3:keyint=8:min-keyint=8:ref=4"}),
    "pyramid.mkv": ("libx264", {"x264_params": "open-gop=1:bframes=5:b-pyramid=normal:keyint=9:scenecut=0"}),
    "refresh.mp4": ("libx264", {"x264_params": "intra-refresh=1:keyint=10"}),
    "old.avi": ("libx264", {"g": "10"}),
    "mpeg4.avi": ("mpeg4", {"bf": "2", "g": "8"}),
}


@pytest.fixture(scope="module", params=list(FILMS))
def video(request, tmp_path_factory) -> tuple[Path, np.ndarray]:
    name, options = FILMS[request.param]
    path = videos.encode(tmp_path_factory.mktemp("videos") / request.param, videos.draw(45), name, **options)
    return path, videos.decode_all(path)


def test_chosen_frames_are_those_of_a_plain_decode(video):
    path, whole = video
    assert len(whole) == count_frames(path) == probe(path).frames == 45
    assert np.array_equal(read_all(path), whole)
    rng = np.random.default_rng(0)
    for count in (1, 1, 1, 2, 4, 8, 8):
        at = rng.integers(0, 45, count)
        assert np.array_equal(read_frames(path, at), whole[at]), at
    for first in (0, 7, 8, 9, 20, 41):  # a dense clip
        assert np.array_equal(read_frames(path, range(first, first + 4)), whole[first : first + 4])


def test_an_open_video_can_be_asked_again(video):
    path, whole = video
    asked = ([40, 41], [3], [44, 0, 44])
    taken = Reader().read(path, lambda v: [v.take(at) for at in asked])
    assert all(np.array_equal(frames, whole[list(at)]) for frames, at in zip(taken, asked, strict=True))


@pytest.mark.parametrize("promised", [0, 3, 44, 46, 99])
def test_a_broken_promise_of_frames_changes_no_sample(tmp_path, monkeypatch, promised):
    """Indices are chosen anew by the length that comes, and the augmentation draws as if it had been known."""
    path = videos.encode(tmp_path / "a.avi", videos.draw(45), "mpeg4")
    clips = Split(("a",), (Clip("a", path, 0, "a"),))
    data = ClipDataset(clips, DataConfig("any", frames=4, resize=(24, 32), crop=20, colour=0.2), 0, True)
    expected = [data[(epoch, 0)]["video"] for epoch in range(3)]
    lengths = []
    monkeypatch.setattr(pyav, "numbered_by_time", lambda *_: (None, promised))
    frames = Reader().read(path, lambda v: (lengths.append(v.length), v.take([v.length - 1, 2]))[1])
    assert lengths == ([45] if promised == 0 else [promised, 45])
    assert np.array_equal(frames, videos.decode_all(path)[[44, 2]])
    assert all(torch.equal(data[(epoch, 0)]["video"], expected[epoch]) for epoch in range(3))
    with pytest.raises(ClipError, match=r"a\.avi has 45 frames, frame 50 was asked for"):
        read_frames(path, [50])


def test_a_video_that_never_keeps_its_length_is_an_error(tmp_path, monkeypatch):
    path, counts = videos.encode(tmp_path / "a.avi", videos.draw(5), "mpeg4"), iter(range(6, 99))
    monkeypatch.setattr(pyav, "_count_decoded", lambda *_: next(counts))
    with pytest.raises(ClipError, match=r"a\.avi gives another number of frames each time"):
        read_all(path)


def test_frames_in_memory_are_a_video():
    frames = videos.draw(6)
    video = Stored(frames)
    assert video.length == 6
    assert np.array_equal(video.take([5, 0, 0]), frames[[5, 0, 0]])
    video.take(range(6))[:] = 0  # a copy, for the cache is read-only
    assert frames.any()


def test_groups_without_a_chosen_frame_are_not_decoded(tmp_path, monkeypatch):
    path = videos.encode(tmp_path / "a.mp4", videos.draw(48), "libx264", g="12", bf="0", sc_threshold="0")
    monkeypatch.setattr(pyav, "_count_decoded", lambda *_: pytest.fail("all is decoded"))
    seen = []
    add = pyav._Pictures.add
    monkeypatch.setattr(
        pyav._Pictures, "add", lambda self, number, frame: (seen.append(number), add(self, number, frame))
    )
    read_frames(path, [25, 46])
    assert seen == [24, 25, *range(36, 47)]


def test_the_length_is_what_comes_not_what_is_stored(tmp_path):
    """An edit list hides the first frames of an mp4; a sampler must not ask for them."""
    path = videos.encode(tmp_path / "a.mp4", videos.draw(30), "libx264", g="10", bf="0")
    content = path.read_bytes()
    at = content.index(b"elst") + 4 + 4 + 4  # version and flags, number of entries; then duration and media time
    edited = bytearray(content)
    ticks = int.from_bytes(content[content.index(b"mdhd") + 16 : content.index(b"mdhd") + 20], "big") // 12
    edited[at + 4 : at + 8] = (10 * ticks).to_bytes(4, "big")
    path.write_bytes(bytes(edited))
    shown = len(videos.decode_all(path))
    assert shown == 20
    asked = []
    frames = Reader().read(path, lambda v: (asked.append(v.length), v.take([0, v.length - 1]))[1])
    assert asked == [20]
    assert np.array_equal(frames, videos.decode_all(path)[[0, 19]])


@pytest.mark.parametrize("name", ["vp9.webm", "h264.mp4"])
def test_torchcodec_gives_the_same_pixels(tmp_path, name):
    try:
        codec.decoder_class()
        reader = choose_reader("torchcodec")
    except UserError as error:
        pytest.skip(str(error))
    encoder, options = FILMS[name]
    path = videos.encode(tmp_path / name, videos.draw(40), encoder, **options)
    try:
        length, frames = reader.read(path, lambda v: (v.length, v.take([0, 3, 3, 17, v.length - 1])))
    except UserError as error:
        pytest.skip(str(error))
    assert length == 40
    assert np.array_equal(frames, videos.decode_all(path)[[0, 3, 3, 17, 39]])
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(ClipError, match=r"bad\.mp4 cannot be decoded"):
        reader.read(tmp_path / "bad.mp4", lambda video: video.take([0]))
    with pytest.raises(ClipError, match=r"frame 40 was asked for"):
        reader.read(path, lambda video: video.take([40]))


def test_the_decoder_is_chosen_by_argument_or_environment(monkeypatch):
    assert choose_reader() == Reader("pyav", 60.0)
    monkeypatch.setenv("GTA_DECODER", "pyva")
    with pytest.raises(UserError, match=r"GTA_DECODER is 'pyva': no such decoder; did you mean 'pyav'"):
        choose_reader()
    assert choose_reader("pyav", 2.0).timeout == 2.0
    with pytest.raises(UserError, match="above 0"):
        choose_reader("pyav", 0.0)


# ------------------------------------------------------------------------------------ frame folders
@pytest.mark.parametrize("name", ["{:05d}.jpg", "{}.JPG", "img_{:05d}.jpeg", "frame-{}.Jpg"])
def test_frame_folders_are_read_in_the_order_of_their_numbers(tmp_path, name):
    frames = videos.draw(12)
    folder = videos.write_frames(tmp_path / "7", frames, name)
    (folder / "Thumbs.db").touch()
    (folder / ".00001.jpg.part").touch()
    assert count_frames(folder) == probe(folder).frames == 12
    expected = np.stack([np.asarray(Image.open(folder / name.format(i + 1))) for i in (9, 0, 0, 11)])
    assert np.array_equal(read_frames(folder, [9, 0, 0, 11]), expected)
    with pytest.raises(ClipError, match="has 12 frames, frame 12 was asked for"):
        read_frames(folder, [12])


def test_pil_and_simplejpeg_agree(tmp_path, monkeypatch):
    pytest.importorskip("simplejpeg")
    folder = videos.write_frames(tmp_path / "7", videos.draw(3, 120, 160))
    for floor in (None, (40, 50)):
        fast = jpeg.FrameFolder(folder, floor, Deadline(folder)).take(range(3))
        with monkeypatch.context() as patch:
            patch.setattr(jpeg, "_simplejpeg", lambda: None)
            plain = jpeg.FrameFolder(folder, floor, Deadline(folder)).take(range(3))
        assert np.array_equal(fast, plain)
        assert fast.shape[1:3] == ((120, 160) if floor is None else (60, 80))


def test_decoding_at_half_size_is_close_to_scaling_down(tmp_path):
    """The stated tolerance: a mean of 2 levels of 255, here for strong colours."""
    from gta.data.transforms import scale

    rng = np.random.default_rng(0)
    soft = scale(rng.integers(0, 256, (1, 30, 40, 3), dtype=np.uint8), (240, 320))
    folder = videos.write_frames(tmp_path / "7", soft)
    whole = scale(jpeg.FrameFolder(folder, None, Deadline(folder)).take([0]), (100, 120))
    half = jpeg.FrameFolder(folder, (100, 120), Deadline(folder)).take([0])
    assert half.shape[1:3] == (120, 160)
    assert np.abs(scale(half, (100, 120)).astype(int) - whole).mean() < 2


@pytest.mark.parametrize("without", [False, True])
@pytest.mark.parametrize("content", [b"", b"GIF89a", None])
def test_damaged_frames_name_their_file(tmp_path, content, without, monkeypatch):
    if without:
        monkeypatch.setattr(jpeg, "_simplejpeg", lambda: None)
    folder = videos.write_frames(tmp_path / "7", videos.draw(3))
    target = folder / "00002.jpg"
    target.write_bytes(target.read_bytes()[:300] if content is None else content)
    assert len(read_frames(folder, [0, 2])) == 2
    for read in (lambda: read_frames(folder, [1]), lambda: probe(folder)):
        with pytest.raises(ClipError, match=r"00002\.jpg cannot be decoded") as caught:
            read()
        assert "\n" not in str(caught.value)


def test_frames_of_unequal_size_and_empty_folders(tmp_path):
    folder = videos.write_frames(tmp_path / "7", videos.draw(2))
    (folder / "00002.jpg").write_bytes(videos.jpeg(videos.draw(1, 30, 40)[0]))
    with pytest.raises(ClipError, match=r"00002\.jpg has another size"):
        read_all(folder)
    (tmp_path / "8").mkdir()
    with pytest.raises(ClipError, match="8 holds no numbered jpg files"):
        count_frames(tmp_path / "8")


# ---------------------------------------------------------------------------------------- time-out
def test_a_hanging_decode_is_given_up_in_any_thread(tmp_path, monkeypatch):
    path = videos.encode(tmp_path / "a.mp4", videos.draw(5), "libx264")
    release = threading.Event()
    monkeypatch.setattr(pyav, "open_video", lambda *_: release.wait(20))
    reader, caught = Reader(timeout=0.2), []

    def read() -> None:
        try:
            reader.read(path, lambda video: video.take([0]))
        except UserError as error:
            caught.append(str(error))

    began = time.monotonic()
    read()
    other = threading.Thread(target=read)
    other.start()
    other.join(5)
    release.set()
    assert time.monotonic() - began < 5
    assert len(caught) == 2
    assert all("a.mp4 is not read after 0.2 s" in message for message in caught)


def test_what_is_given_up_stops_by_itself():
    stopped = threading.Event()

    def work(deadline: Deadline) -> None:
        try:
            while True:
                time.sleep(0.01)
                deadline.check()
        finally:
            stopped.set()

    with pytest.raises(ClipError, match=r"clip is not read after 0\.05 s"):
        within(0.05, Path("clip"), work)
    assert stopped.wait(5)


class FakeDecoder:
    """As torchcodec's ``VideoDecoder``, over a plain decode; ``late`` frames are shown a second after their time."""

    late: tuple[int, ...] = ()
    metadata = SimpleNamespace(rotation=None)

    def __init__(self, name: str, **_: object) -> None:
        path = Path(name.removeprefix("file:"))
        self.frames, self.times = 255 - videos.decode_all(path), pyav.told(path)[1]

    def __len__(self) -> int:
        return len(self.frames)

    def get_frames_at(self, wanted: list[int]) -> SimpleNamespace:
        times = [self.times[number] + (number in self.late) for number in wanted]
        return SimpleNamespace(data=torch.from_numpy(self.frames[wanted]), pts_seconds=torch.tensor(times))


def test_torchcodec_gives_frames_and_pyav_those_that_it_shows_at_another_time(tmp_path, monkeypatch):
    monkeypatch.setattr(codec, "decoder_class", lambda: FakeDecoder)
    monkeypatch.setattr(FakeDecoder, "late", (7,))
    path = videos.encode(tmp_path / "a.mp4", videos.draw(12), "libx264")
    whole = videos.decode_all(path)
    first, second = Reader("torchcodec").read(path, lambda v: (v.take([0, v.length - 1]), v.take([7, 3])))
    assert np.array_equal(first, 255 - whole[[0, 11]])  # the fake's negatives
    assert np.array_equal(second, whole[[7, 3]])
    odd = videos.encode(tmp_path / "a.avi", videos.draw(12), "mpeg4")
    assert np.array_equal(Reader("torchcodec").read(odd, lambda v: v.take([5])), videos.decode_all(odd)[[5]])
