"""Odd media: turned, mirrored, cut, beginning between key frames, of strange names, and what is no film at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

from gta.config import DataConfig, ViewsConfig
from gta.data.dataset import ClipDataset
from gta.data.read import jpeg, numbering, orientation, pyav
from gta.data.read import torchcodec as codec
from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.reader import Reader, choose_reader, count_frames, probe, read_all, read_frames
from gta.data.sets.splits import LONGEST_NAME, Clip, Split, check_id
from gta.data.tools.transcode import Conversion, write_clip
from gta.errors import UserError
from tests.support import videos

MATRICES = {
    "right": ((0, 1, -1, 0), lambda x: np.rot90(x, -1, (1, 2))),
    "half": ((-1, 0, 0, -1), lambda x: x[:, ::-1, ::-1]),
    "left": ((0, -1, 1, 0), lambda x: np.rot90(x, 1, (1, 2))),
    "mirrored": ((-1, 0, 0, 1), lambda x: x[:, :, ::-1]),
    "upside down": ((1, 0, 0, -1), lambda x: x[:, ::-1]),
    "transposed": ((0, 1, 1, 0), lambda x: x.swapaxes(1, 2)),
    "transposed and turned": ((0, -1, -1, 0), lambda x: x.swapaxes(1, 2)[:, ::-1, ::-1]),
}


def reader(decoder: str, path: Path) -> Reader:
    """PyAV, or torchcodec where it and FFmpeg's libraries are installed."""
    try:
        found = choose_reader(decoder)
        found.read(path, lambda video: video.take([0]))
    except ClipError:
        raise
    except UserError as error:
        pytest.skip(str(error))
    return found


# ---------------------------------------------------------------------------------- the right way up
@pytest.fixture(scope="module")
def upright(tmp_path_factory) -> tuple[Path, np.ndarray]:
    path = videos.encode(tmp_path_factory.mktemp("upright") / "a.mp4", videos.draw(20), "libx264", g="6")
    return path, videos.decode_all(path)


@pytest.fixture(params=list(MATRICES))
def turned(request, upright, tmp_path) -> tuple[Path, np.ndarray]:
    """A video with a display matrix, and the frames that a player shows."""
    path = tmp_path / "turned.mp4"
    path.write_bytes(upright[0].read_bytes())
    matrix, expected = MATRICES[request.param]
    return videos.turn(path, *matrix), np.ascontiguousarray(expected(upright[1]))


@pytest.mark.parametrize("decoder", ["pyav", "torchcodec"])
def test_frames_are_read_the_right_way_up(turned, decoder):
    path, expected = turned
    for at in ([0, 7, 19], [11], range(20)):
        length, frames = reader(decoder, path).read(path, lambda v, at=at: (v.length, v.take(at)))
        assert length == 20
        assert np.array_equal(frames, expected[at])


def test_size_and_scaling_are_those_of_what_is_shown(turned):
    path, expected = turned
    found = probe(path)
    assert (found.height, found.width) == expected.shape[1:3]
    assert (found.frames, found.doubts) == (20, ())
    small = read_frames(path, [3, 12], (24, 30)).astype(int)
    upright = videos.encode(path.with_name("expected.mp4"), expected, "libx264", crf="1")
    assert np.abs(small - read_frames(upright, [3, 12], (24, 30))).mean() < 6  # another encoding, so not equal


def test_views_of_training_and_evaluation_are_turned(turned, tmp_path):
    path, expected = turned
    folder = videos.write_frames(tmp_path / "frames", expected)
    data = DataConfig("ssv2", frames=4, crop=24, resize=(24, 24), augment="crop", flip=0.0)
    for training in (True, False):
        seen = []
        for place in (path, folder):
            split = Split(("a",), (Clip("1", place, 0, "a"),))
            clips = ClipDataset(split, data, 0, training, views=(ViewsConfig(),))
            seen.append(clips.__getitems__([(0, 0)])["video"].numpy().astype(int))
        assert np.abs(seen[0] - seen[1]).mean() < 4  # jpg


@pytest.mark.parametrize("way", ["extract", "reencode"])
def test_conversions_keep_what_is_shown(turned, tmp_path, way):
    path, expected = turned
    target = tmp_path / ("frames" if way == "extract" else "small.mp4")
    write_clip(Conversion(way, tmp_path, None, 95, 10), path, target)
    found = read_all(target)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 4


