"""SCAR changes and removes what SCAR has made, and nothing else: tags tell."""

from __future__ import annotations

from scar.aws.functions import Function
from scar.aws.session import Aws
from scar.deploy import names
from scar.deploy.spec import is_of_scar
from scar.errors import ScarError


def find(aws: Aws, name: str) -> Function | None:
    """The function, or None. Raises ScarError if it is there, and not SCAR's."""
    function = aws.functions.find(name)
    if function is not None and not is_of_scar(function.tags):
        raise ScarError(
            f"function {name} was not made by SCAR (it lacks the tag createdby=scar): left as it is",
            hint="scar ls shows the functions that were",
        )
    return function


def event_sources(aws: Aws, name: str) -> list[str]:
    """The buckets that SCAR permitted to call the function, as its policy has them."""
    arns = [
        statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "")
        for statement in aws.functions.statements(name)
        if statement.get("Sid", "").startswith(names.STATEMENT_PREFIX)
    ]
    return [arn.rpartition(":")[2] for arn in arns if arn]  # none in one that somebody has edited
