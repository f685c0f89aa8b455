"""Results on stdout, talk on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from scar.cli.settings import Settings


def print_json(document: Any) -> None:
    """One JSON document, for people as much as for programs."""
    click.echo(json.dumps(document, indent=2))


def print_bytes(data: bytes) -> None:
    """Exactly these bytes, after all that was printed before."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def wants_json(settings: Settings) -> bool:
    return settings.json or settings.verbose


class Progress:
    """Lines of progress on stderr; none where a program reads along."""

    def __init__(self, settings: Settings) -> None:
        self._silent = wants_json(settings)

    def __call__(self, line: str) -> None:
        if not self._silent:
            click.echo(f"scar: {line}", err=True)


def warn(line: str) -> None:
    click.echo(f"scar: warning: {line}", err=True)
