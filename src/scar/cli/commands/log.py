"""`scar log`."""

from __future__ import annotations

import click

from scar import config
from scar.aws.logs import LogEvent
from scar.cli import output
from scar.cli.options import Command, settings_of
from scar.ops.cloud import connect
from scar.ops.log import LogRequest, events


@click.command(cls=Command, name="log", epilog="Example: scar log cowsay -ri 0f5c8e3a-...")
@click.argument("name")
@click.option("-ls", "--log-stream-name", default="", metavar="STREAM", help="Only this log stream.")
@click.option("-ri", "--request-id", default="", metavar="ID", help="Only this call.")
@click.pass_context
def command(context: click.Context, name: str, log_stream_name: str, request_id: str) -> None:
    """Show what the calls of the function NAME wrote, in order of time."""
    settings = settings_of(context)
    cloud = connect(settings.where, config.load(), output.talk(settings))
    found = events(LogRequest(name, log_stream_name, request_id), cloud)
    if output.wants_json(settings):
        output.print_json([_document(event) for event in found])
    else:
        output.print_bytes("".join(map(_line, found)).encode())


def _line(event: LogEvent) -> str:
    return event.message if event.message.endswith("\n") else f"{event.message}\n"


def _document(event: LogEvent) -> dict[str, object]:
    return {"timestamp": event.timestamp, "log_stream": event.stream, "message": event.message}
