"""`scar ls` against moto: SCAR's functions, all of them, and nothing secret."""

from __future__ import annotations

from tests.cli.support import Account, Scar

COWSAY = "grycap/cowsay"
HEADING = ["NAME", "MEMORY", "TIME", "IMAGE_ID"]


def test_shows_a_table_of_scars_functions(scar: Scar, account: Account) -> None:
    account.make_anothers("theirs")
    scar("init", "-n", "b", "-m", "512", "-t", "60", COWSAY)
    scar("init", "-n", "a" * 64, f"{COWSAY}:latest")
    ran = scar("ls")
    assert ran.status == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert [rows[0], *rows[2:]] == [
        HEADING,
        ["a" * 64, "128", "300", f"{COWSAY}:latest"],
        ["b", "512", "60", COWSAY],
    ]


def test_shows_an_empty_table(scar: Scar, account: Account) -> None:
    assert scar("ls").out.split()[:4] == HEADING
    assert scar("ls", "--json").json == []


def test_json(scar: Scar, account: Account) -> None:
    scar("init", "-n", "a", COWSAY)
    assert scar("--json", "ls").json == [
        {
            "name": "a",
            "memory": 128,
            "time": 300,
            "image_id": COWSAY,
            "exec_mode": "F1",
            "region": "us-east-1",
        }
    ]


def test_verbose_keeps_secrets(scar: Scar, account: Account) -> None:
    scar("init", "-n", "a", "-e", "LANG=C", "-e", "API_KEY=hunter2", COWSAY)
    ran = scar("ls", "-v")
    assert ran.json[0]["variables"] == {"LANG": "C", "API_KEY": "(hidden)"}
    assert "hunter2" not in ran.out
    assert "amazonaws.com" not in ran.out  # the pre-signed address of the code


def test_a_profile_that_does_not_exist(scar: Scar, account: Account) -> None:
    ran = scar("ls", "--profile", "nobody")
    assert ran.status == 1
    assert "The config profile (nobody) could not be found" in ran.stderr
