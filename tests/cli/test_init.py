"""`scar init` against moto: what is made, what is refused, and that nothing is left behind."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto.awslambda.models import LambdaFunction

from scar.deploy import package
from scar_supervisor.contract import Failure, Result
from tests.cli.support import NOTHING, ROLE, Account, Scar

COWSAY = "grycap/cowsay"


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.sh"
    path.write_bytes(b"#!/bin/sh\necho \xff\n")
    return str(path)


def test_makes_function_and_log_group(scar: Scar, account: Account, hub: str, script: str) -> None:
    options = [
        "-n",
        "cowsay",
        "-d",
        "Says it",
        "-m",
        "256",
        "-t",
        "60",
        "-tt",
        "5",
        "-e",
        "A=b=c",
        "-s",
        script,
    ]
    ran = scar("init", *options, COWSAY)
    assert (ran.status, ran.out.splitlines()[0]) == (0, "Function name: cowsay"), ran.stderr
    function = account.functions.get_function(FunctionName="cowsay")
    configuration = function["Configuration"]
    assert function["Tags"].keys() == {"createdby", "owner"}
    assert function["Tags"]["createdby"] == "scar"
    assert configuration["Role"] == ROLE
    assert configuration["Runtime"] == "python3.13"
    assert configuration["Handler"] == "scar_supervisor.handler.handle"
    assert configuration["Description"] == "Says it"
    assert (configuration["MemorySize"], configuration["Timeout"]) == (256, 60)
    assert configuration["Architectures"] == ["x86_64"]
    variables = configuration["Environment"]["Variables"]
    assert variables.pop("SCAR_IMAGE_DIGEST").startswith("sha256:")
    assert variables == {
        "SCAR_IMAGE": COWSAY,
        "SCAR_TIMEOUT_THRESHOLD": "5",
        "SCAR_REGISTRY_MIRROR": hub,
        "SCAR_ENV_A": "b=c",
    }
    groups = account.logs.describe_log_groups()["logGroups"]
    assert [(one["logGroupName"], one["retentionInDays"]) for one in groups] == [("/aws/lambda/cowsay", 30)]


def test_uploads_the_package(scar: Scar, account: Account, script: str) -> None:
    assert scar("init", "-n", "cowsay", "-s", script, COWSAY).status == 0
    built = package.build("x86_64", Path(script).read_bytes())
    expected = base64.b64encode(hashlib.sha256(built).digest()).decode()
    assert account.configuration("cowsay")["CodeSha256"] == expected


def test_reserved_names_can_be_given(scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKEN", "from the caller")
    options = ["-e", "AWS_REGION=mine", "-e", "TAKEN", "-e", "NOT_SET_ANYWHERE", "-e", "EMPTY="]
    assert scar("init", "-n", "cowsay", *options, COWSAY).status == 0
    variables = account.configuration("cowsay")["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if name.startswith("SCAR_ENV_")} == {
        "SCAR_ENV_AWS_REGION": "mine",
        "SCAR_ENV_TAKEN": "from the caller",
        "SCAR_ENV_EMPTY": "",
    }


def test_derives_a_name_that_is_free(scar: Scar, account: Account) -> None:
    names = [scar("init", "--json", f"{COWSAY}:latest").json["name"] for _ in range(3)]
    assert names == [
        "scar-grycap-cowsay-latest",
        "scar-grycap-cowsay-latest-1",
        "scar-grycap-cowsay-latest-2",
    ]


def test_takes_what_is_not_said_from_the_configuration(scar: Scar, account: Account, home: Path) -> None:
    (home / "scar.cfg").write_text(
        f"lambda_role={ROLE}\nlambda_memory=512\nlambda_time=30\nlambda_description=Mine\nlambda_region=eu-west-1\n"
    )
    ran = scar("init", "-v", "-t", "40", COWSAY)
    assert ran.status == 0, ran.stderr
    document = ran.json
    assert (document["memory"], document["time"], document["description"]) == (512, 40, "Mine")
    assert document["arn"].startswith("arn:aws:lambda:eu-west-1:123456789012:function:")
    assert document["role"] == ROLE
    assert account.contents() == NOTHING  # those are us-east-1's


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_event_source_made_from_nothing(scar: Scar, account: Account, region: str) -> None:
    ran = scar("init", "--region", region, "--json", "-n", "cowsay", "-es", "pictures.in", COWSAY)
    assert ran.status == 0, ran.stderr
    arn = ran.json["arn"]
    location = account.s3.get_bucket_location(Bucket="pictures.in")["LocationConstraint"]
    assert (location or "us-east-1") == region
    keys = [one["Key"] for one in account.s3.list_objects_v2(Bucket="pictures.in")["Contents"]]
    assert keys == ["input/", "output/"]
    assert account.notification("pictures.in")["LambdaFunctionConfigurations"] == [
        {
            "Id": "scar-cowsay",
            "LambdaFunctionArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "input/"}]}},
        }
    ]


def test_event_source_may_call_the_function_and_nobody_else(scar: Scar, account: Account) -> None:
    assert scar("init", "-n", "cowsay", "-es", "pictures", COWSAY).status == 0
    (statement,) = account.statements("cowsay")
    assert statement["Principal"] in ("s3.amazonaws.com", {"Service": "s3.amazonaws.com"})
    assert statement["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::pictures"},
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
    }


def test_event_source_keeps_what_others_own(scar: Scar, account: Account) -> None:
    account.s3.create_bucket(Bucket="pictures")
    account.s3.put_object(Bucket="pictures", Key="input/", Body=b"somebody's")
    queue = {"Id": "q", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "Events": ["s3:ObjectRemoved:*"]}
    account.s3.put_bucket_notification_configuration(
        Bucket="pictures", NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    assert scar("init", "-n", "cowsay", "-es", "pictures", COWSAY).status == 0
    notification = account.notification("pictures")
    assert notification["QueueConfigurations"] == [queue]
    assert [one["Id"] for one in notification["LambdaFunctionConfigurations"]] == ["scar-cowsay"]
    assert account.s3.get_object(Bucket="pictures", Key="input/")["Body"].read() == b"somebody's"


# What is refused. Each leaves the account as it was.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-m", "127"], "-m/--memory: 127 is not between 128 and 10,240 MB"),
        (["-m", "1G"], "'1G' is not a valid integer"),
        (["-t", "901"], "-t/--time: 901 is not between 1 and 900 seconds"),
        (["-t", "10"], "the time-out threshold (10 s) must be smaller than the function's time-out (10 s)"),
        (["-tt", "0"], "-tt/--time-threshold: 0 is not between"),
        (["-n", "not a name"], "-n/--name: a function's name has only letters, digits, - and _"),
        (["-n", "n" * 65], "at most 64 characters"),
        (["-d", "d" * 300], "-d/--description: a description has at most 256 characters, this one has 300"),
        (["-e", "=x"], "-e/--env: a name is missing in '=x'"),
        (["-e", "A-B=x"], "-e/--env: not the name of an environment variable: 'A-B'"),
        (["-e", "A=\udcff"], "-e/--env: 'A': a function's environment holds only text in UTF-8"),
        (["-e", f"A={'x' * 5000}"], "AWS Lambda allows 4,096"),
        (["-e", f"A={'x' * 4000}"], "AWS Lambda allows 4,096"),
        (["-s", "/nonexistent/script"], "cannot read script /nonexistent/script: No such file or directory"),
        (["-s", "/"], "cannot read script /: Is a directory"),
        (["-s", "/dev/null"], "script /dev/null is empty"),
        (["-es", "Not_A_Bucket"], "-es/--event-source: not the name of a bucket"),
        (["-lr", "scar"], "-lr/--lambda-role: not the ARN of a role"),
        (["--region", "nowhere"], "--region: not the name of an AWS region"),
    ],
)
def test_bad_usage_makes_nothing(scar: Scar, account: Account, options: list[str], said: str) -> None:
    ran = scar("init", *options, COWSAY)
    assert (ran.status, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert account.contents() == NOTHING


@pytest.mark.parametrize(
    ("image", "status", "said"),
    [
        ("grycap/nothing", 1, "has no image grycap/nothing:latest"),
        ("grycap/cowsay:nothing", 1, "has no image grycap/cowsay:nothing"),
        ("only-arm", 1, "is not built for linux/amd64"),
        ("Not An Image", 2, "Not An Image"),
        ("", 2, "the name of the image is empty"),
    ],
)
def test_a_bad_image_makes_nothing(scar: Scar, account: Account, image: str, status: int, said: str) -> None:
    ran = scar("init", "-es", "pictures", image)
    assert (ran.status, ran.stdout) == (status, b"")
    assert said in ran.stderr
    assert account.contents() == NOTHING


def test_a_registry_that_is_down_makes_nothing(
    scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("SCAR_REGISTRY_MIRROR", url)
        ran = scar("init", COWSAY)
    assert (ran.status, ran.stdout) == (1, b"")
    assert url.removeprefix("http://") in ran.stderr
    assert account.contents() == NOTHING


def test_a_mirror_on_this_machine_is_none_for_aws(
    scar: Scar, account: Account, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.invalid")
    ran = scar("init", COWSAY)
    assert (ran.status, ran.stdout) == (1, b"")
    assert f"the registry mirror {hub} is on this machine" in ran.stderr
    assert "unset SCAR_REGISTRY_MIRROR" in ran.stderr
    assert account.contents() == NOTHING


def test_a_missing_kit_makes_nothing(
    scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCAR_KIT", str(tmp_path / "empty"))
    ran = scar("init", COWSAY)
    assert ran.status == 1
    assert "\nhint: make kit, " in ran.stderr
    assert account.contents() == NOTHING


def test_without_a_role_makes_nothing(scar: Scar, account: Account, home: Path) -> None:
    (home / "scar.cfg").unlink()
    ran = scar("init", COWSAY)
    assert ran.status == 1
    assert "no role for the function" in ran.stderr
    assert "-lr" in ran.stderr
    assert account.contents() == NOTHING


def test_a_name_that_is_taken_changes_nothing(scar: Scar, account: Account) -> None:
    assert scar("init", "-n", "cowsay", "-d", "the first", COWSAY).status == 0
    before = account.contents()
    ran = scar("init", "-n", "cowsay", "-d", "the second", "-es", "pictures", COWSAY)
    assert ran.status == 1
    assert "function cowsay exists already" in ran.stderr
    assert "to change it: scar update;" in ran.stderr
    assert "remove it first: scar rm cowsay" in ran.stderr
    assert account.contents() == before
    assert account.configuration("cowsay")["Description"] == "the first"


def _result(**fields: Any) -> str:
    result = Result(request_id="1", log_group="g", log_stream="s", exit_code=0)._replace(**fields)
    return json.dumps(result.to_document())


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what functions answer: moto itself cannot run any."""

    def set_to(answer: str) -> None:
        monkeypatch.setattr(LambdaFunction, "_invoke_lambda", lambda self, event: (answer, False, ""))

    return set_to


