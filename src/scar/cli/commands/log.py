"""`scar log`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from scar import config
from scar.aws.logs import LogEvent
from scar.cli import output
from scar.cli.options import Command, settings_of
from scar.ops import since as point_in_time
from scar.ops.cloud import Cloud, connect
from scar.ops.follow import follow as following
from scar.ops.log import LogRequest, events


@click.command(cls=Command, name="log", epilog="Example: scar log cowsay -ri 0f5c8e3a-...")
@click.argument("name")
@click.option("-ls", "--log-stream-name", default="", metavar="STREAM", help="Only this log stream.")
@click.option("-ri", "--request-id", default="", metavar="ID", help="Only this call.")
@click.option(
    "--since", metavar="TIME", help="Not what is older: 10m, 2h, 1d, or a time such as 2026-11-21T10:00Z."
)
@click.option(
    "-f", "--follow", is_flag=True, help="Show what comes, until Ctrl-C, or the end of the call of -ri."
)
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context, name: str, log_stream_name: str, request_id: str, since: str | None, follow: bool
) -> None:
    """Show what the calls of the function NAME wrote, in order of time.

    With --follow, --json prints one document a line.
    """
    start = 0 if since is None else point_in_time.milliseconds(since, "--since", datetime.now(UTC))
    request = LogRequest(name, log_stream_name, request_id, start)
    request.check()
    settings = settings_of(context)
    cloud = connect(settings.where, config.load(), output.talk(settings))
    as_json = output.wants_json(settings)
    if follow:
        _follow(request, cloud, as_json=as_json)
        return
    found = events(request, cloud)
    if as_json:
        output.print_json_list(map(_document, found))
    else:
        for event in found:
            output.print_bytes(_line(event).encode())


def _follow(request: LogRequest, cloud: Cloud, *, as_json: bool) -> None:
    """Ctrl-C is how this ends, so it is no error."""
    try:
        for event in following(request, cloud):
            line = f"{json.dumps(_document(event))}\n" if as_json else _line(event)
            output.print_bytes(line.encode())
    except KeyboardInterrupt:
        return


def _line(event: LogEvent) -> str:
    return event.message if event.message.endswith("\n") else f"{event.message}\n"


def _document(event: LogEvent) -> dict[str, object]:
    return {"timestamp": event.timestamp, "log_stream": event.stream, "message": event.message}
