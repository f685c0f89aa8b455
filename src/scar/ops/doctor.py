"""`scar doctor`: what keeps SCAR from working here, and what helps.

First what is on this machine, then the account: whose credentials, which role, what both may do. A check that
fails does not stop the others; only what needs its answer is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scar import config as configuration
from scar import limits
from scar.aws.errors import AccessDenied, AwsError
from scar.aws.iam import Role
from scar.aws.identity import Identity
from scar.aws.session import Aws
from scar.config import Config
from scar.errors import ScarError
from scar.ops import machine, mirror, permissions, policy, role
from scar.ops.cloud import Cloud, architecture, connect
from scar.ops.finding import Finding, failure, from_error, ok, warning
from scar.ops.policy import Scope
from scar.ops.talk import Talk
from scar.ops.trust import trusts_lambda
from scar.ops.where import Where


@dataclass(frozen=True)
class DoctorRequest:
    """What is looked for besides the things that every function needs."""

    buckets: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    """Names, also with ``*``, that permissions are looked for; empty: any."""

    def check(self) -> None:
        """Raises UsageError."""
        for function in self.functions:
            limits.function_pattern(function, "--function")
        for bucket in self.buckets:
            limits.bucket(bucket, "-es/--event-source")


def examine(request: DoctorRequest, where: Where, talk: Talk) -> Iterator[Finding]:
    """One finding after the other, as they are made."""
    request.check()
    found, config = _configuration()
    yield found
    yield machine.kit(config.lambda_architecture or architecture(where))
    yield machine.registry(config.registry_mirror)
    yield from machine.local_tools(needed=where.local)
    try:
        cloud = connect(where, config, talk)
    except ScarError as error:
        yield from_error("the local cloud" if where.local else "region", error)
        return
    yield from _account(request, cloud, config, local=where.local)


def _configuration() -> tuple[Finding, Config]:
    """The other checks go on with the defaults if the file is broken."""
    try:
        config = configuration.load()
    except ScarError as error:
        return from_error("configuration", error), Config()
    return ok("configuration", str(configuration.path())), config


def _account(request: DoctorRequest, cloud: Cloud, config: Config, *, local: bool) -> Iterator[Finding]:
    aws = cloud.aws
    try:
        yield _region(aws, local=local)
        yield from _mirror(config.registry_mirror, aws)
        identity = aws.caller.identity()
    except AwsError as error:
        yield from_error("credentials", error)
        return
    yield ok("credentials", identity.arn)
    arn = cloud.role or config.lambda_role
    scope = Scope(
        partition=identity.partition,
        account=identity.account,
        functions=request.functions or ("*",),
        buckets=request.buckets,
        role=arn.partition(":role/")[2] or role.NAME,
    )
    yield from _role(arn, aws, scope, ask=not local)
    if local:
        yield ok("permissions", "the local cloud allows everything")
    else:
        yield _of_caller(aws, identity, scope)


def _region(aws: Aws, *, local: bool) -> Finding:
    if local:
        return ok("region", f"{aws.region} of the local cloud")
    if aws.knows_region():
        return ok("region", aws.region)
    return warning(
        "region",
        f"{aws.region} is none that has AWS Lambda, as far as this boto3 knows",
        "--region names another one, as AWS_REGION does, and lambda_region in the configuration",
    )


def _mirror(url: str, aws: Aws) -> Iterator[Finding]:
    """Nothing, but for a mirror that answers here and not there."""
    try:
        mirror.check(url, aws)
    except ScarError as error:
        yield from_error("registry mirror", error)


def _role(arn: str, aws: Aws, scope: Scope, *, ask: bool) -> Iterator[Finding]:
    """The role for functions: that it is there, that Lambda may assume it, and what it allows."""
    found = _find_role(arn, aws, scope)
    if isinstance(found, Finding):
        yield found
        return
    if not trusts_lambda(found):
        yield failure(
            "role",
            f"Lambda may not assume {found.arn}",
            "scar role create makes a role that it may; scar role policy trust prints what that takes",
        )
        return
    yield ok("role", f"{found.arn}, which Lambda may assume")
    if ask:
        yield _asked("role's permissions", lambda: _of_role(aws, found, scope))


def _find_role(arn: str, aws: Aws, scope: Scope) -> Role | Finding:
    if not arn:
        return failure("role", "there is none for functions", "scar role create")
    if arn.split(":")[4] != scope.account:
        return failure(
            "role",
            f"{arn} is of another account than the credentials ({scope.account})",
            "scar role create makes one in this account; --profile names other credentials",
        )
    try:
        found = aws.roles.find(arn.rpartition("/")[2])
    except AccessDenied:
        return warning(
            "role", f"nobody could be asked for {arn}: iam:GetRole is not allowed", permissions.HELP
        )
    except AwsError as error:
        return from_error("role", error)
    if found is None or found.arn != arn:
        return failure("role", f"there is no role {arn}", "scar role create")
    return found


def _of_role(aws: Aws, found: Role, scope: Scope) -> Finding:
    missing = permissions.missing(aws, found.arn, policy.function(scope))
    if missing:
        return failure(
            "role's permissions",
            f"functions would lack {', '.join(missing)}",
            "scar role create changes a role that it made; scar role policy function prints what it takes",
        )
    return ok("role's permissions", "all that functions need")


def _of_caller(aws: Aws, identity: Identity, scope: Scope) -> Finding:
    if identity.is_root:
        return warning(
            "permissions",
            "the credentials are the account's own, which may do everything",
            "use those of a user or role: scar role policy deployer prints what it needs",
        )
    return _asked("permissions", lambda: permissions.of_caller(aws, identity, scope))


def _asked(subject: str, ask: Callable[[], Finding]) -> Finding:
    """The answer, or why there is none: not everybody may ask IAM."""
    try:
        return ask()
    except AwsError as error:
        return warning(subject, f"nobody could be asked: {error.message}", permissions.HELP)
