"""`scar ls -b`: objects of a bucket, shown as they come, however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import islice

import click

from scar import config
from scar.aws.buckets import Object
from scar.cli import output
from scar.cli.settings import Settings
from scar.ops.buckets import near
from scar.ops.cloud import connect
from scar.ops.transfer import address

_ROWS = 1000
"""That get their columns' widths together: as many as S3 tells at a time."""
_SIZE_WIDTH = 15
"""Columns: S3's largest object has 50 TB."""


def show_objects(place: str, settings: Settings) -> None:
    """Raises ScarError: if there is no such bucket before, else after what was shown."""
    target = address.parse(place, "-b/--bucket")
    cloud = connect(settings.where, config.load(), output.talk(settings))
    objects = near(cloud.aws, target.bucket).buckets.objects(target.bucket, target.prefix)
    if output.wants_json(settings):
        _print_json(objects)
    else:
        _print_table(objects)


def _print_json(objects: Iterable[Object]) -> None:
    """One array, written as it comes."""
    separator = "["
    for item in objects:
        click.echo(f"{separator}\n  {json.dumps(_document(item))}", nl=False)
        separator = ","
    click.echo("[]" if separator == "[" else "\n]")


def _document(item: Object) -> dict[str, object]:
    return {"key": item.key, "size": item.size, "modified": _time(item), "etag": item.etag}


def _print_table(objects: Iterator[Object]) -> None:
    head = True
    while rows := [(output.printable(one.key), one) for one in islice(objects, _ROWS)]:
        width = max(len("KEY"), *(len(key) for key, _ in rows))
        if head:
            click.echo(f"{'KEY':{width}} {'SIZE':>{_SIZE_WIDTH}}  MODIFIED")
            head = False
        for key, one in rows:
            click.echo(f"{key:{width}} {one.size:{_SIZE_WIDTH}}  {_time(one)}")


def _time(item: Object) -> str:
    """In UTC, to the second, as S3 has it."""
    return item.last_modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
