"""`scar put`."""

from __future__ import annotations

import click

from scar import config
from scar.cli import output
from scar.cli.options import Command, settings_of
from scar.cli.transfer import progress, summary
from scar.deploy import names
from scar.ops.cloud import connect
from scar.ops.transfer import address
from scar.ops.transfer.address import Address
from scar.ops.transfer.put import prepare, put
from scar.ops.transfer.request import AT_ONCE, PutRequest


@click.command(cls=Command, name="put", epilog="Example: scar put photos my-bucket/input/")
@click.argument("paths", metavar="LOCAL...", nargs=-1, required=True, type=click.Path())
@click.argument("target", metavar="BUCKET[/PREFIX]")
@click.option(
    "--concurrency",
    type=int,
    default=AT_ONCE,
    metavar="N",
    help=f"Files, or parts of large ones, at once ({AT_ONCE} if not given).",
)
@click.option(
    "--bucket-owner",
    default="",
    metavar="ACCOUNT",
    help="The account whose bucket it is, if it is not yours.",
)
@click.pass_context
def command(
    context: click.Context, paths: tuple[str, ...], target: str, concurrency: int, bucket_owner: str
) -> None:
    """Send files, and what is in folders, to a bucket, under PREFIX as a folder.

    What is there already with the same content is not sent again: after an interruption, the same command
    goes on.
    """
    settings = settings_of(context)
    request = PutRequest(paths, address.parse(target, "BUCKET"), concurrency, bucket_owner)
    tree = prepare(request)
    cloud = connect(settings.where, config.load(), output.talk(settings))
    with progress.shown(settings) as show:
        outcome = put(request, tree, cloud, show)
    summary.show(outcome, "sent", settings)
    output.next_step(_next(request.target), settings)


def _next(target: Address) -> str:
    """The results of what is put under ``input/``, if the bucket has a function; else what is there."""
    if target.folder.startswith(names.INPUT_PREFIX):
        return f"scar get {target.bucket}/{names.OUTPUT_PREFIX} results"
    return f"scar ls -b {target}"
