"""What can go wrong between SCAR and AWS: nothing is left half-made, and nobody's change is overwritten."""

from __future__ import annotations

import json

import pytest

from scar.deploy import package, steps
from tests.cli.faults import Answer, Request, Way, error_of
from tests.cli.support import NOTHING, ROLE, Account, Scar

COWSAY = "grycap/cowsay"
INIT = ("init", "-n", "cow", COWSAY)
FUNCTIONS = "/2015-03-31/functions"


def creates(request: Request) -> bool:
    return (request.method, request.path.rstrip("/")) == ("POST", FUNCTIONS)


# A role that is new.


def refuse_role(times: int, way: Way) -> None:
    def before(request: Request) -> Answer | None:
        if creates(request) and len([one for one in way.requests if creates(one)]) <= times:
            return Answer.error(
                400,
                "InvalidParameterValueException",
                "The role defined for the function cannot be assumed by Lambda.",
            )
        return None

    way.before = before


def test_a_role_that_lambda_does_not_know_yet_is_waited_for(
    scar: Scar, account: Account, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "ROLE_PAUSES", (0, 0, 0))
    refuse_role(2, way)
    ran = scar(*INIT)
    assert ran.status == 0, ran.stderr
    assert account.configuration("cow")["Role"] == ROLE


def test_but_not_for_ever(scar: Scar, account: Account, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "ROLE_PAUSES", (0, 0))
    refuse_role(100, way)
    ran = scar(*INIT)
    assert ran.status == 1
    assert error_of(ran.stderr).startswith("cannot create function cow: The role defined")
    assert "lambda-trust-policy.json" in ran.stderr
    assert "undone: log group /aws/lambda/cow" in ran.stderr
    assert len([one for one in way.requests if creates(one)]) == 3
    assert account.contents() == NOTHING
    way.before = lambda request: None
    assert scar(*INIT).status == 0  # the same command, once nothing is in its way


def test_the_pauses_are_bounded() -> None:
    assert 10 <= sum(steps.ROLE_PAUSES) <= 60


# An answer that is lost: botocore asks again, and finds what it made itself.


def lose_first_answer(way: Way, method: str, part: str) -> None:
    def after(request: Request, answer: Answer) -> Answer | None:
        lost = request.method == method and part in request.path and len(way.named(method, part)) == 1
        return None if lost else answer

    way.after = after


def test_a_function_whose_creation_was_not_confirmed_is_ours(scar: Scar, account: Account, way: Way) -> None:
    lose_first_answer(way, "POST", FUNCTIONS)
    ran = scar(*INIT)
    assert ran.status == 0, ran.stderr
    assert len([one for one in way.requests if creates(one)]) == 2
    assert account.configuration("cow")["State"] == "Active"


@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("POST", "/policy"),
        ("PUT", "/pictures"),
        ("PUT", "?notification"),
    ],
)
def test_nor_is_what_else_was_not_confirmed(
    scar: Scar, account: Account, way: Way, method: str, part: str
) -> None:
    lose_first_answer(way, method, part)
    ran = scar(*INIT, "-es", "pictures")
    assert ran.status == 0, ran.stderr
    assert len(way.named(method, part)) >= 2
    assert len(account.notification("pictures")["LambdaFunctionConfigurations"]) == 1


def calls(request: Request, target: str) -> bool:
    """Whether the request is this operation of a service that names it in a header or in the body."""
    return request.headers.get("x-amz-target", "").endswith(f".{target}") or (
        f"Action={target}&" in request.body.decode(errors="replace") + "&"
    )


@pytest.mark.parametrize(
    ("operation", "command"),
    [("CreateLogGroup", INIT), ("CreateRole", ("role", "create"))],
)
def test_a_group_or_role_whose_creation_was_not_confirmed_is_ours(
    scar: Scar, account: Account, way: Way, operation: str, command: tuple[str, ...]
) -> None:
    def after(request: Request, answer: Answer) -> Answer | None:
        tries = [one for one in way.requests if calls(one, operation)]
        return None if tries == [request] else answer

    way.after = after
    ran = scar(*command)
    assert ran.status == 0, ran.stderr
    assert len([one for one in way.requests if calls(one, operation)]) == 2


def test_a_log_group_that_somebody_else_made_meanwhile_is_not(scar: Scar, account: Account, way: Way) -> None:
    def before(request: Request) -> Answer | None:
        if calls(request, "CreateLogGroup"):
            account.logs.create_log_group(logGroupName="/aws/lambda/cow")
        return None

    way.before = before
    ran = scar(*INIT)
    assert (ran.status, "undone" in ran.stderr) == (1, False)
    assert account.contents()["log groups"] == ["/aws/lambda/cow"]


def test_a_function_that_somebody_else_made_meanwhile_is_not(scar: Scar, account: Account, way: Way) -> None:
    def before(request: Request) -> Answer | None:
        if creates(request):
            account.make_anothers("cow")
        return None

    way.before = before
    ran = scar(*INIT)
    assert ran.status == 1
    assert error_of(ran.stderr).endswith("undone: log group /aws/lambda/cow")
    assert account.configuration("cow")["Handler"] == "theirs.handler"


