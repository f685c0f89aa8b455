"""The execution modes of udocker, on trees that SCAR has unpacked; and what is said where they cannot run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from scar_oci.store import ImageStore
from tests.e2e.conftest import IMAGE, Ran, Scar, commands
from tests.local.support import running
from tests.oci import layers

ARCHITECTURE = "x86_64" if os.uname().machine == "x86_64" else "arm64"


@pytest.fixture(scope="module")
def tracing(tmp_path_factory: pytest.TempPathFactory, registry: str, kit: Path) -> Iterator[Scar]:
    """Commands with a local cloud that allows ptrace."""
    with _cloud(tmp_path_factory.mktemp("tracing"), registry, SCAR_LOCAL_PTRACE="1") as scar:
        yield scar


@contextmanager
def _cloud(home: Path, registry: str, **variables: str) -> Iterator[Scar]:
    settings = {"SCAR_HOME": str(home), "SCAR_REGISTRY_MIRROR": registry, **variables}
    with running(home, **settings):
        yield commands(settings)


@pytest.fixture(scope="module")
def cow(tracing: Scar) -> str:
    """A function of the image cowsay in mode P1."""
    assert tracing("init", "-n", "cow", "--exec-mode", "P1", IMAGE).status == 0
    return "cow"


def output(ran: Ran) -> bytes:
    """What the container printed."""
    return bytes(ran.stdout.partition(b"-" * 60 + b"\n")[2])


@pytest.mark.parametrize("image", ["static", "musl"])
@pytest.mark.parametrize("mode", ["P1", "P2"])
def test_proot_runs_programs_that_no_preloaded_library_helps(tracing: Scar, image: str, mode: str) -> None:
    assert tracing("init", "-n", f"{image}-{mode}", "--exec-mode", mode, f"scar-test/{image}").status == 0
    ran = tracing("run", f"{image}-{mode}")
    assert (ran.status, output(ran)) == (0, b"hello\n"), ran


def test_a_container_under_proot_is_in_the_image_and_nowhere_else(tracing: Scar, cow: str) -> None:
    look = """
        id -un; pwd; ls -A /var/task /etc/debian_version 2>&1; stat -c %n /usr/games/cowsay
        [ -x /bin/sh ] && [ -w /dev/null ] && echo kept > /dev/shm/x && cat /dev/shm/x
        touch /srv/new && mv /srv/new /srv/moved && ls /srv; echo $(find / -maxdepth 1 -name srv); exit 3
    """
    ran = tracing("run", cow, "/bin/sh", "-c", look)
    assert output(ran).decode().splitlines() == [
        *("root", "/", "ls: cannot access '/var/task': No such file or directory", "/etc/debian_version"),
        *("/usr/games/cowsay", "kept", "moved", "/srv"),
    ]
    assert ran.status == 3


def test_variables_arguments_and_scripts_arrive_under_proot_as_they_are(
    tracing: Scar, cow: str, tmp_path: Path
) -> None:
    strange = b"  a\n\xff '\"\\ "
    ran = tracing("run", "-e", b"ODD=" + strange, "-e", "USER=me", cow, "/usr/bin/printenv", "ODD", "USER")
    assert output(ran) == strange + b"\nme\n"
    ran = tracing("run", cow, "/usr/bin/printf", "%s|", strange, "", "-k", "-r")
    assert output(ran) == strange + b"||-k|-r|"
    script = tmp_path / "script"
    script.write_bytes(b'#!/usr/bin/perl -w\nprint "$0 $ENV{HOME} \\xff"; exit 5')
    ran = tracing("run", "-s", script, cow)
    folder = output(ran).split()[1]
    assert output(ran) == folder + b"/script " + folder + b" \xff"
    assert ran.status == 5


def test_nothing_of_a_call_under_proot_is_seen_by_the_next(tracing: Scar, cow: str) -> None:
    tracing("run", cow, "/bin/sh", "-c", "echo x > /tmp/left; echo x > $HOME/left; echo x > /dev/shm/left")
    ran = tracing("run", cow, "/bin/sh", "-c", "ls /tmp /dev/shm $SCAR_OUTPUT_DIR; ls $HOME")
    assert b"left" not in output(ran)
    assert b"input\noutput\n" in output(ran)


def test_the_deadline_ends_a_traced_container(tracing: Scar) -> None:
    made = tracing("init", "-n", "slow", "-t", "14", "-tt", "4", "--exec-mode", "P1", "scar-test/static")
    assert made.status == 0
    assert tracing("run", "slow").status == 0  # the image is there
    ran = tracing("run", "slow", "/bin/busybox", "sh", "-c", "echo begun; exec /bin/busybox sleep 60")
    assert (ran.status, output(ran)) == (124, b"begun\n")
    assert tracing("run", "slow").status == 0


def test_an_image_with_a_user_runs_as_the_functions_user_under_proot(
    tracing: Scar, registry: str, tmp_path: Path
) -> None:
    with Registry(mirror=registry) as source:
        static = source.resolve(ImageReference.parse("scar-test/static"), Platform.of_lambda(ARCHITECTURE))
        rootfs = ImageStore(str(tmp_path)).pull(source, static).rootfs
    shell = layers.file("bin/busybox", Path(rootfs, "bin/busybox").read_bytes(), mode=0o755)
    with layers.pushing(registry) as pusher:
        pusher.push(
            "scar-test/user",
            "latest",
            layers.image(
                layers.layer(shell, layers.file("etc/passwd", b"daemon:x:1:1::/:/bin/sh\n")),
                process={"User": "daemon:daemon", "Cmd": ["/bin/busybox", "id", "-u"]},
            ),
        )
    assert tracing("init", "-n", "user", "--exec-mode", "P1", "scar-test/user").status == 0
    assert output(tracing("run", "user")) == b"993\n"


def test_without_ptrace_the_mode_is_refused_and_others_are_named(scar: Scar) -> None:
    assert scar("init", "-n", "p1", "--exec-mode", "P1", IMAGE).status == 0
    ran = scar("run", "p1")
    assert ran.status == 125
    assert "ptrace, which this place does not allow (tried PTRACE_TRACEME: Operation not perm" in ran.stderr
    assert "allowed here: F1, F2, F3, F4" in ran.stderr
    assert scar("update", "--exec-mode", "F1", "p1").status == 0
    assert scar("run", "p1", "/bin/echo", "moo").status == 0
    assert scar("rm", "p1").status == 0


def test_without_ptrace_a_static_program_has_no_way_out_but_another_image(scar: Scar) -> None:
    assert scar("init", "-n", "p2", "--exec-mode", "P2", "scar-test/static").status == 0
    ran = scar("run", "p2")
    assert ran.status == 125
    assert "linked with glibc" in ran.stderr
    assert scar("rm", "p2").status == 0


def test_check_tells_that_it_depends_and_with_run_what_comes_of_it(scar: Scar, tracing: Scar) -> None:
    assert scar("check", "--exec-mode", "P1", "scar-test/static").status == 0
    ran = tracing("check", "--run", "--exec-mode", "P1", "scar-test/static")
    assert b"P1: depends any program runs where ptrace is allowed" in ran.stdout
    assert (ran.status, ran.stdout.endswith(b"\nhello\n")) == (0, True)
    ran = scar("check", "--run", "--exec-mode", "P1", "scar-test/static")
    assert (ran.status, "ptrace, which this place does not allow" in ran.stderr) == (125, True)


@pytest.mark.parametrize("mode", ["R1", "R2", "R3", "S1"])
def test_without_namespaces_the_mode_is_refused_with_what_was_tried(
    tracing: Scar, mode: str, tmp_path: Path
) -> None:
    """udocker's builds of these programs are not at hand; another stands in, as none of them is started."""
    for name in ("runc", "apptainer", "proot"):
        shutil.copyfile(shutil.which("true") or "", tmp_path / name)
    ran = tracing("init", "-n", mode, "--exec-mode", mode, IMAGE, env={b"UDOCKER_BIN": os.fsencode(tmp_path)})
    assert ran.status == 0, ran.stderr
    ran = tracing("run", mode)
    assert ran.status == 125
    assert "user namespaces, which this place does not allow" in ran.stderr
    assert "CLONE_NEWUSER" in ran.stderr
    assert "allowed here: F1, F2, F3, F4, P1, P2" in ran.stderr
    assert tracing("rm", mode).status == 0


