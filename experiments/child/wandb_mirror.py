"""Weights & Biases as a mirror: one run a row and seed; the study never reads it back and works without it.

Every call goes through :meth:`Mirror._do`: what fails there, or does not return, switches the mirror off with one
warning, and the training goes on. The points of ``metrics.jsonl`` are the truth; a resumed run tells all of them again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from experiments.child.labels import Labels
from gta import files
from gta.config import RunConfig, to_dict

PROJECT = "gta"
"""Unless ``WANDB_PROJECT`` names another; ``WANDB_ENTITY`` names the team."""
ANSWER = 10.0
"""Seconds in which the server has to take a new run; then it is mirrored offline."""
PATIENCE = 30.0
"""Seconds that any other call may take."""
FAREWELL = {True: 30.0, False: 5.0}
"""Seconds to hand over the rest after a run that went well, or did not: a stopped one is soon killed."""
_SUMMARIES = {"curve/val_top1": "max", "curve/train_loss": "min"}
"""What W&B's table of runs shows of a curve, beside the result, which has names of its own."""


class Mirror:
    """The W&B run of one training; a context that ends it. Without W&B, or after a failure, every method does nothing.

    Offline files of interrupted attempts are taken away when this one, which repeats their points, has ended well.
    """

    def __init__(
        self, config: RunConfig, folder: Path, mode: str, labels: Labels, env: Mapping[str, Any] | None = None
    ) -> None:
        """Start the run, offline where the server does not answer.

        Args:
            config: the run, whose id is the W&B run's id too.
            folder: its ``wandb`` subfolder holds the offline files.
            mode: ``offline``, ``online`` or ``disabled``.
            labels: what the run is called and filed under; their config stands beside the run's own.
            env: the run's ``env.json``, with the passport of its data; shown as ``env`` beside the config.
        """
        self._run: Any = None
        self._told = -1  # the last step that W&B has
        self._complete = False
        self._earlier = list(folder.glob("wandb/offline-run-*"))
        if mode == "disabled" or importlib.util.find_spec("wandb") is None:
            return
        reason = self._start(config, folder, "online", labels, env or {}) if mode == "online" else None
        if self._run is None:
            failed = self._start(config, folder, "offline", labels, env or {})
            if failed is not None:
                _warn(f"W&B is off for this run: {failed}")
            elif reason is not None:
                _warn(f"the W&B server did not take this run ({reason}); later: {self._sync()}")

    def _start(self, config: RunConfig, folder: Path, mode: str, labels: Labels, env: Mapping[str, Any]) -> str | None:
        """Begin a W&B run; return why it could not."""
        os.environ.setdefault("WANDB_SILENT", "true")
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # its telemetry waits 20 s for a dead server at the end
        settings: dict[str, Any] = {"console": "off", "x_disable_stats": True, "disable_git": True, "save_code": False}
        settings["init_timeout"] = 0.8 * ANSWER  # W&B's own word comes before the thread is given up
        content = to_dict(config) | labels.config | {"env": dict(env)}
        names: dict[str, Any] = {"id": config.id, "name": labels.name, "group": labels.group, "tags": labels.tags}

        def begin() -> Any:  # noqa: ANN401 - an untyped package
            run = wandb.init(
                **names,
                config=content,
                project=os.environ.get("WANDB_PROJECT") or PROJECT,
                dir=folder,
                mode=cast(Any, mode),
                resume="allow" if mode == "online" else None,
                settings=wandb.Settings(**settings),
            )
            for name, summary in _SUMMARIES.items():
                run.define_metric(name, summary=summary)
            return run

        try:
            import wandb

            self._run = _within(ANSWER if mode == "online" else PATIENCE, begin)
        except Exception as error:
            _end_service()
            return _words(error)
        self._told = self._run.starting_step - 1
        return None

    def follow(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Tell W&B those of the run's ``points`` (entries of ``metrics.jsonl``) that it does not have."""

        def tell() -> None:
            for point in points:
                if point["step"] > self._told:
                    metrics = {f"curve/{name}": value for name, value in point.items() if name not in ("epoch", "time")}
                    self._run.log(metrics, step=point["step"], commit=True)
                    self._told = point["step"]

        self._do(tell)
        self._complete = True

    def conclude(self, folder: Path) -> None:
        """Copy ``result.json`` into the summary and log the run's pictures."""
        self._do(lambda: self._run.summary.update(_summary(folder)))
        if self._run is None:
            return
        try:
            pictures = _pictures(folder)
        except Exception as error:
            _warn(f"W&B gets no pictures of this run: {_words(error)}")
        else:
            self._do(lambda: self._run.log(pictures))

    def __enter__(self) -> Mirror:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the W&B run, as failed when the training is."""
        well = error is None
        self._do(lambda: self._run.finish(exit_code=0 if well else 1), FAREWELL[well])
        if self._run is not None:
            self._run = None
            _end_service()
            for path in self._earlier if self._complete else ():
                shutil.rmtree(path, ignore_errors=True)

    def _do(self, call: Callable[[], object], patience: float | None = None) -> None:
        if self._run is None:
            return
        try:
            _within(PATIENCE if patience is None else patience, call)
        except Exception as error:
            rest = self._sync()
            self._run = None
            _end_service()
            _warn(f"W&B is off for the rest of this run: {_words(error)}; what it has: {rest}")

    def _sync(self) -> str:
        """Return the command that uploads the files of this run."""
        return f"wandb sync {self._run.settings.sync_dir}"


def _within(seconds: float, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the call returns
    """Return what ``call`` returns in a thread of its own, which is left to itself when it takes longer.

    Raises:
        TimeoutError: it did not return.
        RuntimeError: it failed.
    """
    returned: list[Any] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            returned.append(call())
        except BaseException as error:  # W&B ends its thread by SystemExit too
            failed.append(error)

    thread = threading.Thread(target=work, name="mirror", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise RuntimeError(_words(failed[0])) from failed[0]
    if not returned:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return returned[0]


def _end_service() -> None:
    """End wandb-core, which would otherwise be waited for without end when this process ends."""
    process: Any = None
    with contextlib.suppress(Exception):  # W&B itself may be broken
        from wandb.sdk import wandb_setup

        with contextlib.suppress(AttributeError):  # none was started, or it belongs to another process
            connection: Any = wandb_setup.singleton()._connection
            process = connection._proc._process
        _within(FAREWELL[False], wandb_setup.teardown)
    if process is not None:
        process.kill()
        process.wait()


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _warn(text: str) -> None:
    with contextlib.suppress(OSError):  # the log's disk may be full; the run goes on
        print(f"warning: {text}", flush=True)


def _summary(folder: Path) -> dict[str, Any]:
    result = files.read_json(folder / "result.json")
    flat = {f"val/{name}": result[name] for name in ("top1", "top5", "pair_accuracy") if result[name] is not None}
    flat |= {f"val/top1_{kind}": value for kind, value in result["kinds"].items()}
    return flat | {name: result[name] for name in ("params", "macs", "n_val", "clips_per_second", "data_fingerprint")}


def _pictures(folder: Path) -> dict[str, Any]:
    """Return the pictures of a finished run as W&B images, by ``pictures/<what>``."""
    import wandb
    from PIL import Image

    from experiments.reporting.pictures.gallery import run_pictures
    from experiments.store.result import Result
    from experiments.store.store import Store

    store = Store(folder.parent.parent)
    result = store.read(folder.name)
    assert isinstance(result, Result)  # it has just been written
    return {
        f"pictures/{picture.name.partition('-')[2]}": wandb.Image(
            Image.open(io.BytesIO(picture.png())), caption=picture.title
        )
        for picture in run_pictures(result, store)
    }
