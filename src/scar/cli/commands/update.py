"""`scar update`."""

from __future__ import annotations

import click

from scar import config
from scar.cli import output
from scar.cli.options import Command, dry_run_option, environment, settings_of
from scar.ops.update import UpdateRequest, prepare


@click.command(cls=Command, name="update", epilog="Example: scar update -m 1024 -e LANG=C.UTF-8 cowsay")
@click.argument("name")
@click.option("-d", "--description", metavar="TEXT", help="Description of the function.")
@click.option("-m", "--memory", type=int, metavar="MB", help="Memory: 128 to 10240.")
@click.option("-t", "--time", type=int, metavar="SECONDS", help="Time-out of a call: 1 to 900.")
@click.option(
    "-tt",
    "--time-threshold",
    type=int,
    metavar="SECONDS",
    help="How long before the time-out the container is stopped.",
)
@click.option(
    "-e",
    "--env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A variable to add or replace; NAME- removes it. The others stay. Repeatable.",
)
@click.option("-s", "--script", metavar="FILE", help="Another init script; '' takes it away.")
@click.option(
    "--output",
    "output_place",
    metavar="BUCKET[/PREFIX]",
    help="Another place for results; '' for output/ of the bucket that the file is in.",
)
@click.option("--image", metavar="IMAGE", help="Another image, or what its tag means now.")
@click.option(
    "--registry-secret",
    metavar="ARN",
    help="ARN of the registry's credentials in Secrets Manager, or SSM; '' takes it away.",
)
@click.option(
    "--image-file",
    metavar="FILE",
    help="Take the image out of an OCI layout, or of what docker save wrote; --image names one of several.",
)
@click.option("--storage", type=int, metavar="MB", help="Room in /tmp: 512 to 10240.")
@click.option("--exec-mode", metavar="MODE", help="How programs are run: F1, or another mode of udocker.")
@click.option(
    "--extra-payload", metavar="DIR", help="Another folder packed with the function; '' takes it away."
)
@click.option("--package-bucket", metavar="BUCKET", help="A bucket through which a package above 50 MB goes.")
@dry_run_option
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    name: str,
    description: str | None,
    memory: int | None,
    time: int | None,
    time_threshold: int | None,
    env: tuple[str, ...],
    script: str | None,
    output_place: str | None,
    image: str | None,
    registry_secret: str | None,
    image_file: str | None,
    storage: int | None,
    exec_mode: str | None,
    extra_payload: str | None,
    package_bucket: str | None,
    dry_run: bool,
) -> None:
    """Change the function NAME: what is given changes, all else stays.

    Its package is brought up to this version of SCAR. The next call sees the change; calls under way end as
    they began.
    """
    settings = settings_of(context)
    talk = output.talk(settings)
    request = UpdateRequest(
        function=name,
        description=description,
        memory=memory,
        time=time,
        threshold=time_threshold,
        env=environment([item for item in env if not _removes(item)]),
        removed=tuple(item[:-1] for item in env if _removes(item)),
        script_file=script,
        output=output_place,
        image=image,
        image_file=image_file,
        registry_secret=registry_secret,
        storage=storage,
        exec_mode=exec_mode,
        extra_payload=extra_payload,
        package_bucket=package_bucket,
    )
    plan = prepare(request, settings.where, config.load(), talk)
    if dry_run:
        output.print_plan(plan.describe(), settings)
        return
    plan.apply(talk.say)
    if output.wants_json(settings):
        output.print_json({"name": name, "changes": list(plan.describe())})
    else:
        click.echo(f"Updated: {name}" if plan.steps else f"Nothing to update: {name}")
    output.next_step(f"scar run {name}", settings)


def _removes(item: str) -> bool:
    """Whether an item of -e is NAME-, as kubectl writes it: no variable's name ends with a hyphen."""
    return item.endswith("-") and "=" not in item
