"""One program and everything that it starts, in a process of its own: `process.run` owns all its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scar_supervisor.contract import EXIT_TIMED_OUT
from scar_supervisor.process import signal_number

DRIVER = """
import os, sys, time
from scar_supervisor import process
seconds, grace, signal, cwd, *argv = sys.argv[1:]
argv = tuple(map(os.fsencode, argv))
before = os.getcwd(), len(os.listdir("/proc/self/fd"))
ended = process.run(
    process.Launch(argv[0], argv, {b"A": b"\\xff=b"}, os.fsencode(cwd)),
    lambda data: os.write(1, data) and None,
    time.monotonic() + float(seconds),
    process.Stop(process.signal_number(signal), float(grace)),
)
assert (os.getcwd(), len(os.listdir("/proc/self/fd"))) == before
print(ended.exit_code, ended.timed_out, file=sys.stderr)
try:
    print("left:", os.waitpid(-1, os.WNOHANG), file=sys.stderr)
except ChildProcessError:
    pass
"""


def run(
    script: str, *, seconds: float = 60, grace: float = 20, stop: str = "SIGTERM", cwd: str = "/"
) -> tuple[bytes, int, bool]:
    """Run a shell script; output, exit code, timed out."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(seconds), str(grace), stop, cwd, "/bin/sh", "-c", script],
        capture_output=True,
        check=True,
        timeout=120,
    )
    code, timed_out, *rest = done.stderr.decode().split()
    assert rest == []
    return done.stdout, int(code), timed_out == "True"


