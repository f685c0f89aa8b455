"""A plan: the steps of one command, which can be told or applied."""

from __future__ import annotations

from dataclasses import dataclass

from scar.aws.session import Aws
from scar.deploy.executor import Say, execute
from scar.deploy.steps import Step


@dataclass(frozen=True)
class Plan:
    """Steps, and the account that they change."""

    aws: Aws
    steps: tuple[Step, ...]

    def describe(self) -> tuple[str, ...]:
        """The steps in words, in their order: as in "create function cowsay"."""
        return tuple(step.describe() for step in self.steps)

    def apply(self, say: Say) -> None:
        """Apply all steps, or none. Raises NotDone or Interrupted."""
        execute(self.steps, self.aws, say)
