"""What an image's configuration asks for: all that it can name, and what the image has in /tmp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oci.layers import file, folder, symlink
from tests.oci.test_elf import go_note, made
from tests.supervisor.conftest import ARCHITECTURE, Environment, Start

MACHINES = {"x86_64": 62, "arm64": 183}

SAY = 'echo "$@"; pwd; echo $HOME $TMPDIR; echo $LD_LIBRARY_PATH; echo $A'

CONFIGURATION = {
    "Entrypoint": ["sh", "-c", SAY, "sh"],
    "Cmd": ["of", "the image"],
    "Env": ["HOME=/root", "LD_LIBRARY_PATH=/opt/lib::relative", "A=image=x"],
    "WorkingDir": "/tmp/app/../made of/a name",
    "User": "postgres:1000",
    "Volumes": {"/srv/volume": {}, "/usr/games": {}},
    "Labels": {"maintainer": "somebody"},
    "ExposedPorts": {"80/tcp": {}},
    "StopSignal": "SIGINT",
}


@pytest.fixture(scope="module")
def image(start: Start, derived: Callable[..., str]) -> Iterator[Environment]:
    """An environment of an image that uses all of it."""
    content = (folder("tmp/app"), file("tmp/app/data", b"baked in"), folder("tmp/app/cache", mode=0o755))
    with start(derived("configured", CONFIGURATION, *content), SCAR_ENV_B="init") as environment:
        yield environment


def test_the_image_s_command_folder_and_variables(image: Environment) -> None:
    result = image.call()
    said, where, home, libraries, variable = result.output.decode().splitlines()
    assert said == "of the image"
    assert where == "/tmp/made of/a name"
    assert home == f"/root {image.tmp}/{result.request_id}"
    assert libraries.split(":")[0].endswith("/ROOT/opt/lib")
    assert libraries.split(":")[1] == "relative"
    assert variable == "image=x"


def test_arguments_follow_the_entrypoint(image: Environment) -> None:
    assert image.call("of", "the call").output.startswith(b"of the call\n")


def test_a_call_s_variables_win(image: Environment) -> None:
    assert image.call(env=((b"A", b"call"), (b"HOME", b"/elsewhere"))).output.endswith(b"\ncall\n")


def test_a_script_replaces_the_entrypoint(image: Environment) -> None:
    assert image.call(script=b"echo $# $B").output == b"0 init\n"


def test_what_the_image_has_in_tmp_stays_and_what_calls_put_there_goes(image: Environment) -> None:
    leave = b"""
        cd /tmp; echo left > left; mkdir closed; echo x > closed/x; chmod 0 closed
        cd app; echo left > left; echo left > cache/left; cat data
    """
    look = b"cd /tmp; ls -A; find app | sort; cat app/data"
    assert image.call(script=leave).output == b"baked in"
    assert image.call(script=look).output == b"app\nmade of\napp\napp/cache\napp/data\nbaked in"


def test_a_volume_is_made_and_each_call_finds_it_as_the_image_has_it(image: Environment) -> None:
    leave = b"cd /srv/volume && mkdir -p left/deep && echo left > file && echo left > /usr/games/left"
    assert image.call(script=leave).exit_code == 0
    assert image.call(script=b"ls -A /srv/volume; ls /usr/games").output.startswith(b"cowsay\n")


def test_each_call_finds_files_of_a_volume_and_of_tmp_as_the_image_has_them(image: Environment) -> None:
    leave = b"echo left >> /tmp/app/data; echo left > /usr/games/cowsay; rm /usr/games/cowthink"
    look = b"cat /tmp/app/data; /usr/games/cowsay moo | head -n 2; test -x /usr/games/cowthink"
    before = image.call(script=look)
    assert (before.output.startswith(b"baked in "), before.exit_code) == (True, 0)
    assert image.call(script=leave).exit_code == 0
    after = image.call(script=look)
    assert (after.output, after.exit_code, after.image_pulled) == (before.output, 0, False)


def test_what_a_call_that_was_killed_has_left_there_is_not_seen_by_the_next(
    start: Start, derived: Callable[..., str], tmp_path: Path
) -> None:
    digest = derived("killed", {}, folder("tmp"), file("tmp/data", b"baked in\n"))
    with start(digest, tmp_path) as environment:
        assert environment.call("true").exit_code == 0
    (tmp,) = tmp_path.glob("udocker/containers/*-*-*/ROOT/tmp")
    (tmp / "left").touch()
    (tmp / "data").write_text("of the call")
    with start(digest, tmp_path) as environment:
        result = environment.call("sh", "-c", "ls /tmp; cat /tmp/data")
        assert (result.output, result.image_pulled) == (b"data\nbaked in\n", False)


def test_an_image_whose_large_files_a_call_has_changed_is_fetched_anew(
    start: Start, derived: Callable[..., str]
) -> None:
    large = file("srv/large", b"x" * (33 << 20))
    with start(derived("large", {"Volumes": {"/srv": {}}}, large)) as environment:
        assert environment.call("true").image_pulled
        assert not environment.call(script=b"echo left >> /srv/large; echo left > /srv/left").image_pulled
        assert "the next call fetches the image anew" in environment.log()
        result = environment.call("sh", "-c", "ls /srv; wc -c < /srv/large")
        assert (result.output, result.image_pulled) == (b"large\n%d\n" % (33 << 20), True)


def test_a_user_is_told_once_to_be_disregarded(image: Environment) -> None:
    image.call()
    assert image.call(script=b"id -un").output
    assert image.log().count("USER postgres:1000 is not obeyed") == 1


def test_the_stop_signal_is_sent_at_the_deadline(image: Environment) -> None:
    script = b"trap 'echo asked; exit' INT; trap 'echo wrong' TERM; echo ready; while :; do sleep 0.1; done"
    result = image.call(script=script, seconds=6)
    assert (result.output, result.timed_out) == (b"ready\nasked\n", True)


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"Entrypoint": None, "Cmd": "echo"}, b"\n"),  # as very old builders write a list of one
        ({"Cmd": ["/bin/sh", "-c", "echo $0 shell form | cat"]}, b"/bin/sh shell form\n"),
        ({"Entrypoint": ["/bin/sh", "-c", "echo $# $0"], "Cmd": ["never", "read"]}, b"1 never\n"),
        ({"Entrypoint": ["run"], "Cmd": ["a"], "Env": ["PATH=/opt:/bin"]}, b"-e /opt/run a\n"),
        ({"Cmd": ["plain", "a"], "Env": ["PATH=/opt:/bin"]}, b"plain /opt/plain a\n"),
    ],
    ids=["string", "shell-form", "entrypoint-in-shell-form", "script", "script-without-first-line"],
)
def test_forms_of_commands(
    start: Start, derived: Callable[..., str], configuration: dict[str, Any], expected: bytes
) -> None:
    programs = (
        file("opt/run", b"#!/opt/interpreter -e\n", mode=0o755),
        file("opt/interpreter", b'#!/bin/sh\necho "$@"\n', mode=0o755),
        file("opt/plain", b'echo plain "$0" "$@"\n', mode=0o755),
    )
    with start(derived("forms", configuration, *programs)) as environment:
        assert environment.call().output == expected


def test_an_image_that_names_no_command_says_what_to_do(start: Start, derived: Callable[..., str]) -> None:
    with start(derived("nothing", {"Entrypoint": [], "Cmd": None})) as environment:
        result = environment.call()
        assert result.error
        assert result.error.type == "NothingToRun"
        assert "scar run" in result.error.hint
        assert environment.call("echo", "a").output == b"a\n"


def test_the_time_zone_is_the_images(start: Start, derived: Callable[..., str]) -> None:
    zone = symlink("etc/localtime", "/usr/share/zoneinfo/Asia/Tokyo")
    show = "date -d @0 +%H%Z; env -u TZ date -d @0 +%H%Z; env -i TZ=Asia/Tokyo /bin/date -d @0 +%H%Z"
    with start(derived("zone", {"Entrypoint": ["sh", "-c", show]}, zone)) as environment:
        assert environment.call().output == b"09JST\n00UTC\n09JST\n"
        assert environment.call(env=((b"TZ", b"Europe/Madrid"),)).output.startswith(b"01CET\n")


def test_a_folder_to_work_in_that_is_a_file_is_told(start: Start, derived: Callable[..., str]) -> None:
    with start(derived("wrong-folder", {"Cmd": ["true"], "WorkingDir": "/etc/passwd/x"})) as environment:
        result = environment.call()
        assert result.error
        assert (result.exit_code, result.error.type) == (126, "ProgramNotExecutable")
        assert "WORKDIR" in result.error.message


def test_a_link_that_leads_nowhere_in_place_of_dev_shm_is_no_obstacle(
    start: Start, derived: Callable[..., str]
) -> None:
    with start(derived("shm", {}, symlink("dev/shm", "/run/shm"))) as environment:
        assert environment.call(script=b"echo x > /dev/shm/left").exit_code == 0
        assert environment.call(script=b"ls -A /dev/shm").output == b""


def test_a_folder_to_work_in_is_not_made_outside_of_the_image(
    start: Start, derived: Callable[..., str], tmp_path: Path
) -> None:
    links = (symlink("here", "."), symlink("out", "here/here/here/here/../../../../outside"))
    (tmp_path / "outside").mkdir()  # beside the store
    with start(derived("out", {"Cmd": ["true"], "WorkingDir": "/out/made"}, *links), tmp_path) as environment:
        result = environment.call()
        assert result.error
        assert (result.exit_code, result.error.type) == (126, "ProgramNotExecutable")
        assert list((tmp_path / "outside").iterdir()) == []


def test_what_a_programs_headers_foretell_is_told(start: Start, derived: Callable[..., str]) -> None:
    machine = MACHINES[ARCHITECTURE]
    far = file("far", made(64, "<", machine, needed=b"/opt/a.so"), mode=0o755)
    go = file("go", made(64, "<", machine, note=go_note("<")), mode=0o755)
    with start(derived("headers", {}, far, go)) as environment:
        refused = environment.call("/far")
        assert refused.error
        assert refused.error.type == "IncompatibleImage"
        assert refused.error.message.startswith("/far needs /opt/a.so by its absolute path")
        started = environment.call("/go")
        assert started.error is None
        assert "/go is a Go program" in environment.log()


def test_a_loader_that_a_call_removed_is_told(start: Start, derived: Callable[..., str]) -> None:
    with start(derived("no-loader", {"Cmd": ["true"]})) as environment:
        assert environment.call().exit_code == 0
        for loader in environment.tmp.glob("udocker/containers/*/ROOT/usr/lib/*/ld-linux-*"):
            loader.unlink()
        result = environment.call()
        assert result.error
        assert (result.exit_code, result.error.type) == (126, "ProgramNotExecutable")
        assert "an earlier call removed it" in result.error.message
