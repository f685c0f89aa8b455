"""The function that a run calls."""

from __future__ import annotations

from dataclasses import dataclass

from scar.aws.functions import Function
from scar.aws.session import Aws


@dataclass(frozen=True)
class Target:
    """A function, and where it is."""

    aws: Aws
    function: Function

    @property
    def name(self) -> str:
        return self.function.name