def test_a_matroska_video_is_turned(upright, tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(upright[0])) as source, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV cannot write a display matrix")
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.size > 0:
                packet.stream = stream
                container.mux(packet)
    turn = round(next(av.open(str(path)).decode(video=0)).rotation / 90)
    assert turn != 0
    assert np.array_equal(read_all(path), np.rot90(upright[1], turn, (1, 2)))


def test_odd_angles_and_scales_count_as_the_nearest_quarter_turn():
    def matrix(a: float, b: float, c: float, d: float) -> bytes:
        return np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], np.float64).astype(np.int32).tobytes()

    for angle in np.arange(-170, 180, 20):
        ways = []
        for degrees, scale in ((angle, 65536), (90 * round(angle / 90), 1000)):
            sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
            ways.append(orientation.from_matrix(matrix(*(scale * x for x in (cos, sin, -sin, cos)))))
        assert ways[0] == ways[1], angle
    assert orientation.from_matrix(matrix(0, 0, 0, 0)) == orientation.Orientation()


def test_side_data_that_pyav_does_not_know_leaves_the_turn():
    class Frame:
        rotation = -90

        @property
        def side_data(self) -> None:
            raise ValueError("29 is not a valid Type")

    assert orientation.Turns().of(Frame()) == orientation.Orientation(True, leftwards=True)


@pytest.mark.parametrize("without", [False, True])
@pytest.mark.parametrize("number", range(1, 10))
def test_frames_of_a_folder_follow_their_exif(tmp_path, number, without, monkeypatch):
    if without:
        monkeypatch.setattr(jpeg, "_simplejpeg", lambda: None)
    exif = Image.Exif()
    exif[0x112] = number
    for i, picture in enumerate(videos.draw(3, 64, 96), 1):
        Image.fromarray(picture).save(tmp_path / f"{i}.jpg", exif=exif)
    with Image.open(tmp_path / "2.jpg") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(read_frames(tmp_path, [1])[0], expected)
    found = probe(tmp_path)
    assert (found.height, found.width) == expected.shape[:2]
    small = jpeg.FrameFolder(tmp_path, (20, 20), Deadline(tmp_path)).take([1])
    assert small.shape[1:3] == (expected.shape[0] // 2, expected.shape[1] // 2)


def test_a_damaged_exif_block_says_nothing(tmp_path):
    content = videos.jpeg(videos.draw(1)[0])
    block = b"Exif\0\0MM\0\x2a\xff\xff\xff\xf0" + bytes(8)
    (tmp_path / "1.jpg").write_bytes(
        content[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + content[2:]
    )
    (tmp_path / "2.jpg").write_bytes(content)
    frames = read_all(tmp_path)
    assert np.array_equal(frames[0], frames[1])


# ------------------------------------------------------------------------------------ frame folders
@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (("img_{:05d}.jpg", "x_{:05d}.jpg", "y_{:05d}.jpg"), r"3 kinds, img_\*\.jpg \(4\) and x_\*\.jpg \(4\) and y_"),
        (("rgb_{:d}.jpg", "depth_{:d}.jpg"), r"2 kinds, depth_\*\.jpg \(4\) and rgb_\*\.jpg \(4\)"),
        (("{:05d}.jpg", "{:05d}.jpeg"), r"2 kinds, \*\.jpeg \(4\) and \*\.jpg \(4\)"),
        (("{:05d}.jpg", "thumb{:d}.jpg"), "2 kinds"),
        (("{:05d}.jpg", "{:d}.jpg"), r"frame 1 twice, 00001\.jpg and 1\.jpg"),
        (("{:05d}.jpg", "{:05d}.JPG"), r"frame 1 twice, 00001\.JPG and 00001\.jpg"),
    ],
)
def test_a_folder_of_two_films_is_refused(tmp_path, names, kinds):
    for name in names:
        videos.write_frames(tmp_path / "7", videos.draw(4), name)
    for read in (count_frames, probe, read_all, lambda p: read_frames(p, [0])):
        with pytest.raises(ClipError, match=f"7 holds .*{kinds}"):
            read(tmp_path / "7")


def test_gaps_between_the_numbers_are_doubts(tmp_path):
    folder = videos.write_frames(tmp_path / "7", videos.draw(12))
    assert probe(folder).doubts == ()
    for number in (4, 5, 9):
        (folder / f"{number:05d}.jpg").unlink()
    assert probe(folder).doubts == ("3 of 12 frame numbers are missing: 4 to 5, 9",)
    assert (count_frames(folder), len(read_all(folder))) == (9, 9)
    (folder / "00001.jpg").unlink()
    assert probe(folder).doubts == ("4 of 12 frame numbers are missing: 1, 4 to 5, 9",)
    (folder / "00000.jpg").write_bytes((folder / "00002.jpg").read_bytes())
    assert probe(folder).doubts == ("4 of 13 frame numbers are missing: 1, 4 to 5, 9",)


