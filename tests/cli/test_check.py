"""`scar check`: what is told of images, in a registry and in files, and what is fetched for it."""

from __future__ import annotations

import gzip
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Scar
from tests.oci.layers import OCI_LAYER, Layer, Pusher, file, folder, image, layer, pushing, symlink, zst
from tests.oci.test_elf import go_note, made
from tests.oci.unreliable import UnreliableRegistry

_X86_64 = 62
_LIBC = b"\x7fELF GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n"
_BASE = layer(
    folder("usr/bin"),
    symlink("bin", "usr/bin"),
    file("lib64/ld-linux-x86-64.so.2", made(64, "<", _X86_64, static=True), mode=0o755),
    file("lib64/libc.so.6", _LIBC + b"x" * 100_000, mode=0o755),
    file("usr/bin/sh", made(64, "<", _X86_64) + bytes(20_000), mode=0o755),
    file("usr/bin/tool", made(64, "<", _X86_64, static=True), mode=0o755),
    file("usr/bin/su", made(64, "<", _X86_64), mode=0o4755),
    file("usr/bin/wall", made(64, "<", _X86_64), mode=0o2755),
    file("usr/share/data", bytes(500_000)),
)

Check = Callable[..., Any]


@pytest.fixture
def pusher(hub: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pusher]:
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", hub)
    with pushing(hub) as pusher:
        yield pusher


@pytest.fixture
def check(scar: Scar, pusher: Pusher) -> Check:
    """Push an image of these layers and check it: the status and the document."""

    def run(
        *layers: Layer, arguments: tuple[str, ...] = (), mode: str = "F1", **process: Any
    ) -> tuple[int, Any]:
        pusher.push("test/checked", "latest", image(*layers, process=process))
        options = ("--json", "--architecture", "x86_64", "--exec-mode", mode)
        ran = scar("check", *options, "test/checked", *arguments)
        return ran.status, ran.json

    return run


def modes(document: Any) -> dict[str, str]:
    return {verdict["mode"]: verdict["answer"] for verdict in document["modes"]}


def reason(document: Any) -> str:
    return str(document["modes"][0]["reason"])


def test_an_image_that_runs(check: Check) -> None:
    script = layer(file("run.sh", b"#!/bin/sh -e\n", mode=0o755))
    status, said = check(_BASE, script, Entrypoint=["/run.sh"], Cmd=["a b"], User="postgres")
    assert status == 0
    assert said["runs"] is True
    assert (said["libc"], said["libc_version"]) == ("glibc", "2.36")
    assert said["command"] == ["/run.sh", "a b"]
    assert said["started_as"] == ["/bin/sh", "-e", "/run.sh", "a b"]
    assert (said["program"], said["linkage"]) == ("/bin/sh", "dynamic")
    assert said["privileged"] == ["/usr/bin/su", "/usr/bin/wall"]
    assert said["static"] == ["/usr/bin/tool"]
    assert said["fetched_bytes"] == said["compressed_bytes"]
    assert 620_000 < said["unpacked_bytes"] < 700_000
    assert (said["memory"], said["storage"]) == (128, 512)
    assert any("USER postgres" in note for note in said["notes"])
    assert [mode for mode, answer in modes(said).items() if answer == "yes"] == ["F1", "F2"]
    assert set(modes(said).values()) == {"yes", "no"}  # this home has no tools of the other modes


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools of udocker's."""
    (tmp_path / "proot-x86_64").write_bytes(made(64, "<", _X86_64, static=True))
    (tmp_path / "patchelf-x86_64").write_bytes(made(64, "<", _X86_64, static=True) + b"--set-root-prefix")
    monkeypatch.setenv("UDOCKER_BIN", str(tmp_path))


def test_the_verdict_of_each_mode_tells_of_image_place_and_tools(check: Check, tools: None) -> None:
    status, said = check(_BASE, Cmd=["sh"], mode="P2")
    assert (status, said["exec_mode"], said["runs"]) == (0, "P2", True)
    assert modes(said) == {
        **dict.fromkeys(("F1", "F2", "F3"), "yes"),
        **dict.fromkeys(("P1", "P2"), "depends"),
        **dict.fromkeys(("F4", "R1", "R2", "R3", "S1"), "no"),
    }
    reasons = {verdict["mode"]: verdict["reason"] for verdict in said["modes"]}
    assert "udocker's own build of libfakechroot" in reasons["F4"]
    assert "ptrace" in reasons["P1"]
    assert "user namespaces, which AWS Lambda does not give" in reasons["S1"]


