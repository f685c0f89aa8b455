"""A user's day, the same on two emulators that share nothing: init, run, events, log, ls, rm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scar import limits
from scar.deploy import package
from scar_supervisor import contract
from tests.aws.conftest import IMAGE, Cloud
from tests.aws.copying import COPY, PATIENCE, waited_for

OTHERS = 119
"""Functions beside ``copy``: ListFunctions tells 50 on a page."""


def log_of(cloud: Cloud, request_id: str, *options: str) -> list[str]:
    """The lines of a call in the log, as soon as its end is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = cloud.scar("log", "-ri", request_id, *options, "copy").stdout.decode().splitlines()
        if any(line.startswith(f"END RequestId: {request_id}") for line in lines):
            return lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.2)


@pytest.fixture(scope="module")
def bucket(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bucket whose files the function ``copy`` copies."""
    script = tmp_path_factory.mktemp("script") / "copy.sh"
    script.write_text(COPY)
    cloud.succeed("init", "-n", "copy", "-s", script, "-es", "scenario", "-e", "GREETING=hello", IMAGE)
    yield "scenario"
    cloud.succeed("rm", "-n", "copy")


def test_run_brings_back_output_and_status_to_the_byte(cloud: Cloud, bucket: str) -> None:
    ran = cloud.scar("run", "copy", "/bin/sh", "-c", r"printf '%s|\t|\377\\n|€|' \"$GREETING\"; exit 3")
    assert ran.status == 3
    assert ran.stdout.endswith(b'"hello"|\t|\xff\\n|\xe2\x82\xac|')


def test_a_script_and_variables_serve_one_call(
    cloud: Cloud, bucket: str, script: Callable[[str], Path]
) -> None:
    ran = cloud.succeed("run", "-s", script('echo "$GREETING, $NAME"\n'), "-e", "NAME=cow", "copy")
    assert ran.stdout.endswith(b"hello, cow\n")
    assert cloud.succeed("run", "copy", "/bin/sh", "-c", "echo [$NAME]").stdout.endswith(b"[]\n")


def test_a_warm_environment_has_the_image(cloud: Cloud, bucket: str) -> None:
    cloud.succeed("run", "copy", "/bin/true")
    assert cloud.succeed("run", "--json", "-v", "copy", "/bin/true").json["image_pulled"] is False


def test_an_asynchronous_call_is_answered_at_once_and_logged(cloud: Cloud, bucket: str) -> None:
    cloud.succeed("run", "--async", "copy", "/bin/sh", "-c", "echo heard $((40 + 2)) times later")
    deadline = time.monotonic() + PATIENCE
    # By its words: MiniStack answers with another request id than the event gets.
    while b"heard 42 times later\n" not in cloud.succeed("log", "copy").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_file_put_under_input_comes_out_under_output(cloud: Cloud, bucket: str) -> None:
    content = bytes(range(256)) * 1000
    cloud.account.client("s3").put_object(Bucket=bucket, Key="input/a b+ü/file.bin", Body=content)
    assert waited_for(cloud.account, bucket, "output/file.bin.copy") == content


@pytest.fixture
def heap(cloud: Cloud) -> list[str]:
    """Keys of files in a bucket that calls no function."""
    s3 = cloud.account.client("s3")
    s3.create_bucket(Bucket="heap")
    keys = ["input/a b+ü", "input/folder/c", "input/d%20e", "input/f"]
    for key in ("input/", "input/folder/", *keys, "elsewhere/x"):
        s3.put_object(Bucket="heap", Key=key, Body=key.encode())
    return keys


def test_each_file_of_a_bucket_is_processed(cloud: Cloud, bucket: str, heap: list[str]) -> None:
    # MiniStack answers with another request id than the event gets: nobody can wait for it there.
    options = {"moto": (), "ministack": ("--async",)}[cloud.name]
    ran = cloud.succeed("run", "--json", "-es", "heap", *options, "copy").json
    assert (ran["files"], ran["sent"], ran["failures"]) == (4, 4, [])
    assert ran["done"] == {"moto": 4, "ministack": 1}[cloud.name]
    for key in heap:
        result = f"output/{key.rpartition('/')[2]}.copy"
        assert waited_for(cloud.account, "heap", result) == key.encode()


def test_an_event_that_failed_for_good_is_sent_again(ministack: Cloud, script: Callable[[str], Path]) -> None:
    """MiniStack's own record of it. The local cloud's are in tests/e2e, those of buckets too."""
    sqs = ministack.account.client("sqs")
    url = sqs.create_queue(QueueName="fallen")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    failing = script("echo not yet >&2; exit 7\n")
    ministack.succeed("init", "-n", "fallible", "-s", failing, "-es", "falls", "--on-failure", arn, IMAGE)
    key = "input/a b+ü"
    ministack.account.client("s3").put_object(Bucket="falls", Key=key, Body=b"content")
    deadline = time.monotonic() + PATIENCE
    while not (kept := ministack.succeed("retry", "--dry-run", "--json", "fallible").json["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (event,) = kept
    assert (event["files"], event["tries"]) == ([f"falls/{key}"], 3)
    assert "exit status 7" in event["reason"]
    ministack.succeed("update", "-s", script(COPY), "fallible")
    assert ministack.succeed("retry", "--json", "fallible").json["events"][0]["sent"] is True
    assert waited_for(ministack.account, "falls", "output/a b+ü.copy") == b"content"
    assert ministack.succeed("retry", "--json", "fallible").json["events"] == []
    ministack.succeed("rm", "fallible")


@pytest.fixture
def changing(cloud: Cloud) -> Iterator[str]:
    """A function to be changed."""
    cloud.succeed("init", "-n", "changing", "-e", "KEPT=1", "-e", "CHANGED=1", IMAGE)
    yield "changing"
    cloud.succeed("rm", "changing")


def test_update_changes_what_the_next_call_has(cloud: Cloud, changing: str) -> None:
    show = ("run", changing, "/bin/sh", "-c", "test -e /usr/games/cowsay; echo $? $KEPT $CHANGED $ADDED")
    assert cloud.succeed(*show).stdout.endswith(b"\n0 1 1\n")
    options = ("-m", "256", "-d", "another", "-e", "CHANGED=2", "-e", "ADDED=3")
    cloud.succeed("update", *options, "--image", "debian:bookworm-slim", changing)
    assert cloud.succeed(*show).stdout.endswith(b"\n1 1 2 3\n")
    found = cloud.account.client("lambda").get_function_configuration(FunctionName=changing)
    assert (found["MemorySize"], found["Description"]) == (256, "another")


def test_the_log_tells_of_one_request_or_one_stream(cloud: Cloud, bucket: str) -> None:
    first, second = (
        cloud.succeed("run", "--json", "copy", "echo", word).json["request_id"] for word in ("one", "two")
    )
    lines = log_of(cloud, first)
    assert lines[0].startswith(f"START RequestId: {first}")
    assert "one" in lines
    assert "two" not in lines
    stream = stream_of(cloud, second)
    assert "two" in cloud.succeed("log", "-ls", stream, "copy").stdout.decode().splitlines()
    assert log_of(cloud, second, "-ls", stream) == log_of(cloud, second)


@pytest.fixture
def reported(cloud: Cloud) -> Iterator[str]:
    """A function that was called twice."""
    cloud.succeed("init", "-n", "reported", "-m", "256", IMAGE)
    cloud.succeed("run", "reported", "/bin/true")
    cloud.succeed("run", "reported", "/bin/true")
    yield "reported"
    cloud.succeed("rm", "reported")


def test_the_report_counts_calls_and_failures(cloud: Cloud, reported: str) -> None:
    found = cloud.succeed("report", "--json", reported).json
    assert (found["calls"], found["failed"]) == (2, 0)
    assert found["cold_starts"] == {"moto": 1, "ministack": 0}[cloud.name]  # MiniStack tells of none
    assert found["duration_ms"]["median"] > 0
    assert [use["paid_for"] for use in found["memory_mb"]] == [256]
    assert found["cost_usd"] > 2 * 0.2e-6


def stream_of(cloud: Cloud, request_id: str) -> str:
    """The log stream that has a request."""
    found = cloud.account.client("logs").filter_log_events(
        logGroupName="/aws/lambda/copy", filterPattern=f'"{request_id}"'
    )
    return str(found["events"][0]["logStreamName"])


def test_the_function_is_as_it_was_asked_for(cloud: Cloud, bucket: str) -> None:
    functions = cloud.account.client("lambda")
    found = functions.get_function(FunctionName="copy")
    assert found["Tags"]["createdby"] == "scar"
    assert found["Configuration"]["State"] == "Active"
    assert found["Configuration"]["Environment"]["Variables"]["SCAR_IMAGE"] == IMAGE
    groups = cloud.account.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/copy")
    assert groups["logGroups"][0]["retentionInDays"] == 30


@pytest.fixture
def crowd(cloud: Cloud) -> Iterator[list[str]]:
    """Names of many functions like SCAR's, and three that are not."""
    functions = cloud.account.client("lambda")
    names = [f"crowd-{number:03}" for number in range(OTHERS)]
    foreign = [f"foreign-{number}" for number in range(3)]
    for name in (*names, *foreign):
        functions.create_function(
            FunctionName=name,
            Role=cloud.role,
            Runtime="python3.13",
            Handler="theirs.handler" if name in foreign else contract.HANDLER,
            Environment={"Variables": {contract.ENV_IMAGE: IMAGE}},
            Code={"ZipFile": package.archive({})},
        )
    yield names
    for name in (*names, *foreign):
        functions.delete_function(FunctionName=name)


def test_ls_shows_every_page_and_only_what_is_scars(cloud: Cloud, bucket: str, crowd: list[str]) -> None:
    before = len(cloud.account.proxy.noted)
    listed = cloud.succeed("ls", "--json").json
    asked = [one.call.operation for one in cloud.account.proxy.noted[before:]]
    assert asked.count("ListFunctions") == {"moto": 1, "ministack": 3}[cloud.name]  # moto has no pages
    names = [function["name"] for function in listed]
    assert [name for name in names if name.startswith(("copy", "crowd-", "foreign-"))] == ["copy", *crowd]


def test_files_go_there_and_back_under_exactly_their_names(cloud: Cloud, tmp_path: Path) -> None:
    cloud.account.client("s3").create_bucket(Bucket="moved")
    names = ["a b+c%2F", "ü/u\u0308", "'\"&<>", "Case", "case", "deep/er/%", "-x", "\\"]
    for number, name in enumerate(names):
        path = tmp_path / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * number)
    (tmp_path / "here" / "large").write_bytes(bytes(range(256)) * 40_000)
    (tmp_path / "here" / "empty").mkdir()
    cloud.succeed("put", tmp_path / "here", "moved/../x")
    listed = cloud.succeed("ls", "--json", "-b", "moved").json
    assert {one["key"] for one in listed} == {f"../x/{name}" for name in (*names, "large", "empty/")}
    cloud.succeed("get", "moved/../x/", tmp_path / "back")
    assert tree_of(tmp_path / "back") == tree_of(tmp_path / "here")
    for again in (("put", tmp_path / "here", "moved/../x"), ("get", "moved/../x/", tmp_path / "back")):
        ran = cloud.succeed("--json", *again).json
        assert (ran["files"], ran["already_there"]) == (len(names) + 2, len(names) + 2)


