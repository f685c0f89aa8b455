"""`scar rm` against moto: what SCAR made goes, and nothing of others."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from scar_supervisor import contract
from tests.cli.faults import Answer, Request, Way
from tests.cli.support import NOTHING, Account, Scar

COWSAY = "grycap/cowsay"


@pytest.mark.parametrize("argv", [["-n", "cowsay"], ["cowsay"], ["--name", "cowsay"]])
def test_removes_function_and_log(scar: Scar, account: Account, argv: list[str]) -> None:
    scar("init", "-n", "cowsay", COWSAY)
    ran = scar("rm", *argv)
    assert (ran.status, ran.out) == (0, "Removed: cowsay\n"), ran.stderr
    assert account.contents() == NOTHING


@pytest.mark.parametrize("argv", [["one", "other"], ["-n", "one", "-n", "other"], ["one", "-n", "other"]])
def test_removes_each_function_that_is_named(scar: Scar, account: Account, argv: list[str]) -> None:
    for name in ("one", "other", "third"):
        scar("init", "-n", name, COWSAY)
    ran = scar("rm", *argv)
    assert (ran.status, ran.out) == (0, "Removed: one\nRemoved: other\n"), ran.stderr
    assert scar("rm", "third").status == 0
    assert account.contents() == NOTHING


def test_gone_already_is_success(scar: Scar, account: Account) -> None:
    assert scar("rm", "cowsay").out == "Nothing to remove: cowsay\n"
    assert scar("rm", "--json", "cowsay").json == [{"name": "cowsay", "removed": [], "error": None}]


def test_finishes_what_was_removed_in_part(scar: Scar, account: Account) -> None:
    scar("init", "-n", "cowsay", COWSAY)
    account.functions.delete_function(FunctionName="cowsay")
    assert scar("rm", "cowsay").out == "Removed: cowsay\n"
    assert account.contents() == NOTHING


def test_leaves_the_bucket_and_what_others_own(scar: Scar, account: Account) -> None:
    queue = {"Id": "q", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "Events": ["s3:ObjectRemoved:*"]}
    account.s3.create_bucket(Bucket="my.pictures")
    account.s3.put_bucket_notification_configuration(
        Bucket="my.pictures", NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    before = account.notification("my.pictures")
    scar("init", "-n", "cowsay", "-es", "my.pictures", COWSAY)
    account.s3.put_object(Bucket="my.pictures", Key="output/result", Body=b"precious")
    assert account.notification("my.pictures") != before
    assert scar("rm", "cowsay").status == 0
    assert account.notification("my.pictures") == before
    keys = [one["Key"] for one in account.s3.list_objects_v2(Bucket="my.pictures")["Contents"]]
    assert keys == ["input/", "output/", "output/result"]
    assert account.contents() == {**NOTHING, "buckets": ["my.pictures"]}


def test_a_function_whose_bucket_is_gone(scar: Scar, account: Account) -> None:
    scar("init", "-n", "cowsay", "-es", "pictures", COWSAY)
    for key in ("input/", "output/"):
        account.s3.delete_object(Bucket="pictures", Key=key)
    account.s3.delete_bucket(Bucket="pictures")
    assert "notification" not in scar("rm", "cowsay", "--dry-run").out
    assert scar("rm", "cowsay").status == 0
    assert account.contents() == NOTHING


BY_ITS_OWNER = "User: ann is not authorized to perform: s3:GetBucketNotification on resource: pictures"
"""What S3 says of a bucket of the caller's account; of others it says less."""


def deny_notification(way: Way, message: str) -> None:
    def before(request: Request) -> Answer | None:
        if request.method != "GET" or "?notification" not in request.path:
            return None
        error = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        return Answer(403, error.encode(), (("Content-Type", "application/xml"),))

    way.before = before


def test_a_function_whose_bucket_is_somebody_elses_by_now(scar: Scar, account: Account, way: Way) -> None:
    scar("init", "-n", "cowsay", "-es", "pictures", COWSAY)
    deny_notification(way, "Access Denied")
    ran = scar("rm", "cowsay")
    assert ran.status == 0, ran.stderr
    assert "leave bucket pictures as it is: it belongs to somebody else by now" in ran.stderr
    assert account.contents() == {**NOTHING, "buckets": ["pictures"]}


def test_a_notification_that_we_may_not_read_stops_it(scar: Scar, account: Account, way: Way) -> None:
    scar("init", "-n", "cowsay", "-es", "pictures", COWSAY)
    deny_notification(way, BY_ITS_OWNER)
    ran = scar("rm", "cowsay")
    assert ran.status == 1
    assert "lack the permission s3:GetBucketNotification" in ran.stderr
    assert account.contents()["functions"] == ["cowsay"]