def test_tags_that_may_not_be_read_are_not_taken_for_none(scar: Scar, account: Account, way: Way) -> None:
    """Lambda answers GetFunction, but leaves them out, where lambda:ListTags is not allowed."""
    assert scar(*INIT).status == 0

    def after(request: Request, answer: Answer) -> Answer:
        if (request.method, request.path) != ("GET", f"{FUNCTIONS}/cow"):
            return answer
        document = json.loads(answer.body)
        del document["Tags"]
        document["TagsError"] = {"ErrorCode": "AccessDeniedException", "Message": "not allowed"}
        return Answer(answer.status, json.dumps(document).encode(), answer.headers)

    way.after = after
    for command in ("rm", "update"):
        ran = scar(command, "cow")
        assert (ran.status, error_of(ran.stderr)) == (1, "cannot read the tags of function cow: not allowed")
        assert "lack the permission lambda:ListTags" in ran.stderr
    assert account.contents()["functions"] == ["cow"]


# Changes. Lambda's revisions are not moto's to give: the way gives them.


REVISION = "11111111-1111-4111-8111-111111111111"


def with_revision(request: Request, answer: Answer) -> Answer:
    if request.path.endswith("/configuration") and request.method == "GET" and answer.status == 200:
        document = {**json.loads(answer.body), "RevisionId": REVISION}
        return Answer(answer.status, json.dumps(document).encode(), answer.headers)
    return answer


def sent(requests: list[Request]) -> list[dict[str, object]]:
    return [json.loads(request.body) for request in requests]


def test_only_what_differs_is_sent_and_the_revision_with_it(scar: Scar, account: Account, way: Way) -> None:
    assert scar(*INIT).status == 0
    way.after = with_revision
    assert scar("update", "-m", "512", "-t", "300", "cow").status == 0
    assert sent(way.named("PUT", "/configuration")) == [{"MemorySize": 512, "RevisionId": REVISION}]
    assert way.named("PUT", "/code") == []


def test_a_new_package_alone_is_sent_alone(scar: Scar, account: Account, way: Way) -> None:
    assert scar(*INIT).status == 0
    account.functions.update_function_code(FunctionName="cow", ZipFile=package.archive({"old": b"x"}))
    way.after = with_revision
    assert scar("update", "cow").status == 0
    (change,) = sent(way.named("PUT", "/code"))
    assert change.keys() == {"ZipFile", "RevisionId"}
    assert change["RevisionId"] == REVISION
    assert way.named("PUT", "/configuration") == []


def test_anothers_change_in_the_meantime_is_not_overwritten(scar: Scar, account: Account, way: Way) -> None:
    assert scar(*INIT).status == 0

    def before(request: Request) -> Answer | None:
        if (request.method, request.path) == ("GET", f"{FUNCTIONS}/cow/configuration"):
            account.functions.update_function_configuration(FunctionName="cow", Description="theirs")
        return None

    way.before = before
    ran = scar("update", "-m", "512", "cow")
    assert ran.status == 1
    assert error_of(ran.stderr).startswith("function cow was changed by somebody else in the meantime")
    configuration = account.configuration("cow")
    assert (configuration["MemorySize"], configuration["Description"]) == (128, "theirs")


def test_anothers_change_at_the_last_moment_is_not_either(scar: Scar, account: Account, way: Way) -> None:
    assert scar(*INIT).status == 0

    def before(request: Request) -> Answer | None:
        if request.method == "PUT" and request.path.endswith("/configuration"):
            return Answer.error(412, "PreconditionFailedException", "The RevisionId provided does not match")
        return None

    way.before = before
    ran = scar("update", "--json", "-m", "512", "cow")
    assert ran.status == 1
    assert json.loads(ran.stderr)["error"]["type"] == "Conflict"
    assert account.configuration("cow")["MemorySize"] == 128


def test_a_change_that_was_not_confirmed_is_ours(scar: Scar, account: Account, way: Way) -> None:
    assert scar(*INIT).status == 0

    def after(request: Request, answer: Answer) -> Answer | None:
        if request.method == "PUT" and request.path.endswith("/configuration"):
            if len(way.named("PUT", "/configuration")) == 1:
                return None
            return Answer.error(412, "PreconditionFailedException", "The RevisionId provided does not match")
        return with_revision(request, answer)

    way.after = after
    ran = scar("update", "-m", "512", "cow")
    assert ran.status == 0, ran.stderr
    assert account.configuration("cow")["MemorySize"] == 512


