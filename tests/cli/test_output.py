"""`--output`: another place for results, and what is refused."""

from __future__ import annotations

import json

import pytest

from scar.deploy.output import Output
from scar.errors import UsageError
from tests.cli.support import NOTHING, Account, Scar

COWSAY = "grycap/cowsay"


def place(account: Account, function: str = "cow") -> str | None:
    """Where the function puts results, as its configuration says."""
    found: str | None = account.configuration(function)["Environment"]["Variables"].get("SCAR_OUTPUT")
    return found


@pytest.fixture
def results(account: Account) -> str:
    """A bucket that is there already."""
    account.s3.create_bucket(Bucket="results")
    return "results"


@pytest.mark.parametrize(
    ("said", "bucket", "prefix"),
    [
        ("results", "results", ""),
        ("results/", "results", ""),
        ("results/a", "results", "a/"),
        ("results/a/ü b//", "results", "a/ü b/"),
        ("s3://results/a", "results", "a/"),
    ],
)
def test_how_a_place_is_written(said: str, bucket: str, prefix: str) -> None:
    assert Output.parse(said) == Output(bucket, prefix)


@pytest.mark.parametrize(
    "said",
    ["", "/", "Results", "results//a", "results/a*", "results/a\n", "results/${x}", "results/" + "x" * 512],
)
def test_what_is_no_place(said: str) -> None:
    with pytest.raises(UsageError, match=r"^--output: "):
        Output.parse(said)


@pytest.mark.parametrize("said", ["pictures", "pictures/input", "s3://pictures/input/", "pictures/input/a/b"])
def test_results_that_would_call_the_function_again_make_nothing(
    scar: Scar, account: Account, said: str
) -> None:
    ran = scar("init", "-es", "pictures", "--output", said, COWSAY)
    assert (ran.status, ran.stdout) == (2, b"")
    assert "would call the function again" in ran.stderr
    assert account.contents() == NOTHING


@pytest.mark.parametrize("said", ["pictures/in", "pictures/input2", "pictures/inputs/input", "music/input"])
def test_other_places_call_nobody_again(said: str) -> None:
    Output.parse(said).check_apart_from(["pictures"])


def test_a_bucket_that_is_missing_makes_nothing(scar: Scar, account: Account) -> None:
    ran = scar("init", "-es", "pictures", "--output", "results", COWSAY)
    assert (ran.status, ran.stdout) == (1, b"")
    assert "there is no bucket results for the results" in ran.stderr
    assert account.contents() == NOTHING


def test_the_place_is_the_functions_and_said(scar: Scar, account: Account, results: str) -> None:
    ran = scar("init", "-n", "cow", "-es", "pictures", "--output", f"{results}/cow", COWSAY)
    assert ran.status == 0, ran.stderr
    assert "Results: s3://results/cow/" in ran.out
    assert place(account) == "results/cow/"
    keys = [one["Key"] for one in account.s3.list_objects_v2(Bucket="pictures")["Contents"]]
    assert keys == ["input/"]
    assert scar("init", "--json", "-n", "two", "--output", results, COWSAY).json["output"] == "s3://results/"


def test_the_place_may_be_in_the_bucket_that_is_made(scar: Scar, account: Account) -> None:
    ran = scar("init", "-n", "cow", "-es", "pictures", "--output", "pictures/done", COWSAY)
    assert ran.status == 0, ran.stderr
    assert place(account) == "pictures/done/"


def test_an_update_changes_it_and_takes_it_back(scar: Scar, account: Account, results: str) -> None:
    assert scar("init", "-n", "cow", "-es", "pictures", COWSAY).status == 0
    assert place(account) is None
    ran = scar("update", "--output", f"{results}/a", "cow")
    assert ran.status == 0, ran.stderr
    assert "place of results none to results/a/" in ran.stderr
    assert place(account) == "results/a/"
    assert scar("update", "--output", "", "cow").status == 0
    assert place(account) is None


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("pictures/input/a", "would call the function again"),
        ("nowhere", "there is no bucket nowhere for the results"),
        ("Results", "--output: "),
    ],
)
def test_an_update_that_is_refused_changes_nothing(
    scar: Scar, account: Account, said: str, message: str
) -> None:
    assert scar("init", "-n", "cow", "-es", "pictures", COWSAY).status == 0
    ran = scar("update", "--output", said, "-m", "512", "cow")
    assert ran.status != 0
    assert message in ran.stderr
    assert (place(account), account.configuration("cow")["MemorySize"]) == (None, 128)


def test_the_policies_name_the_place(scar: Scar) -> None:
    options = ["-es", "pictures", "--output", "results/cow", "--output", "s3://all"]
    documents = scar("role", "policy", "--json", *options).json
    by_sid = {
        statement["Sid"]: statement["Resource"]
        for name in ("function", "deployer")
        for statement in documents[name]["Statement"]
    }
    arn = "arn:aws:s3:::"
    assert by_sid["WriteOutput"] == [f"{arn}pictures/output/*", f"{arn}results/cow/*", f"{arn}all/*"]
    assert by_sid["FindOutputBuckets"] == [f"{arn}results", f"{arn}all"]
    assert "results" not in json.dumps(scar("role", "policy", "-es", "pictures", "--json").json)
