"""`scar get`."""

from __future__ import annotations

import click

from scar import config
from scar.cli import output
from scar.cli.options import Command, settings_of
from scar.cli.transfer import progress, summary
from scar.ops.cloud import connect
from scar.ops.transfer import address
from scar.ops.transfer.get import get
from scar.ops.transfer.request import AT_ONCE, GetRequest


@click.command(cls=Command, name="get", epilog="Example: scar get my-bucket/output/ results")
@click.argument("source", metavar="BUCKET[/PREFIX]")
@click.argument("path", metavar="LOCAL", type=click.Path())
@click.option(
    "--concurrency",
    type=int,
    default=AT_ONCE,
    metavar="N",
    help=f"Files, or parts of large ones, at once ({AT_ONCE} if not given).",
)
@click.pass_context
def command(context: click.Context, source: str, path: str, concurrency: int) -> None:
    """Get what is under PREFIX in a bucket into the folder LOCAL, or one object into a file.

    What is there already with the same content is not got again: after an interruption, the same command
    goes on.
    """
    settings = settings_of(context)
    request = GetRequest(address.parse(source, "BUCKET"), path, concurrency)
    cloud = connect(settings.where, config.load(), output.talk(settings))
    with progress.shown(settings) as show:
        outcome = get(request, cloud, show)
    summary.show(outcome, "got", settings)
