"""Who may assume a role, as its trust policy says."""

from __future__ import annotations

from typing import Any

from scar.aws.iam import Role
from scar.ops.policy import SERVICE


def trusts_lambda(trusting: Role) -> bool:
    """Whether a statement of the role's trust policy lets Lambda assume it. Conditions are not looked at."""
    statements = trusting.trust.get("Statement", [])
    return any(
        statement.get("Effect") == "Allow"
        and SERVICE in _list(_services(statement.get("Principal")))
        and not {"sts:AssumeRole", "sts:*", "*"}.isdisjoint(_list(statement.get("Action")))
        for statement in _list(statements)
    )


def _services(principal: object) -> object:
    return principal.get("Service") if isinstance(principal, dict) else None


def _list(value: Any) -> list[Any]:
    """IAM's JSON may leave out the brackets of a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
