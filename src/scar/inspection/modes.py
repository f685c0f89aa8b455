"""Which execution modes can run an image, and why the others cannot.

F1 is built in. The other names are udocker's modes
(https://indigo-dc.github.io/udocker/user_manual.html#setup): F2 to F4 preload libfakechroot too, P1 and P2
trace the program's system calls, R1 to R3 and S1 make namespaces.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from scar.inspection.facts import Facts
from scar_supervisor.f1 import fitting_build

MODES = ("F1", "F2", "F3", "F4", "P1", "P2", "R1", "R2", "R3", "S1")

RUNS, RUNS_NOT, DEPENDS = "yes", "no", "depends"


@dataclass(frozen=True)
class Verdict:
    """What becomes of an image in one mode."""

    mode: str
    answer: str
    """RUNS, RUNS_NOT, or DEPENDS: on the place, which is probed when a call comes."""
    reason: str
    hint: str = ""


def verdicts(facts: Facts, builds: Set[str]) -> tuple[Verdict, ...]:
    """One for each mode. ``builds`` are the names of the builds of libfakechroot that functions get."""
    first = _f1(facts, builds)
    return (first, *(_of_udocker(mode, facts, first) for mode in MODES[1:]))


def _f1(facts: Facts, builds: Set[str]) -> Verdict:
    start = facts.start
    if start.refusal:
        return Verdict("F1", RUNS_NOT, start.refusal, start.hint)
    if not start.command and facts.runtime.libc != "glibc":
        libc = facts.runtime.libc or "no C library"
        return Verdict("F1", RUNS_NOT, f"the image has {libc}, and execution mode F1 needs glibc")
    if fitting_build(builds, facts.runtime) is None:
        reason = f"there is no libfakechroot for the image's glibc {facts.runtime.libc_version}"
        return Verdict("F1", RUNS_NOT, reason, "make kit")
    if not start.command:
        return Verdict("F1", RUNS, "programs of the image can be called; by itself it names none to start")
    return Verdict("F1", RUNS, f"{start.path} is linked dynamically with glibc {facts.runtime.libc_version}")


def _of_udocker(mode: str, facts: Facts, first: Verdict) -> Verdict:
    if facts.start.is_missing:
        return Verdict(mode, RUNS_NOT, facts.start.refusal, facts.start.hint)
    if mode.startswith("F"):
        return Verdict(mode, first.answer, f"as F1: {first.reason}")
    if mode.startswith("P"):
        return Verdict(mode, DEPENDS, "any program runs where ptrace is allowed; AWS does not say that it is")
    return Verdict(mode, RUNS_NOT, "it needs user namespaces, which AWS Lambda does not give")
