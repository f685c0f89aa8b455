"""`scar init`: from an image to a function."""

from __future__ import annotations

from dataclasses import dataclass, field

from scar import limits
from scar.aws.functions import Function
from scar.aws.session import Aws
from scar.config import Config
from scar.deploy import existing, image_blobs, names, package, payload, upload
from scar.deploy.output import Output
from scar.deploy.plan import Plan
from scar.deploy.planner import plan_init
from scar.deploy.spec import FunctionSpec, RoleArn, function_environment, is_of_scar
from scar.deploy.storage import for_image as storage_for
from scar.errors import ScarError, UsageError
from scar.ops import assumable, image, mirror, owner, script, variables, zstd
from scar.ops.cloud import architecture, connect
from scar.ops.image import Found
from scar.ops.talk import Talk
from scar.ops.where import Where


@dataclass(frozen=True)
class InitRequest:
    """What the user asked for; None where the configuration decides."""

    image: str | None
    """None: what the file says."""
    name: str | None = None
    description: str | None = None
    memory: int | None = None
    time: int | None = None
    threshold: int | None = None
    env: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    script_file: str | None = None
    bucket: str | None = None
    output: str | None = None
    """``BUCKET`` or ``BUCKET/PREFIX``."""
    role: str | None = None
    preheat: bool = False
    storage: int | None = None
    runtime: str | None = None
    architecture: str | None = None
    on_failure: str | None = None
    extra_payload: str | None = None
    """A folder."""
    package_bucket: str | None = None
    registry_secret: str | None = None
    """ARN."""
    image_file: str | None = None
    """A file or folder with the image in it."""
    exec_mode: str | None = None


@dataclass(frozen=True)
class _Draft:
    """The request with every default filled in, and checked as far as that goes without asking."""

    description: str
    memory: int
    time: int
    threshold: int
    storage: int | None
    """None: what the image needs."""
    runtime: str
    architecture: str
    exec_mode: str
    package_bucket: str
    """Empty: none."""
    output: Output | None
    environment: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Prepared:
    """A function that could be made now, and how. Nothing is made yet."""

    spec: FunctionSpec
    plan: Plan


def prepare(request: InitRequest, where: Where, config: Config, talk: Talk) -> Prepared:
    """Check the request, look at what exists, and plan. Raises ScarError."""
    draft = _draft(request, where, config)
    role = _role(request, where, config)
    init_script = script.read(request.script_file, "-s/--script")
    extra = payload.read(request.extra_payload, "--extra-payload") if request.extra_payload else ()
    if request.image_file is None and not where.local:  # which starts only when the image is known
        mirror.check(config.registry_mirror, connect(where, config, talk).aws)
    found = _image(request, draft, config, talk)
    zstd.check_new(found, draft.runtime, where)
    zipped = package.build(draft.architecture, init_script, extra, found.packed, draft.exec_mode)
    if not draft.package_bucket:
        limits.package_size(len(zipped))
    needed = storage_for(found.name, found.compressed, found.unpacked)
    if found.unpacked is not None:
        size = f"{found.unpacked / limits.MIB:,.0f} MB"
        talk.say(f"the image has about {size} unpacked: {needed:,} MB of /tmp would do")
    cloud = connect(where, config, talk)
    if role:
        assumable.check(cloud.aws, RoleArn(role))
    spec = FunctionSpec(
        name=_free_name(request.name, found.name, cloud.aws),
        region=cloud.aws.region,
        description=draft.description,
        memory=draft.memory,
        time=draft.time,
        threshold=draft.threshold,
        storage=draft.storage or needed,
        role=RoleArn(role or cloud.role),
        runtime=draft.runtime,
        architecture=draft.architecture,
        exec_mode=draft.exec_mode,
        image=found.name,
        registry_secret=request.registry_secret or "",
        image_source=found.source,
        digest=found.digest,
        registry_mirror=config.registry_mirror,
        environment=draft.environment,
        owner=owner.current(),
        bucket=request.bucket or "",
        output=draft.output,
        on_failure=names.destination_arn(request.on_failure or "", RoleArn(role or cloud.role).partition),
        preheat=request.preheat,
    )
    function_environment(spec)  # its size, before anything is looked at
    sent = upload.package_for(zipped, spec.name, draft.package_bucket)
    if spec.output and spec.output.bucket != spec.bucket:  # which may be about to be made
        spec.output.check_bucket(cloud.aws, spec.role.account)
    upload.check_bucket(
        cloud.aws, draft.package_bucket if sent.bucket or found.blobs else "", spec.role.account
    )
    blobs = image_blobs.steps(cloud.aws, found.blobs, spec.role.account)
    steps = plan_init(spec, sent, existing.look(cloud.aws, spec), blobs)
    return Prepared(spec, Plan(cloud.aws, steps))