def test_a_static_program_runs_where_it_may_be_traced(check: Check, tools: None) -> None:
    assert check(_BASE, Cmd=["tool"], mode="P1")[0] == 0
    status, said = check(_BASE, Cmd=["tool"], mode="F2")
    assert status == 1
    assert "linked statically" in said["modes"][1]["reason"]
    assert check(_BASE, Cmd=["tool"], mode="R1")[0] == 1


def test_a_mode_that_is_none(scar: Scar) -> None:
    ran = scar("check", "--exec-mode", "X1", "test/checked")
    assert ran.status == 2
    assert "F1, F2, F3" in ran.stderr


@pytest.mark.parametrize(
    ("user", "told"), [("root:root", False), ("0:0", False), ("", False), ("1000:0", True)]
)
def test_a_user_other_than_root_is_told(check: Check, user: str, told: bool) -> None:
    _, said = check(_BASE, Cmd=["sh"], User=user)
    assert any(note.startswith(f"USER {user} is not obeyed") for note in said["notes"]) is told


def test_arguments_stand_in_place_of_cmd(check: Check) -> None:
    _, said = check(_BASE, arguments=("--json", "/x"), Entrypoint=["sh"], Cmd=["never"])
    assert said["started_as"] == ["sh", "--json", "/x"]


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        ({"Cmd": ["/usr/bin/tool"]}, "linked statically"),
        ({"Cmd": ["nosuch"]}, "nosuch: no such program in the image"),
        ({"Cmd": ["/usr/share/data"]}, "/usr/share/data: not executable"),
    ],
)
def test_a_command_that_f1_cannot_start(
    check: Check, tools: None, process: dict[str, Any], expected: str
) -> None:
    status, said = check(_BASE, **process)
    assert status == 1
    assert expected in reason(said)
    assert modes(said)["P1"] == ("depends" if "static" in expected else "no")


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (made(64, "<", _X86_64, note=go_note("<")), "/usr/bin/odd is a Go program"),
        (
            made(64, "<", _X86_64, needed=b"/opt/a.so", gap=5_000_000),
            "/usr/bin/odd needs /opt/a.so by its absolute",
        ),
    ],
    ids=["go", "absolute"],
)
def test_what_a_programs_headers_foretell(check: Check, program: bytes, expected: str) -> None:
    odd = layer(file("usr/bin/odd", program + bytes(200_000), mode=0o755))
    status, said = check(_BASE, odd, Cmd=["odd"])
    assert status == 1
    assert expected in reason(said)
    assert said["modes"][0]["hint"]


def test_a_program_that_exports_megabytes_of_symbols_runs(check: Check) -> None:
    names = b"\0".join(b"_ZN2v88internal%06d" % number for number in range(80_000))
    node = layer(file("usr/bin/node", made(64, "<", _X86_64, needed=b"libc.so.6\0" + names), mode=0o755))
    status, said = check(_BASE, node, Cmd=["node"])
    assert (status, said["linkage"]) == (0, "dynamic")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *(("tool", "no"), ("exec /usr/bin/tool -a b", "no"), ("  tool", "no")),
        *(
            ("sh", "yes"),
            ("cd /", "yes"),
            ("A=b tool", "yes"),
            ("tool; sh", "yes"),
            ("tool\nsh", "yes"),
            ("", "yes"),
        ),
    ],
)
def test_a_command_in_shell_form(check: Check, text: str, answer: str) -> None:
    _, said = check(_BASE, Cmd=["/bin/sh", "-c", text])
    assert modes(said)["F1"] == answer
    assert said["program"] == "/bin/sh"
    if answer == "no":
        assert "/usr/bin/tool is linked statically" in reason(said)


_LAUNCHERS = layer(
    *(file(f"usr/bin/{name}", made(64, "<", _X86_64), mode=0o755) for name in ("env", "nice", "tini")),
    file("usr/bin/dumb-init", made(64, "<", _X86_64), mode=0o755),
    file("app.py", b"#!/usr/bin/env python3\n", mode=0o755),
    file("app.pl", b"#!/usr/bin/env -S perl -w\n", mode=0o755),
    file("app.sh", b"#!/usr/bin/env sh\n", mode=0o755),
)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        *((["/app.py"], "python3: no such"), (["/app.pl", "x"], "perl: no such")),
        *((["env", "-S", "a b"], "a: no such"), (["env", "A=b", "C=d", "tool"], "tool is linked")),
        (["tini", "--", "/app.py"], "python3: no such"),
        (["tini", "-g", "-p", "KILL", "tool"], "tool is linked"),
        *((["dumb-init", "tool"], "tool is linked"), (["nice", "-n", "5", "tool"], "tool is linked")),
        (["sh", "-c", "exec tini -- nice tool"], "tool is linked"),
        *((["/app.sh"], ""), (["env"], ""), (["env", "A=b"], ""), (["env", "-S"], ""), (["tini", "--"], "")),
        *((["env", "-i", "tool"], ""), (["env", "PATH=/x", "tool"], ""), (["nice", "-n"], "")),
        *((["sh", "-c", "nosuch a"], ""), (["env", "-S", "a $b"], ""), (["tini", "sh", "tool"], "")),
    ],
)
def test_what_a_launcher_starts_is_told(check: Check, tools: None, command: list[str], expected: str) -> None:
    status, said = check(_BASE, _LAUNCHERS, Entrypoint=command[:1], Cmd=command[1:])
    assert status == bool(expected)
    assert expected in reason(said)
    assert modes(said)["P1"] == ("no" if "no such" in expected else "depends")