def tree_of(folder: Path) -> dict[str, bytes | None]:
    """Contents of the files, and None for each folder, by their paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_a_package_that_is_too_large_goes_through_a_bucket(cloud: Cloud, tmp_path: Path) -> None:
    s3 = cloud.account.client("s3")
    s3.create_bucket(Bucket="large-packages")
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(limits.PACKAGE_BYTES)
    options = ("--extra-payload", tmp_path, "--package-bucket", "large-packages")
    cloud.succeed("init", "-n", "large", *options, IMAGE)
    assert "Contents" not in s3.list_objects_v2(Bucket="large-packages")
    size = cloud.succeed("run", "--json", "large", "/bin/sh", "-c", 'stat -c %s "$EXTRA_PAYLOAD/hole"')
    assert size.json["output"] == f"{limits.PACKAGE_BYTES}\n"
    cloud.succeed("rm", "large")


def test_a_newer_scar_keeps_what_is_the_users_in_a_package(
    cloud: Cloud, script: Callable[[str], Path]
) -> None:
    cloud.succeed("init", "-n", "kept", "-s", script("true\n"), IMAGE)
    old = package.archive(
        {"old.py": b"", "init_script": b'cat "$EXTRA_PAYLOAD/word"\n', "extra/word": b"moo"}
    )
    cloud.account.client("lambda").update_function_code(FunctionName="kept", ZipFile=old)
    cloud.succeed("update", "-m", "256", "kept")
    assert cloud.succeed("run", "--json", "kept").json["output"] == "moo"
    cloud.succeed("rm", "kept")


def test_rm_removes_what_scar_made_and_no_bucket_or_object(
    cloud: Cloud, script: Callable[[str], Path]
) -> None:
    cloud.succeed("init", "-n", "gone", "-s", script("true\n"), "-es", "kept", IMAGE)
    s3 = cloud.account.client("s3")
    s3.put_object(Bucket="kept", Key="input/x/", Body=b"")
    cloud.succeed("rm", "gone")
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket="kept")
    assert {item["Key"] for item in s3.list_objects_v2(Bucket="kept")["Contents"]} >= {"input/", "output/"}
    groups = cloud.account.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/gone")
    assert groups["logGroups"] == []
    assert cloud.scar("run", "gone").status == 125
    cloud.succeed("rm", "gone")  # already gone is success
