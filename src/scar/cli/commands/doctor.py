"""`scar doctor`."""

from __future__ import annotations

from dataclasses import asdict

import click

from scar.cli import output
from scar.cli.options import Command, settings_of
from scar.ops.doctor import DoctorRequest, examine
from scar.ops.finding import Finding


@click.command(cls=Command, name="doctor", epilog="Example: scar doctor -es pictures")
@click.option(
    "-es",
    "--event-source",
    "buckets",
    multiple=True,
    metavar="BUCKET",
    help="Look for permissions to use this bucket, too. Repeatable.",
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME",
    help="Look for permissions for functions of this name only, which may have a *. Repeatable.",
)
@click.pass_context
def command(context: click.Context, buckets: tuple[str, ...], functions: tuple[str, ...]) -> int:
    """Look for what keeps SCAR from working, and say what helps.

    Nothing is made in the account, and nothing changed. The exit status is 1 if something must be done.
    """
    settings = settings_of(context)
    plain = not output.wants_json(settings)
    findings = []
    for finding in examine(DoctorRequest(buckets, functions), settings.where, output.talk(settings)):
        findings.append(finding)
        if plain:
            _print(finding)
    healthy = all(finding.status != "failure" for finding in findings)
    if not plain:
        output.print_json({"healthy": healthy, "findings": [asdict(finding) for finding in findings]})
    if healthy:
        output.next_step("scar init IMAGE", settings)
    return 0 if healthy else 1


def _print(finding: Finding) -> None:
    click.echo(f"{finding.status:<9}{finding.subject}: {finding.message}")
    if finding.remedy:
        click.echo(f"{'':<9}help: {finding.remedy}")