# --------------------------------------------------------------------------------- cut and punched
def test_a_cut_webm_ends_early(tmp_path):
    path = videos.encode(tmp_path / "a.webm", videos.draw(60), g="12")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    found = probe(path)
    assert found.frames == len(videos.decode_all(path)) < 60
    text = "; ".join(found.doubts)
    assert f"it ends after {found.frames / 12:.2f} s, its header says 5.00 s" in text
    assert "File ended prematurely" in text


@pytest.mark.parametrize("encoder", ["libvpx-vp9", "libx264"])
def test_a_hole_in_a_matroska_file_is_seen(tmp_path, encoder):
    source = videos.encode(tmp_path / "source.mkv", videos.draw(60, 120, 160), encoder, g="6")
    path = videos.remux(source, tmp_path / "a.mkv", list, cluster_time_limit="500")
    content = bytearray(path.read_bytes())
    clusters = [match.start() for match in re.finditer(b"\x1f\x43\xb6\x75", content)]
    first, last = clusters[3], clusters[6]
    content[first:last] = bytes(last - first)
    path.write_bytes(content)
    found = probe(path)
    text = "; ".join(found.doubts)
    assert consistent(path) == found.frames < 45
    assert f"{found.frames} frames come in 5.00 s, 12 a second make 60" in text
    assert int(re.search(r"(\d+) bytes between its packets belong to none", text)[1]) >= last - first
    assert "FFmpeg reports" in text


def test_an_mp4_whose_index_comes_first_lacks_frames_when_cut(tmp_path):
    source = videos.encode(tmp_path / "b.mp4", videos.draw(60), "libx264", g="12")
    path = videos.remux(source, tmp_path / "a.mp4", list, movflags="faststart")
    with av.open(str(path)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size > 0]
    path.write_bytes(path.read_bytes()[: ends[44]])
    found = probe(path)
    assert found.frames == len(videos.decode_all(path)) == 45
    assert "its index lists 60 frames, 45 are there" in found.doubts


@pytest.mark.parametrize(("name", "encoder"), [("a.avi", "mpeg4"), ("a.mp4", "libx264"), ("a.mkv", "libx264")])
def test_errors_that_the_decoder_conceals_are_counted(tmp_path, name, encoder):
    path = videos.encode(tmp_path / name, videos.draw(40, 96, 128), encoder, g="8")
    content = path.read_bytes()
    assert probe(path).doubts == ()
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size > 60]
    position, size = packets[0]
    at = position + size - 60  # behind the encoder's notes
    path.write_bytes(content[:at] + b"\x5a" * 8 + content[at + 8 :])
    found = probe(path)
    assert found.frames == len(videos.decode_all(path))
    assert any(doubt.startswith("FFmpeg reports") and encoder[-3:] in doubt for doubt in found.doubts), found.doubts
    level = av.logging.get_level()
    probe(path)
    assert av.logging.get_level() == level


# ------------------------------------------------------------------------------ numbers of frames
def consistent(path: Path) -> int:
    """Check that each frame is the same one whatever is asked for beside it; return the number of frames."""
    whole = videos.decode_all(path)
    for at in [*([i] for i in range(len(whole))), [0, len(whole) - 1], range(len(whole))]:
        length, frames = Reader().read(path, lambda video, at=at: (video.length, video.take(at)))
        assert length == len(whole), at
        assert np.array_equal(frames, whole[at]), at
    assert count_frames(path) == probe(path).frames == len(whole)
    return len(whole)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
@pytest.mark.parametrize("lost", [1, 5, 12])
def test_a_film_that_begins_between_key_frames_counts_what_can_be_shown(tmp_path, name, lost):
    source = videos.encode(tmp_path / "source.mkv", videos.draw(30), "libx264", g="10", bf="0")
    path = videos.remux(source, tmp_path / name, lambda packets: [None] * lost + packets[lost:])
    assert consistent(path) == (20 if lost < 10 else 10)
    assert any("first packet is not a key frame" in doubt for doubt in probe(path).doubts)


