"""AWS Lambda's functions."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scar.aws.errors import NotFound, request

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class Function:
    """A function as Lambda describes it."""

    name: str
    arn: str
    description: str
    memory: int
    """Megabytes."""
    time: int
    """Seconds."""
    runtime: str
    handler: str
    architecture: str
    package_size: int
    """Bytes."""
    last_modified: str
    """ISO 8601."""
    environment: Mapping[str, str] = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    """Empty also when the request that found the function does not tell."""

    @classmethod
    def of(cls, configuration: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> Function:
        """The function in a FunctionConfiguration of the API."""
        return cls(
            name=configuration["FunctionName"],
            arn=configuration["FunctionArn"],
            description=configuration.get("Description", ""),
            memory=configuration.get("MemorySize", 128),
            time=configuration.get("Timeout", 3),
            runtime=configuration.get("Runtime", ""),
            handler=configuration.get("Handler", ""),
            architecture=configuration.get("Architectures", ["x86_64"])[0],
            package_size=configuration.get("CodeSize", 0),
            last_modified=configuration.get("LastModified", ""),
            environment=configuration.get("Environment", {}).get("Variables", {}),
            tags=tags or {},
        )


@dataclass(frozen=True)
class NewFunction:
    """All that CreateFunction is told."""

    name: str
    description: str
    memory: int
    """Megabytes."""
    time: int
    """Seconds."""
    role: str
    runtime: str
    handler: str
    architecture: str
    environment: Mapping[str, str] = field(repr=False)
    tags: Mapping[str, str]
    package: bytes = field(repr=False)
    """The zip archive."""


@dataclass(frozen=True)
class Answer:
    """What Invoke returned."""

    request_id: str
    payload: bytes = field(repr=False, default=b"")
    error: str = ""
    """Empty, or what Lambda says of the failure: ``Handled`` or ``Unhandled``."""
    log_tail: bytes = field(repr=False, default=b"")
    """The last 4 KB of the log; synchronous calls only."""


class Functions:
    """The functions of one account and region."""

    def __init__(self, client: LambdaClient) -> None:
        self._client = client

    def find(self, name: str) -> Function | None:
        """The function with its tags, or None."""
        try:
            with request(f"look for function {name}"):
                found = self._client.get_function(FunctionName=name)
        except NotFound:
            return None
        return Function.of(found["Configuration"], found.get("Tags"))

    def configuration(self, name: str) -> Function | None:
        """The function without its tags, or None: all that a call needs to know."""
        try:
            with request(f"look for function {name}"):
                return Function.of(self._client.get_function_configuration(FunctionName=name))
        except NotFound:
            return None

    def all(self) -> Iterator[Function]:
        """Every function, without tags: ListFunctions does not tell them."""
        with request("list the functions"):
            for page in self._client.get_paginator("list_functions").paginate():
                for configuration in page["Functions"]:
                    yield Function.of(configuration)

    def create(self, new: NewFunction) -> None:
        """Make the function. It is not ready for calls before `wait_until_active` returns."""
        with request(f"create function {new.name}"):
            self._client.create_function(
                FunctionName=new.name,
                Description=new.description,
                MemorySize=new.memory,
                Timeout=new.time,
                Role=new.role,
                Runtime=new.runtime,  # type: ignore[arg-type]
                Handler=new.handler,
                Architectures=[new.architecture],  # type: ignore[list-item]
                Environment={"Variables": dict(new.environment)},
                Tags=dict(new.tags),
                Code={"ZipFile": new.package},
            )

    def wait_until_active(self, name: str) -> None:
        with request(f"wait for function {name} to become active"):
            self._client.get_waiter("function_active_v2").wait(FunctionName=name)

    def delete(self, name: str) -> bool:
        """Delete the function, and with it its permissions. False if there was none."""
        try:
            with request(f"delete function {name}"):
                self._client.delete_function(FunctionName=name)
        except NotFound:
            return False
        return True

    def allow_bucket(self, name: str, statement: str, bucket_arn: str, account: str) -> None:
        """Let the bucket, as long as it is the account's, call the function."""
        with request(f"permit {bucket_arn} to call function {name}"):
            self._client.add_permission(
                FunctionName=name,
                StatementId=statement,
                Action="lambda:InvokeFunction",
                Principal="s3.amazonaws.com",
                SourceArn=bucket_arn,
                SourceAccount=account,
            )

    def withdraw(self, name: str, statement: str) -> None:
        """Remove one statement of the function's policy, if it is there."""
        try:
            with request(f"remove permission {statement} of function {name}"):
                self._client.remove_permission(FunctionName=name, StatementId=statement)
        except NotFound:
            return

    def statements(self, name: str) -> list[dict[str, Any]]:
        """The statements of the function's own policy: who may call it."""
        try:
            with request(f"read the permissions of function {name}"):
                policy = self._client.get_policy(FunctionName=name)["Policy"]
        except NotFound:
            return []
        statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
        return statements

    def invoke(self, name: str, payload: bytes) -> Answer:
        """Call the function and wait for its answer."""
        with request(f"call function {name}"):
            response = self._client.invoke(FunctionName=name, Payload=payload, LogType="Tail")
            return Answer(
                request_id=response["ResponseMetadata"]["RequestId"],
                payload=response["Payload"].read(),
                error=response.get("FunctionError", ""),
                log_tail=base64.b64decode(response.get("LogResult", "")),
            )

    def invoke_later(self, name: str, payload: bytes) -> Answer:
        """Queue the call and return at once."""
        with request(f"call function {name}"):
            response = self._client.invoke(FunctionName=name, Payload=payload, InvocationType="Event")
        return Answer(request_id=response["ResponseMetadata"]["RequestId"])
