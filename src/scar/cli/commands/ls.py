"""`scar ls`."""

from __future__ import annotations

import sys

import click

from scar import config
from scar.aws.functions import Function
from scar.cli import output
from scar.cli.options import Command, settings_of
from scar.cli.redact import redact
from scar.ops.cloud import connect
from scar.ops.functions import of_scar
from scar_supervisor import contract

NOT_TOLD = "(not told)"
"""In place of an image, where the function's variables are encrypted with a key that we may not use."""

_UNFOLDED = 1000
"""Columns: more than a function's name (64) and an image's (255, a tag of 128, a digest of 71) take."""


@click.command(cls=Command, name="ls", epilog="Example: scar ls --json")
@click.option(
    "-b",
    "--bucket",
    metavar="BUCKET[/PREFIX]",
    help="List a bucket's objects instead, those whose keys begin with PREFIX.",
)
@click.pass_context
def command(context: click.Context, bucket: str | None) -> None:
    """List the functions that SCAR made, or the objects of a bucket."""
    settings = settings_of(context)
    if bucket is not None:
        from scar.cli.objects import show_objects  # here: a list of functions needs none of it

        show_objects(bucket, settings)
        return
    talk = output.talk(settings)
    cloud = connect(settings.where, config.load(), talk)
    functions = list(of_scar(cloud.aws))
    if output.wants_json(settings):
        region = cloud.aws.region
        output.print_json([_document(function, region, verbose=settings.verbose) for function in functions])
    else:
        talk.say(f"functions in {cloud.aws.region}{' of the local cloud' if settings.local else ''}:")
        _print_table(functions)
        if not functions:
            output.next_step("scar init IMAGE", settings)


def _image(function: Function) -> str:
    return function.environment.get(contract.ENV_IMAGE, NOT_TOLD)


def _document(function: Function, region: str, *, verbose: bool) -> dict[str, object]:
    document: dict[str, object] = {
        "name": function.name,
        "memory": function.memory,
        "time": function.time,
        "image_id": _image(function),
        "exec_mode": function.environment.get(contract.ENV_EXEC_MODE, contract.EXEC_MODES[0]),
        "region": region,
    }
    if verbose:
        prefix = contract.ENV_USER_PREFIX
        variables = {
            name.removeprefix(prefix): value
            for name, value in function.environment.items()
            if name.startswith(prefix)
        }
        document |= {
            "arn": function.arn,
            "description": function.description,
            "image_digest": function.environment.get(contract.ENV_IMAGE_DIGEST, ""),
            "image_source": function.environment.get(contract.ENV_IMAGE_SOURCE) or None,
            "registry_secret": function.environment.get(contract.ENV_REGISTRY_SECRET) or None,
            "runtime": function.runtime,
            "architecture": function.architecture,
            "storage": function.storage,
            "role": function.role,
            "package_size": function.package_size,
            "last_modified": function.last_modified,
            "variables": redact(variables),
        }
    return document


def _print_table(functions: list[Function]) -> None:
    from rich.box import SIMPLE_HEAD  # 79 ms of CPU: only for a table
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # A pipe gets each function on one line: nothing is folded there for the sake of a screen.
    console = Console(width=None if sys.stdout.isatty() else _UNFOLDED)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("NAME", overflow="fold")
    table.add_column("MEMORY", justify="right")
    table.add_column("TIME", justify="right")
    table.add_column("IMAGE_ID", overflow="fold")
    for function in functions:
        table.add_row(Text(function.name), str(function.memory), str(function.time), Text(_image(function)))
    console.print(table)
