"""Which execution modes can run an image, and why the others cannot.

F1 is built in. The other names are udocker's modes
(https://indigo-dc.github.io/udocker/user_manual.html#setup): F2 to F4 preload libfakechroot too, P1 and P2
trace the program's system calls, R1 to R3 and S1 make namespaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from scar.errors import ScarError
from scar.inspection.facts import Facts
from scar_supervisor import place
from scar_supervisor.contract import EXEC_MODES
from scar_supervisor.f1 import fitting_build, remedy

RUNS, RUNS_NOT, DEPENDS = "yes", "no", "depends"


@dataclass(frozen=True)
class Verdict:
    """What becomes of an image in one mode."""

    mode: str
    answer: str
    """RUNS, RUNS_NOT, or DEPENDS: on the place, which is probed when a call comes."""
    reason: str
    hint: str = ""


def verdicts(facts: Facts, builds: Set[str], lacking: Mapping[str, ScarError]) -> tuple[Verdict, ...]:
    """One for each mode, in the order of EXEC_MODES.

    ``builds`` are the names of the builds of libfakechroot that functions get; ``lacking`` has the modes that
    no function made here can have, as this machine lacks their tools.
    """
    first = _f1(facts, builds)
    return (first, *(_of_udocker(mode, facts, first, lacking.get(mode)) for mode in EXEC_MODES[1:]))


def _f1(facts: Facts, builds: Set[str]) -> Verdict:
    start = facts.start
    if start.refusal:
        return Verdict("F1", RUNS_NOT, start.refusal, start.hint)
    if not start.command and facts.runtime.libc != "glibc":
        libc = facts.runtime.libc or "no C library in the usual place"
        return Verdict("F1", RUNS_NOT, f"the image has {libc}, and execution mode F1 needs glibc")
    if fitting_build(builds, facts.runtime) is None:
        reason = f"there is no libfakechroot for the image's glibc {facts.runtime.libc_version}"
        return Verdict("F1", RUNS_NOT, reason, remedy(facts.runtime) or "make kit")
    if not start.command:
        return Verdict("F1", RUNS, "programs of the image can be called; by itself it names none to start")
    return Verdict("F1", RUNS, f"{start.path} is linked dynamically with glibc {facts.runtime.libc_version}")


def _of_udocker(mode: str, facts: Facts, first: Verdict, lacking: ScarError | None) -> Verdict:
    """What nothing can change comes first: the image, then the place, then this machine."""
    if facts.start.is_missing:
        return Verdict(mode, RUNS_NOT, facts.start.refusal, facts.start.hint)
    need = place.need(mode)
    if need is None and first.answer == RUNS_NOT:
        return Verdict(mode, RUNS_NOT, f"as F1: {first.reason}", first.hint)
    if need is place.NAMESPACES:
        return Verdict(mode, RUNS_NOT, f"it needs {need.name}, which AWS Lambda does not give")
    if lacking is not None:
        return Verdict(mode, RUNS_NOT, lacking.message, lacking.hint)
    if need is None:
        return Verdict(mode, RUNS, f"as F1: {first.reason}")
    return Verdict(
        mode, DEPENDS, f"any program runs where {need.name} is allowed; AWS does not say that it is"
    )
