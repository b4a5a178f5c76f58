"""Weights & Biases as a mirror: one run a row and seed; the study never reads it back and works without it.

Every call goes through :meth:`Mirror._do`: what fails there, or does not return, switches the mirror off with one
warning, and the training goes on. The points of ``metrics.jsonl`` are the truth; a resumed run tells all of them again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from experiments.child import wandb_content as content
from experiments.child.labels import Labels
from experiments.store.artifacts import read_wanted
from gta.config import RunConfig
from gta.errors import UserError
from gta.variables import read_variables

ANSWER = 10.0
"""Seconds in which the server has to take a new run; then it is mirrored offline."""
PATIENCE = 30.0
"""Seconds that any other call may take."""
FAREWELL = {True: 30.0, False: 5.0}
"""Seconds to hand over the rest after a run that went well, or did not: a stopped one is soon killed."""
UPLOAD = 600.0
"""Seconds for the same when files are attached."""


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
        self._wanted: tuple[str, ...] = ()
        self._earlier = list(folder.glob("wandb/offline-run-*"))
        if mode == "disabled" or importlib.util.find_spec("wandb") is None:
            return
        try:
            self._wanted = read_wanted(read_variables().wandb_artifacts, "GTA_WANDB_ARTIFACTS")
        except UserError as error:
            _warn(f"{error}; nothing is attached")
        reason = self._start(config, folder, "online", labels, env or {}) if mode == "online" else None
        if self._run is None:
            failed = self._start(config, folder, "offline", labels, env or {})
            if failed is not None:
                _warn(f"W&B is off for this run: {failed}")
            elif reason is not None:
                _warn(f"the W&B server did not take this run ({reason}); later: {self._sync()}")

    def _start(self, config: RunConfig, folder: Path, mode: str, labels: Labels, env: Mapping[str, Any]) -> str | None:
        """Begin a W&B run; return why it could not."""

        def begin() -> Any:  # noqa: ANN401 - an untyped package
            run = wandb.init(
                **content.arguments(config, labels, env),
                dir=folder,
                mode=cast(Any, mode),
                resume="allow" if mode == "online" else None,
                settings=content.settings(init_timeout=0.8 * ANSWER),  # its own word before the thread is given up
            )
            content.define_curve(run)
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
                    self._run.log(content.curve(point), step=point["step"], commit=True)
                    self._told = point["step"]

        self._do(tell)
        self._complete = True

    def conclude(self, folder: Path) -> None:
        """Copy ``result.json`` into the summary, log the run's pictures and attach the files that were asked for."""
        self._do(lambda: self._run.summary.update(content.summary(folder)))
        if self._run is None:
            return
        try:
            pictures = content.pictures(folder)
        except Exception as error:
            _warn(f"W&B gets no pictures of this run: {_words(error)}")
        else:
            self._do(lambda: self._run.log(pictures))
        if self._wanted:
            self._do(lambda: content.attach(self._run, folder, self._wanted), UPLOAD)

    def __enter__(self) -> Mirror:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the W&B run, as failed when the training is."""
        well = error is None
        patience = UPLOAD if well and self._wanted else FAREWELL[well]
        self._do(lambda: self._run.finish(exit_code=0 if well else 1), patience)
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
