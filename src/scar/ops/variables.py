"""The user's variables, on their way into a function's configuration."""

from __future__ import annotations

import os

from scar import limits
from scar.errors import UsageError


def of_pairs(pairs: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    """The user's variables as a function can keep them: text. Raises UsageError."""
    source = "-e/--env"
    variables: dict[str, str] = {}
    for name, value in pairs:
        try:
            variables[name.decode()] = value.decode()
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{source}: {os.fsdecode(name)!r}: a function's environment holds only text in UTF-8",
                hint="give such a value with each call: scar run -e",
            ) from error
    limits.variable_names(variables, source)
    limits.environment(variables, source)
    return variables
