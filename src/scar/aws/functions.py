"""AWS Lambda's functions."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scar.aws import download
from scar.aws.errors import AccessDenied, AwsError, Conflict, NotFound, made_by_an_earlier_try, request
from scar.aws.function import Answer, EventPolicy, Function, NewFunction, Package, Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


__all__ = [
    "Answer",
    "EventPolicy",
    "Function",
    "Functions",
    "NewFunction",
    "Package",
    "RoleNotAssumed",
    "Settings",
]


class RoleNotAssumed(AwsError):
    """Lambda cannot assume the function's role: it is new, it does not exist, or it does not trust Lambda."""


class Functions:
    """The functions of one account and region."""

    def __init__(self, client: LambdaClient) -> None:
        self._client = client

    @property
    def host(self) -> str:
        """The name or address of the server that is asked."""
        return urlsplit(self._client.meta.endpoint_url).hostname or ""

    def find(self, name: str) -> Function | None:
        """The function with its tags, or None. Raises AccessDenied for one whose tags are kept from us."""
        try:
            with request(f"look for function {name}"):
                found: Mapping[str, Any] = self._client.get_function(FunctionName=name)
        except NotFound:
            return None
        refusal = found.get("TagsError")
        if refusal:  # the request succeeds all the same
            raise AccessDenied(
                f"cannot read the tags of function {name}: {refusal['Message']}",
                hint="these credentials lack the permission lambda:ListTags:"
                " scar role policy deployer prints all that SCAR needs",
            )
        return Function.of(found["Configuration"], found.get("Tags"))

    def configuration(self, name: str) -> Function | None:
        """The function without its tags, or None: all that a call needs to know."""
        try:
            return Function.of(self._configuration(name))
        except NotFound:
            return None

    def package(self, function: Function) -> bytes:
        """The package of the function as it was found, to the byte. Raises AwsError."""
        what = f"the package of function {function.name}"
        with request(f"look for {what}"):
            code: Mapping[str, Any] = self._client.get_function(FunctionName=function.name)["Code"]
        if "Location" not in code:
            reason = code.get("Error", {}).get("Message", "AWS does not tell where it is")
            raise AwsError(f"cannot fetch {what}: {reason}")
        content = download.fetch(code["Location"], function.package_size, what)
        if Package(content).digest != function.package_digest:
            raise AwsError(f"cannot fetch {what}: what came is not what Lambda has", hint="try again")
        return content

    def all(self) -> Iterator[Function]:
        """Every function, without tags: ListFunctions does not tell them."""
        with request("list the functions"):
            for page in self._client.get_paginator("list_functions").paginate():
                for configuration in page["Functions"]:
                    yield Function.of(configuration)

    def create(self, new: NewFunction) -> None:
        """Make the function. It is not ready for calls before `wait_until_active` returns.

        Raises RoleNotAssumed, and Conflict if the name is taken.
        """
        try:
            with request(f"create function {new.name}"):
                self._client.create_function(
                    FunctionName=new.name,
                    Role=new.role,
                    Runtime=new.runtime,  # type: ignore[arg-type]
                    Handler=new.handler,
                    Architectures=[new.architecture],  # type: ignore[list-item]
                    Tags=dict(new.tags),
                    Code=new.package.to_request(),  # type: ignore[arg-type]
                    **new.settings.to_request(),
                )
        except Conflict:
            # botocore asks again if an answer is lost: then what stands in the way is our own.
            found = self.find(new.name)
            if found is None or not new.became(found):
                raise
        except AwsError as error:
            raise _of_role(error) from error.__cause__

    def wait_until_active(self, name: str) -> None:
        with request(f"wait for function {name} to become active"):
            self._client.get_waiter("function_active_v2").wait(FunctionName=name)

    def wait_until_updated(self, name: str) -> None:
        """Wait for the end of the change that is under way, if there is one. Raises AwsError if it fails."""
        with request(f"wait for the change of function {name}"):
            self._client.get_waiter("function_updated_v2").wait(FunctionName=name)

    def change_settings(self, name: str, before: Settings, after: Settings) -> bool:
        """Turn ``before`` into ``after``, sending what differs. It counts when `wait_until_updated` returns.

        False: they are ``after`` already, as when a change is taken back that Lambda itself gave up.

        Raises Conflict, and changes nothing, if the settings are not ``before`` any more.
        """
        found = self._settled(name)
        if found.settings == after:
            return False
        if found.settings != before:
            raise _changed_by_another(name)
        old = before.to_request()
        changes = {key: value for key, value in after.to_request().items() if value != old[key]}
        try:
            with request(f"change function {name}"):
                self._client.update_function_configuration(FunctionName=name, **_revision(found), **changes)
        except Conflict:
            if self._settled(name).settings != after:  # else it was our own, and its answer was lost
                raise
        return True

    def change_package(self, name: str, before: str, after: Package) -> None:
        """Replace the package with the digest ``before``, and wait until the new one counts.

        Raises Conflict, and changes nothing, if the package is another one by now. When Lambda itself fails
        to take the new package, it goes on with the old one
        (https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html).
        """
        found = self._settled(name)
        if found.package_digest != before:
            raise _changed_by_another(name)
        try:
            with request(f"replace the package of function {name}"):
                self._client.update_function_code(FunctionName=name, **_revision(found), **after.to_request())
        except Conflict:
            if self._settled(name).package_digest != after.digest:
                raise
        self.wait_until_updated(name)

    def _settled(self, name: str) -> Function:
        """The function after the change that is under way: until it has ended, Lambda takes no other."""
        configuration = self._configuration(name)
        if configuration.get("LastUpdateStatus") == "InProgress":
            self.wait_until_updated(name)
            configuration = self._configuration(name)
        return Function.of(configuration)

    def _configuration(self, name: str) -> Mapping[str, Any]:
        with request(f"look for function {name}"):
            return self._client.get_function_configuration(FunctionName=name)

    def set_failure_destination(self, name: str, arn: str) -> None:
        """Where the record goes of an event that failed for good."""
        with request(f"set the failure destination of function {name}"):
            self._client.put_function_event_invoke_config(
                FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
            )

    def event_policy(self, name: str) -> EventPolicy:
        """What becomes of asynchronous calls that fail, or that cannot be made at once."""
        try:
            with request(f"read how function {name} takes events"):
                found = self._client.get_function_event_invoke_config(FunctionName=name)
        except NotFound:
            return EventPolicy()
        return EventPolicy.of(found)

    def forget_destinations(self, name: str) -> None:
        try:
            with request(f"remove the destinations of function {name}"):
                self._client.delete_function_event_invoke_config(FunctionName=name)
        except NotFound:
            return

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
        with made_by_an_earlier_try(), request(f"permit {bucket_arn} to call function {name}"):
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
            response["Payload"].read()  # it is empty, but only then is the connection free for the next call
        return Answer(request_id=response["ResponseMetadata"]["RequestId"])


def _revision(function: Function) -> dict[str, Any]:
    """The parameter with which Lambda refuses a change of what was changed since it was read."""
    return {"RevisionId": function.revision} if function.revision else {}


def _changed_by_another(name: str) -> Conflict:
    return Conflict(
        f"function {name} was changed by somebody else in the meantime: nothing is overwritten",
        hint="see what it is now with scar ls -v, and give the command again",
    )


def _of_role(error: AwsError) -> AwsError:
    """The error as RoleNotAssumed, if it is that: Lambda has no code for it, but these words."""
    if "cannot be assumed by Lambda" not in error.message:
        return error
    return RoleNotAssumed(
        error.message,
        hint="the role must exist, and its trust policy let lambda.amazonaws.com assume it:"
        " docs/aws/lambda-trust-policy.json",
    )
