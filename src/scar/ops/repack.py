"""The package that an updated function should have.

Lambda shows nobody what is in a package, so what the user once put into it must be given again to make it
anew. Which parts those are is in the function's environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scar.aws.functions import Function
from scar.deploy import package, payload
from scar.deploy.kit import NoKit
from scar.deploy.payload import File
from scar.errors import UsageError
from scar.ops import script
from scar.ops.talk import Talk
from scar_supervisor.contract import ENV_PACKAGE_PARTS, EXTRA_FOLDER, INIT_SCRIPT_FILE

_OPTIONS = {INIT_SCRIPT_FILE: "-s/--script", EXTRA_FOLDER: "--extra-payload"}


@dataclass(frozen=True)
class UserParts:
    """What the user gave for the package."""

    said: frozenset[str] = frozenset()
    """The parts that were spoken of, also those that are to go."""
    init_script: bytes | None = field(default=None, repr=False)
    extra: tuple[File, ...] = ()

    @classmethod
    def read(cls, script_file: str | None, folder: str | None) -> UserParts:
        """From the options' values: None says nothing, an empty text takes the part away."""
        said = {INIT_SCRIPT_FILE: script_file, EXTRA_FOLDER: folder}
        return cls(
            said=frozenset(part for part, value in said.items() if value is not None),
            init_script=script.read(script_file or None, _OPTIONS[INIT_SCRIPT_FILE]),
            extra=payload.read(folder, _OPTIONS[EXTRA_FOLDER]) if folder else (),
        )

    @property
    def present(self) -> frozenset[str]:
        parts = {INIT_SCRIPT_FILE: self.init_script, EXTRA_FOLDER: self.extra}
        return frozenset(part for part, content in parts.items() if content)


def rebuild(function: Function, parts: UserParts, talk: Talk) -> bytes | None:
    """The package for the function as it should be; None: as it is.

    Made anew also if the user says nothing of it, as the function's may be of an older SCAR: then as far as
    that is possible. Raises UsageError if a part would be lost, and NoKit.
    """
    kept = _parts_of(function) - parts.said
    if not parts.said and kept:
        return None
    for part in sorted(kept):
        raise UsageError(
            f"function {function.name} was made with {_OPTIONS[part]}, and its package is to be made anew:"
            f" give {_OPTIONS[part]} again",
            hint=f"{_OPTIONS[part].rpartition('/')[2]} '' takes that part away",
        )
    try:
        return package.build(function.architecture, parts.init_script, parts.extra)
    except NoKit as error:
        if parts.said:
            raise
        talk.warn(f"the package of function {function.name} is left as it is: {error.message}")
        return None


def _parts_of(function: Function) -> frozenset[str]:
    return frozenset(filter(None, function.environment.get(ENV_PACKAGE_PARTS, "").split(",")))
