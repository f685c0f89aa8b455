"""`scar update` against moto: what is changed, what is left, and what is refused."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scar.aws.functions import Package
from scar.deploy import package
from tests.cli.support import Account, Scar
from tests.oci import layers

COWSAY = "grycap/cowsay"
PREFIX = "SCAR_ENV_"


@pytest.fixture
def cow(scar: Scar, account: Account) -> str:
    """A function with two variables."""
    options = ["-n", "cow", "-d", "moo", "-m", "256", "-t", "60", "-e", "A=1", "-e", "B=2"]
    assert scar("init", *options, COWSAY).status == 0
    return "cow"


def push(hub: str, repository: str, content: bytes) -> str:
    """Push an image of one file; its digest."""
    with closing(layers.Pusher(hub)) as pusher:
        return pusher.push(repository, "latest", layers.image(layers.layer(layers.file("moo", content))))


def state(account: Account, function: str) -> dict[str, Any]:
    """All that Lambda keeps of the function, but for the time."""
    kept = account.configuration(function)
    return {key: value for key, value in kept.items() if key not in ("LastModified", "ResponseMetadata")}


def variables(account: Account, function: str) -> dict[str, str]:
    values: dict[str, str] = account.configuration(function)["Environment"]["Variables"]
    return values


def test_changes_what_is_said_and_nothing_else(scar: Scar, account: Account, cow: str) -> None:
    before = state(account, cow)
    ran = scar("update", cow, "-m", "512", "-t", "90", "-d", "Moo!")
    assert (ran.status, ran.out) == (0, "Updated: cow\n"), ran.stderr
    assert "description 'Moo!', memory 256 to 512 MB, time-out 60 to 90 s" in ran.stderr
    assert state(account, cow) == {**before, "MemorySize": 512, "Timeout": 90, "Description": "Moo!"}


def test_variables_are_added_replaced_and_removed_and_the_others_stay(
    scar: Scar, account: Account, cow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = variables(account, cow)
    monkeypatch.setenv("MINE", "x=y")
    ran = scar("update", "-e", "A=one=1", "-e", "MINE", "-e", "NOT_SET_ANYWHERE", "-e", "B-", cow)
    assert ran.status == 0, ran.stderr
    assert "replace variable A, remove variable B, set variable MINE" in ran.stderr
    assert "one=1" not in ran.stderr
    del before["SCAR_ENV_B"]
    assert variables(account, cow) == {**before, "SCAR_ENV_A": "one=1", "SCAR_ENV_MINE": "x=y"}


def test_the_threshold(scar: Scar, account: Account, cow: str) -> None:
    assert scar("update", cow, "-tt", "30").status == 0
    assert variables(account, cow)["SCAR_TIMEOUT_THRESHOLD"] == "30"


def test_a_mirror_on_this_machine_is_none_for_aws(
    scar: Scar, account: Account, cow: str, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = variables(account, cow)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.invalid")
    ran = scar("update", "--image", COWSAY, cow)
    assert (ran.status, ran.stdout) == (1, b"")
    assert f"the registry mirror {hub} is on this machine" in ran.stderr
    assert variables(account, cow) == before


def test_an_image_is_looked_up_again(scar: Scar, account: Account, cow: str, hub: str) -> None:
    before = variables(account, cow)
    digest = push(hub, "library/bull", b"moo")
    ran = scar("update", "--json", "--image", "bull", cow)
    assert ran.status == 0, ran.stderr
    assert ran.json["name"] == cow
    assert digest in ran.json["changes"][0]
    assert variables(account, cow) == {**before, "SCAR_IMAGE": "bull", "SCAR_IMAGE_DIGEST": digest}
    push(hub, "library/bull", b"MOO")
    assert scar("update", "--image", "bull", cow).status == 0
    assert variables(account, cow)["SCAR_IMAGE_DIGEST"] not in (digest, before["SCAR_IMAGE_DIGEST"])


def test_an_init_script_comes_changes_and_goes(
    scar: Scar, account: Account, cow: str, tmp_path: Path
) -> None:
    before = state(account, cow)
    script = tmp_path / "script"
    for content in (b"echo one\n", b"echo two\n"):
        script.write_bytes(content)
        assert scar("update", "-s", str(script), cow).status == 0
        expected = Package(package.build("x86_64", content)).digest
        assert account.configuration(cow)["CodeSha256"] == expected
    assert scar("update", "-s", "", cow).status == 0
    assert state(account, cow) == before


def test_nothing_to_change_changes_nothing(scar: Scar, account: Account, cow: str) -> None:
    before = account.configuration(cow)
    ran = scar("update", "-m", "256", "-e", "A=1", "--image", COWSAY, cow)
    assert (ran.status, ran.out) == (0, "Nothing to update: cow\n")
    assert account.configuration(cow)["LastModified"] == before["LastModified"]
    assert scar("update", "--json", cow).json == {"name": "cow", "changes": []}


def test_a_package_of_another_scar_is_replaced(scar: Scar, account: Account, cow: str) -> None:
    current = account.configuration(cow)["CodeSha256"]
    account.functions.update_function_code(FunctionName=cow, ZipFile=package.archive({"old": b"x"}))
    assert account.configuration(cow)["CodeSha256"] != current
    ran = scar("update", cow)
    assert (ran.status, ran.out) == (0, "Updated: cow\n")
    assert "replace the package of function cow" in ran.stderr
    assert account.configuration(cow)["CodeSha256"] == current


def test_an_init_script_survives_other_changes(
    scar: Scar, account: Account, cow: str, tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"echo\n")
    assert scar("update", "-s", str(script), cow).status == 0
    before = account.configuration(cow)["CodeSha256"]
    assert scar("update", "-m", "300", cow).status == 0
    assert account.configuration(cow)["CodeSha256"] == before


def test_without_a_kit_settings_can_be_changed_and_packages_cannot(
    scar: Scar, account: Account, cow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAR_KIT", str(tmp_path / "empty"))
    ran = scar("update", "-m", "300", cow)
    assert ran.status == 0
    assert "the package of function cow is left as it is: no libfakechroot" in ran.stderr
    assert account.configuration(cow)["MemorySize"] == 300
    (tmp_path / "script").write_bytes(b"echo\n")
    before = state(account, cow)
    ran = scar("update", "-m", "400", "-s", str(tmp_path / "script"), cow)
    assert ran.status == 1
    assert ran.stderr.splitlines()[-1].startswith("hint: make kit, ")
    assert state(account, cow) == before


def test_a_dry_run_says_what_would_be_done(scar: Scar, account: Account, cow: str) -> None:
    before = state(account, cow)
    ran = scar("update", "--dry-run", "-m", "512", cow)
    assert (ran.status, ran.out.splitlines()) == (
        0,
        ["Would change function cow: memory 256 to 512 MB", "Would wait until function cow is changed"],
    )
    assert scar("update", "--dry-run", "--json", cow).json == {"dry_run": True, "plan": []}
    assert scar("update", "--dry-run", cow).out == "Nothing to do\n"
    assert state(account, cow) == before


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["-m", "64"], 2, "-m/--memory: 64 is not between 128 and 10,240 MB"),
        (["-t", "901"], 2, "-t/--time: 901 is not between 1 and 900 seconds"),
        (["-tt", "0"], 2, "-tt/--time-threshold: 0 is not between"),
        (
            ["-t", "10"],
            2,
            "threshold (10 s) must be smaller than the function's time-out (10 s)",
        ),
        (
            ["-tt", "60"],
            2,
            "threshold (60 s) must be smaller than the function's time-out (60 s)",
        ),
        (["-d", "d" * 300], 2, "a description has at most 256 characters, this one has 300"),
        (["-e", "A-B=x"], 2, "not the name of an environment variable: 'A-B'"),
        (["-e", "=x"], 2, "a name is missing"),
        (["-e", "C-"], 2, "function cow has no variable C to remove"),
        (["-e", f"A={'x' * 4000}"], 2, "AWS Lambda allows 4,096"),
        (["-s", "/nonexistent"], 2, "cannot read script /nonexistent"),
        (["--image", "grycap/nothing"], 1, "has no image grycap/nothing:latest"),
        (["--image", "only-arm"], 1, "is not built for linux/amd64"),
        (["--image", "Not An Image"], 2, "Not An Image"),
    ],
)
def test_bad_input_changes_nothing(  # noqa: PLR0917 - fixtures and parameters
    scar: Scar, account: Account, cow: str, options: list[str], status: int, said: str
) -> None:
    before = state(account, cow)
    ran = scar("update", "-d", "another", *options, cow)
    assert (ran.status, ran.stdout) == (status, b"")
    assert said in ran.stderr
    assert state(account, cow) == before


def test_a_function_that_is_missing(scar: Scar, account: Account) -> None:
    ran = scar("update", "-m", "512", "cow")
    assert ran.status == 1
    assert "no function cow in us-east-1" in ran.stderr


def test_anothers_function_is_left_as_it_is(scar: Scar, account: Account) -> None:
    account.make_anothers("theirs")
    before = state(account, "theirs")
    ran = scar("update", "-m", "512", "theirs")
    assert ran.status == 1
    assert "function theirs was not made by SCAR" in ran.stderr
    assert state(account, "theirs") == before


def test_a_function_of_the_scar_of_2017_is_left_as_it_is(scar: Scar, account: Account) -> None:
    account.make_anothers("old", Tags={"createdby": "scar"})
    before = state(account, "old")
    ran = scar("update", "-m", "512", "old")
    assert ran.status == 1
    assert "of a SCAR that is too old for this one" in ran.stderr
    assert state(account, "old") == before
