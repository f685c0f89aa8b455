"""Asking IAM what somebody may do: all that is missing, at once."""

from __future__ import annotations

from collections.abc import Iterator

from scar.aws.errors import NotFound
from scar.aws.identity import Identity
from scar.aws.session import Aws
from scar.ops import policy
from scar.ops.finding import Finding, failure, ok, warning
from scar.ops.policy import Document, Scope

HELP = "scar role policy deployer prints a policy that allows all that SCAR does"

_EXAMPLE = "scar-doctor"
"""Stands for any function, log group or file: simulations take no wildcards."""


def of_caller(aws: Aws, identity: Identity, scope: Scope) -> Finding:
    """What the credentials do not allow. Raises AwsError if nobody may ask."""
    principal = _principal(aws, identity)
    lacking = missing(aws, principal, policy.deployer(scope))
    optional = _actions(policy.deployer(scope), (policy.MANAGE_ROLE, policy.EXAMINE))
    severe = [action for action in lacking if action not in optional]
    if severe:
        return failure("permissions", f"these are missing: {', '.join(lacking)}", HELP)
    if lacking:
        return warning("permissions", f"scar role create would lack {', '.join(lacking)}", HELP)
    return ok("permissions", "all that SCAR needs")


def missing(aws: Aws, principal_arn: str, wanted: Document) -> list[str]:
    """The actions of a policy that the principal may not do, in the policy's order. Raises AwsError."""
    return list(dict.fromkeys(_missing(aws, principal_arn, wanted)))


def _missing(aws: Aws, principal_arn: str, wanted: Document) -> Iterator[str]:
    for statement in wanted["Statement"]:
        context = statement.get("Condition", {}).get("StringEquals", {})
        for resource in statement["Resource"]:
            target = example(resource, aws.region)
            yield from aws.roles.denied(principal_arn, statement["Action"], target, context)


def example(resource: str, region: str) -> str:
    """One of the resources that a policy's pattern is for; ``*`` for that which is for all."""
    if resource == "*":
        return resource
    head, _, tail = resource.partition(":*:")
    return (f"{head}:{region}:{tail}" if tail else head).replace("*", _EXAMPLE)


def _principal(aws: Aws, identity: Identity) -> str:
    """Whose policies are asked for: of a session, those of the role. Raises AwsError."""
    if not identity.assumed_role:
        return identity.arn
    role = aws.roles.find(identity.assumed_role)
    if role is None:
        raise NotFound(f"there is no role {identity.assumed_role}, of which the credentials are")
    return role.arn


def _actions(document: Document, sids: tuple[str, ...]) -> set[str]:
    return {
        action
        for statement in document["Statement"]
        if statement["Sid"] in sids
        for action in statement["Action"]
    }
