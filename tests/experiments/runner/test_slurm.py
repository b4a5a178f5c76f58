"""Slurm jobs that end, fail or are queued again, with a stand-in for Slurm's command and submitit's job."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.runner import slurm

ID = "41_3"


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A handle of one job; ``say`` sets what squeue answers, ``leave`` what the job leaves as its result."""
    monkeypatch.setattr(slurm, "QUERY", -1.0)  # every look asks
    answer, pickle = tmp_path / "answer", tmp_path / "41_3_0_result.pkl"
    asked = tmp_path / "asked"
    command = tmp_path / "bin" / "squeue"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\necho "$@" >> {asked}\ncat {answer}\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)

    def result():
        code = pickle.read_text()
        if code == "error":
            raise RuntimeError("the job raised")
        return int(code)

    cancelled = []
    job = SimpleNamespace(job_id=ID, paths=SimpleNamespace(result_pickle=pickle), result=result)
    job.task = lambda number: job
    job.cancel = lambda check=True: cancelled.append(check)
    found = SimpleNamespace(handle=slurm._SlurmHandle(job, slurm._Queue()), cancelled=cancelled, answer=answer, job=job)

    def say(*states):
        answer.write_text("".join(f"{ID} {state}\n41_2 RUNNING\n" for state in states) or "41_2 RUNNING\n")

    found.say, found.leave = say, lambda code: pickle.write_text(str(code))
    found.looks = lambda number=6: [found.handle.poll() for _ in range(number)]
    found.asked = asked
    return found


ALIVE = ("PENDING", "RUNNING", "SUSPENDED", "CONFIGURING", "COMPLETING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT")
RETURNING = ("PREEMPTED", "NODE_FAIL", "BOOT_FAIL")


@pytest.mark.parametrize("left", [None, 143, 130, -15])
@pytest.mark.parametrize("state", ALIVE + RETURNING)
def test_a_job_that_may_run_again_goes_on_being_watched(cluster, state, left):
    if left is not None:
        cluster.leave(left)
    cluster.say(state)
    assert cluster.looks() == [None] * 6
    cluster.say("RUNNING")
    assert cluster.looks() == [None] * 6
    cluster.leave(0)  # the second time it went to its end
    assert cluster.handle.poll() == 0


@pytest.mark.parametrize(
    ("state", "code"),
    [("FAILED", 1), ("COMPLETED", 1), ("CANCELLED", 143), ("TIMEOUT", 143), ("OUT_OF_MEMORY", -9), (None, 1)],
)
def test_a_job_that_ended_without_a_result_is_lost(cluster, state, code):
    cluster.say("RUNNING")
    assert cluster.looks(3) == [None] * 3
    cluster.say(*([state] if state else []))
    assert cluster.looks(3) == [None, code, code]  # one answer is not enough


@pytest.mark.parametrize("state", RETURNING)
def test_a_job_that_slurm_does_not_run_again_is_lost_when_it_is_forgotten(cluster, state):
    cluster.say(state)
    assert cluster.looks(3) == [None] * 3
    cluster.say()
    assert cluster.looks(3) == [None, 143, 143]


@pytest.mark.parametrize("code", [0, 1, 2, 75, -9])
def test_a_result_is_taken_at_once(cluster, code):
    cluster.say("RUNNING")
    cluster.leave(code)
    assert cluster.handle.poll() == code


def test_a_job_that_raised_has_failed(cluster):
    cluster.say("RUNNING")
    cluster.leave("error")
    assert cluster.handle.poll() == 1


def test_a_job_that_was_stopped_for_good_says_so(cluster):
    cluster.leave(143)
    cluster.say("CANCELLED")
    assert cluster.looks(3) == [None, 143, 143]


def test_a_job_that_we_cancel_is_not_waited_for(cluster):
    cluster.leave(143)
    cluster.say("COMPLETING")
    assert cluster.handle.poll() is None
    cluster.handle.terminate()
    assert cluster.cancelled == [False]
    assert cluster.handle.poll() == 143


def test_no_job_is_lost_while_slurm_does_not_answer(cluster):
    cluster.answer.unlink(missing_ok=True)
    assert cluster.looks() == [None] * 6


def test_answers_from_before_a_job_do_not_speak_of_it(cluster):
    cluster.say()
    cluster.looks(4)
    handle = slurm._SlurmHandle(cluster.job, cluster.handle._queue)
    assert handle.poll() is None
    cluster.say("PENDING")
    assert [handle.poll() for _ in range(4)] == [None] * 4


def test_one_question_serves_all_jobs(cluster, monkeypatch):
    cluster.say("RUNNING")
    monkeypatch.setattr(slurm, "QUERY", 60.0)
    cluster.looks(50)
    assert not cluster.asked.exists()
    cluster.handle._queue._asked -= 61
    cluster.looks(50)
    assert len(cluster.asked.read_text().splitlines()) == 1


# ------------------------------------------------------------------------------------ within the job
CHILD = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\nprint('up', flush=True)\n"


def up(log: Path) -> None:
    deadline = time.monotonic() + 60
    while not (log.exists() and log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_job_told_to_requeue_stops_its_child_without_delay(tmp_path):
    """The signal's handler runs in the thread that waits for the child."""
    pytest.importorskip("submitit")
    log = tmp_path / "log.txt"
    call = slurm.SlurmCall([sys.executable, "-c", CHILD + "time.sleep(50)"], log, 1)
    took = []

    def requeue(number, frame):
        started = time.monotonic()
        again = call.checkpoint()
        took.append(time.monotonic() - started)
        assert again.function.arguments == call.arguments
        sys.exit(-1)  # as submitit does

    signal.signal(signal.SIGUSR2, requeue)
    threading.Thread(target=lambda: (up(log), os.kill(os.getpid(), signal.SIGUSR2))).start()
    try:
        with pytest.raises(SystemExit):
            call()
    finally:
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    assert took[0] < 20
    assert call.process.poll() == 143


def test_a_job_whose_child_was_stopped_leaves_time_to_be_queued_again(tmp_path, monkeypatch):
    monkeypatch.setattr(slurm, "PATIENCE", 1.0)
    slept = []
    sleep = time.sleep
    monkeypatch.setattr(slurm.time, "sleep", lambda seconds: (slept.append(seconds), sleep(seconds)))
    stopped = slurm.SlurmCall([sys.executable, "-c", "raise SystemExit(143)"], tmp_path / "log.txt", 1)
    assert stopped() == 143
    assert slept[-1] == 1.0
    slept.clear()
    assert slurm.SlurmCall([sys.executable, "-c", ""], tmp_path / "log.txt", 1)() == 0
    assert 1.0 not in slept
