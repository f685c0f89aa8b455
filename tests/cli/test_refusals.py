"""What AWS refuses, whatever the command: told in a line, with what helps, and nothing done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scar.aws import session
from tests.cli import aws_server
from tests.cli.aws_server import Reply, Request
from tests.cli.support import Scar


@dataclass
class Service:
    """Gives the replies in turn, the last of them for ever."""

    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def respond(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.fixture
def service(home: Path, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    state = Service()
    with aws_server.serving(state.respond) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield state


COMMANDS = [["ls"], ["log", "cow"], ["rm", "cow"], ["run", "cow"], ["rm", "-a", "--yes"]]


@pytest.mark.parametrize("argv", COMMANDS)
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("UnrecognizedClientException", "The security token included in the request is invalid."),
        ("InvalidSignatureException", "The request signature we calculated does not match"),
    ],
)
def test_credentials_that_are_no_good(
    scar: Scar, service: Service, argv: list[str], code: str, message: str
) -> None:
    service.replies = [Reply.error(code, message, 403)]
    ran = scar(*argv)
    error, hint = ran.stderr.splitlines()
    assert (ran.status, ran.stdout) == (125 if argv[0] == "run" else 1, b"")
    assert error.startswith("scar: error: cannot ")
    assert message in error
    assert hint.startswith("hint: check the credentials")


@pytest.mark.parametrize("argv", COMMANDS)
def test_no_credentials(
    scar: Scar, service: Service, argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ran = scar("--json", *argv)
    error = json.loads(ran.stderr)["error"]
    assert (ran.status, ran.stdout) == (125 if argv[0] == "run" else 1, b"")
    assert error["type"] == "BadCredentials"
    assert "Unable to locate credentials" in error["message"]
    assert service.requests == []


@pytest.mark.parametrize("argv", COMMANDS)
def test_a_permission_that_is_missing_is_named(scar: Scar, service: Service, argv: list[str]) -> None:
    """The sentence is AWS's; each service puts its own action into it."""
    sentence = (
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: lambda:Moo on resource: x"
    )
    service.replies = [Reply.error("AccessDeniedException", sentence, 403)]
    ran = scar("--json", *argv)
    error = json.loads(ran.stderr)["error"]
    assert error["type"] == "AccessDenied"
    assert error["hint"].startswith("these credentials lack the permission lambda:Moo: scar doctor ")
    assert "scar role policy" in error["hint"]
    assert len(service.requests) == 1


def test_a_refusal_without_a_word(scar: Scar, service: Service) -> None:
    """As of S3, which says no more to some."""
    service.replies = [Reply.error("AccessDenied", "Access Denied", 403)]
    ran = scar("ls")
    assert "hint: these credentials lack a permission for ListFunctions: scar doctor " in ran.stderr


def test_throttling_is_waited_out(scar: Scar, service: Service) -> None:
    throttled = Reply.error("TooManyRequestsException", "Rate exceeded", 429)
    service.replies = [throttled, throttled, Reply.of({"Functions": []})]
    assert scar("ls", "--json").json == []
    assert len(service.requests) == 3


@pytest.mark.parametrize(
    "throttled",
    [
        Reply.error("TooManyRequestsException", "Rate exceeded", 429),
        Reply.error("ThrottlingException", "Rate exceeded", 400),
    ],
)
def test_throttling_without_end_is_an_error(
    scar: Scar, service: Service, monkeypatch: pytest.MonkeyPatch, throttled: Reply
) -> None:
    monkeypatch.setattr(session, "ATTEMPTS", 2)
    service.replies = [throttled]
    ran = scar("ls")
    error, hint = ran.stderr.splitlines()
    assert (ran.status, ran.stdout, len(service.requests)) == (1, b"", 2)
    assert error.startswith("scar: error: cannot list the functions: Rate exceeded")
    assert hint == "hint: wait a little and try again"


def test_an_answer_that_is_not_amazons(scar: Scar, service: Service) -> None:
    """As from the page of a network that wants a login."""
    service.replies = [Reply(b"<html><br>Welcome</html>", 200)]
    ran = scar("role", "create")
    assert (ran.status, ran.stdout) == (1, b"")
    assert "cannot ask AWS whose these credentials are: the answer is not one of AWS's" in ran.stderr


def test_nobody_answers(scar: Scar, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    ran = scar("ls")
    assert ran.status == 1
    assert "hint: check the network and the region (--region)" in ran.stderr


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_that_is_none(
    scar: Scar, service: Service, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "nowhere")
    ran = scar("ls")
    assert (ran.status, service.requests) == (2, [])
    assert f"{variable}: not the name of an AWS region: 'nowhere'" in ran.stderr
