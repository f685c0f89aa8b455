"""`scar update`: what can be changed of a function, changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scar import limits
from scar.aws.errors import AccessDenied
from scar.aws.functions import Function, Settings
from scar.config import Config
from scar.deploy import image_blobs, owned, upload
from scar.deploy.change import plan_update
from scar.deploy.image_blobs import Blob
from scar.deploy.output import Output
from scar.deploy.plan import Plan
from scar.deploy.spec import RoleArn
from scar.deploy.storage import for_image as storage_for
from scar.errors import ScarError, UsageError
from scar.ops import image, mirror, variables, zstd
from scar.ops.cloud import connect
from scar.ops.functions import is_runnable, missing
from scar.ops.repack import PackageRequest, replacement
from scar.ops.talk import Talk
from scar.ops.where import Where
from scar_supervisor import contract


@dataclass(frozen=True)
class UpdateRequest:
    """What the user wants changed; None is left as it is."""

    function: str
    description: str | None = None
    memory: int | None = None
    time: int | None = None
    threshold: int | None = None
    env: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    """Variables to add or replace."""
    removed: tuple[str, ...] = ()
    """Variables to take away."""
    script_file: str | None = None
    """Empty: take the init script away."""
    output: str | None = None
    """``BUCKET`` or ``BUCKET/PREFIX``. Empty: back to the bucket of the input."""
    image: str | None = None
    image_file: str | None = None
    """A file or folder with the image in it."""
    registry_secret: str | None = None
    """ARN. Empty: the registry asks for no credentials any more."""
    storage: int | None = None
    extra_payload: str | None = None
    """A folder. Empty: take the extra payload away."""
    package_bucket: str | None = None
    exec_mode: str | None = None


def prepare(request: UpdateRequest, where: Where, config: Config, talk: Talk) -> Plan:
    """Check the request, look at the function, and plan. Raises ScarError."""
    _check(request)
    given = variables.of_pairs(request.env)
    packed = replace(
        PackageRequest.read(request.script_file, request.extra_payload, request.package_bucket),
        exec_mode=request.exec_mode,
    )
    output = Output.parse(request.output) if request.output else None
    cloud = connect(where, config, talk)
    if request.image is not None and request.image_file is None:
        mirror.check(config.registry_mirror, cloud.aws)
    function = owned.find(cloud.aws, request.function)
    if function is None:
        raise missing(cloud.aws, request.function)
    if not is_runnable(function):
        raise ScarError(
            f"function {function.name} is of another program, or of a SCAR that is too old for this one",
            hint="make it anew: scar rm, then scar init",
        )
    if function.environment_error:
        raise AccessDenied(
            f"AWS does not show the variables of function {function.name}: {function.environment_error}",
            hint="an update has to keep them: these credentials lack kms:Decrypt for the function's key",
        )
    environment = _environment(request, function, given, output)
    if output is not None:
        output.check_apart_from(owned.event_sources(cloud.aws, function.name))
        output.check_bucket(cloud.aws, RoleArn(function.role).account)
    storage = request.storage or function.storage
    blobs: tuple[Blob, ...] = ()
    if request.image is not None or request.image_file is not None:
        found = _find_image(request, function, config, talk)
        zstd.check_existing(found, function.runtime, where)
        storage = request.storage or max(storage, storage_for(found.name, found.compressed, found.unpacked))
        if found.packed or environment.get(contract.ENV_IMAGE_SOURCE) == contract.IMAGE_IN_PACKAGE:
            packed = replace(packed, image=found.packed)
        environment = _with_image(environment, found, config)
        blobs = found.blobs
    limits.environment(environment, "-e/--env")
    after = _settings(request, function, environment, storage)
    package = replacement(function, packed, config, cloud.aws, talk)
    account = RoleArn(function.role).account
    upload.check_bucket(cloud.aws, blobs[0].bucket if blobs else "", account)
    return Plan(
        cloud.aws, plan_update(function, after, package, image_blobs.steps(cloud.aws, blobs, account))
    )


def _check(request: UpdateRequest) -> None:
    limits.function_name(request.function, "NAME")
    if request.package_bucket is not None:
        limits.bucket(request.package_bucket, "--package-bucket")
    if request.description is not None:
        limits.description(request.description, "-d/--description")
    if request.memory is not None:
        limits.memory(request.memory, "-m/--memory")
    if request.time is not None:
        limits.time(request.time, "-t/--time")
    if request.registry_secret:
        limits.secret(request.registry_secret, "--registry-secret")
    if request.storage is not None:
        limits.storage(request.storage, "--storage")
    if request.exec_mode is not None:
        limits.exec_mode(request.exec_mode, "--exec-mode")
    if request.threshold is not None:
        limits.threshold(request.threshold, "-tt/--time-threshold")


def _environment(
    request: UpdateRequest, function: Function, given: Mapping[str, str], output: Output | None
) -> dict[str, str]:
    """The function's environment with all as it is to be but what follows from its image and package."""
    environment = dict(function.environment)
    for name in request.removed:
        if environment.pop(contract.ENV_USER_PREFIX + name, None) is None:
            raise UsageError(f"-e/--env: function {function.name} has no variable {name} to remove")
    environment |= {contract.ENV_USER_PREFIX + name: value for name, value in given.items()}
    if request.output is not None:
        environment.pop(contract.ENV_OUTPUT, None)
    if output is not None:
        environment[contract.ENV_OUTPUT] = output.path
    if request.registry_secret is not None:
        environment[contract.ENV_REGISTRY_SECRET] = request.registry_secret
        if not request.registry_secret:
            del environment[contract.ENV_REGISTRY_SECRET]
    if request.threshold is not None:
        environment[contract.ENV_TIMEOUT_THRESHOLD] = str(request.threshold)
    if request.exec_mode is not None:
        environment.pop(contract.ENV_EXEC_MODE, None)
    if request.exec_mode not in (None, contract.EXEC_MODES[0]):
        environment[contract.ENV_EXEC_MODE] = request.exec_mode
    return environment


def _find_image(request: UpdateRequest, function: Function, config: Config, talk: Talk) -> image.Found:
    if request.image_file is None:
        talk.say(f"look for image {request.image} for {function.architecture}")
        return image.resolve(request.image or "", function.architecture, config.registry_mirror)
    talk.say(f"look for an image for {function.architecture} in {request.image_file}")
    bucket = config.lambda_package_bucket if request.package_bucket is None else request.package_bucket
    return image.in_file(request.image_file, request.image or "", function.architecture, bucket)


def _with_image(environment: Mapping[str, str], found: image.Found, config: Config) -> dict[str, str]:
    """The function's environment with another image."""
    about = {
        contract.ENV_IMAGE: found.name,
        contract.ENV_IMAGE_DIGEST: found.digest,
        contract.ENV_IMAGE_SOURCE: found.source,
        contract.ENV_REGISTRY_MIRROR: config.registry_mirror,
    }
    kept = {name: value for name, value in environment.items() if name not in about}
    return kept | {name: value for name, value in about.items() if value}


def _settings(
    request: UpdateRequest, function: Function, environment: Mapping[str, str], storage: int
) -> Settings:
    wanted = {
        "storage": storage,
        "description": request.description,
        "memory": request.memory,
        "time": request.time,
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    after = replace(function.settings, environment=environment, **changes)  # type: ignore[arg-type]
    threshold = environment.get(contract.ENV_TIMEOUT_THRESHOLD, contract.DEFAULT_TIMEOUT_THRESHOLD)
    limits.threshold_below_time(int(threshold), after.time, "-t/--time and -tt/--time-threshold")
    return after