def test_runc_runs_programs_where_namespaces_are_allowed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, registry: str, kit: Path
) -> None:
    shutil.copyfile(shutil.which("runc", path=f"{os.environ['PATH']}:/usr/sbin") or "", tmp_path / "runc")
    home = tmp_path_factory.mktemp("namespaces")
    with _cloud(home, registry, SCAR_LOCAL_SANDBOX="none", UDOCKER_BIN=str(tmp_path)) as scar:
        assert scar("init", "-n", "r1", "--exec-mode", "R1", IMAGE).status == 0
        # runc carries the two outputs by pipes of their own: which of them comes first is chance.
        look = "exec 2>&1; pwd; echo \u20ac; ls -d /var/task /usr/games; echo x > $SCAR_OUTPUT_DIR/x; exit 3"
        ran = scar("run", "r1", "/bin/sh", "-c", look)
        assert ran.status == 3, ran
        assert output(ran).decode().splitlines() == [
            *("/", "\u20ac", "ls: cannot access '/var/task': No such file or directory", "/usr/games")
        ]


def test_f2_runs_with_a_loader_that_looks_nowhere_outside(scar: Scar) -> None:
    assert scar("init", "-n", "f2", "--exec-mode", "F2", IMAGE).status == 0
    ran = scar("run", "f2", "/usr/games/cowsay", "moo")
    assert (ran.status, b"< moo >" in output(ran)) == (0, True), ran
    ran = scar(
        "run", "f2", "/bin/sh", "-c", "id -un; tr '\\0' '\\n' < /proc/self/maps | grep -c ' /lib'; exit 4"
    )
    assert (ran.status, output(ran)) == (4, b"user\n0\n")
    assert scar("rm", "f2").status == 0


