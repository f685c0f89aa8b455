"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scar.errors import ScarError

Status = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """One line of `scar doctor`."""

    subject: str
    status: Status
    message: str
    remedy: str = ""
    """What to do about it; empty if nothing need be done."""


def ok(subject: str, message: str) -> Finding:
    """All is as it should be."""
    return Finding(subject, "ok", message)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """Something cannot be used, or could not be looked at; SCAR works without it."""
    return Finding(subject, "warning", message, remedy)


def failure(subject: str, message: str, remedy: str) -> Finding:
    """Functions cannot be made, or cannot run."""
    return Finding(subject, "failure", message, remedy)


def from_error(subject: str, error: ScarError) -> Finding:
    """The failure that an error stands for."""
    return failure(subject, error.message, error.hint)
