"""`scar run`."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from scar import config, report_line
from scar.cli import output
from scar.cli.options import Command, environment, settings_of
from scar.cli.settings import Settings
from scar.deploy.calls import Outcome
from scar.errors import ScarError
from scar.ops import since as point_in_time
from scar.ops.batch.request import CONCURRENCY, BatchRequest, Choice
from scar.ops.cloud import connect
from scar.ops.run import Queued, RunRequest, payload, run
from scar_supervisor.contract import EXIT_TIMED_OUT, Failure, Result

RULE = "-" * 60


class FunctionError(ScarError):
    """SCAR's part in the function failed, or could not start the container's program."""

    def __init__(self, failure: Failure, exit_status: int) -> None:
        super().__init__(failure.message, hint=failure.hint, kind=failure.type)
        self.exit_status = exit_status
        """125, or Docker's 126 and 127 for a program that cannot be run."""


class ContainerTimedOut(ScarError):
    """The container was stopped at its deadline; what it had printed by then was shown."""

    exit_status = EXIT_TIMED_OUT


@click.command(
    cls=Command,
    name="run",
    context_settings={"allow_interspersed_args": False},
    epilog="Example: scar run -e LANG=C.UTF-8 cowsay /usr/games/cowsay Hello World",
)
@click.argument("name")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "-e",
    "--env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A variable for this call; NAME alone: with your environment's value. Repeatable.",
)
@click.option(
    "-s",
    "--script",
    "-p",
    "--payload",
    metavar="FILE",
    help="A script to run in place of the image's command.",
)
@click.option("--async", "asynchronous", is_flag=True, help="Do not wait for the result.")
@click.option(
    "-es",
    "--event-source",
    metavar="BUCKET",
    help="Call once for each file under the bucket's input/. The options below are for this.",
)
@click.option("--prefix", metavar="PATH", help="Only files whose path under input/ begins so.")
@click.option(
    "--match", metavar="GLOB", help="Only files whose whole path under input/ fits; * goes over slashes."
)
@click.option("--since", metavar="TIME", help="Only files written since: 10m, 2h, 1d, or a time.")
@click.option(
    "--concurrency", type=int, metavar="N", help=f"Calls in flight, at the most ({CONCURRENCY} if not given)."
)
@click.option("--resume", is_flag=True, help="Go on where the last such run stopped, sending nothing twice.")
@click.option("--resend-unsure", is_flag=True, help="With --resume: also what may have been sent.")
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    /,
    name: str,
    args: tuple[str, ...],
    env: tuple[str, ...],
    script: str | None,
    asynchronous: bool,
    event_source: str | None,
    **of_files: Any,
) -> int:
    """Call the function NAME, with ARGS for its container, and end with the container's exit status.

    Options come before NAME; all that follows NAME goes to the container.

    With -es, call it for each file of a bucket, and end with 1 if any of them failed.
    """
    if script is not None and args:
        raise click.UsageError("-s/--script and arguments after NAME exclude each other", context)
    settings = settings_of(context)
    if event_source is not None:
        if args:
            raise click.UsageError("-es/--event-source and arguments after NAME exclude each other", context)
        return _run_batch(
            BatchRequest(
                function=name,
                bucket=event_source,
                env=environment(env),
                script_file=script,
                asynchronous=asynchronous,
            ),
            {**of_files, "env": env},
            settings,
        )
    _refuse_without_bucket(context, of_files)
    request = RunRequest(
        function=name,
        args=tuple(map(os.fsencode, args)),
        env=environment(env),
        script_file=script,
        asynchronous=asynchronous,
    )
    body = payload(request)
    cloud = connect(settings.where, config.load(), output.talk(settings))
    outcome = run(request, body, cloud)
    if isinstance(outcome, Queued):
        _show_queued(outcome, settings)
        output.next_step(f"scar log -f -ri {outcome.request_id} {name}", settings)
        return 0
    return _show(outcome, settings)


