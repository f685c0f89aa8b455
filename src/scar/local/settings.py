"""How the daemon behaves, read once from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scar.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """The local Lambda's own quotas and delays."""

    concurrency: int = 10
    """Invocations at once, all functions together. AWS has 1,000 by default, a laptop has not."""
    retry_delays: tuple[float, ...] = (1.0, 2.0)
    """Seconds before the first and the second retry of a failed event. AWS waits 60 and 120:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
    sandbox: str = "auto"
    """``auto``: bubblewrap where the machine allows it. ``none``: never."""
    ptrace: bool = False
    """Whether functions may trace. AWS does not say that they may on Lambda."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """From SCAR_LOCAL_CONCURRENCY, _RETRY_DELAYS, _SANDBOX and _PTRACE. Raises UsageError."""
        return cls(
            concurrency=_concurrency(environ.get("SCAR_LOCAL_CONCURRENCY", "10")),
            retry_delays=_delays(environ.get("SCAR_LOCAL_RETRY_DELAYS", "1,2")),
            sandbox=_sandbox(environ.get("SCAR_LOCAL_SANDBOX", "auto")),
            ptrace=_ptrace(environ.get("SCAR_LOCAL_PTRACE", "0")),
        )


def _concurrency(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise UsageError(f"SCAR_LOCAL_CONCURRENCY must be a number from 1 to 1000, not {text!r}")
    return int(text)


def _delays(text: str) -> tuple[float, ...]:
    try:
        delays = tuple(float(part) for part in text.split(","))
    except ValueError:
        delays = ()
    if len(delays) != 2 or not all(0 <= delay <= 3600 for delay in delays):
        raise UsageError(f"SCAR_LOCAL_RETRY_DELAYS must be two numbers of seconds such as 1,2, not {text!r}")
    return delays


def _sandbox(text: str) -> str:
    if text not in ("auto", "none"):
        raise UsageError(f"SCAR_LOCAL_SANDBOX must be auto or none, not {text!r}")
    return text


def _ptrace(text: str) -> bool:
    if text not in ("0", "1"):
        raise UsageError(f"SCAR_LOCAL_PTRACE must be 0 or 1, not {text!r}")
    return text == "1"
