"""Where a function finds things, and how the first process of its environment is called."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from scar.local import limits, sandbox_init

INIT = Path(sandbox_init.__file__)
"""The program of that first process, on the host."""


class Layout(NamedTuple):
    """Paths as the function sees them."""

    task_root: str
    runtime_dir: str
    python: str
    program_path: str
    library_path: str


def library_path(language: str, task: str, runtime: str) -> str:
    """LD_LIBRARY_PATH as Lambda sets it."""
    return f"{language}:/lib64:/usr/lib64:{runtime}:{runtime}/lib:{task}:{task}/lib:/opt/lib"


def init_command(python: str, script: str, processes: int, *, ptrace: bool) -> list[str]:
    """`sandbox_init`, with at most so many processes; 0 for any number."""
    return [python, "-I", "-S", script, str(limits.OPEN_FILES), str(processes), str(int(ptrace))]