def test_preheats(scar: Scar, account: Account, answer: Callable[..., None]) -> None:
    answer(_result())
    ran = scar("init", "-p", "-n", "cowsay", COWSAY)
    assert ran.status == 0
    assert "preheat function cowsay" in ran.stderr


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (_result(error=Failure("NotEnoughSpace", "no room", "make some")), "no room"),
        (_result(timed_out=True), "the image was not there before the function's time-out of 300 s"),
        ("{}", "gave an answer that is not understood"),
    ],
)
def test_a_failing_preheat_is_undone_but_not_what_was_there(
    scar: Scar, account: Account, answer: Callable[..., None], result: str, said: str
) -> None:
    answer(result)
    account.logs.create_log_group(logGroupName="/aws/lambda/cowsay")
    before = account.contents()
    ran = scar("init", "-p", "-n", "cowsay", "-es", "pictures", COWSAY)
    assert ran.status == 1
    (message,) = [line for line in ran.stderr.splitlines() if line.startswith("scar: error: ")]
    assert said in message
    assert message.endswith("; undone: function cowsay")
    assert account.contents() == before
    assert "retentionInDays" not in account.logs.describe_log_groups()["logGroups"][0]


def test_an_overlapping_notification_makes_nothing(scar: Scar, account: Account) -> None:
    account.s3.create_bucket(Bucket="pictures")
    queue = {"Id": "q", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "Events": ["s3:ObjectCreated:*"]}
    account.s3.put_bucket_notification_configuration(
        Bucket="pictures", NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    before = account.contents()
    ran = scar("init", "-n", "cowsay", "-es", "pictures", COWSAY)
    assert ran.status == 1
    assert "already notifies arn:aws:sqs:us-east-1:123456789012:q" in ran.stderr
    assert account.contents() == before
    assert "Contents" not in account.s3.list_objects_v2(Bucket="pictures")


def test_a_bucket_in_another_region_makes_nothing(scar: Scar, account: Account) -> None:
    account.s3.create_bucket(Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    before = account.contents()
    ran = scar("init", "-n", "cowsay", "-es", "pictures", COWSAY)
    assert ran.status == 1
    assert "bucket pictures is in eu-west-1, the function would be in us-east-1" in ran.stderr
    assert account.contents() == before


def test_no_credentials(scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ran = scar("init", "--json", COWSAY)
    assert ran.status == 1
    error = json.loads(ran.stderr)["error"]
    assert error["type"] == "BadCredentials"
    assert "Unable to locate credentials" in error["message"]
    assert account.contents() == NOTHING
