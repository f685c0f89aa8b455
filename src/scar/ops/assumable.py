"""The role of a new function, looked at before anything is made: CreateFunction would be the third call."""

from __future__ import annotations

from scar.aws.errors import AccessDenied
from scar.aws.session import Aws
from scar.deploy.spec import RoleArn
from scar.errors import ScarError
from scar.ops.trust import trusts_lambda

_HINT = "scar role create makes one that it may; -lr names another"


def check(aws: Aws, role: RoleArn) -> None:
    """Raise ScarError if Lambda cannot assume the role in this account.

    Who may not read roles (iam:GetRole) hears it from Lambda, later.
    """
    account = aws.caller.identity().account
    if account != role.account:
        raise ScarError(
            f"role {role.text} is of account {role.account}, the credentials are of account {account}:"
            " Lambda takes roles of its own account only",
            hint="scar role create makes one in this account; --profile names other credentials",
        )
    try:
        found = aws.roles.find(role.text.rpartition("/")[2])
    except AccessDenied:
        return
    if found is None or found.arn != role.text:
        raise ScarError(f"there is no role {role.text}", hint=_HINT)
    if not trusts_lambda(found):
        raise ScarError(
            f"Lambda may not assume role {role.text}: its trust policy does not say so", hint=_HINT
        )
