"""The entry: the only place that prints an error, and that decides the exit status.

Errors go to stderr: ``scar: error: ...``, and a line with a hint. With ``--json`` they are one line of JSON,
its last: ``{"error": {"type", "message", "hint", "exit_status"}}``.

Exit status: 0, 2 for bad usage, 1 for other errors, 130 after Ctrl-C. `run` ends with the container's, as
Docker does: then errors of SCAR's own, usage too, are 125, and a time-out is 124.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from scar.cli import completion, hints
from scar.cli.app import app
from scar.cli.settings import Settings
from scar.errors import Interrupted, ScarError, UsageError


def run() -> NoReturn:
    """The console's entry."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by a shell's >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - to the end
    _leave(completion.answer() if completion.is_asked() else main(sys.argv[1:]))


def _leave(status: int) -> NoReturn:
    """End the process, and nothing else: all that has to be given back has been.

    The interpreter's own end can hang after Ctrl-C: an exception that comes between a lock's taking and its
    ``with``, as in `queue.Queue`'s, leaves it locked, and urllib3's finalizers then wait for it for ever.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # `main` has told it
            stream.flush()
    os._exit(status)


def main(argv: Sequence[str]) -> int:
    """Run one command line, without the program's name; the exit status."""
    settings = Settings()
    try:
        return _invoke(list(argv), settings)
    except BrokenPipeError:
        # Whoever read our output has enough, as `scar log NAME | head`; what is buffered has nowhere to go.
        _discard(sys.stdout)
        return 128 + 13
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is reported, not thrown at the user
        return _report(_as_scar_error(error, settings), settings)
    except KeyboardInterrupt:
        return _report(_interrupted(settings), settings)


def _interrupted(settings: Settings) -> Interrupted:
    hint = "the call goes on to its end: scar log shows it" if settings.command == "run" else ""
    return Interrupted("interrupted", hint=hint)


def _invoke(argv: list[str], settings: Settings) -> int:
    try:
        with app.make_context("scar", argv, obj=settings) as context:
            status = app.invoke(context)
            sys.stdout.flush()
            return int(status or 0)
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code


def _as_scar_error(error: Exception, settings: Settings) -> ScarError:
    if settings.debug:
        import traceback  # here, as json below: `scar --version` needs neither

        traceback.print_exception(error)
    if isinstance(error, ScarError):
        return error
    if isinstance(error, click.ClickException):
        return _usage_error(error)
    if isinstance(error, click.Abort):
        return _interrupted(settings)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ScarError(f"no space left: {error}")
    return ScarError(
        f"unexpected: {type(error).__name__}: {error}",
        hint="this is a fault of SCAR's; --debug shows where",
        kind="InternalError",
    )


def _usage_error(error: click.ClickException) -> UsageError:
    message = " ".join(
        error.format_message().rstrip(".").split()
    )  # click tells choices in lines of their own
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help" if context is not None else "scar --help"
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def _report(error: ScarError, settings: Settings) -> int:
    status = _exit_status(error, settings)
    hint = hints.as_typed(error.hint, settings)
    lines = _json_lines(error, hint, status) if settings.json else _plain_lines(error, hint)
    with contextlib.suppress(BrokenPipeError):
        print(*lines, sep="\n", file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints errors
    return status


def _exit_status(error: ScarError, settings: Settings) -> int:
    """The exit status of `run` is a container's: SCAR's own errors have one that says so."""
    general = (ScarError.exit_status, UsageError.exit_status)
    if settings.command == "run" and error.exit_status in general:
        from scar_supervisor.contract import EXIT_SCAR_ERROR  # here: `scar --version` needs no contract

        return EXIT_SCAR_ERROR
    return error.exit_status


def _plain_lines(error: ScarError, hint: str) -> list[str]:
    return [f"scar: error: {error.message}", *([f"hint: {hint}"] if hint else [])]


def _json_lines(error: ScarError, hint: str, status: int) -> list[str]:
    import json

    document = {"type": error.kind, "message": error.message, "hint": hint, "exit_status": status}
    return [json.dumps({"error": document})]


def _discard(stream: object) -> None:
    """Point the stream's descriptor at nothing, so that the interpreter's last flush does not fail."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
