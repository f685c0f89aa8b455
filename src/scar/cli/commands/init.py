"""`scar init`."""

from __future__ import annotations

import click

from scar import config
from scar.cli import output
from scar.cli.options import Command, dry_run_option, environment, settings_of
from scar.deploy.spec import FunctionSpec
from scar.ops.init import InitRequest, prepare


@click.command(
    cls=Command,
    name="init",
    epilog="Example: scar init -n cowsay -m 512 -t 60 -e LANG=C.UTF-8 grycap/cowsay",
)
@click.argument("image", required=False)
@click.option("-n", "--name", metavar="NAME", help="Name of the function. Default: derived from the image.")
@click.option("-d", "--description", metavar="TEXT", help="Description of the function.")
@click.option("-m", "--memory", type=int, metavar="MB", help="Memory: 128 to 10240.")
@click.option("-t", "--time", type=int, metavar="SECONDS", help="Time-out of a call: 1 to 900.")
@click.option(
    "-tt",
    "--time-threshold",
    type=int,
    metavar="SECONDS",
    help="How long before the time-out the container is stopped. Must be less than -t.",
)
@click.option(
    "-e",
    "--env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A variable for the container; NAME alone: with your environment's value. Repeatable.",
)
@click.option(
    "-s", "--script", metavar="FILE", help="A script to run when a call brings no command of its own."
)
@click.option("-es", "--event-source", metavar="BUCKET", help="A bucket whose input/ calls the function.")
@click.option(
    "--output",
    "output_place",
    metavar="BUCKET[/PREFIX]",
    help="Where results go. Default: output/ of the bucket that the file is in.",
)
@click.option("-lr", "--lambda-role", metavar="ARN", help="The IAM role of the function.")
@click.option("-p", "--preheat", is_flag=True, help="Fetch the image now, not at the first call.")
@click.option(
    "--storage", type=int, metavar="MB", help="Room in /tmp: 512 to 10240. Default: what the image needs."
)
@click.option("--runtime", metavar="NAME", help="Lambda's Python: python3.12, python3.13 or python3.14.")
@click.option("--architecture", metavar="NAME", help="x86_64 or arm64.")
@click.option(
    "--exec-mode",
    metavar="MODE",
    help="How programs are run: F1, or another mode of udocker.",
)
@click.option(
    "--on-failure",
    metavar="DESTINATION",
    help="What is told of events that fail for good: an ARN, or s3://BUCKET.",
)
@click.option(
    "--extra-payload",
    metavar="DIR",
    help="A folder to pack with the function; containers find it by $EXTRA_PAYLOAD.",
)
@click.option(
    "--registry-secret",
    metavar="ARN",
    help="What holds the registry's credentials: of Secrets Manager, or SSM.",
)
@click.option(
    "--image-file",
    metavar="FILE",
    help="Take the image out of an OCI layout, or of what docker save wrote; IMAGE names one of several.",
)
@click.option(
    "--package-bucket", metavar="BUCKET", help="A bucket for packages above 50 MB, and for images of files."
)
@dry_run_option
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    image: str | None,
    name: str | None,
    description: str | None,
    memory: int | None,
    time: int | None,
    time_threshold: int | None,
    env: tuple[str, ...],
    script: str | None,
    event_source: str | None,
    output_place: str | None,
    lambda_role: str | None,
    preheat: bool,
    storage: int | None,
    runtime: str | None,
    architecture: str | None,
    exec_mode: str | None,
    on_failure: str | None,
    extra_payload: str | None,
    registry_secret: str | None,
    image_file: str | None,
    package_bucket: str | None,
    dry_run: bool,
) -> None:
    """Make a function that runs the container image IMAGE."""
    settings = settings_of(context)
    request = InitRequest(
        image=image,
        name=name,
        description=description,
        memory=memory,
        time=time,
        threshold=time_threshold,
        env=environment(env),
        script_file=script,
        bucket=event_source,
        output=output_place,
        role=lambda_role,
        preheat=preheat,
        storage=storage,
        runtime=runtime,
        architecture=architecture,
        exec_mode=exec_mode,
        on_failure=on_failure,
        extra_payload=extra_payload,
        package_bucket=package_bucket,
        image_file=image_file,
        registry_secret=registry_secret,
    )
    talk = output.talk(settings)
    prepared = prepare(request, settings.where, config.load(), talk)
    if dry_run:
        output.print_plan(prepared.plan.describe(), settings)
        return
    prepared.plan.apply(talk.say)
    spec = prepared.spec
    if output.wants_json(settings):
        output.print_json(_document(spec, verbose=settings.verbose))
    else:
        click.echo("\n".join(_lines(spec)))
    if spec.bucket:
        output.next_step(f"scar put FILE {spec.bucket}/input/", settings)
    else:
        output.next_step(f"scar run {spec.name}", settings)


def _lines(spec: FunctionSpec) -> list[str]:
    return [
        f"Function name: {spec.name}",
        f"Image: {spec.image} ({spec.digest})",
        f"Log group name: {spec.log_group}",
        *([f"Event source: {spec.bucket}"] if spec.bucket else []),
        *([f"Results: {spec.output.url}"] if spec.output else []),
    ]


def _document(spec: FunctionSpec, *, verbose: bool) -> dict[str, object]:
    document: dict[str, object] = {
        "name": spec.name,
        "arn": spec.arn,
        "image": spec.image,
        "image_digest": spec.digest,
        "memory": spec.memory,
        "time": spec.time,
        "storage": spec.storage,
        "exec_mode": spec.exec_mode,
        "log_group": spec.log_group,
        "event_source": spec.bucket or None,
        "output": spec.output.url if spec.output else None,
    }
    if verbose:
        document |= {
            "description": spec.description,
            "region": spec.region,
            "runtime": spec.runtime,
            "architecture": spec.architecture,
            "on_failure": spec.on_failure or None,
            "time_threshold": spec.threshold,
            "role": spec.role.text,
            "owner": spec.owner,
            "image_source": spec.image_source or None,
            "registry_secret": spec.registry_secret or None,
            "registry_mirror": spec.registry_mirror or None,
            "variables": sorted(spec.environment),
        }
    return document
