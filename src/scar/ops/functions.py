"""Finding functions, and telling SCAR's from others."""

from __future__ import annotations

from collections.abc import Iterator

from scar import limits
from scar.aws.functions import Function
from scar.aws.session import Aws
from scar.errors import ScarError
from scar_supervisor import contract


class FunctionMissing(ScarError):
    """There is no function of this name."""


def is_runnable(function: Function) -> bool:
    """Whether the function is one of SCAR's, by what every list tells: its handler and its image.

    Tags, which decide what SCAR may change, would take a request for each function.
    """
    has_image = contract.ENV_IMAGE in function.environment or bool(function.environment_error)
    return function.handler == contract.HANDLER and has_image


def callable_function(aws: Aws, name: str) -> Function:
    """The function, to be called. Raises FunctionMissing, or ScarError for a function that is not SCAR's."""
    limits.function_name(name, "NAME")
    function = aws.functions.configuration(name)
    if function is None:
        raise missing(aws, name)
    if not is_runnable(function):
        raise ScarError(f"function {name} was not made by SCAR", hint="scar ls shows those that were")
    return function


def missing(aws: Aws, name: str) -> FunctionMissing:
    return FunctionMissing(
        f"no function {name} in {aws.region}", hint="scar ls shows the functions there are"
    )


def of_scar(aws: Aws) -> Iterator[Function]:
    """All of SCAR's functions, in order of their names."""
    return iter(sorted(filter(is_runnable, aws.functions.all()), key=lambda function: function.name))
