"""How a transfer ended: a line and what failed, or a document for programs; and what to type next."""

from __future__ import annotations

import click

from scar.cli import output
from scar.cli.settings import Settings
from scar.cli.transfer.progress import size
from scar.errors import Interrupted, ScarError
from scar.ops.transfer.tally import Failure, Outcome


def show(outcome: Outcome, verb: str, settings: Settings) -> None:
    """Print it. ``verb`` is what was done to a file that was moved: sent, got.

    Raises ScarError if anything failed: after all of it was told.
    """
    for left_out in outcome.left_out:
        output.warn(output.printable(f"left out {left_out.path}: {left_out.reason}"))
    if output.wants_json(settings):
        output.print_json(_document(outcome, verb))
    else:
        _print_plain(outcome, verb)
    _raise(outcome, verb)


def _print_plain(outcome: Outcome, verb: str) -> None:
    for failure in outcome.tally.failures:
        output.warn(output.printable(f"not {verb}: {failure.name}: {failure.error.message}"))
    tally = outcome.tally
    there = f"; {tally.there:,} were there already" if tally.there else ""
    click.echo(f"{verb.capitalize()}: {tally.moved:,} of {tally.files:,} files ({size(tally.bytes)}){there}")


def _raise(outcome: Outcome, verb: str) -> None:
    tally = outcome.tally
    if isinstance(outcome.stopped, Interrupted):
        raise Interrupted(f"interrupted: {_rest(outcome, verb)}", hint=outcome.stopped.hint)
    if outcome.stopped is not None:
        raise outcome.stopped
    if tally.failures:
        hints = dict.fromkeys(failure.error.hint for failure in tally.failures if failure.error.hint)
        again = "the same command tries again what failed, and leaves out what is there"
        raise ScarError(_rest(outcome, verb), hint="; ".join([*hints, again]))


def _rest(outcome: Outcome, verb: str) -> str:
    tally = outcome.tally
    return f"{tally.files - tally.moved - tally.there:,} of {tally.files:,} files were not {verb}"


def _document(outcome: Outcome, verb: str) -> dict[str, object]:
    tally = outcome.tally
    return {
        "files": tally.files,
        verb: tally.moved,
        "already_there": tally.there,
        "bytes": tally.bytes,
        "failures": [_entry(failure) for failure in tally.failures],
        "left_out": [{"path": output.printable(one.path), "reason": one.reason} for one in outcome.left_out],
        "stopped": None if outcome.stopped is None else outcome.stopped.message,
    }


def _entry(failure: Failure) -> dict[str, str]:
    return {"name": failure.name, "type": failure.error.kind, "message": failure.error.message}