def test_refuses_what_scar_did_not_make(scar: Scar, account: Account) -> None:
    account.make_anothers("theirs")
    account.logs.create_log_group(logGroupName="/aws/lambda/theirs")
    account.logs.create_log_group(logGroupName="/aws/lambda/gone")
    before = account.contents()
    ran = scar("rm", "theirs")
    assert (ran.status, ran.stdout) == (1, b"")
    assert "function theirs was not made by SCAR (it lacks the tag createdby=scar)" in ran.stderr
    assert scar("rm", "gone").out == "Nothing to remove: gone\n"
    assert account.contents() == before


def test_all_are_scars_only(scar: Scar, account: Account) -> None:
    account.make_anothers("theirs")
    for name in ("a", "b"):
        scar("init", "-n", name, COWSAY)
    ran = scar("rm", "-a", "--yes")
    assert (ran.status, ran.out) == (0, "Removed: a\nRemoved: b\n")
    assert account.contents() == {**NOTHING, "functions": ["theirs"]}
    assert scar("rm", "-a", "--yes").out == "No functions to remove\n"


def test_all_are_those_of_this_user(scar: Scar, account: Account) -> None:
    for name in ("mine", "anns"):
        scar("init", "-n", name, COWSAY)
    arn = account.functions.get_function(FunctionName="anns")["Configuration"]["FunctionArn"]
    account.functions.tag_resource(Resource=arn, Tags={"owner": "ann"})
    assert scar("rm", "-a", "--yes").out == "Removed: mine\n"
    assert [one["name"] for one in scar("ls", "--json").json] == ["anns"]
    assert scar("rm", "-n", "anns").status == 0


def test_all_needs_somebody_to_ask(scar: Scar, account: Account) -> None:
    scar("init", "-n", "a", COWSAY)
    ran = scar("rm", "-a")
    assert ran.status == 2
    assert "--yes" in ran.stderr
    assert account.contents()["functions"] == ["a"]


@pytest.mark.parametrize(
    ("answer", "status", "left"),
    [(b"y\n", 0, []), (b"n\n", 1, ["a"]), (b"\n", 1, ["a"]), (b"\x04", 130, ["a"])],
)
def test_all_asks(scar: Scar, account: Account, answer: bytes, status: int, left: list[str]) -> None:
    scar("init", "-n", "a", COWSAY)
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "wb", buffering=0) as keyboard:
        keyboard.write(answer)
        program = [sys.executable, "-m", "scar.cli", "rm", "-a"]
        ran = subprocess.run(program, stdin=end, capture_output=True, text=True, check=False)
        os.close(end)
    assert (ran.returncode, account.contents()["functions"]) == (status, left)
    assert ran.stderr.startswith("a\nRemove all of these?")
    assert "Traceback" not in ran.stderr


def test_all_goes_on_past_one_that_may_not_be_looked_at(scar: Scar, account: Account, way: Way) -> None:
    for name in ("a", "b"):
        assert scar("init", "-n", name, COWSAY).status == 0

    def deny(request: Request) -> Answer | None:
        if not request.path.endswith("/functions/a"):
            return None
        return Answer.error(403, "AccessDeniedException", "not authorized to perform: lambda:GetFunction")

    way.before = deny
    ran = scar("rm", "-a", "--yes")
    assert (ran.status, ran.out.splitlines()[1]) == (1, "Removed: b")
    assert "the permission lambda:GetFunction" in ran.stderr
    assert account.contents()["functions"] == ["a"]


def test_all_goes_on_past_a_failure(scar: Scar, account: Account) -> None:
    """The first one looks like SCAR's, but lacks the tag."""
    environment = {"Variables": {contract.ENV_IMAGE: "x"}}
    account.make_anothers("a", Handler=contract.HANDLER, Environment=environment)
    scar("init", "-n", "b", COWSAY)
    ran = scar("rm", "-a", "--yes")
    assert ran.status == 1
    assert ran.out.splitlines()[0].startswith("Not removed: a: ")
    assert ran.out.splitlines()[1] == "Removed: b"
    assert "not removed: a" in ran.stderr
    assert "hint: scar ls shows" in ran.stderr
    assert account.contents()["functions"] == ["a"]
    scar("init", "-n", "c", COWSAY)
    ran = scar("rm", "-a", "--yes", "--json")
    assert ran.status == 1
    assert [(one["name"], one["error"] is None, bool(one["removed"])) for one in ran.json] == [
        ("a", False, False),
        ("c", True, True),
    ]
