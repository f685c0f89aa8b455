"""`scar retry`."""

from __future__ import annotations

import click

from scar import config
from scar.cli import output
from scar.cli.options import Command, dry_run_option, settings_of
from scar.errors import ScarError
from scar.ops.cloud import connect
from scar.ops.retry.retry import Retried, retry


@click.command(cls=Command, name="retry", epilog="Example: scar retry --dry-run my-function")
@click.argument("name")
@dry_run_option
@click.pass_context
def command(context: click.Context, name: str, dry_run: bool) -> None:
    """Send the events again that the function NAME failed on for good.

    They are kept at its failure destination (scar init --on-failure), a bucket or a queue, and
    removed there when Lambda has taken them.
    """
    settings = settings_of(context)
    cloud = connect(settings.where, config.load(), output.talk(settings))
    as_json = output.wants_json(settings)
    done: list[Retried] = []
    try:
        for one in retry(name, cloud, dry_run=dry_run):
            done.append(one)
            if not as_json:
                click.echo(output.printable(_line(one, dry_run=dry_run)))
    except (ScarError, KeyboardInterrupt):
        if done:
            _end(done, dry_run=dry_run, as_json=as_json)
        raise
    _end(done, dry_run=dry_run, as_json=as_json)
    stay = [one.error for one in done if one.error is not None]
    if stay:
        hints = dict.fromkeys(error.hint for error in stay if error.hint)
        raise ScarError(f"{len(stay):,} of {len(done):,} events stay", hint="; ".join(hints))
    if done and not dry_run:
        output.next_step(f"scar log -f {name}", settings)


def _end(done: list[Retried], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.print_json({"dry_run": dry_run, "events": [_document(one, dry_run=dry_run) for one in done]})
        return
    sent = sum(one.error is None for one in done)
    click.echo(f"{'Would send' if dry_run else 'Sent'} again: {sent:,} of {len(done):,} events")


def _line(one: Retried, *, dry_run: bool) -> str:
    record = one.kept.record
    if one.error is not None:
        what = "Stays" if record is None else f"Stays ({_what(one)})"
        return f"{what}: {one.kept.handle}: {one.error.message}"
    assert record is not None  # noqa: S101 - what is no record stays
    verb = "Would send" if dry_run else "Sent"
    return f"{verb}: {_what(one)}, failed {record.time} after {record.tries} tries: {record.reason}"


def _what(one: Retried) -> str:
    """The files of the event, else its request."""
    record = one.kept.record
    assert record is not None  # noqa: S101 - see above
    return ", ".join(record.files) or f"request {record.request_id}"


def _document(one: Retried, *, dry_run: bool) -> dict[str, object]:
    record = one.kept.record
    document: dict[str, object] = {
        "record": one.kept.handle,
        "sent": one.error is None and not dry_run,
        "error": None if one.error is None else one.error.message,
    }
    if record is not None:
        document |= {
            "request_id": record.request_id,
            "files": list(record.files),
            "time": record.time,
            "tries": record.tries,
            "reason": record.reason,
        }
    return document
