"""`scar check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from scar import config, limits
from scar.cli import output
from scar.cli.commands import run
from scar.cli.options import Command, settings_of
from scar.cli.settings import Settings
from scar.inspection.notes import notes
from scar.ops.check import CheckRequest, Report, check
from scar.ops.cloud import architecture as default_architecture


@click.command(
    cls=Command,
    name="check",
    context_settings={"allow_interspersed_args": False},
    epilog="Example: scar check grycap/cowsay",
)
@click.argument("image")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option("--run", "runs", is_flag=True, help="Then run it, in the local cloud.")
@click.option("--architecture", metavar="NAME", help="x86_64 or arm64.")
@click.option("--exec-mode", metavar="MODE", help="The execution mode to ask for. Default: F1.")
@click.option("--named", metavar="NAME", help="Which of several images in a file.")
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    image: str,
    args: tuple[str, ...],
    runs: bool,
    architecture: str | None,
    exec_mode: str | None,
    named: str | None,
) -> int:
    """Tell whether and how the image IMAGE can run as a function, and what it needs.

    IMAGE is a name, the folder of an OCI layout, or an archive of docker save. ARGS stand in place of its
    CMD. Options come before IMAGE. Nothing is made or kept.

    The exit status is 0 if the execution mode runs it, or does so where the place allows it, 1 if not; with
    --run it is the container's.
    """
    settings = settings_of(context)
    configured = config.load()
    request = CheckRequest(
        image=image,
        arguments=args,
        named=named or "",
        architecture=architecture or configured.lambda_architecture or default_architecture(settings.where),
        exec_mode=exec_mode or configured.lambda_exec_mode,
    )
    talk = output.talk(settings)
    report = check(request, configured, talk)
    if not runs or not report.runs:
        _show(report, settings)
        return 0 if report.runs else 1
    from scar.ops.trial import attempt  # what makes functions is needed for --run alone

    outcome = attempt(request, report, configured, talk)
    if output.wants_json(settings):
        document = _document(report) | {"run": run.document(outcome, verbose=settings.verbose)}
        output.print_json(document)
    else:
        click.echo("\n".join(_lines(report)) + f"\n{run.RULE}")
        output.print_bytes(outcome.result.output)
    return run.status_of(outcome.result, more_time="scar init -t 900")


def _show(report: Report, settings: Settings) -> None:
    if output.wants_json(settings):
        output.print_json(_document(report))
    else:
        click.echo("\n".join(_lines(report)))


def _lines(report: Report) -> Iterator[str]:
    facts = report.facts
    libc = f"{facts.runtime.libc or 'none'} {facts.runtime.libc_version}".rstrip()
    yield f"Image: {report.name} ({report.digest})"
    yield f"Architecture: {report.architecture}"
    yield f"C library: {libc}"
    yield f"Size: {_mb(report.compressed)} packed, {_mb(facts.disk)} in {facts.files:,} files on disk"
    yield f"Fetched: {_mb(report.fetched)} of {_mb(report.compressed)}"
    yield f"Memory: {report.memory} MB (the image takes {report.seconds:.0f} s), or what programs need"
    yield f"Room in /tmp: {report.storage} MB"
    yield from _start_lines(report)
    for note in _notes(report):
        yield f"Note: {note}"
    for verdict in report.verdicts:
        hint = f" (help: {verdict.hint})" if verdict.hint and verdict.mode == report.exec_mode else ""
        yield f"{verdict.mode}: {verdict.answer:<8}{verdict.reason}{hint}"


def _notes(report: Report) -> Iterator[str]:
    yield from report.remarks
    yield from notes(report.facts)


def _start_lines(report: Report) -> Iterator[str]:
    start = report.facts.start
    yield f"Command: {' '.join(start.command) or 'none'}"
    if start.path:
        yield f"Starts: {' '.join(start.argv)}"
        yield f"Program: {start.path}" + (f", {start.linkage}" if start.linkage else "")


def _document(report: Report) -> dict[str, object]:
    facts, start = report.facts, report.facts.start
    return {
        "image": report.name,
        "image_digest": report.digest,
        "architecture": report.architecture,
        "exec_mode": report.exec_mode,
        "runs": report.runs,
        "libc": facts.runtime.libc or None,
        "libc_version": facts.runtime.libc_version or None,
        "compressed_bytes": report.compressed,
        "unpacked_bytes": facts.disk,
        "files": facts.files,
        "fetched_bytes": report.fetched,
        "memory": report.memory,
        "storage": report.storage,
        "command": list(start.command),
        "started_as": list(start.argv),
        "program": start.path or None,
        "linkage": start.linkage or None,
        "user": facts.config.user or None,
        "privileged": list(facts.privileged),
        "static": list(facts.static),
        "notes": list(_notes(report)),
        "modes": [asdict(verdict) for verdict in report.verdicts],
    }


def _mb(size: int) -> str:
    return f"{size / limits.MIB:,.1f} MB"
