"""The child process of a run with a fault in it, by ``$DRILL``; Lightning starts more processes by this script."""

import os
import signal
import sys
import time

from experiments.train import main


def slow_disk():
    fsync = os.fsync

    def slowly(descriptor):
        time.sleep(4)
        fsync(descriptor)

    os.fsync = slowly


def second_fails():
    from gta.training.recognizer import VideoRecognizer

    def fails(self, batch, batch_idx):
        raise FloatingPointError("the second process has had enough")

    if os.environ.get("LOCAL_RANK") == "1":
        VideoRecognizer.training_step = fails


def first_cannot_write():
    from experiments.child import finished
    from gta.errors import UserError

    def refuses(*arguments):
        raise UserError("the disk is full")

    finished.write = refuses


def killed_while_scoring():
    from experiments.child import fit

    fit._score = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)


DRILLS = {
    "slow disk": slow_disk,
    "second fails": second_fails,
    "first cannot write": first_cannot_write,
    "killed while scoring": killed_while_scoring,
}

if __name__ == "__main__":
    if os.environ.get("DRILL"):
        DRILLS[os.environ["DRILL"]]()
    sys.exit(main())