@pytest.mark.parametrize(
    ("needed", "runpath", "runs"),
    [
        *((b"libown.so", b"", False), (b"libown.so", b"/opt/own/lib", True), (b"libnew.so", b"", False)),
        *((b"libown.so", b"$ORIGIN/../../opt/own/lib", True), (b"libown.so", b"${ORIGIN}/lib", False)),
        *((b"libown.so", b"/opt/$LIB", True), (b"libown.so", b"own/lib", False), (b"ld.so", b"", True)),
        (b"liblinked.so", b"/opt/own/lib", True),
        (b"libdangling.so", b"/opt/own/lib", False),
        (b"libnamed.so", b"", True),
    ],
)
def test_a_library_that_is_nowhere_is_told(check: Check, needed: bytes, runpath: bytes, runs: bool) -> None:
    libraries = layer(
        file("opt/own/lib/libown.so"),
        symlink("opt/own/lib/liblinked.so", "/opt/own/lib/libown.so"),
        symlink("opt/own/lib/libdangling.so", "/opt/own/lib/libgone.so"),
        file("opt/named/libnamed.so"),
        file("usr/bin/program", made(64, "<", _X86_64, needed=needed, runpath=runpath), mode=0o755),
    )
    env = ["LD_LIBRARY_PATH=/nosuch::/opt/named"]
    status, said = check(_BASE, libraries, Cmd=["sh", "-c", "program -a"], Env=env)
    assert status == (not runs)
    assert runs or f"/usr/bin/program needs the library {needed.decode()}, which is in none" in reason(said)


@pytest.mark.parametrize(("given", "told"), [("tool", True), ("sh", False), ("--option", False)])
def test_what_a_script_is_given_is_told(check: Check, given: str, told: bool) -> None:
    script = layer(file("start", b"#!/bin/sh\n", mode=0o755))
    status, said = check(_BASE, script, Entrypoint=["/start"], Cmd=[given])
    assert status == 0
    expected = "/start is given a program that it may start: /usr/bin/tool is linked statically"
    assert any(note.startswith(expected) for note in said["notes"]) is told


def test_an_image_without_a_command_or_a_c_library(check: Check) -> None:
    assert check(_BASE)[0] == 0
    status, said = check(layer(file("data", b"x")))
    assert status == 1
    assert "no C library" in reason(said)


def test_an_image_with_an_older_glibc_than_the_kit_is_for(check: Check) -> None:
    old = layer(file("lib64/libc.so.6", _LIBC.replace(b"2.36", b"2.31")))
    status, said = check(_BASE, old, Cmd=["sh"])
    assert status == 1
    assert "glibc 2.31" in reason(said)
    assert said["modes"][0]["hint"] == "make kit"


@pytest.mark.parametrize("version", ["2.33", "2.33.9000"])
def test_an_image_whose_glibc_is_between_the_builds_of_the_kit(
    check: Check, tools: None, version: str
) -> None:
    between = layer(file("lib64/libc.so.6", _LIBC.replace(b"2.36", version.encode())))
    status, said = check(_BASE, between, Cmd=["sh"])
    assert status == 1
    assert reason(said) == f"there is no libfakechroot for the image's glibc {version}"
    assert "P1" in said["modes"][0]["hint"]
    assert modes(said)["P1"] == "depends"


def test_a_program_that_has_its_glibc_elsewhere(check: Check) -> None:
    """As all of Nix have."""
    status, said = check(layer(file("bin/hello", made(64, "<", _X86_64), mode=0o755)), Cmd=["hello"])
    assert status == 1
    assert "/bin/hello asks for the loader /lib/ld.so, and the image has no glibc" in reason(said)


