"""Applying a plan: all of it, or nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from scar.aws.errors import Unreachable
from scar.aws.session import Aws
from scar.deploy.steps import Step
from scar.errors import Interrupted, ScarError

Say = Callable[[str], None]
"""Takes one line of progress for the user."""


class NotDone(ScarError):
    """A step failed. What the steps before it had made was undone, unless the message says otherwise."""


class _Interrupts:
    """Ctrl-C, kept for later: a step that is cut in the middle cannot be undone."""

    def __init__(self) -> None:
        self._pending = False
        self._open = False
        self._late = False

    def receive(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._open or self._pending:  # whoever presses twice does not want to wait
            raise KeyboardInterrupt
        self._pending = True

    def is_too_late(self) -> None:
        """What is done cannot be undone any more, so the rest is done too."""
        self._late = True

    def check(self) -> None:
        if self._pending and not self._late:
            raise KeyboardInterrupt

    @contextmanager
    def allowed(self, now: bool) -> Iterator[None]:
        self._open = now
        try:
            yield
        finally:
            self._open = False


def execute(plan: Sequence[Step], aws: Aws, say: Say) -> None:
    """Apply the steps in order. If one fails, or Ctrl-C is pressed, undo the others, the last one first.

    Behind a final step nothing is undone any more, and Ctrl-C comes too late.

    Raises NotDone or Interrupted; the message says what was undone, and what could not be.
    """
    done: list[Step] = []
    with _kept_interrupts() as interrupts:
        try:
            for step in plan:
                interrupts.check()
                say(step.describe())
                with interrupts.allowed(step.may_be_interrupted):
                    step.apply(aws)
                done.append(step)
                if step.is_final:
                    done.clear()
                    interrupts.is_too_late()
            interrupts.check()
        except ScarError as error:
            raise NotDone(
                f"{error.message}{_doubt(step, error)}{_undo(done, aws, say)}",
                hint=error.hint,
                kind=error.kind,
            ) from error
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted{_undo(done, aws, say)}") from None
        except BaseException:
            _undo(done, aws, say)
            raise


def _doubt(step: Step, error: ScarError) -> str:
    """Without an answer nobody knows what became of the request, and what is not known is not undone."""
    if isinstance(error, Unreachable) and not step.may_be_interrupted:
        return f"; perhaps done all the same: {step.describe()}"
    return ""


def _undo(done: Sequence[Step], aws: Aws, say: Say) -> str:
    """Undo the steps, whatever happens to each; the end of a message that says what became of them.

    Ctrl-C, if it was pressed before, gives up the step that is being undone, and goes on with the next.
    """
    undone: list[str] = []
    left: list[str] = []
    for step in reversed(done):
        say(f"undo: {step.describe()}")
        try:
            undone.append(step.undo(aws))
        except ScarError as error:
            left.append(error.message)
        except KeyboardInterrupt:
            left.append(f"{step.describe()} (interrupted)")
    told = [name for name in undone if name]
    return (f"; undone: {', '.join(told)}" if told else "") + (
        f"; NOT undone: {'; '.join(left)}" if left else ""
    )


@contextmanager
def _kept_interrupts() -> Iterator[_Interrupts]:
    interrupts = _Interrupts()
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield interrupts
        return
    before = signal.signal(signal.SIGINT, interrupts.receive)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
