"""Payload and result travel byte for byte."""

from __future__ import annotations

import json

import pytest

from scar_supervisor import contract
from scar_supervisor.contract import Call, ContractError, Failure, Processed, Result

EVERY_BYTE = bytes(range(256))
TRICKY = (
    "€ \\ \" ' \t\r\n\x7f\x01".encode(),
    b"",
    b"\xff\xfe",
    EVERY_BYTE,
    b"\x00" * 50,
    "e\u0301é".encode(),
)


def through_json(document: object) -> object:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("data", TRICKY)
def test_bytes_survive_json(data: bytes) -> None:
    assert contract.decode(through_json(contract.encode(data))) == data


def test_text_is_sent_as_text_and_the_rest_as_base64() -> None:
    assert contract.encode("Grüße\n".encode()) == "Grüße\n"
    assert contract.encode(b"\xff") == {"base64": "/w=="}


def test_no_encoding_grows_beyond_base64() -> None:
    size = 30_000
    for data in (b"\x01" * size, b"\x01a" * (size // 2), EVERY_BYTE * (size // 256), b"plain " * (size // 6)):
        assert len(json.dumps(contract.encode(data), ensure_ascii=False)) <= size * 4 // 3 + 100


@pytest.mark.parametrize("value", [None, 3, ["x"], "\ud800", {"base64": "*"}, {"base64": 3}, {"other": "x"}])
def test_what_is_neither_text_nor_base64_is_refused(value: object) -> None:
    with pytest.raises(ContractError):
        contract.decode(value)


def test_a_call_arrives_as_it_was_sent() -> None:
    call = Call(
        script=b"#!/bin/sh\necho \\t '\"' \xff\n",
        args=TRICKY,
        env=((b"A", b"b=c"), (b"B", b"\xff")),
        pull_only=True,
        raise_on_failure=True,
        object=("bucket", "input/e\u0301 \n%2F.txt"),
    )
    payload = through_json(call.to_payload())
    assert isinstance(payload, dict)
    assert Call.from_payload(payload) == call


def test_an_empty_script_is_not_no_script() -> None:
    assert Call.from_payload(Call(script=b"").to_payload()).script == b""
    assert Call.from_payload(Call().to_payload()).script is None


@pytest.mark.parametrize(
    "body",
    [
        7,
        {},
        {"version": 99},
        {"version": contract.VERSION},
        {"version": contract.VERSION, "script": None, "args": 3},
        Call().to_payload()[contract.PAYLOAD_KEY] | {"env": [["A"]]},
        Call().to_payload()[contract.PAYLOAD_KEY] | {"object": "b/k"},
        Call().to_payload()[contract.PAYLOAD_KEY] | {"object": ["b"]},
        Call().to_payload()[contract.PAYLOAD_KEY] | {"object": ["b", 3]},
        Call().to_payload()[contract.PAYLOAD_KEY] | {"object": ["b", ""]},
        Call().to_payload()[contract.PAYLOAD_KEY] | {"object": ["b", "\ud800"]},
    ],
)
def test_malformed_calls_are_refused(body: object) -> None:
    with pytest.raises(ContractError):
        Call.from_payload({contract.PAYLOAD_KEY: body})


def test_a_result_arrives_as_it_was_sent() -> None:
    result = Result(
        request_id="1-2",
        log_group="/aws/lambda/f",
        log_stream="2026/11/21/[$LATEST]ab",
        exit_code=3,
        output=EVERY_BYTE,
        output_size=256,
        timed_out=True,
        image_pulled=True,
        error=Failure("ImageNotFound", "no such image", "look again"),
    )
    assert Result.from_document(through_json(result.to_document())) == result


@pytest.mark.parametrize(
    "document", [None, [], {}, {"scar": {"version": contract.VERSION}}, {"scar": {"version": 9}}, "hello"]
)
def test_what_another_function_answers_is_no_result(document: object) -> None:
    with pytest.raises(ContractError):
        Result.from_document(document)


def test_another_version_is_told_with_the_way_out() -> None:
    payload = {contract.PAYLOAD_KEY: Call().to_payload()[contract.PAYLOAD_KEY] | {"version": 1}}
    with pytest.raises(ContractError, match=r"of version 1, this .* version 2: .*`scar update"):
        Call.from_payload(payload)


PROCESSED = Processed(
    request_id="1-2",
    bucket="b",
    key="input/" + "\u20ac" * 339 + '"\\\n\u2028 x',
    exit_code=137,
    timed_out=True,
    seconds=2.0,
    outputs=3,
    skipped="why",
    error="StagingFailed: 100 %\n",
)


@pytest.mark.parametrize("processed", [PROCESSED, Processed()])
def test_a_processed_line_is_read_as_it_was_written(processed: Processed) -> None:
    line = processed.line()
    assert line.isascii()
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    assert Processed.parse(line) == Processed.parse(line.rstrip()) == processed


@pytest.mark.parametrize(
    "line",
    [
        "",
        "SCAR-PROCESSED",
        "SCAR-PROCESSED {",
        "SCAR-PROCESSED {}",
        "SCAR-PROCESSED []",
        "SCAR-PROCESSED 3",
        " " + PROCESSED.line(),
        PROCESSED.line().replace("137", "true"),
        PROCESSED.line().replace("2.0", '"2.0"'),
        PROCESSED.line().replace("true", "null"),
        PROCESSED.line()[:-3],
    ],
)
def test_what_only_looks_like_a_processed_line_is_none(line: str) -> None:
    assert Processed.parse(line) is None