def test_what_upper_layers_hide_does_not_count(check: Check) -> None:
    upper = layer(
        file("usr/bin/.wh.su"),
        file("usr/bin/wall", made(64, "<", _X86_64), mode=0o755),
        file("usr/bin/tool", b"#!/bin/sh\n", mode=0o755),
    )
    _, said = check(_BASE, upper, Cmd=["/usr/bin/tool"])
    assert said["privileged"] == []
    assert said["static"] == []
    assert said["started_as"] == ["/bin/sh", "/usr/bin/tool"]


def test_nothing_is_left_and_nothing_is_made(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.listdir(tmp_path)
    check(_BASE, Cmd=["sh"])
    assert os.listdir(tmp_path) == before


@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive"])
def test_a_file_is_told_as_the_registrys_image(
    check: Check, scar: Scar, hub: str, tmp_path: Path, kind: str
) -> None:
    _, pulled = check(_BASE, Cmd=["sh"])
    source = hub.replace("http://", "docker://") + "/test/checked:latest"
    target = tmp_path / "saved"
    copy = ["skopeo", "copy", "-q", "--src-tls-verify=false", source, f"{kind}:{target}:test/checked:latest"]
    subprocess.run(copy, check=True)
    ran = scar("check", "--json", "--architecture", "x86_64", str(target))
    assert ran.status == 0
    differing = ("compressed_bytes", "fetched_bytes", "image_digest")  # `docker save` keeps tar, not gzip
    assert {k: v for k, v in ran.json.items() if k not in differing} == {
        k: v for k, v in pulled.items() if k not in differing
    }


def test_one_of_several_images_in_a_file_is_named(
    scar: Scar, hub: str, pusher: Pusher, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        pusher.push(f"test/{name}", "latest", image(_BASE, process={"Cmd": ["sh", name]}))
        source = hub.replace("http://", "docker://") + f"/test/{name}:latest"
        copy = [
            "skopeo",
            "copy",
            "-q",
            "--src-tls-verify=false",
            source,
            f"oci:{tmp_path}/both:test/{name}:latest",
        ]
        subprocess.run(copy, check=True)
    path = f"{tmp_path}/both"
    ran = scar("check", "--json", "--named", "test/two", path)
    assert ran.json["command"] == ["sh", "two"]
    assert scar("check", "--named", "test/three", path).status == 1
    assert "test/one" in scar("check", "--named", "test/three", path).stderr


def test_no_layer_is_fetched_for_what_the_documents_tell(
    scar: Scar, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = image(_BASE, architecture="arm64")
    with UnreliableRegistry(foreign).serving() as server:
        monkeypatch.setenv("SCAR_REGISTRY_MIRROR", server.url)
        ran = scar("check", "--architecture", "x86_64", "test/image")
    assert ran.status == 1
    assert "only for: linux/arm64" in ran.stderr
    assert [request for request in server.requests if _BASE.descriptor["digest"] in request.path] == []


@pytest.mark.parametrize("argv", [(), ("--architecture", "mips", "debian"), ("A b",), ("--nosuch", "debian")])
def test_bad_usage(scar: Scar, home: Path, argv: tuple[str, ...]) -> None:
    assert scar("check", *argv).status == 2


def test_a_file_that_is_none(scar: Scar, home: Path, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no archive")
    assert scar("check", str(tmp_path / "x.tar")).status == 1
    assert "docker save" in scar("check", str(tmp_path / "x.tar")).stderr
    assert "there is no file" in scar("check", "./nosuch.tar").stderr


def test_zstd_is_told_unless_the_function_reads_it(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Layer(zst(gzip.decompress(_BASE.blob)), f"{OCI_LAYER}+zstd")
    status, document = check(layer, Cmd=["sh"])
    assert (status, modes(document)["F1"], document["files"]) == (0, "yes", check(_BASE)[1]["files"])
    assert document["notes"][0] == (
        "layers are compressed with zstd, which python3.13 cannot read: scar init --runtime python3.14"
    )
    monkeypatch.setenv("SCAR_LAMBDA_RUNTIME", "python3.14")
    assert not [note for note in check(layer)[1]["notes"] if "zstd" in note]


def test_plain_lines(scar: Scar, pusher: Pusher) -> None:
    pusher.push("test/plain", "latest", image(_BASE, process={"Cmd": ["sh"]}))
    ran = scar("check", "test/plain")
    assert ran.status == 0
    assert "C library: glibc 2.36\n" in ran.out
    assert "F1: yes     /usr/bin/sh is linked dynamically with glibc 2.36\n" in ran.out
    assert "setuid and setgid have no effect: /usr/bin/su, /usr/bin/wall\n" in ran.out