def alive(mark: Path) -> list[str]:
    """Processes that hold the mark open or have it in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.fsencode(mark) in Path(f"/proc/{pid}/cmdline").read_bytes() and int(pid) != os.getpid():
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_output_of_both_streams_in_order_and_the_exit_status() -> None:
    assert run("echo a; echo b >&2; printf 'c\\377'; exit 3") == (b"a\nb\nc\xff", 3, False)


def test_a_signal_becomes_128_and_its_number() -> None:
    assert run("kill -9 $$") == (b"", 128 + signal.SIGKILL, False)


def test_a_program_that_forks_and_exits_for_ever_is_caught(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    chain = "import os\nwhile True:\n    if os.fork():\n        os._exit(0)"
    output, code, timed_out = run(f"{sys.executable} -c '{chain}' {mark}; echo done; exit 6")
    assert (output, code, timed_out) == (b"done\n", 6, False)
    assert alive(mark) == []


def test_orphans_are_collected_while_the_program_runs() -> None:
    # They count among the processes that a function may have.
    zombies = 'cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z $PARENT "'
    script = (
        "read -r _ _ _ PARENT _ < /proc/$$/stat; for i in 1 2 3 4 5; do (true &); done; "
        f'while [ "$({zombies})" != 0 ]; do sleep 0.05; done; echo collected'
    )
    assert run(script, seconds=20) == (b"collected\n", 0, False)


def test_nothing_that_is_open_here_is_inherited() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER.replace("before =", "os.dup2(0, 9)\nbefore ="), "60", "1", "TERM", "/",
         "/bin/sh", "-c", "ls /proc/self/fd; true <&9"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith(b"0\n1\n2\n3\n/bin/sh: ")  # 3 is the folder that ls reads
    assert done.stderr.split()[0] != b"0"


def test_environment_folder_and_input_are_those_given() -> None:
    output, code, _ = run("env -u PWD; pwd; cat; ls -l /proc/self/fd | wc -l", cwd="/usr")
    lines = output.splitlines()
    assert lines[0] == b"A=\xff=b"
    assert lines[1:] == [b"/usr", b"5"]  # standard three, the folder that ls reads, and the total's line
    assert code == 0


def test_signals_that_python_ignores_are_not_ignored_inside() -> None:
    output, _, _ = run("(while :; do echo y; done) | head -c 2; grep SigIgn /proc/self/status")
    first, ignored = output.splitlines()
    internal = 0b11 << 31  # signals 32 and 33 are glibc's own, and its posix_spawn leaves them ignored
    assert first == b"y"
    assert int(ignored.split()[1], 16) & ~internal == 0


def test_much_output_arrives_whole() -> None:
    output, code, _ = run("head -c 3000000 /dev/zero | tr '\\0' x; echo end")
    assert (len(output), output[-5:], code) == (3_000_004, b"xend\n", 0)


def test_a_program_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert run(f"exec >&- 2>&-; sleep 0.2; echo x > {mark}; exit 5") == (b"", 5, False)
    assert mark.exists()


@pytest.mark.parametrize(
    "background",
    [
        "(sleep 1000; : {mark}) &",
        "setsid sh -c 'sleep 1000; : {mark}' &",
        '(setsid sh -c \'trap "" TERM HUP INT; sh -c "sleep 1000; : {mark}" & sleep 1000; : {mark}\' &)',
        "sh -c 'while :; do echo {mark}; done' &",
    ],
)
def test_nothing_runs_on_when_the_program_has_ended(tmp_path: Path, background: str) -> None:
    mark = tmp_path / "mark"
    output, code, timed_out = run(background.replace("{mark}", str(mark)) + "\necho done; exit 4")
    assert (code, timed_out) == (4, False)
    assert b"done" in output
    assert alive(mark) == []


def test_at_the_deadline_the_whole_tree_is_stopped_and_its_output_kept(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = (
        f"echo before; setsid sh -c 'sleep 1000; : {mark}' & "
        f"(trap 'echo told; exit' TERM; while :; do sleep 0.1; : {mark}; done) & wait"
    )
    output, code, timed_out = run(script, seconds=1)
    assert (code, timed_out) == (EXIT_TIMED_OUT, True)
    assert output.startswith(b"before\n")
    assert b"told\n" in output
    assert alive(mark) == []


def test_what_ignores_the_request_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    started = time.monotonic()
    output, code, timed_out = run(
        f"trap '' TERM; echo a; while :; do sleep 1; : {mark}; done", seconds=1, grace=1
    )
    assert (output, code, timed_out) == (b"a\n", EXIT_TIMED_OUT, True)
    assert time.monotonic() - started < 60  # far more than it takes, far less than for ever
    assert alive(mark) == []


def test_another_signal_may_ask() -> None:
    script = "trap 'echo asked; exit' INT; trap 'echo wrong' TERM; echo a; while :; do sleep 0.1; done"
    assert run(script, seconds=1, stop="SIGINT") == (b"a\nasked\n", EXIT_TIMED_OUT, True)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("SIGQUIT", 3), ("quit", 3), ("3", 3), ("SIGRTMIN+3", signal.SIGRTMIN + 3)),
        *((name, None) for name in ("", "SIG", "SIGNONE", "0", "65", "-1", "SIGRTMIN+x", "SIGRTMIN+99")),
    ],
)
def test_names_of_signals(name: str, number: int | None) -> None:
    assert signal_number(name) == number


def test_a_deadline_in_the_past_stops_at_once() -> None:
    assert run("sleep 1000", seconds=-1)[1:] == (EXIT_TIMED_OUT, True)


CANNOT = """
from scar_supervisor.errors import ProgramNotExecutable
for path, argument in ((b"/nonexistent", b"x"), (b"/bin/true", b"x" * 9_000_000), (b"/bin/true", b"\\0")):
    try:
        process.run(process.Launch(path, (path, argument), {}, b"/"), print, 1e9, process.Stop())
    except ProgramNotExecutable as error:
        print(error, flush=True)
before ="""


def test_what_cannot_be_started_is_told_and_leaves_nothing_open() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            DRIVER.replace("before =", CANNOT),
            "60",
            "1",
            "TERM",
            "/",
            "/bin/echo",
            "after",
        ],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.decode().splitlines() == [
        "/nonexistent cannot be started: No such file or directory",
        "/bin/true cannot be started: Argument list too long",
        "/bin/true cannot be started: embedded null byte",
        "after",
    ]
    assert done.stderr.split() == [b"0", b"False"]
