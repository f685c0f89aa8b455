"""From a function, and what it is to become, to the steps of the difference.

The settings are changed first: they can be changed back when the package is refused. The package is the last
step, as Lambda keeps only the newest: to put the old one back it would have to be kept here, all the while.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from scar.aws.functions import Function, Package, Settings
from scar.aws.session import Aws
from scar.deploy import upload
from scar.deploy.steps import Step
from scar_supervisor import contract


@dataclass(frozen=True)
class ChangeSettings(Step):
    function: str
    before: Settings
    after: Settings

    def describe(self) -> str:
        return f"change function {self.function}: {', '.join(differences(self.before, self.after))}"

    def apply(self, aws: Aws) -> None:
        aws.functions.change_settings(self.function, self.before, self.after)

    def undo(self, aws: Aws) -> str:
        if aws.functions.change_settings(self.function, self.after, self.before):
            aws.functions.wait_until_updated(self.function)
        return f"change of function {self.function}"


@dataclass(frozen=True)
class WaitUntilUpdated(Step):
    may_be_interrupted: ClassVar[bool] = True
    function: str

    def describe(self) -> str:
        return f"wait until function {self.function} is changed"

    def apply(self, aws: Aws) -> None:
        aws.functions.wait_until_updated(self.function)


@dataclass(frozen=True)
class ReplacePackage(Step):
    is_final: ClassVar[bool] = True
    function: str
    before: str
    """Digest of the package that is replaced."""
    package: Package

    def describe(self) -> str:
        return f"replace the package of function {self.function} ({len(self.package.content):,} bytes)"

    def apply(self, aws: Aws) -> None:
        aws.functions.change_package(self.function, self.before, self.package)


def plan_update(
    function: Function, after: Settings, package: Package | None, before: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    """The steps that leave the function with these settings and, unless None, this package.

    ``before`` are those that bring what it will need.
    """
    steps: list[Step] = [*before]
    if after != function.settings:
        steps += [
            ChangeSettings(function.name, function.settings, after),
            WaitUntilUpdated(function.name),
        ]
    if package is not None and package.digest != function.package_digest:
        replacement = ReplacePackage(function.name, function.package_digest, package)
        steps += upload.around(package, replacement)
    return tuple(steps)


def differences(before: Settings, after: Settings) -> list[str]:
    """In words what differs. Values of the user's variables are not told: they may be secrets."""
    return [*_plain_differences(before, after), *_variables(before.environment, after.environment)]


def _plain_differences(before: Settings, after: Settings) -> Iterator[str]:
    if before.description != after.description:
        yield f"description {after.description!r}"
    if before.memory != after.memory:
        yield f"memory {before.memory} to {after.memory} MB"
    if before.time != after.time:
        yield f"time-out {before.time} to {after.time} s"
    if before.storage != after.storage:
        yield f"storage {before.storage} to {after.storage} MB"


_KNOWN = {
    contract.ENV_IMAGE: "image",
    contract.ENV_IMAGE_DIGEST: "digest",
    contract.ENV_IMAGE_SOURCE: "source of the image",
    contract.ENV_TIMEOUT_THRESHOLD: "time-out threshold",
    contract.ENV_REGISTRY_MIRROR: "registry mirror",
    contract.ENV_REGISTRY_SECRET: "secret of the registry",
    contract.ENV_OUTPUT: "place of results",
    contract.ENV_EXEC_MODE: "execution mode",
}
_ABSENT = {contract.ENV_EXEC_MODE: contract.EXEC_MODES[0]}
"""What it means that a variable is not there, if not: none."""


def _variables(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name in _KNOWN:
            absent = _ABSENT.get(name, "none")
            yield f"{_KNOWN[name]} {old or absent} to {new or absent}"
            continue
        verb = "remove" if new is None else "set" if old is None else "replace"
        yield f"{verb} variable {name.removeprefix(contract.ENV_USER_PREFIX)}"
