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
from scar.ops.batch.board import ENDED, LOST, TAKEN, WITH_LAMBDA, Board
from scar.ops.batch.first import First
from scar.ops.batch.following import Follower, Watched
from scar.ops.batch.journal import Journal
from scar.ops.batch.launching import Launcher, Sender
from scar.ops.batch.plan import Plan
from scar.ops.batch.request import BatchRequest, payload
from scar.ops.cloud import Cloud
from scar.ops.functions import callable_function
from scar.ops.talk import Talk
from scar_supervisor.contract import Call, Result

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


def run(request: BatchRequest, call: Call, cloud: Cloud, watch: Watch) -> Summary:
    """Make ``call``, which `request.call_of` made, for each object. Raises ScarError before anything is sent.

    What goes wrong later is in the summary.
    """
    function = callable_function(cloud.aws, request.function)
    with closing(Journal.open(_journal_path(function, request.bucket))) as journal:
        past = journal.past()
        plan = plans.make(request, cloud.aws, function, past if request.resume else None)
        if plan.nothing:
            return Summary(plan.board, plan.others, plan.nothing)
        if past is not None and not request.resume:
            watch.talk.warn(
                "the last run was left half-way, and --resume would have gone on there: this one begins anew"
            )
        work = _Work(request, call, cloud, function, plan, journal, watch)
        if request.resume:
            journal.go_on()
        else:
            journal.begin(plan.since)
        stopped = work.carry_out()
        if stopped is None and plan.board.count(TAKEN) == len(plan.board):
            journal.remove()
        return Summary(plan.board, plan.others, stopped=stopped)


def _journal_path(function: Function, bucket: str) -> Path:
    region, account = function.arn.split(":")[3:5]
    return journals.path_for(account, region, function.name, bucket)


class _Work:
    """The sending and waiting of one run."""

    def __init__(  # noqa: PLR0913, PLR0917 - made in one place
        self,
        request: BatchRequest,
        call: Call,
        cloud: Cloud,
        function: Function,
        plan: Plan,
        journal: Journal,
        watch: Watch,
    ) -> None:
        self._request, self._call, self._watch = request, call, watch
        self._board, self._unsent = plan.board, plan.unsent
        self._first = First(cloud.aws, function, plan.board, journal, watch.first_failed)
        functions = cloud.aws.calls(0, at_once=request.concurrency)
        sender = Sender(functions, function.name, lambda key: self._payload(key, asynchronous=True))
        self._launcher = Launcher(sender, plan.board, journal)
        self._follower: Follower | None = None
        if not request.asynchronous:
            policy = cloud.aws.functions.event_policy(function.name)
            self._follower = Follower(
                cloud.aws, Watched(function, policy, plan.since), plan.board, watch.talk
            )

    def carry_out(self) -> ScarError | None:
        """Do it; why it could not be done to the end, if so."""
        try:
            self._send_the_first()
            self._launcher.start(self._unsent[1:], at_once=self._request.concurrency)
            self._wait()
        except KeyboardInterrupt:
            self._launcher.stop()
            return self._interrupted()
        except ScarError as error:
            self._launcher.stop()
            return error
        except OSError as error:
            self._launcher.stop()
            return ScarError(f"cannot write down what is sent: {error}")
        return None

    def _send_the_first(self) -> None:
        for key in self._unsent[:1]:
            self._watch.progress(self._board)
            self._first.send(key, self._payload(key, asynchronous=False))

    def _wait(self) -> None:
        """Until all is sent and, where that is wanted, all results are there. Raises ScarError."""
        while not self._launcher.wait(TICK_SECONDS):
            self._look()
        while self._follower is not None and self._board.count(WITH_LAMBDA):
            self._look()
            time.sleep(TICK_SECONDS)
        self._look()

    def _look(self) -> None:
        self._launcher.raise_if_stopped()
        if self._follower is not None:
            self._follower.poll()
            self._follower.end_the_lost(self._launcher.idle_seconds)
        self._watch.progress(self._board)

    def _payload(self, key: str, *, asynchronous: bool) -> bytes:
        return payload(self._call, self._request.bucket, key, asynchronous=asynchronous)

    def _interrupted(self) -> Interrupted:
        sent, ended = self._board.count(TAKEN), self._board.count(ENDED)
        return Interrupted(
            f"interrupted: of {len(self._board):,} files, {sent:,} were sent and {ended:,} have ended",
            hint="what was sent goes on in the cloud; to send and wait for the rest, give the same command"
            " with --resume",
        )
