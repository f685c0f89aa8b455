"""`scar doctor`: each thing that can be wrong is found, with its remedy, and nothing secret is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from scar.aws.iam import Role
from scar.ops import policy
from scar.ops.permissions import example
from scar.ops.policy import Scope
from scar.ops.trust import trusts_lambda
from tests.cli import aws_server
from tests.cli.aws_server import Reply, Request
from tests.cli.support import ROLE, TRUST, Account, Ran, Scar

USER = "arn:aws:iam::123456789012:user/ann"
TRUSTED = policy.trust()["Statement"][0]


def found(ran: Ran) -> dict[str, str]:
    """Subjects and statuses."""
    return {one["subject"]: one["status"] for one in ran.json["findings"]}


def of(ran: Ran, subject: str) -> dict[str, str]:
    (finding,) = [one for one in ran.json["findings"] if one["subject"] == subject]
    return dict(finding)


# Against moto, which cannot simulate policies.


def test_all_is_well(scar: Scar, account: Account) -> None:
    ran = scar("doctor", "--json")
    assert found(ran) == {
        "configuration": "ok",
        "kit": "ok",
        "registry": "ok",
        "the local cloud": "ok",
        "sandbox": "ok",
        "region": "ok",
        "credentials": "ok",
        "role": "ok",
        "role's permissions": "warning",
        "permissions": "warning",
    }
    assert (ran.status, ran.json["healthy"]) == (0, True)
    assert "nobody could be asked" in of(ran, "permissions")["message"]
    assert "scar role policy deployer" in of(ran, "permissions")["remedy"]


def test_plain(scar: Scar, account: Account, home: Path) -> None:
    (home / "scar.cfg").write_text("")
    ran = scar("doctor")
    lines = ran.out.splitlines()
    assert ran.status == 1
    assert f"ok       configuration: {home / 'scar.cfg'}" in lines
    place = lines.index("failure  role: there is none for functions")
    assert lines[place + 1] == "         help: scar role create"


def test_nothing_secret_is_said(scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAABCDEFGHIJKLMNOP")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2hunter2")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "sesame-open-sesame")
    for argv in (["doctor"], ["doctor", "-v"]):
        ran = scar(*argv)
        said = ran.out + ran.stderr
        assert "credentials" in said
        assert not [one for one in ("AKIA", "hunter2", "sesame") if one in said]


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("arn:aws:iam::123456789012:role/none", "there is no role arn:aws:iam::123456789012:role/none"),
        ("arn:aws:iam::123456789012:role/path/scar", "there is no role"),
        ("arn:aws:iam::210987654321:role/scar", "is of another account than the credentials (123456789012)"),
    ],
)
def test_a_role_that_cannot_be_used(
    scar: Scar, account: Account, home: Path, role: str, message: str
) -> None:
    (home / "scar.cfg").write_text(f"lambda_role = {role}\n")
    ran = scar("doctor", "--json")
    assert (ran.status, of(ran, "role")["status"]) == (1, "failure")
    assert message in of(ran, "role")["message"]
    assert "scar role create" in of(ran, "role")["remedy"]
    assert "role's permissions" not in found(ran)


def test_a_role_that_lambda_may_not_assume(scar: Scar, account: Account) -> None:
    account.iam.update_assume_role_policy(
        RoleName="scar", PolicyDocument=json.dumps(TRUST).replace("lambda", "ec2")
    )
    assert of(scar("doctor", "--json"), "role")["message"] == f"Lambda may not assume {ROLE}"


def test_a_broken_configuration_does_not_stop_the_rest(scar: Scar, account: Account, home: Path) -> None:
    (home / "scar.cfg").write_text("lambda_memory = much\n")
    ran = scar("doctor", "--json")
    assert ran.status == 1
    assert "key lambda_memory: not a whole number" in of(ran, "configuration")["message"]
    assert found(ran)["credentials"] == "ok"


def test_what_is_missing_on_the_machine(
    scar: Scar, account: Account, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAR_KIT", str(home / "none"))
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", account.url)
    ran = scar("doctor", "--json")
    assert ran.status == 1
    assert of(ran, "kit")["status"] == "failure"
    assert of(ran, "kit")["remedy"].startswith("make kit, ")
    assert (of(ran, "sandbox")["status"]) == "warning"
    assert of(ran, "registry")["message"].endswith(": no registry")


def test_a_registry_that_does_not_answer(
    scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", "http://127.0.0.1:1")
    ran = scar("doctor", "--json")
    assert (ran.status, of(ran, "registry")["status"]) == (1, "failure")
    assert "the connection was refused" in of(ran, "registry")["message"]


def test_a_mirror_that_aws_cannot_reach(
    scar: Scar, account: Account, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://aws.invalid")
    ran = scar("doctor", "--json")
    assert (ran.status, of(ran, "registry")["status"]) == (1, "ok")
    assert of(ran, "registry mirror")["status"] == "failure"
    assert of(ran, "registry mirror")["message"].startswith(f"the registry mirror {hub} is on this machine")


def test_no_credentials(scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ran = scar("doctor", "--json")
    assert (ran.status, of(ran, "credentials")["status"]) == (1, "failure")
    assert "Unable to locate credentials" in of(ran, "credentials")["message"]
    assert list(found(ran))[-1] == "credentials"


def test_a_bad_region(scar: Scar, account: Account) -> None:
    ran = scar("doctor", "--json", "--region", "nowhere")
    assert (ran.status, of(ran, "region")["status"]) == (1, "failure")


def test_a_region_that_nobody_knows(scar: Scar, account: Account) -> None:
    ran = scar("doctor", "--json", "--region", "eu-west-99")
    assert (ran.status, of(ran, "region")["status"]) == (0, "warning")
    assert "eu-west-99" in of(ran, "region")["message"]


def test_a_bad_bucket_is_a_usage_error(scar: Scar, account: Account) -> None:
    assert scar("doctor", "-es", "No").status == 2


# In the local cloud.


def test_local(scar: Scar, home: Path, hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", hub)
    try:
        ran = scar("doctor", "--local", "--json")
    finally:
        scar("local", "stop")
    assert ran.status == 0, ran.stderr
    assert of(ran, "region")["message"] == "us-east-1 of the local cloud"
    assert of(ran, "role")["message"].endswith("role/scar-local, which Lambda may assume")
    assert of(ran, "permissions")["status"] == "ok"
    assert (home / "scar.cfg").read_text().count("lambda_role =\n") == 1


# Against IAM as AWS has it.


class Iam:
    """Answers for one user or session; ``denied`` are the actions that a simulation refuses."""

    def __init__(self) -> None:
        self.caller = USER
        self.denied: set[str] = set()
        self.refused: set[str] = set()
        """Operations that the caller may not use."""
        self.simulations: list[Request] = []

    def respond(self, request: Request) -> Reply:
        operation = request.parameters.get("Action", "")
        if operation in self.refused:
            message = f"User: {self.caller} is not authorized to perform: iam:{operation} on resource: x"
            return Reply.xml_error("AccessDenied", message, 403)
        if operation == "GetCallerIdentity":
            return Reply.xml(operation, f"<Arn>{self.caller}</Arn><Account>123456789012</Account>")
        if operation == "GetRole":
            name = request.parameters["RoleName"]
            arn = ROLE if name == "scar" else f"arn:aws:iam::123456789012:role/some/path/{name}"
            trust = quote(json.dumps(TRUST))
            role = f"<RoleName>{name}</RoleName><Arn>{arn}</Arn>"
            return Reply.xml(
                operation, f"<Role>{role}<AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role>"
            )
        assert operation == "SimulatePrincipalPolicy", request
        self.simulations.append(request)
        return Reply.xml(operation, f"<EvaluationResults>{self._results(request)}</EvaluationResults>")

    def _results(self, request: Request) -> str:
        names = [value for key, value in request.parameters.items() if key.startswith("ActionNames.member.")]
        decisions = {name: "implicitDeny" if name in self.denied else "allowed" for name in names}
        return "".join(
            f"<member><EvalActionName>{name}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>"
            for name, decision in decisions.items()
        )

    def asked(self, action: str) -> Request:
        """The one simulation with this action."""
        (request,) = [one for one in self.simulations if action in one.parameters.values()]
        return request


@pytest.fixture
def iam(home: Path, hub: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Iam]:
    state = Iam()
    (home / "scar.cfg").write_text(f"lambda_role = {ROLE}\n")
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", hub)
    with aws_server.serving(state.respond) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield state


def test_permissions_that_suffice(scar: Scar, iam: Iam) -> None:
    ran = scar("doctor", "--json")
    assert ran.status == 0
    assert set(found(ran).values()) == {"ok"}
    assert {one.parameters["PolicySourceArn"] for one in iam.simulations} == {USER, ROLE}
    pass_role = iam.asked("iam:PassRole").parameters
    assert pass_role["ContextEntries.member.1.ContextKeyName"] == "iam:PassedToService"
    assert pass_role["ContextEntries.member.1.ContextKeyValues.member.1"] == "lambda.amazonaws.com"
    assert pass_role["ResourceArns.member.1"] == ROLE
    create = iam.asked("lambda:CreateFunction").parameters
    assert create["ResourceArns.member.1"] == "arn:aws:lambda:us-east-1:123456789012:function:scar-doctor"
    assert not [one for one in iam.simulations if "s3:GetObject" in one.parameters.values()]


def test_all_that_is_missing_is_said_at_once(scar: Scar, iam: Iam) -> None:
    iam.denied = {"lambda:CreateFunction", "logs:FilterLogEvents", "iam:PassRole", "iam:CreateRole"}
    ran = scar("doctor", "--json")
    assert (ran.status, of(ran, "permissions")["status"]) == (1, "failure")
    assert of(ran, "permissions")["message"] == (
        "these are missing: lambda:CreateFunction, iam:PassRole, logs:FilterLogEvents, iam:CreateRole"
    )
    assert found(ran)["role's permissions"] == "ok"


def test_what_only_role_create_needs_is_a_warning(scar: Scar, iam: Iam) -> None:
    iam.denied = {"iam:CreateRole"}
    ran = scar("doctor", "--json")
    assert (ran.status, of(ran, "permissions")["status"]) == (0, "warning")


def test_buckets_are_asked_for_if_they_are_named(scar: Scar, iam: Iam) -> None:
    iam.denied = {"s3:PutObject"}
    assert scar("doctor").status == 0
    ran = scar("doctor", "--json", "-es", "pictures")
    assert ran.status == 1
    assert of(ran, "permissions")["message"] == "these are missing: s3:PutObject"
    assert of(ran, "role's permissions")["message"] == "functions would lack s3:PutObject"


def test_functions_of_some_names_may_be_all_that_is_allowed(scar: Scar, iam: Iam) -> None:
    scar("doctor", "--function", "cow-*")
    create = iam.asked("lambda:CreateFunction").parameters
    assert create["ResourceArns.member.1"].endswith(":function:cow-scar-doctor")
    assert scar("doctor", "--function", "a b").status == 2


def test_a_session_is_asked_for_by_its_role(scar: Scar, iam: Iam) -> None:
    iam.caller = "arn:aws:sts::123456789012:assumed-role/dev/ann"
    scar("doctor")
    asked = {one.parameters["PolicySourceArn"] for one in iam.simulations}
    assert asked == {"arn:aws:iam::123456789012:role/some/path/dev", ROLE}


def test_the_deployers_policy_lets_a_session_be_asked_for() -> None:
    (examine,) = [one for one in policy.deployer(Scope())["Statement"] if one["Sid"] == policy.EXAMINE]
    assert "iam:GetRole" in examine["Action"]
    assert examine["Resource"] == ["*"]


def test_the_accounts_own_credentials(scar: Scar, iam: Iam) -> None:
    iam.caller = "arn:aws:iam::123456789012:root"
    ran = scar("doctor", "--json")
    assert (ran.status, of(ran, "permissions")["status"]) == (0, "warning")
    assert "the account's own" in of(ran, "permissions")["message"]


def test_nobody_may_ask(scar: Scar, iam: Iam) -> None:
    iam.refused = {"SimulatePrincipalPolicy", "GetRole"}
    ran = scar("doctor", "--json")
    assert ran.status == 0
    assert {of(ran, "role")["status"], of(ran, "permissions")["status"]} == {"warning"}
    assert "nobody could be asked" in of(ran, "permissions")["message"]
    assert "iam:SimulatePrincipalPolicy" in of(ran, "permissions")["message"]


# What needs no account.


@pytest.mark.parametrize(
    ("statements", "trusted"),
    [
        (policy.trust()["Statement"], True),
        ([{**TRUSTED, "Action": "sts:TagSession"}, TRUSTED], True),
        ({**TRUSTED, "Principal": {"Service": ["x", policy.SERVICE]}, "Action": "sts:*"}, True),
        ([{**TRUSTED, "Effect": "Deny"}], False),
        ([{**TRUSTED, "Action": "sts:TagSession"}], False),
        ([{**TRUSTED, "Principal": "*"}], False),
        ([{**TRUSTED, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}], False),
        ([], False),
    ],
)
def test_trust(statements: object, trusted: bool) -> None:
    assert trusts_lambda(Role("scar", ROLE, {"Statement": statements})) is trusted


@pytest.mark.parametrize(
    ("resource", "one"),
    [
        ("*", "*"),
        ("arn:aws:lambda:*:1:function:*", "arn:aws:lambda:eu-west-1:1:function:scar-doctor"),
        ("arn:aws:s3:::pictures/input/*", "arn:aws:s3:::pictures/input/scar-doctor"),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::1:role/scar-doctor"),
        ("arn:aws:logs:*:1:log-group:cow:*", "arn:aws:logs:eu-west-1:1:log-group:cow:scar-doctor"),
    ],
)
def test_an_example_of_a_resource(resource: str, one: str) -> None:
    assert example(resource, "eu-west-1") == one