@pytest.mark.parametrize("name", ["a.avi", "a.mkv", "a.mp4"])
def test_where_a_decoder_shows_such_a_beginning_it_counts(tmp_path, name):
    source = videos.encode(tmp_path / "source.avi", videos.draw(30), "mpeg4", g="10")
    path = videos.remux(source, tmp_path / name, lambda packets: [None] * 4 + packets[4:])
    assert consistent(path) == 26
    assert any("first packet is not a key frame" in doubt for doubt in probe(path).doubts)


@pytest.mark.parametrize("encoder", ["libvpx", "libvpx-vp9"])
def test_where_the_decoder_refuses_such_a_beginning_so_does_every_reader(tmp_path, encoder):
    source = videos.encode(tmp_path / "source.webm", videos.draw(30), encoder, g="10")
    path = videos.remux(source, tmp_path / "12.webm", lambda packets: [None] * 3 + packets[3:])
    for read in (count_frames, probe, read_all, lambda p: read_frames(p, [0]), lambda p: read_frames(p, [15])):
        with pytest.raises(ClipError, match=r"12\.webm cannot be decoded"):
            read(path)


@pytest.mark.parametrize(("encoder", "bit", "which"), [("libvpx", 0x10, (4, 15)), ("libvpx-vp9", 0x02, (10, 20))])
def test_frames_that_are_stored_and_not_shown_have_no_number(tmp_path, encoder, bit, which):
    source = videos.encode(tmp_path / "source.webm", videos.draw(30), encoder, g="10")
    path = videos.remux(
        source,
        tmp_path / "hidden.webm",
        lambda packets: [bytes([p[0] ^ bit]) + p[1:] if i in which else p for i, p in enumerate(packets)],
    )
    assert consistent(path) == 28
    assert probe(path).doubts == ()


def test_a_frame_that_does_not_decode_is_an_error_and_moves_no_other(tmp_path, monkeypatch):
    source = videos.encode(tmp_path / "source.webm", videos.draw(30), "libvpx", g="10")
    path = videos.remux(
        source,
        tmp_path / "a.webm",
        lambda packets: [bytes([p[0] ^ 0x10]) + p[1:] if i == 15 else p for i, p in enumerate(packets)],
    )
    whole = videos.decode_all(path)
    monkeypatch.setattr(numbering, "hidden", lambda *_: False)
    for number in range(30):
        if number == 15:
            with pytest.raises(ClipError, match=r"a\.webm: frame 15 of 30 \(from 0\) does not decode"):
                read_frames(path, [2, number])
        else:
            expected = whole[[2, number - (number > 15)]]
            assert np.array_equal(read_frames(path, [2, number]), expected)
    with pytest.raises(ClipError, match="29 of 30 frames decode"):
        write_clip(Conversion("extract", tmp_path, None, 95, 18), path, tmp_path / "frames")


# ------------------------------------------------------------------------------------------- names
@pytest.mark.parametrize("decoder", ["pyav", "torchcodec"])
@pytest.mark.parametrize(
    "name",
    [
        "http:clip.mp4",
        "pipe:0",
        "concat:a|b",
        "file:x.mp4",
        "-dash.mp4",
        "a%03d.mp4",
        "a?b=c#d.mp4",
        "data:,a",
        "ü ñ.mp4",
    ],
)
def test_a_name_is_that_of_a_file(tmp_path, monkeypatch, upright, name, decoder):
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.write_bytes(upright[0].read_bytes())
    assert np.array_equal(reader(decoder, path).read(path, lambda video: video.take(range(video.length))), upright[1])
    assert count_frames(path) == probe(path).frames == 20


def test_a_name_that_is_no_text(tmp_path, upright):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4"))
    path.write_bytes(upright[0].read_bytes())
    assert len(read_all(path)) == 20


def test_names_that_cannot_be(tmp_path):
    for name in ("x" * 300 + ".mp4", "a\0b.mp4", "y" * 5000):
        for read in (count_frames, probe, read_all):
            with pytest.raises(ClipError, match="cannot be opened"):
                read(tmp_path / name)


