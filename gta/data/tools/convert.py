"""Make a data set cheaper to read: ``python -m gta.data.prepare extract|reencode SRC DST``.

``extract`` writes every clip as a folder of jpg frames, ``frames/<clip>/00001.jpg``; ``reencode`` as H.264 video of
short side 256, ``videos/<clip>.mp4``. The lists are copied, those of paths with paths below DST, so DST is read like
SRC. A clip is written beside its place, synced and renamed: it is whole or absent, and the same command goes on where
it was stopped. Sources that cannot be read are skipped and listed in ``DST/skipped.txt``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from gta.cli import Parser, command, parse, positive
from gta.data.read.deadline import ClipError
from gta.data.sets.formats import detect
from gta.data.sets.listed import is_path_list
from gta.data.sets.path_lists import is_video, read_entries, write_entries
from gta.data.sets.splits import LONGEST_NAME, Clip
from gta.data.tools.transcode import Conversion, write_clip
from gta.errors import UserError
from gta.files import write_text
from gta.parallel import Progress, run_batches, showing

SKIPPED = "skipped.txt"
_GROUP = 16
"""Clips whose files are synced together."""
_LISTS = (".json", ".csv", ".txt", ".tsv")


def convert(
    source: Path, conversion: Conversion, jobs: int | None = None, progress: Progress | None = None
) -> tuple[int, list[str]]:
    """Convert every clip of every split that is not there yet.

    Returns:
        The number of clips in the target, and one line for each clip that was skipped.

    Raises:
        UserError: the source is no data set, or the target cannot be written.
    """
    source = Path(source)
    known = detect(source)
    target = conversion.target
    if target.resolve() == source.resolve():
        raise UserError(f"{target} is the source itself; choose another folder for the converted set")
    lists = {path: is_path_list(path) for name in known.splits(source) if (path := known.find(source, name))}
    places: dict[Path, Clip] = {}
    for name in known.splits(source):
        path = known.find(source, name)
        for clip in known.read(source, name).clips:
            place = _place(conversion, source, clip, path is not None and lists[path])
            if places.setdefault(place, clip).path != clip.path and path is not None and lists[path]:
                raise UserError(f"{path}: {places[place].id} and {clip.id} would both become {place}; rename one")
    try:
        for folder in {place.parent for place in places}:
            folder.mkdir(parents=True, exist_ok=True)
        _copy_lists(source, target, [path for path, of_paths in lists.items() if of_paths])
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}; choose another folder") from error
    lock = FileLock(target / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(
            f"{target} is being written by another process; wait for it or choose another folder"
        ) from error
    try:
        return _convert_all(conversion, [(clip, place) for place, clip in places.items()], jobs, progress)
    finally:
        lock.release()


def _convert_all(
    conversion: Conversion, places: list[tuple[Clip, Path]], jobs: int | None, progress: Progress | None
) -> tuple[int, list[str]]:
    for folder in {place.parent for _, place in places}:
        _remove_parts(folder)
    todo = [(clip, place) for clip, place in places if not os.path.exists(place)]
    groups = [todo[i : i + _GROUP] for i in range(0, len(todo), _GROUP)]
    before = len(places) - len(todo)

    def forward(done: int, _: int) -> None:
        if progress is not None:
            progress(min(before + done * _GROUP, len(places)), len(places))

    found = run_batches(_convert_group, conversion, groups, jobs, forward, batch=1, few=1)
    skipped = sorted(line for lines in found for line in lines)
    listed = conversion.target / SKIPPED
    if skipped:
        write_text(listed, "\n".join(skipped) + "\n")
    else:
        listed.unlink(missing_ok=True)
    return len(places) - len(skipped), skipped


def _place(conversion: Conversion, source: Path, clip: Clip, of_paths: bool) -> Path:
    """Return where a clip goes: by its id, or where the rewritten list of paths expects it."""
    if of_paths:
        place = conversion.target / _below(source, clip.id)
        return place if conversion.way == "extract" or is_video(clip.id) else place.with_name(f"{place.name}.mp4")
    if conversion.way == "extract":
        return conversion.target / "frames" / clip.id
    return conversion.target / "videos" / f"{clip.id}.mp4"


def _below(source: Path, name: str) -> Path:
    """Return the path of a clip in a list of paths as one below the data set, wherever it leads now."""
    root = Path(os.path.abspath(source))
    path = Path(os.path.normpath(root / name.replace("\\", "/")))
    return path.relative_to(root) if path.is_relative_to(root) else path.relative_to(path.anchor)


def _copy_lists(source: Path, target: Path, of_paths: Sequence[Path]) -> None:
    """Copy the lists; those of paths are written anew, for their paths may lead out of the target."""
    for folder in (".", "labels", "annotations"):
        if not (source / folder).is_dir():
            continue
        for path in sorted((source / folder).iterdir()):
            if path.suffix in _LISTS and path.is_file() and path.name not in (SKIPPED, "embedded.json"):
                if path.name.startswith("gta-"):
                    continue
                (target / folder).mkdir(parents=True, exist_ok=True)
                part = target / folder / f".{path.name}.part"
                if path in of_paths:
                    entries = [replace(entry, name=str(_below(source, entry.name))) for entry in read_entries(path)]
                    part.write_text(write_entries(entries), "utf-8")
                else:
                    shutil.copyfile(path, part)
                os.replace(part, target / folder / path.name)


def _remove_parts(folder: Path) -> None:
    for part in folder.glob(".*.part"):
        shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


def _convert_group(conversion: Conversion, group: Sequence[tuple[Clip, Path]]) -> list[str]:
    """Write some clips beside their places, sync, rename; return why clips were skipped."""
    skipped: list[str] = []
    written: list[tuple[Path, Path]] = []
    part = conversion.target
    try:
        for clip, place in group:
            part = place.with_name(f".{os.getpid()}-{len(written)}.part")  # short: the name itself may be at the limit
            try:
                if len(os.fsencode(place.name)) > LONGEST_NAME:
                    raise ClipError(f"{place} is too long for a file name; use the other way of `prepare`")
                write_clip(conversion, clip.path, part)
            except ClipError as error:
                _discard(part)
                skipped.append(str(error))
                continue
            written.append((part, place))
        for part, place in written:
            _sync(part)
            os.replace(part, place)
        for folder in {place.parent for _, place in written}:
            _sync_one(folder)
    except OSError as error:
        raise UserError(
            f"cannot write {part}: {error.strerror or error}; free space or choose another folder"
        ) from error
    finally:
        for left, _ in [*written, (part, part)]:
            if left.name.endswith(".part"):
                _discard(left)
    return skipped


def _discard(part: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if path.is_dir():
        for file in path.iterdir():
            _sync_one(file)
    _sync_one(path)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns 0 when every clip is there, 1 when some were skipped, 2 for a mistake of the user."""
    parser = Parser(
        "python -m gta.data.prepare", "Write a data set as frame folders or small videos.", "extract SRC DST"
    )
    parser.add_argument("way", choices=("extract", "reencode"), help="to jpg frames, or to H.264 of short side 256")
    parser.add_argument("source", type=Path, metavar="SRC", help="the data set's own folder")
    parser.add_argument("target", type=Path, metavar="DST", help="folder of the converted set")
    parser.add_argument("--side", type=positive, metavar="N", help="longest short side (default: 256 for reencode)")
    parser.add_argument("--quality", type=positive, default=95, metavar="N", help="of jpg, to 100 (default: 95)")
    parser.add_argument("--crf", type=positive, default=18, metavar="N", help="of H.264, to 51 (default: 18)")
    parser.add_argument("--jobs", type=positive, default=None, metavar="N", help="processes (default: all cores)")
    try:
        options = parse(parser, arguments)
        if options.quality > 100 or options.crf > 51:
            raise UserError("--quality goes to 100 and --crf to 51")
        side = options.side or (256 if options.way == "reencode" else None)
        conversion = Conversion(options.way, options.target, side, options.quality, options.crf)
        with showing(f"{options.way} clips") as progress:
            count, skipped = convert(options.source, conversion, options.jobs, progress)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(f"{options.target}: {count} clips, {len(skipped)} skipped")
    for line in skipped[:10]:
        print(line, file=sys.stderr)
    if len(skipped) > 10:
        print(f"and {len(skipped) - 10} more, see {options.target / SKIPPED}", file=sys.stderr)
    return 1 if skipped else 0
