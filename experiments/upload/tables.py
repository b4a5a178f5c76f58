"""The tables of a profile as one W&B run: every table as a ``wandb.Table``, its pictures, and the claims."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.child import wandb_content as content
from experiments.reporting.evidence.collect import collect
from experiments.reporting.pages.frames import numeric_frame
from experiments.store.frozen import FrozenStore
from experiments.upload.stored import Target
from gta.files import read_bytes

if TYPE_CHECKING:
    import pandas as pd

    from experiments.study.rows import Profile, Table

CLAIMS = "claims.csv"
"""Written by the report; its verdicts are shown as far as they are there."""


def run_id(profile: str) -> str:
    """Return the id of the W&B run that holds the tables of a profile."""
    return f"tables-{profile}"


def read_frames(tables: Sequence[Table], profile: Profile, store: FrozenStore) -> dict[str, pd.DataFrame]:
    """Return the tables that have a measured row as numbers, by name."""
    found = {table.name: collect(table, profile, store) for table in tables}
    return {name: numeric_frame(data) for name, data in found.items() if data.results}


def digest(frames: dict[str, pd.DataFrame], folder: Path) -> str:
    """Return a digest of all figures; ``folder`` is that of the profile's pages."""
    text = "".join(f"{name}\n{frame.to_csv(index=False)}" for name, frame in frames.items())
    claims = read_bytes(folder / CLAIMS) if (folder / CLAIMS).exists() else b""
    return hashlib.sha256(text.encode() + claims).hexdigest()


def send_tables(target: Target, profile: Profile, frames: dict[str, pd.DataFrame]) -> None:
    """Write the tables of a profile to W&B; pictures and claims are those that the report has left on disk."""
    import pandas as pd
    import wandb

    folder = target.results / profile.name
    shown: dict[str, object] = {
        f"tables/{name}": wandb.Table(dataframe=_plain(frame)) for name, frame in frames.items()
    }
    if (folder / CLAIMS).exists():
        shown["claims"] = wandb.Table(dataframe=_plain(pd.read_csv(folder / CLAIMS)))
    if target.pictures:
        paths = [path for name in frames for path in sorted(folder.glob(f"{name}*.png"))]
        shown |= {f"pictures/{path.stem}": wandb.Image(str(path), caption=path.stem) for path in paths}
    rows, measured = sum(map(len, frames.values())), sum(int((frame["n"] > 0).sum()) for frame in frames.values())
    with target.start(
        id=run_id(profile.name),
        name=f"tables of {profile.name}",
        group="tables",
        job_type="study",
        tags=(profile.name, "tables"),
        notes=f"{profile.title}: {measured} of {rows} rows of {len(frames)} tables are measured",
        project=content.project(),
        config={"profile": profile.name, "tables": list(frames)},
    ) as run:
        run.log(shown)
        run.summary.update({content.RESULT: digest(frames, folder), "rows": rows, "measured": measured})


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with columns of numbers or of text only; W&B refuses mixed ones."""
    import pandas as pd

    columns = {}
    for name, column in frame.items():
        numbers = pd.to_numeric(column, errors="coerce")
        is_number = bool((numbers.notna() | column.isna()).all())
        columns[name] = numbers.astype("float64") if is_number else column.fillna("").astype(str)
    return pd.DataFrame(columns)