def test_f2_refuses_what_f1_refuses(scar: Scar) -> None:
    assert scar("init", "-n", "f2s", "--exec-mode", "F2", "scar-test/static").status == 0
    ran = scar("run", "f2s")
    assert (ran.status, "linked statically, and execution mode F2" in ran.stderr) == (125, True)
    assert scar("rm", "f2s").status == 0


@pytest.mark.parametrize(
    ("mode", "tool"), [("F3", "patchelf"), ("F4", "patchelf"), ("R1", "runc or crun"), ("S1", "apptainer")]
)
def test_a_mode_whose_tools_are_not_here_makes_no_function(scar: Scar, mode: str, tool: str) -> None:
    ran = scar("init", "-n", "never", "--exec-mode", mode, IMAGE)
    assert ran.status == 1
    assert f"mode {mode} needs {tool}" in ran.stderr
    assert "udocker install" in ran.stderr
    assert "no function never" in scar("run", "never").stderr


def test_an_update_changes_mode_and_package(tracing: Scar) -> None:
    assert tracing("init", "-n", "moved", "scar-test/musl").status == 0
    assert tracing("run", "moved").status == 125
    assert b"F1 to P1" in tracing("update", "--dry-run", "--exec-mode", "P1", "moved").stdout
    assert tracing("update", "--exec-mode", "P1", "moved").status == 0
    assert output(tracing("run", "moved")) == b"hello\n"
    (shown,) = [item for item in tracing("ls", "--json").json if item["name"] == "moved"]
    assert shown["exec_mode"] == "P1"
    assert tracing("update", "-m", "256", "moved").status == 0  # the mode stays
    assert output(tracing("run", "moved")) == b"hello\n"
