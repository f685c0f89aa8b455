"""--dry-run: what is said is what is then done, and nothing is done before."""

from __future__ import annotations

from tests.cli.support import NOTHING, Account, Scar

INIT = ("init", "-n", "cow", "-es", "pictures", "grycap/cowsay")


def steps(progress: str) -> list[str]:
    """The steps in what a command said while it worked."""
    lines = [line.removeprefix("scar: ") for line in progress.splitlines()]
    return [line for line in lines if not line.startswith(("look for image ", "the image has ", "next: "))]


def test_init_and_rm_do_what_they_said(scar: Scar, account: Account) -> None:
    for argv in (INIT, ("rm", "cow")):
        before = account.contents()
        said = scar(*argv, "--dry-run")
        assert (said.status, account.contents()) == (0, before), said.stderr
        as_json = scar(*argv, "--dry-run", "--json").json
        done = scar(*argv)
        assert steps(done.stderr) == as_json["plan"]
        assert said.out.splitlines() == [f"Would {step}" for step in as_json["plan"]]
        assert as_json["dry_run"] is True
        assert account.contents() != before
    assert account.contents() == {**NOTHING, "buckets": ["pictures"]}


def test_rm_of_all(scar: Scar, account: Account) -> None:
    for name in ("one", "two"):
        assert scar("init", "-n", name, "grycap/cowsay").status == 0
    before = account.contents()
    ran = scar("rm", "-a", "--dry-run")
    assert ran.status == 0
    assert [line for line in ran.out.splitlines() if "delete function" in line] == [
        "Would delete function one and its permissions",
        "Would delete function two and its permissions",
    ]
    assert account.contents() == before


def test_a_dry_run_finds_what_the_command_would_find(scar: Scar, account: Account) -> None:
    for argv in (["-n", "cow", "grycap/nothing"], ["-m", "64", "grycap/cowsay"]):
        dry, real = (scar("init", *flag, *argv) for flag in (["--dry-run"], []))
        assert (dry.status, dry.stderr) == (real.status, real.stderr)
        assert dry.status != 0