def test_a_package_that_is_refused_takes_the_settings_back(scar: Scar, account: Account, way: Way) -> None:
    assert scar(*INIT).status == 0
    account.functions.update_function_code(FunctionName="cow", ZipFile=package.archive({"old": b"x"}))
    before = account.configuration("cow")

    def refuse(request: Request) -> Answer | None:
        if request.path.endswith("/code"):
            return Answer.error(400, "CodeStorageExceededException", "Code storage limit exceeded")
        return None

    way.before = refuse
    ran = scar("update", "-m", "512", "-e", "A=1", "cow")
    assert ran.status == 1
    assert error_of(ran.stderr).endswith("Code storage limit exceeded; undone: change of function cow")
    after = account.configuration("cow")
    for kept in ("MemorySize", "Environment", "CodeSha256"):
        assert after[kept] == before[kept]


def test_a_change_that_lambda_does_not_bring_about_is_taken_back(
    scar: Scar, account: Account, way: Way
) -> None:
    assert scar(*INIT).status == 0

    def fail(request: Request, answer: Answer) -> Answer:
        if request.method == "GET" and len(way.named("PUT", "/configuration")) == 1:
            document = json.loads(answer.body)
            configuration = document.get("Configuration", document)
            configuration |= {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no network"}
            return Answer(answer.status, json.dumps(document).encode(), answer.headers)
        return answer

    way.after = fail
    ran = scar("update", "-m", "512", "cow")
    assert ran.status == 1
    assert error_of(ran.stderr) == (
        "cannot wait for the change of function cow: no network; undone: change of function cow"
    )
    assert account.configuration("cow")["MemorySize"] == 128


def test_nor_is_it_anothers_when_lambda_shows_the_old_settings(
    scar: Scar, account: Account, way: Way
) -> None:
    assert scar(*INIT).status == 0
    old = account.configuration("cow")["MemorySize"]

    def give_up(request: Request, answer: Answer) -> Answer:
        if request.method == "GET" and way.named("PUT", "/configuration"):
            document = json.loads(answer.body)
            configuration = document.get("Configuration", document)
            configuration |= {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no network"}
            configuration |= {"MemorySize": old}
            return Answer(answer.status, json.dumps(document).encode(), answer.headers)
        return answer

    way.after = give_up
    ran = scar("update", "-m", "512", "cow")
    assert ran.status == 1
    assert error_of(ran.stderr) == (
        "cannot wait for the change of function cow: no network; undone: change of function cow"
    )
    assert len(way.named("PUT", "/configuration")) == 1


def test_variables_that_are_kept_from_us_are_not_taken_for_none(
    scar: Scar, account: Account, way: Way
) -> None:
    assert scar(*INIT).status == 0
    before = account.configuration("cow")["Environment"]

    def encrypt(request: Request, answer: Answer) -> Answer:
        if request.method != "GET" or b'"FunctionName"' not in answer.body:
            return answer
        document = json.loads(answer.body)
        for one in document.get("Functions", [document.get("Configuration", document)]):
            one["Environment"] = {
                "Error": {"ErrorCode": "AccessDeniedException", "Message": "no kms:Decrypt"}
            }
        return Answer(answer.status, json.dumps(document).encode(), answer.headers)

    way.after = encrypt
    ran = scar("update", "-m", "512", "cow")
    assert ran.status == 1
    assert error_of(ran.stderr) == "AWS does not show the variables of function cow: no kms:Decrypt"
    assert scar("ls", "--json").json[0]["image_id"] == "(not told)"
    assert account.configuration("cow")["Environment"] == before
    assert scar("rm", "cow").status == 0


# A permission that is new: S3 tries it before it takes a notification.


def refuse_notification(times: int, way: Way) -> None:
    def before(request: Request) -> Answer | None:
        puts = way.named("PUT", "?notification")
        if request not in puts or len(puts) > times:
            return None
        message = "Unable to validate the following destination configurations"
        error = f"<Error><Code>InvalidArgument</Code><Message>{message}</Message></Error>"
        return Answer(400, error.encode(), (("Content-Type", "application/xml"),))

    way.before = before


def test_a_permission_that_s3_does_not_know_yet_is_waited_for(
    scar: Scar, account: Account, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "PERMISSION_PAUSES", (0, 0, 0))
    refuse_notification(2, way)
    ran = scar(*INIT, "-es", "pictures")
    assert ran.status == 0, ran.stderr
    assert [one["Id"] for one in account.notification("pictures")["LambdaFunctionConfigurations"]] == [
        "scar-cow"
    ]


def test_but_not_for_ever_either(
    scar: Scar, account: Account, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "PERMISSION_PAUSES", (0,))
    refuse_notification(100, way)
    ran = scar(*INIT, "-es", "pictures")
    assert ran.status == 1
    assert "Unable to validate the following destination" in error_of(ran.stderr)
    assert len(way.named("PUT", "?notification")) == 2
    assert account.contents() == NOTHING


def test_destinations_are_tried_only_when_one_is_added(scar: Scar, account: Account, way: Way) -> None:
    """Somebody else's entry that leads nowhere must not keep ours from being taken out."""
    assert scar(*INIT, "-es", "pictures").status == 0
    assert scar("rm", "cow").status == 0
    skips = [one.headers["x-amz-skip-destination-validation"] for one in way.named("PUT", "?notification")]
    assert skips == ["false", "true"]
