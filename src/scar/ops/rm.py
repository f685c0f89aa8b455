"""`scar rm`: functions and all that SCAR made for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scar import limits
from scar.aws.errors import AccessDenied
from scar.aws.session import Aws
from scar.deploy.plan import Plan
from scar.deploy.removal import look, plan_rm
from scar.errors import Interrupted, ScarError
from scar.ops import owner
from scar.ops.cloud import Cloud
from scar.ops.functions import of_scar


@dataclass(frozen=True)
class Removed:
    """What became of one function."""

    function: str
    steps: tuple[str, ...] = ()
    """What was done; empty if there was nothing."""
    error: ScarError | None = None


def prepare(name: str, cloud: Cloud) -> Plan:
    """How to remove one function; no steps if it is gone already. Raises ScarError."""
    limits.function_name(name, "NAME")
    return Plan(cloud.aws, plan_rm(look(cloud.aws, name)))


def rm(name: str, cloud: Cloud, say: Callable[[str], None]) -> Removed:
    """Remove one function. Raises ScarError; a function that is gone already is none."""
    plan = prepare(name, cloud)
    plan.apply(say)
    return Removed(name, plan.describe())


def all_names(cloud: Cloud) -> list[str]:
    """The names of all functions that SCAR made for this user; those of other users are theirs to remove.

    Who made a function is in its tags, which takes a request for each.
    """
    return [listed.name for listed in of_scar(cloud.aws) if _is_users(listed.name, cloud.aws)]


def _is_users(name: str, aws: Aws) -> bool:
    """Also True for a function that may not be looked at: its removal fails, and says so."""
    try:
        function = aws.functions.find(name)
    except AccessDenied:
        return True
    return function is not None and not owner.other(function)


def rm_all(names: list[str], cloud: Cloud, say: Callable[[str], None]) -> list[Removed]:
    """Remove these functions; one that cannot be removed does not stop the others."""
    return [_attempt(name, cloud, say) for name in names]


def _attempt(name: str, cloud: Cloud, say: Callable[[str], None]) -> Removed:
    try:
        return rm(name, cloud, say)
    except Interrupted:
        raise
    except ScarError as error:
        return Removed(name, error=error)
