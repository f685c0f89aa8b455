"""Mistakes that `scar init` and `scar update` find: each is told, and nothing is created."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scar.aws import session
from tests.cli.faults import Answer, Request, Way, error_of
from tests.cli.support import NOTHING, ROLE, TRUST, Account, Scar

COWSAY = "grycap/cowsay"
INIT = ("init", "-n", "cow", "-es", "pictures", COWSAY)
READING = ("GET", "HEAD")


def changes(way: Way) -> list[Request]:
    """The requests that could have changed something. (Queries of IAM and STS are POST too.)"""
    return [one for one in way.requests if one.method not in READING and b"Action=Get" not in one.body]


# Credentials.


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredToken", "The security token included in the request is expired"),
        ("InvalidClientTokenId", "The security token included in the request is invalid."),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match"),
    ],
)
def test_credentials_that_are_no_good(
    scar: Scar, account: Account, way: Way, code: str, message: str
) -> None:
    """As STS, which is asked first, says it: in XML."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    way.before = lambda request: Answer(403, body.encode(), (("Content-Type", "text/xml"),))
    ran = scar("--json", *INIT)
    error = json.loads(ran.stderr)["error"]
    assert (ran.status, error["type"]) == (1, "BadCredentials")
    assert message in error["message"]
    assert changes(way) == []
    assert account.contents() == NOTHING


# Roles.


def test_a_role_of_another_account(scar: Scar, account: Account, way: Way) -> None:
    theirs = ROLE.replace("123456789012", "210987654321")
    ran = scar(*INIT, "-lr", theirs)
    assert ran.status == 1
    assert "is of account 210987654321, the credentials are of account 123456789012" in ran.stderr
    assert changes(way) == []
    assert account.contents() == NOTHING


def test_a_role_that_does_not_exist(scar: Scar, account: Account, way: Way) -> None:
    for missing in (f"{ROLE}2", ROLE.replace("role/", "role/path/")):
        ran = scar(*INIT, "-lr", missing)
        assert ran.status == 1
        assert f"there is no role {missing}" in ran.stderr
    assert changes(way) == []
    assert account.contents() == NOTHING


def test_a_role_that_lambda_may_not_assume(scar: Scar, account: Account, way: Way) -> None:
    trust = json.dumps(TRUST).replace("lambda.amazonaws.com", "ec2.amazonaws.com")
    account.iam.create_role(RoleName="ec2", AssumeRolePolicyDocument=trust)
    ran = scar(*INIT, "-lr", ROLE.replace("/scar", "/ec2"))
    assert ran.status == 1
    assert "Lambda may not assume role arn:aws:iam::123456789012:role/ec2" in ran.stderr
    assert changes(way) == []
    assert account.contents() == NOTHING


def test_who_may_not_read_roles_can_make_functions(scar: Scar, account: Account, way: Way) -> None:
    def before(request: Request) -> Answer | None:
        if b"Action=GetRole" not in request.body:
            return None
        body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        return Answer(403, body.encode(), (("Content-Type", "text/xml"),))

    way.before = before
    ran = scar(*INIT)
    assert ran.status == 0, ran.stderr


# What is somebody else's.


def test_a_name_of_another_owners_function(scar: Scar, account: Account) -> None:
    account.make_anothers("cow", Tags={"createdby": "scar", "owner": "somebody-else"})
    before = account.contents()
    ran = scar(*INIT)
    assert ran.status == 1
    assert "function cow exists already, and is of somebody-else" in ran.stderr
    assert "scar rm" not in ran.stderr
    assert account.contents() == before


def test_a_name_of_a_function_that_is_not_scars(scar: Scar, account: Account) -> None:
    account.make_anothers("cow")
    before = account.contents()
    ran = scar(*INIT)
    assert ran.status == 1
    assert "function cow exists already, and was not made by SCAR" in ran.stderr
    assert "scar rm" not in ran.stderr
    assert account.contents() == before


def test_a_bucket_that_is_somebody_elses(scar: Scar, account: Account, way: Way) -> None:
    def before(request: Request) -> Answer | None:
        return Answer(403) if (request.method, request.path) == ("HEAD", "/pictures") else None

    way.before = before
    ran = scar(*INIT)
    assert ran.status == 1
    assert "bucket pictures belongs to somebody else, or its policy locks you out" in ran.stderr
    assert account.contents() == NOTHING


# Throttling.


def throttle(way: Way, times: int) -> None:
    def before(request: Request) -> Answer | None:
        asked = [one for one in way.requests if one.method == "POST" and one.path.endswith("/functions")]
        if asked and request is asked[-1] and len(asked) <= times:
            return Answer.error(429, "TooManyRequestsException", "Rate exceeded")
        return None

    way.before = before


def test_throttling_is_waited_out(scar: Scar, account: Account, way: Way) -> None:
    throttle(way, 2)
    ran = scar(*INIT)
    assert ran.status == 0, ran.stderr
    assert account.configuration("cow")["State"] == "Active"


def test_throttling_without_end_is_an_error(
    scar: Scar, account: Account, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ATTEMPTS", 2)
    throttle(way, 100)
    ran = scar(*INIT)
    assert ran.status == 1
    assert error_of(ran.stderr).startswith("cannot create function cow: Rate exceeded")
    assert "undone: log group /aws/lambda/cow" in ran.stderr
    assert account.contents() == NOTHING


# A permission that is missing.


def test_a_permission_that_is_missing_is_named(scar: Scar, account: Account, way: Way) -> None:
    sentence = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: lambda:AddPermission"

    def before(request: Request) -> Answer | None:
        if request.method == "POST" and request.path.endswith("/policy"):
            return Answer.error(403, "AccessDeniedException", sentence)
        return None

    way.before = before
    ran = scar(*INIT)
    assert ran.status == 1
    assert "lambda:AddPermission" in error_of(ran.stderr)
    assert account.contents() == NOTHING


# The configuration file.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"lambda_memory = lots\n", "key lambda_memory: not a whole number: 'lots'"),
        (b"lambda_memory = 64\n", "key lambda_memory: 64 is not between 128 and 10,240 MB"),
        (b"lambda_region =\n", "key lambda_region: the value is empty"),
        (b"lambda_role = me\n", "key lambda_role: not the ARN of a role"),
        (b"lambda_memori = 128\n", "unknown key lambda_memori"),
        (b"[aws]\nlambda_memory = 128\n", "unknown section [aws]"),
        (b"lambda_time = 20\nlambda_time = 30\n", "line 2: key lambda_time again"),
        (b"[scar]\n[scar]\n", "line 2: section [scar] again"),
        (b"lambda_time\n", "line 1: not of the form KEY = VALUE"),
        (b"lambda_description = \xff\n", "not a text in UTF-8"),
        (b"lambda_time = 10\n", "the time-out threshold (10 s) must be smaller"),
    ],
)
@pytest.mark.parametrize("argv", [INIT, ("update", "-m", "512", "cow")])
def test_a_broken_configuration_file(  # noqa: PLR0917 - fixtures and parameters
    scar: Scar, account: Account, way: Way, home: Path, argv: tuple[str, ...], content: bytes, said: str
) -> None:
    (home / "scar.cfg").write_bytes(content)
    ran = scar(*argv)
    assert ran.status == 2
    assert error_of(ran.stderr).startswith(str(home / "scar.cfg"))
    assert said in ran.stderr
    assert way.requests == []
    assert account.contents() == NOTHING