def test_ids_are_no_longer_than_a_file_name():
    assert check_id("list: line 1", "x" * LONGEST_NAME) == "x" * LONGEST_NAME
    for clip_id in ("x" * (LONGEST_NAME + 1), "ü" * (LONGEST_NAME // 2 + 1)):
        with pytest.raises(UserError, match=r"list: line 7 has an id of .* longer than a file name may be"):
            check_id("list: line 7", clip_id)


# ----------------------------------------------------------------------------------- what is no film
@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "webp", "tiff", "avif", "ico"])
@pytest.mark.parametrize("name", ["still.{}", "12.mp4", "still%03d.{}"])
def test_a_still_picture_is_no_clip(tmp_path, suffix, name):
    path = tmp_path / name.format(suffix)
    kind = {"jpg": "jpeg"}.get(suffix, suffix)
    try:
        with path.open("wb") as stream:
            Image.fromarray(videos.draw(1)[0]).save(stream, kind)
    except (KeyError, OSError) as error:
        pytest.skip(f"PIL cannot write it: {error}")
    for read in (probe, read_all, lambda p: read_frames(p, [0])):
        with pytest.raises(ClipError, match="is a still picture; expected a video file, or a folder"):
            read(path)


def test_a_moving_gif_is_a_clip(tmp_path):
    pictures = [Image.fromarray(picture) for picture in videos.draw(5)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:])
    assert consistent(tmp_path / "a.gif") == 5


def test_the_cover_of_a_song_is_no_clip(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=44100)
        picture = container.add_stream("mjpeg", rate=12)
        picture.width, picture.height, picture.pix_fmt = 32, 16, "yuvj420p"
        picture.disposition = av.stream.Disposition.attached_pic
        container.mux(picture.encode(av.VideoFrame.from_ndarray(videos.draw(1, 16, 32)[0], format="rgb24")))
        container.mux(picture.encode())
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 44100
        container.mux(sound.encode(silence))
        container.mux(sound.encode())
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1
    for read in (count_frames, probe, read_all):
        with pytest.raises(ClipError, match="is a still picture"):
            read(path)


@pytest.mark.parametrize(
    "content", [b"ffconcat version 1.0\nfile a.mp4\n", b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n"]
)
def test_lists_of_files_and_texts_are_no_clips(tmp_path, upright, content):
    (tmp_path / "a.mp4").write_bytes(upright[0].read_bytes())
    for name in ("12.mp4", "12.txt", "12.m3u8"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ClipError, match=name):
            read_all(tmp_path / name)


def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    for path in (tmp_path / "a.mp4", Path("/dev/zero")):
        with pytest.raises(ClipError, match="cannot be decoded"):
            read_all(path)


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("libx264", {"x264_params": "open-gop=1:bframes=5:b-pyramid=normal:keyint=9:scenecut=0"}),
        ("libx265", {"x265_params": "keyint=10:log-level=none"}),
    ],
)
@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_where_packets_are_lost_the_frames_that_come_are_counted(tmp_path, encoder, options, name):
    """Decoders then leave out other frames as well, in silence."""
    try:
        source = videos.encode(tmp_path / "source.mkv", videos.draw(36, 64, 96), encoder, **options)
    except (av.error.FFmpegError, ValueError) as error:
        pytest.skip(f"no encoder {encoder}: {error}")
    for first in range(1, 30, 4):
        path = videos.remux(
            source,
            tmp_path / name,
            lambda packets, first=first: [p if i not in (first, first + 1) else None for i, p in enumerate(packets)],
        )
        assert consistent(path) <= 34


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.avi"])
def test_what_cannot_be_numbered_is_decoded_once(tmp_path, name, monkeypatch):
    source = videos.encode(tmp_path / "source.mkv", videos.draw(30), "mpeg4", g="10")
    path = videos.remux(source, tmp_path / name, list)
    count, calls = pyav._count_decoded, []
    monkeypatch.setattr(pyav, "_count_decoded", lambda *given: (calls.append(given), count(*given))[1])
    whole = videos.decode_all(path)
    assert np.array_equal(read_frames(path, [3, 29, 3]), whole[[3, 29, 3]])
    assert len(calls) == 1
    with pytest.raises(ClipError, match="has 30 frames, frame 30 was asked for"):
        read_frames(path, [0, 30])


def test_torchcodec_reads_what_is_odd_as_pyav_does(tmp_path):
    source = videos.encode(tmp_path / "source.mkv", videos.draw(30), "libx264", g="10", bf="0")
    path = videos.remux(source, tmp_path / "a.mkv", lambda packets: [None] * 3 + packets[3:])
    length, frames = reader("torchcodec", source).read(path, lambda v: (v.length, v.take([0, v.length - 1])))
    assert length == 20
    assert np.array_equal(frames, videos.decode_all(path)[[0, 19]])
    assert codec.decoder_class() is not None
