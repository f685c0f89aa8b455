"""Which environment values may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

HIDDEN = "(hidden)"

_SECRET_NAME = re.compile(
    r"KEY|SECRET|TOKEN|PASS|PWD|CREDENTIAL|AUTH|COOKIE|PRIVATE|SIGNATURE|SESSION|DSN|\bPIN\b", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS access key ids
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|eyJ)[A-Za-z0-9_.-]{16,}"  # tokens by their marks
    r"|://[^/\s:@]*:[^/\s@]+@"  # a password in a URL
    r"|[?&](X-Amz-Signature|sig|token)="  # a signed URL
    r"|(?i:password|passwd|pwd|secret|token|key)[\"']?\s*[=:]",  # a connection's parameters, or JSON
)
_LOOKS_RANDOM = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9+/_=-]{32,}")


def redact(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, with HIDDEN in place of what looks like a secret, by its name or by itself."""
    return {name: HIDDEN if is_secret(name, value) else value for name, value in variables.items()}


def is_secret(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value) or _LOOKS_RANDOM.fullmatch(value))
