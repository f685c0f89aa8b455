"""Commands that SCAR tells its user to type."""

from __future__ import annotations

from scar.cli.settings import Settings


def as_typed(text: str, settings: Settings) -> str:
    """The text with commands that work where this one did: `scar rm` typed as it is would work on AWS."""
    if not settings.local:
        return text
    import re  # here: `scar --version` tells nobody to type anything

    return re.sub(
        r"\bscar (init|run|update|ls|log|rm|doctor|put|get|report|retry)\b(?! --local)",
        r"scar \1 --local",
        text,
    )