def _run_batch(request: BatchRequest, options: Mapping[str, Any], settings: Settings) -> int:
    from scar.cli.batch import resume_command, run_batch  # here: one call needs none of it

    since = options["since"]
    choice = Choice(
        prefix=options["prefix"] or "",
        pattern=options["match"] or "",
        since=0 if since is None else point_in_time.milliseconds(since, "--since", datetime.now(UTC)),
        since_said=since or "",
    )
    more = {name: options[name] for name in ("resume", "resend_unsure")}
    if options["concurrency"] is not None:
        more["concurrency"] = options["concurrency"]
    again = resume_command(request, options, settings)
    return run_batch(replace(request, choice=choice, **more), settings, resume=again)


def _refuse_without_bucket(context: click.Context, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if value is not None and value is not False:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} is for -es/--event-source", context)


def _show_queued(queued: Queued, settings: Settings) -> None:
    if output.wants_json(settings):
        output.print_json({"request_id": queued.request_id, "log_group": queued.log_group})
    else:
        click.echo(f"Request Id: {queued.request_id}\nLog group name: {queued.log_group}")


def _show(outcome: Outcome, settings: Settings) -> int:
    """Print the result; the exit status. Raises as `status_of` does, after printing."""
    if output.wants_json(settings):
        output.print_json(document(outcome, verbose=settings.verbose))
    else:
        _print_plain(outcome.result)
    return status_of(outcome.result)


def status_of(result: Result, more_time: str = "scar update -t 900 NAME") -> int:
    """The container's exit status. Raises ScarError for a result that is an error.

    ``more_time`` is the command that gives a function the most time that there is.
    """
    if result.error is not None:
        raise FunctionError(result.error, result.exit_code)
    if result.timed_out:
        raise ContainerTimedOut(
            "the container was stopped: the function's time was over",
            hint=f"what it printed until then is above; {more_time} gives it more time",
        )
    return result.exit_code


def _print_plain(result: Result) -> None:
    click.echo(f"Request Id: {result.request_id}")
    click.echo(f"Log group name: {result.log_group}")
    click.echo(f"Log stream name: {result.log_stream}")
    click.echo(RULE)
    output.print_bytes(result.output)
    if _is_cut(result):
        output.warn(f"{_cut(result)}; the log has all of it")


def _is_cut(result: Result) -> bool:
    return result.output_size > len(result.output)


def _cut(result: Result) -> str:
    return f"the middle of {result.output_size:,} bytes of output is left out"


def document(outcome: Outcome, *, verbose: bool) -> dict[str, object]:
    """The result for programs."""
    result = outcome.result
    fields: dict[str, object] = {
        "request_id": result.request_id,
        "log_group": result.log_group,
        "log_stream": result.log_stream,
        "exit_code": result.exit_code,
        "timed_out": result.timed_out,
        **_output_fields(result.output),
        "output_size": result.output_size,
        "output_truncated": _is_cut(result),
        "error": None if result.error is None else result.error._asdict(),
    }
    if verbose:
        fields |= {"image_pulled": result.image_pulled, **_figures(outcome.log_tail)}
    return fields


def _figures(log_tail: bytes) -> dict[str, float]:
    """What the call took; a warm one has no ``init_ms``. Nothing if the log's end did not come along."""
    report = report_line.last(log_tail)
    if report is None:
        return {}
    figures = {
        "duration_ms": report.duration_ms,
        "billed_ms": report.billed_ms,
        "memory_mb": report.memory_mb,
        "memory_used_mb": report.memory_used_mb,
    }
    return figures if report.init_ms is None else {**figures, "init_ms": report.init_ms}


def _output_fields(data: bytes) -> dict[str, str]:
    """The output as text where that is exact, else as base64: JSON has no bytes."""
    try:
        return {"output": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"output_base64": base64.b64encode(data).decode("ascii")}
