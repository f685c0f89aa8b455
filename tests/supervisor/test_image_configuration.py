"""What an image's configuration asks for: ENTRYPOINT and CMD, ENV, WORKDIR, and what it has in /tmp."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.oci.layers import file, folder
from tests.oci.test_elf import go_note, made
from tests.supervisor.conftest import ARCHITECTURE, Environment, Start

MACHINES = {"x86_64": 62, "arm64": 183}

SAY = 'echo "$@"; pwd; echo $HOME $TMPDIR; echo $LD_LIBRARY_PATH; echo $A'

CONFIGURATION = {
    "Entrypoint": ["sh", "-c", SAY, "sh"],
    "Cmd": ["of", "the image"],
    "Env": ["HOME=/root", "LD_LIBRARY_PATH=/opt/lib::relative", "A=image=x"],
    "WorkingDir": "/tmp/app/../made of/a name",
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


def test_a_folder_to_work_in_that_is_a_file_is_told(start: Start, derived: Callable[..., str]) -> None:
    with start(derived("wrong-folder", {"Cmd": ["true"], "WorkingDir": "/etc/passwd/x"})) as environment:
        result = environment.call()
        assert result.error
        assert (result.exit_code, result.error.type) == (126, "ProgramNotExecutable")
        assert "WORKDIR" in result.error.message


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