def _image(request: InitRequest, draft: _Draft, config: Config, talk: Talk) -> Found:
    if request.image_file is None:
        talk.say(f"look for image {request.image} for {draft.architecture}")
        return image.resolve(request.image or "", draft.architecture, config.registry_mirror)
    talk.say(f"look for an image for {draft.architecture} in {request.image_file}")
    return image.in_file(request.image_file, request.image or "", draft.architecture, draft.package_bucket)


def _draft(request: InitRequest, where: Where, config: Config) -> _Draft:
    if request.image is None and request.image_file is None:
        raise UsageError("which image? IMAGE, or --image-file, is missing", hint="scar init --help")
    if request.name is not None:
        limits.function_name(request.name, "-n/--name")
    if request.bucket is not None:
        limits.bucket(request.bucket, "-es/--event-source")
    if request.registry_secret is not None:
        limits.secret(request.registry_secret, "--registry-secret")
        if request.image_file is not None:
            raise UsageError("--registry-secret and --image-file exclude each other: no registry is asked")
    if request.on_failure is not None:
        limits.destination(request.on_failure, "--on-failure")
    time = config.lambda_time if request.time is None else limits.time(request.time, "-t/--time")
    threshold = config.lambda_timeout_threshold
    if request.threshold is not None:
        threshold = limits.threshold(request.threshold, "-tt/--time-threshold")
    limits.threshold_below_time(threshold, time, "-t/--time and -tt/--time-threshold")
    memory = config.lambda_memory if request.memory is None else limits.memory(request.memory, "-m/--memory")
    description = config.lambda_description
    if request.description is not None:
        description = limits.description(request.description, "-d/--description")
    return _Draft(
        description=description,
        memory=memory,
        time=time,
        threshold=threshold,
        storage=config.lambda_storage
        if request.storage is None
        else limits.storage(request.storage, "--storage"),
        runtime=config.lambda_runtime
        if request.runtime is None
        else limits.runtime(request.runtime, "--runtime"),
        architecture=_architecture(request, where, config),
        exec_mode=config.lambda_exec_mode
        if request.exec_mode is None
        else limits.exec_mode(request.exec_mode, "--exec-mode"),
        package_bucket=config.lambda_package_bucket
        if request.package_bucket is None
        else limits.bucket(request.package_bucket, "--package-bucket"),
        output=_output(request),
        environment=variables.of_pairs(request.env),
    )


def _output(request: InitRequest) -> Output | None:
    if request.output is None:
        return None
    output = Output.parse(request.output)
    output.check_apart_from([request.bucket] if request.bucket else [])
    return output


def _architecture(request: InitRequest, where: Where, config: Config) -> str:
    """What is said, else what is configured, else what there is. Raises UsageError."""
    default = architecture(where)
    wanted = config.lambda_architecture
    if request.architecture is not None:
        wanted = limits.architecture(request.architecture, "--architecture")
    if where.local and wanted not in ("", default):
        raise UsageError(
            f"a function for {wanted} cannot run in the local cloud: this machine is {default}",
            hint="leave out --architecture and lambda_architecture, or --local",
        )
    return wanted or default


def _role(request: InitRequest, where: Where, config: Config) -> str:
    """The role's ARN; empty where the cloud has its own. Raises ScarError."""
    if request.role is not None:
        return limits.role(request.role, "-lr/--lambda-role")
    if where.local:
        return ""
    if not config.lambda_role:
        raise ScarError(
            "no role for the function: AWS runs functions under an IAM role",
            hint="scar role create makes one; -lr, or lambda_role in the configuration, names another",
        )
    return config.lambda_role


def _free_name(wanted: str | None, image: str, aws: Aws) -> str:
    if wanted is None:
        return next(name for name in names.of_image(image) if aws.functions.find(name) is None)
    taken = aws.functions.find(wanted)
    if taken is not None:
        whose = _whose(taken)
        hint = f"to change it: scar update; or choose another name (-n), or remove it first: scar rm {wanted}"
        raise ScarError(
            f"function {wanted} exists already{whose}",
            hint="choose another name (-n)" if whose else hint,
            kind="FunctionExists",
        )
    return wanted


def _whose(function: Function) -> str:
    if not is_of_scar(function.tags):
        return ", and was not made by SCAR"
    other = owner.other(function)
    return f", and is of {other}" if other else ""
