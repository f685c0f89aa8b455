"""Programs find their libraries in the folders of the image that they name."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.oci.layers import file, symlink
from tests.supervisor.conftest import ARCHITECTURE, Environment, Start
from tools.kit import COMPILERS

LIBRARY = """
#include <stdio.h>
{below}
void {name}(void) {{ puts("{name} of {place}"); fflush(stdout); {call} }}
"""

PROGRAM = """
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void {needed}(void);
int main(int count, char **words)
{{
    char text[4096];
    {needed}();
    if (count > 1 && strcmp(words[1], "cmdline") == 0)
        return write(1, text, read(open("/proc/self/cmdline", O_RDONLY), text, sizeof text)) < 0;
    return count > 1 ? system(words[1]) : 0;
}}
"""


class Compiler:
    """Makes programs and libraries that stand in an image."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def library(self, place: str, name: str, needed: str = "", *options: str) -> bytes:
        """lib<name>.so, whose function says where it is from and calls that of the needed library."""
        below = f"void {needed}(void);" if needed else ""
        call = f"{needed}();" if needed else ""
        source = LIBRARY.format(below=below, name=name, place=place, call=call)
        return self._make(source, f"lib{name}.so", needed, "-shared", "-fPIC", *options)

    def program(self, needed: str, *options: str) -> bytes:
        """A program that calls the function of a library, and then shows its arguments, or runs a command."""
        return self._make(PROGRAM.format(needed=needed), "program", needed, *options)

    def _make(self, source: str, name: str, needed: str, *options: str) -> bytes:
        (self._folder / "source.c").write_text(source)
        path = self._folder / name
        linked = [f"-L{self._folder}", f"-l{needed}", "-Wl,--allow-shlib-undefined"] if needed else []
        words = ("-o", str(path), str(self._folder / "source.c"), *options, *linked)
        subprocess.run([COMPILERS[ARCHITECTURE], *words], check=True)
        return path.read_bytes()


def runpath(folders: str) -> str:
    """The linker's option for a RUNPATH."""
    return f"-Wl,--enable-new-dtags,-rpath,{folders}"


def rpath(folders: str) -> str:
    """The linker's option for an RPATH."""
    return f"-Wl,--disable-new-dtags,-rpath,{folders}"


@pytest.fixture(scope="module")
def image(
    start: Start, derived: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    """An environment of an image with libraries in odd places."""
    make = Compiler(tmp_path_factory.mktemp("compiled"))
    members = [
        file("opt/deep/lib/libdeep.so", make.library("/opt/deep", "deep")),
        file("opt/own/lib/libown.so", make.library("/opt/own", "own", "deep", runpath("/opt/deep/lib"))),
        file("opt/own/lib/liboften.so", make.library("/opt/own", "often")),
        file("usr/lib/liboften.so", make.library("/usr", "often")),
        file("srv/lib/libaside.so", make.library("/srv", "aside")),
        file("opt/own/bin/own", make.program("own", runpath("/opt/own/lib")), mode=0o755),
        file("opt/own/bin/old", make.program("own", rpath("/opt/own/lib")), mode=0o755),
        file("opt/own/often", make.program("often", runpath("/nosuch:/opt/own/lib")), mode=0o755),
        file("opt/own/often-old", make.program("often", rpath("/opt/own/lib")), mode=0o755),
        file("opt/own/mixed", make.program("often", runpath("/nosuch:$ORIGIN/lib")), mode=0o755),
        file("opt/own/beside", make.program("often", runpath("${ORIGIN}/lib")), mode=0o755),
        file("srv/app/aside", make.program("aside", runpath("/srv/lib")), mode=0o755),
        symlink("usr/local/bin/linked", "/srv/app/aside"),
    ]
    with start(derived("libraries", {}, *members)) as environment:
        yield environment


OWN = b"own of /opt/own\ndeep of /opt/deep\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        *((("/opt/own/bin/own",), OWN), (("/opt/own/bin/old",), OWN)),
        (("sh", "-c", "/opt/own/bin/own; /opt/own/bin/old; exit 3"), OWN + OWN),
        *((("/srv/app/aside",), b"aside of /srv\n"), (("linked",), b"aside of /srv\n")),
        (("sh", "-c", "linked; exit 3"), b"aside of /srv\n"),
    ],
)
def test_a_program_finds_what_is_in_the_folders_that_it_and_its_libraries_name(
    image: Environment, command: tuple[str, ...], said: bytes
) -> None:
    result = image.call(*command)
    assert (result.exit_code, result.output) == (3 if "-c" in command else 0, said)


@pytest.mark.parametrize(
    ("program", "variable", "place"),
    [
        *(("often", "", b"/opt/own"), ("often-old", "", b"/opt/own"), ("mixed", "", b"/opt/own")),
        ("beside", "", b"/opt/own"),
        *(("often", "/usr/lib", b"/usr"), ("often-old", "/usr/lib", b"/opt/own")),
    ],
)
def test_its_own_folders_come_before_the_images_and_around_a_variable_as_the_loader_has_it(
    image: Environment, program: str, variable: str, place: bytes
) -> None:
    env = ((b"LD_LIBRARY_PATH", variable.encode()),) if variable else ()
    assert image.call(f"/opt/own/{program}", env=env).output == b"often of " + place + b"\n"


def test_programs_that_it_starts_do_not_inherit_its_folders(image: Environment) -> None:
    said = image.call("/opt/own/often", "/opt/own/often").output
    assert said == b"often of /opt/own\noften of /usr\n"


def test_it_does_not_see_how_they_are_given_to_it(image: Environment) -> None:
    said = image.call("/opt/own/often", "cmdline", "--argv0", "--library-path").output
    assert said == b"often of /opt/own\n/opt/own/often\0cmdline\0--argv0\0--library-path\0"
