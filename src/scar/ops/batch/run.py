"""One run: from what the user asks for to what came of each file."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from scar.aws.functions import Function
from scar.errors import Interrupted, ScarError
from scar.ops.batch import journal as journals
from scar.ops.batch import plan as plans
from scar.ops.batch.board import ENDED, LOST, TAKEN, WITH_LAMBDA, Board, Status
from scar.ops.batch.first import First
from scar.ops.batch.following import Follower
from scar.ops.batch.journal import Journal
from scar.ops.batch.launching import Launcher, Sender
from scar.ops.batch.plan import Plan
from scar.ops.batch.request import Job
from scar.ops.batch.target import Target
from scar.ops.cloud import Cloud
from scar.ops.functions import callable_function
from scar.ops.talk import Talk
from scar_supervisor.contract import Result

TICK_SECONDS = 0.2
"""How often progress is told."""


@dataclass(frozen=True)
class Watch:
    """How a run is seen while it works."""

    talk: Talk
    progress: Callable[[Board], None]
    first_failed: Callable[[Result], None]
    """Gets the result of the first file's call, if that failed."""


@dataclass(frozen=True)
class Summary:
    """What a run came to."""

    board: Board
    others: int
    """Files under ``input/`` that were not chosen."""
    nothing: str = ""
    """Why there was nothing to do, if so."""
    stopped: ScarError | None = None
    """Why it did not come to its end, if so."""

    @property
    def succeeded(self) -> bool:
        return self.stopped is None and self.board.count(LOST) == 0


def run(job: Job, cloud: Cloud, watch: Watch) -> Summary:
    """Make the job's call for each object. Raises ScarError before anything is sent.

    What goes wrong later is in the summary.
    """
    request = job.request
    target = Target(cloud.aws, callable_function(cloud.aws, request.function))
    with closing(Journal.open(_journal_path(target.function, request.bucket))) as journal:
        past = journal.past()
        plan = plans.make(job, target, past if request.resume else None)
        if plan.nothing:
            return Summary(plan.board, plan.others, plan.nothing)
        if past is not None and not request.resume:
            watch.talk.warn(
                "the last run was left half-way, and --resume would have gone on there: this one begins anew"
            )
        work = _Work.prepare(job, target, plan, journal, watch)
        if request.resume:
            journal.go_on(plan.run)
        else:
            journal.begin(plan.run)
        stopped = work.carry_out()
        if stopped is None and plan.board.count(TAKEN) == len(plan.board):
            journal.remove()
        return Summary(plan.board, plan.others, stopped=stopped)


def _journal_path(function: Function, bucket: str) -> Path:
    """The local cloud's account is none of AWS's, so that its runs have journals of their own."""
    region, account = function.arn.split(":")[3:5]
    return journals.path_for(account, region, function.name, bucket)


@dataclass(frozen=True)
class _Work:
    """The sending and waiting of one run."""

    job: Job
    board: Board
    first: First
    launcher: Launcher
    follower: Follower | None
    progress: Callable[[Board], None]

    @classmethod
    def prepare(cls, job: Job, target: Target, plan: Plan, journal: Journal, watch: Watch) -> _Work:
        functions = target.aws.calls(0, at_once=job.request.concurrency)
        sender = Sender(functions, target.name, lambda key: job.payload(key, asynchronous=True))
        waits = not job.request.asynchronous
        return cls(
            job=job,
            board=plan.board,
            first=First(target, plan.board, journal, watch.first_failed),
            launcher=Launcher(sender, plan.board, journal, watch.talk, idle_seconds=plan.idle_seconds),
            follower=Follower(target, plan.board, plan.run.started, watch.talk) if waits else None,
            progress=watch.progress,
        )

    def carry_out(self) -> ScarError | None:
        """Do it; why it could not be done to the end, if so."""
        try:
            self._send_the_first()
            unsent = [file.key for file in self.board.files({Status.UNSENT})]
            self.launcher.start(unsent, at_once=self.job.request.concurrency)
            self._wait()
        except KeyboardInterrupt:
            self.launcher.stop()
            return self._interrupted()
        except ScarError as error:
            self.launcher.stop()
            return error
        except OSError as error:
            self.launcher.stop()
            return ScarError(f"cannot write down what is sent: {error}")
        return None

    def _send_the_first(self) -> None:
        file = next(self.board.files({Status.UNSENT}), None)
        if file is not None:
            self.progress(self.board)
            self.first.send(file.key, self.job.payload(file.key, asynchronous=False))

    def _wait(self) -> None:
        """Until all is sent and, where that is wanted, all results are there. Raises ScarError."""
        while not self.launcher.wait(TICK_SECONDS):
            self._look()
        while self.follower is not None and self.board.count(WITH_LAMBDA):
            self._look()
            time.sleep(TICK_SECONDS)
        self._look()

    def _look(self) -> None:
        self.launcher.raise_if_stopped()
        if self.follower is not None:
            self.follower.poll()
            self.follower.end_the_lost(self.launcher.idle_seconds)
        self.progress(self.board)

    def _interrupted(self) -> Interrupted:
        sent, ended = self.board.count(TAKEN), self.board.count(ENDED)
        return Interrupted(
            f"interrupted: of {len(self.board):,} files, {sent:,} were sent and {ended:,} have ended",
            hint="what was sent goes on in the cloud; to send and wait for the rest, give the same command"
            " with --resume",
        )
