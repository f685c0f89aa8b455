"""`scar role`: the role that functions run under."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from scar import config_edit, limits
from scar.aws.iam import Document, Role
from scar.aws.session import Aws
from scar.deploy import names
from scar.deploy.output import Output
from scar.deploy.plan import Plan
from scar.deploy.spec import TAG_CREATED_BY, is_of_scar
from scar.deploy.steps import Step
from scar.errors import ScarError
from scar.ops import policy
from scar.ops.policy import Scope

NAME = "scar-lambda-execute"
POLICY = "scar"
"""Name of the policy inside the role."""
CONFIG_KEY = "lambda_role"


@dataclass(frozen=True)
class RoleRequest:
    """Which role, and what its functions may use."""

    name: str = NAME
    functions: tuple[str, ...] = ()
    """Names, also with ``*``; empty: any."""
    buckets: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    """Where results go instead of ``output/`` of those: ``BUCKET`` or ``BUCKET/PREFIX``."""
    destinations: tuple[str, ...] = ()
    """What is told of events that failed for good: ARNs, or ``s3://BUCKET``."""
    package_buckets: tuple[str, ...] = ()
    """Those that large packages go through, and that hold images of files."""
    secrets: tuple[str, ...] = ()
    """ARNs of what holds credentials for registries."""

    def check(self) -> None:
        """Raises UsageError."""
        limits.role_name(self.name, "NAME")
        for function in self.functions:
            limits.function_pattern(function, "--function")
        for bucket in self.buckets:
            limits.bucket(bucket, "-es/--event-source")
        for output in self.outputs:
            Output.parse(output)
        for bucket in self.package_buckets:
            limits.bucket(bucket, "--package-bucket")
        for secret in self.secrets:
            limits.secret(secret, "--registry-secret")
        for destination in self.destinations:
            limits.destination(destination, "--on-failure")

    def scope(self, *, partition: str = "aws", account: str = "*") -> Scope:
        """What the policies are limited to."""
        return Scope(
            partition=partition,
            account=account,
            functions=self.functions or ("*",),
            buckets=self.buckets,
            outputs=tuple(map(Output.parse, self.outputs)),
            destinations=tuple(names.destination_arn(one, partition) for one in self.destinations),
            package_buckets=self.package_buckets,
            secrets=self.secrets,
            role=self.name,
        )


@dataclass(frozen=True)
class Prepared:
    """A role that functions can have once the plan is applied."""

    arn: str
    policy: Document
    plan: Plan


@dataclass(frozen=True)
class CreateRole(Step):
    name: str
    trust: Document = field(repr=False)

    def describe(self) -> str:
        return f"create role {self.name}, which Lambda may assume"

    def apply(self, aws: Aws) -> None:
        aws.roles.create(self.name, self.trust, "What functions made by SCAR may do", dict([TAG_CREATED_BY]))

    def undo(self, aws: Aws) -> str:
        aws.roles.delete(self.name)
        return f"role {self.name}"


@dataclass(frozen=True)
class SetTrust(Step):
    role: Role = field(repr=False)
    """As it is before."""
    trust: Document = field(repr=False)

    def describe(self) -> str:
        return f"let Lambda, and nobody else, assume role {self.role.name}"

    def apply(self, aws: Aws) -> None:
        aws.roles.set_trust(self.role.name, self.trust)

    def undo(self, aws: Aws) -> str:
        aws.roles.set_trust(self.role.name, self.role.trust)
        return f"trust of role {self.role.name}"


@dataclass(frozen=True)
class SetPolicy(Step):
    role: str
    policy: Document = field(repr=False)
    before: Document | None = field(repr=False)

    def describe(self) -> str:
        return f"set policy {POLICY} of role {self.role}"

    def apply(self, aws: Aws) -> None:
        aws.roles.set_policy(self.role, POLICY, self.policy)

    def undo(self, aws: Aws) -> str:
        if self.before is None:
            aws.roles.delete_policy(self.role, POLICY)
        else:
            aws.roles.set_policy(self.role, POLICY, self.before)
        return f"policy {POLICY} of role {self.role}"


@dataclass(frozen=True)
class WriteConfiguration(Step):
    """The last step of its plan: a file that cannot be written undoes the role."""

    file: Path
    arn: str

    def describe(self) -> str:
        return f"write {CONFIG_KEY} into {self.file}"

    def apply(self, aws: Aws) -> None:
        del aws
        config_edit.set_value(self.file, CONFIG_KEY, self.arn)


def prepare(request: RoleRequest, aws: Aws, file: Path | None) -> Prepared:
    """How to make the role, or change SCAR's own, and write its ARN into the configuration ``file``.

    Raises ScarError, also for a role of this name that SCAR did not make.
    """
    request.check()
    identity = aws.caller.identity()
    scope = request.scope(partition=identity.partition, account=identity.account)
    role = aws.roles.find(request.name)
    if role is not None and not is_of_scar(role.tags):
        raise ScarError(
            f"role {request.name} exists already, and was not made by SCAR (it lacks the tag createdby=scar)",
            hint=f"choose another name, or use that role as it is: scar init -lr {role.arn}",
            kind="RoleExists",
        )
    wanted = policy.function(scope)
    arn = f"arn:{scope.partition}:iam::{scope.account}:role/{scope.role}" if role is None else role.arn
    steps: tuple[Step, ...] = (
        *_role_steps(request.name, role),
        *_policy_steps(request.name, wanted, None if role is None else aws.roles.policy(role.name, POLICY)),
        *([] if file is None else [WriteConfiguration(file, arn)]),
    )
    return Prepared(arn, wanted, Plan(aws, steps))


def _role_steps(name: str, role: Role | None) -> list[Step]:
    trust = policy.trust()
    if role is None:
        return [CreateRole(name, trust)]
    return [] if role.trust == trust else [SetTrust(role, trust)]


def _policy_steps(role: str, wanted: Document, before: Document | None) -> list[Step]:
    return [] if before == wanted else [SetPolicy(role, wanted, before)]
