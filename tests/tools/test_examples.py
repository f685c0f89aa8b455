"""READMEs as tests: which commands they show, what counts as what they say, and what is said if it is not."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tools.cache import CACHE_VARIABLE
from tools.examples import readme, running
from tools.examples.__main__ import main
from tools.examples.figures import Figures, measured
from tools.examples.matching import difference
from tools.examples.readme import Example, Step, steps
from tools.examples.running import Ran, Wrong, run, run_example, wrong
from tools.examples.table import Size, table
from tools.own_cloud import own_cloud

README = """\
# Cow

```
$ not this
```

```console
$ scar run cow
Moo

$ two
```
Text.
```console
$ three
  $ not a command
```
"""


def test_commands_of_console_blocks_are_found_with_their_lines_and_outputs() -> None:
    assert steps(README) == [
        Step(8, "scar run cow", ("Moo", "")),
        Step(11, "two", ()),
        Step(15, "three", ("  $ not a command",)),
    ]


@pytest.mark.parametrize("block", ["Moo\n$ scar run cow\n", "\n", ""])
def test_a_console_block_begins_with_a_command(block: str) -> None:
    with pytest.raises(ValueError, match="line 4: a console block begins with a command"):
        steps(f"# Cow\n\n```console\n{block}```\n")


@pytest.mark.parametrize("name", readme.names())
def test_every_example_works_in_the_local_cloud_only(name: str) -> None:
    commands = [step.command for step in readme.read(name).steps]
    calls = [call for command in commands for call in re.findall(r"\bscar [a-z]+ .*", command)]
    assert calls
    assert [call for call in calls if not re.match(r"scar [a-z]+ --local ", call)] == []


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ([], []),
        (["a", "", "b"], ["a", "", "b"]),
        (["..."], []),
        (["..."], ["a", "b"]),
        (["a", "...", "b"], ["a", "b"]),
        (["a", "...", "b"], ["a", "b", "c", "b"]),
        (["...", "b", "...", "c"], ["b", "a", "b", "x", "c"]),
        (["id ..., took ... s"], ["id 1f, took 0.3 s"]),
        (["[a-z]+ ..."], ["[a-z]+ "]),
    ],
)
def test_what_is_as_expected(expected: list[str], printed: list[str]) -> None:
    assert difference(expected, printed) is None


@pytest.mark.parametrize(
    ("expected", "printed", "said"),
    [
        (["a", "b"], ["a", "c"], "expected:  b\nprinted:   c"),
        (["a"], ["a", "b"], "expected:  nothing more\nprinted:   b"),
        ([], [""], "expected:  nothing more\nprinted:   "),
        (["a", "b"], ["a"], "expected:  b\nprinted:   nothing more"),
        (["a"], ["a "], "expected:  a\nprinted:   a "),
        (["a..."], ["ba"], "expected:  a...\nprinted:   ba"),
        (["a", "...", "b"], ["a", "c", "d"], "expected:  b\nnot below: c"),
        (["...", "b"], ["b", "c"], "expected:  nothing more\nprinted:   c"),
        (["...", "b", "c"], ["b", "d"], "expected:  c\nprinted:   d"),
    ],
)
def test_the_first_difference_is_told(expected: list[str], printed: list[str], said: str) -> None:
    assert difference(expected, printed) == said


def test_a_command_has_bash_the_checkout_and_the_program() -> None:
    ran = run("[[ -d examples/cowsay ]] && cat && command -v scar && echo talk >&2")
    assert ran == Ran(0, f"{Path(sys.executable).with_name('scar')}\n", "talk\n")


def test_a_command_that_fails_is_wrong_whatever_it_prints() -> None:
    step = Step(1, "false", ("Moo",))
    assert wrong(step, Ran(3, "Moo\n", "no grass\n")) == "ended with 3\n  | Moo\n  | no grass"
    assert wrong(step, Ran(0, "Moo\n", "no grass\n")) is None


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "PATIENCE", 0.2)
    ran = run("sleep 1000 & sleep 1000")
    assert ran.status == -signal.SIGKILL
    assert ran.stderr == "\nended after 0.2 seconds"


def test_the_images_of_an_example_are_those_that_its_commands_name() -> None:
    assert readme.read("pipeline").images == {"grycap/ffmpeg", "grycap/imagemagick"}


def test_the_first_command_that_is_not_true_is_told() -> None:
    example = Example("none", (Step(7, "echo Moo", ("Moo",)), Step(9, "echo Moo", ("Baa",))))
    said = "examples/none/README.md:9: $ echo Moo\nexpected:  Baa\nprinted:   Moo\n  | Moo"
    with pytest.raises(Wrong, match=f"^{re.escape(said)}$"):
        run_example(example)


@pytest.mark.usefixtures("kit")
def test_an_example_that_leaves_something_is_wrong(registry: str, tmp_path: Path) -> None:
    results = tmp_path.name
    steps = (
        Step(3, f"mkdir -p build/examples/{results}", ()),
        Step(4, "scar init --local -n moo -es some-cows grycap/cowsay > /dev/null", ()),
        Step(5, "scar run --local moo > /dev/null", ()),
    )
    with own_cloud(registry):
        with pytest.raises(
            Wrong, match=f"leave something behind: moo, some-cows, .*/build/examples/{results}"
        ):
            run_example(Example(results, steps))
        (cow,) = measured()
        removing = (
            Step(3, "scar rm --local moo > /dev/null", ()),
            Step(4, "python -m tools.local_aws remove-bucket some-cows", ()),
        )
        assert run_example(Example(results, removing)) == [cow]
    assert (cow.function, cow.image, cow.memory_mb, cow.warm_seconds) == ("moo", "grycap/cowsay", 128, None)
    assert 0 < cow.memory_used_mb <= 128
    assert cow.cold_seconds > 0


def test_the_command_line_goes_on_after_what_is_wrong_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readme, "FOLDER", tmp_path)
    for name, output in (("one", "Baa"), ("two", "Moo")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(f"```console\n$ echo Moo\n{output}\n```\n")
    assert main([]) == 1
    said = capsys.readouterr().out
    assert "one: WRONG\nexamples/one/README.md:2: $ echo Moo\nexpected:  Baa" in said
    assert "two: as its README says" in said
    assert said.endswith("1 wrong: one\n")
    assert main(["two"]) == 0
    assert capsys.readouterr().out.endswith("All as it should be.\n")


def test_the_command_line_says_which_examples_there_are() -> None:
    with pytest.raises(SystemExit, match=r"no example nosuch; there are .*cowsay"):
        main(["cowsay", "nosuch"])


def test_examples_do_not_see_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAR_LAMBDA_MEMORY", "1024")
    monkeypatch.setenv("AWS_PROFILE", "work")
    before = dict(os.environ)
    with own_cloud("http://127.0.0.1:1"):
        seen = run("env | grep -E '^(AWS|SCAR)_' | cut -d= -f1 | sort").stdout.split()
        home = Path(os.environ["SCAR_HOME"])
    assert set(seen) - {CACHE_VARIABLE} == {"SCAR_HOME", "SCAR_KIT", "SCAR_REGISTRY_MIRROR"}
    assert not home.exists()
    assert dict(os.environ) == before


def test_the_summary_is_a_table_of_markdown() -> None:
    cow = Figures("cow", "grycap/cowsay", 1.234, 0.056, 28, 128)
    lines = table(
        [("cowsay", cow), ("other", cow._replace(warm_seconds=None))], {cow.image: Size(43_210_000, 10**9)}
    )
    assert [re.split(r" *\| *", line)[1:-1] for line in lines.splitlines()[2:]] == [
        ["cowsay", "grycap/cowsay", "43 MB", "1,000 MB", "1.2 s", "0.06 s", "28 of 128 MB"],
        ["other", "grycap/cowsay", "43 MB", "1,000 MB", "1.2 s", "", "28 of 128 MB"],
    ]
    assert len({len(line) for line in lines.splitlines()}) == 1
