"""`scar role`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from scar import config
from scar.cli import output
from scar.cli.options import Command, Group, dry_run_option, settings_of
from scar.ops import policy, role
from scar.ops.cloud import connect
from scar.ops.role import RoleRequest

_DOCUMENTS = ("function", "deployer", "trust")


@click.group(cls=Group, name="role", epilog="Example: scar role create -es pictures")
def command() -> None:
    """The IAM role that functions run under on AWS, and what it takes to deploy them."""


def _scope_options(function: Callable[..., Any]) -> Callable[..., Any]:
    buckets = click.option(
        "-es",
        "--event-source",
        "buckets",
        multiple=True,
        metavar="BUCKET",
        help="A bucket whose input/ functions read and whose output/ they write. Repeatable.",
    )
    functions = click.option(
        "--function",
        "functions",
        multiple=True,
        metavar="NAME",
        help="Only functions of this name, which may have a *. Repeatable. All, if not given.",
    )
    destinations = click.option(
        "--on-failure",
        "destinations",
        multiple=True,
        metavar="DESTINATION",
        help="What functions tell of events that fail for good: an ARN, or s3://BUCKET. Repeatable.",
    )
    outputs = click.option(
        "--output",
        "outputs",
        multiple=True,
        metavar="BUCKET[/PREFIX]",
        help="Another place that functions write results to. Repeatable.",
    )
    package_buckets = click.option(
        "--package-bucket",
        "package_buckets",
        multiple=True,
        metavar="BUCKET",
        help="A bucket for packages too large for direct upload, and for images of files. Repeatable.",
    )
    secrets = click.option(
        "--registry-secret",
        "secrets",
        multiple=True,
        metavar="ARN",
        help="What holds credentials for a registry: of Secrets Manager, or SSM. Repeatable.",
    )
    return buckets(outputs(functions(destinations(package_buckets(secrets(function))))))


@command.command(
    cls=Command,
    name="create",
    short_help="Make the role, and write it into the configuration.",
    epilog="Example: scar role create -es pictures",
)
@click.argument("name", default=role.NAME, metavar="[NAME]")
@_scope_options
@dry_run_option
@click.pass_context
def create(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    name: str,
    buckets: tuple[str, ...],
    outputs: tuple[str, ...],
    functions: tuple[str, ...],
    destinations: tuple[str, ...],
    package_buckets: tuple[str, ...],
    secrets: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Make the role NAME (scar-lambda-execute), and write it into the configuration.

    It allows what functions need and no more: to write their logs, and to use the buckets given here. A role
    that SCAR made before is changed to allow exactly this. With --local, the configuration is left as it is.
    """
    settings = settings_of(context)
    request = RoleRequest(name, functions, buckets, outputs, destinations, package_buckets, secrets)
    request.check()
    talk = output.talk(settings)
    cloud = connect(settings.where, config.load(), talk)
    prepared = role.prepare(request, cloud.aws, None if settings.local else config.path())
    steps = prepared.plan.describe()
    if dry_run:
        output.print_plan(steps, settings)
        return
    prepared.plan.apply(talk.say)
    if output.wants_json(settings):
        output.print_json({"role": prepared.arn, "policy": prepared.policy, "steps": list(steps)})
    else:
        click.echo(f"Role: {prepared.arn}")
    output.next_step("scar doctor", settings)


@command.command(
    cls=Command,
    name="policy",
    short_help="Print what functions, and who deploys them, need.",
    epilog="Example: scar role policy -es pictures function",
)
@click.argument("which", required=False, type=click.Choice(_DOCUMENTS), metavar="[function|deployer|trust]")
@_scope_options
@click.option("--role", "name", default=role.NAME, metavar="NAME", help="The role's name.")
@click.pass_context
def show(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    which: str | None,
    buckets: tuple[str, ...],
    outputs: tuple[str, ...],
    functions: tuple[str, ...],
    destinations: tuple[str, ...],
    package_buckets: tuple[str, ...],
    secrets: tuple[str, ...],
    name: str,
) -> None:
    """Print the policies: what a function needs, and what the user of scar needs to deploy functions.

    With the name of one of the documents, only its JSON is printed, to be given to AWS's own tools. AWS
    is not asked for anything.
    """
    request = RoleRequest(name, functions, buckets, outputs, destinations, package_buckets, secrets)
    request.check()
    scope = request.scope()
    documents = {
        "function": policy.function(scope),
        "deployer": policy.deployer(scope),
        "trust": policy.trust(),
    }
    if which is not None:
        output.print_json(documents[which])
    elif output.wants_json(settings_of(context)):
        output.print_json(documents)
    else:
        _print_all(documents)


_HEADINGS = {
    "function": "What a function needs (the policy of its role):",
    "deployer": "What you need (a policy for the user or role of your credentials):",
    "trust": "Who may assume the function's role (its trust policy):",
}


def _print_all(documents: dict[str, policy.Document]) -> None:
    for number, (name, document) in enumerate(documents.items()):
        click.echo(f"{chr(10) if number else ''}{_HEADINGS[name]}")
        output.print_json(document)
