"""Where moto is made to run functions: the only module that changes moto, which is pinned for it.

* ``LambdaFunction.invoke(body, request_headers, response_headers)``, which moto calls for the Invoke call with the
  request's headers, and for events of S3 and others with none.
* ``LambdaBackend.delete_function``, to end the environments of a function.
* ``s3.notifications.send_event`` and ``_get_s3_event``, to send what AWS sends.

`tests/local/test_hook.py` fails when one of these moves.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import moto.s3.notifications as s3_notifications
from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.utils import get_backend

from scar.local.event_queue import Target
from scar.local.function import FunctionSpec
from scar.local.pool import Throttled
from scar.local.runtime_api import Invocation
from scar.local.service import LocalLambda, PayloadTooLarge, new_request_id


class TooManyRequests(LambdaClientError):
    """AWS's answer to a call that finds no capacity."""

    code = 429

    def __init__(self, reason: str) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")
        self.description = json.dumps({"Reason": reason, "Type": "User", "message": "Rate Exceeded."})


class RequestTooLarge(LambdaClientError):
    """AWS's answer to a payload over its limit."""

    code = 413

    def __init__(self, message: str) -> None:
        super().__init__("RequestTooLargeException", message)
        self.description = json.dumps({"Type": "User", "message": message})


class InvalidRuntime(LambdaClientError):
    """The local Lambda cannot run this function."""

    code = 502

    def __init__(self, runtime: str) -> None:
        super().__init__("InvalidRuntimeException", f"The local cloud runs Python functions only, not {runtime}")


def install(service: LocalLambda) -> None:
    """Let moto run functions by the local Lambda. Once per process."""
    _hook_lambda(service)
    _hook_s3()


def _hook_lambda(service: LocalLambda) -> None:
    delete = LambdaBackend.delete_function

    def invoke(self: LambdaFunction, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        return _invoke(service, self, _Request(body, request_headers), response_headers)

    def delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        delete(self, function_name, qualifier)
        service.retire(arn)

    LambdaFunction.invoke = invoke  # type: ignore[method-assign]
    LambdaBackend.delete_function = delete_function  # type: ignore[method-assign]


class _Request:
    """An Invoke call as moto passes it on."""

    def __init__(self, body: Any, headers: Any) -> None:
        payload = body.encode() if isinstance(body, str) else bytes(body or b"")
        context = headers.get("X-Amz-Client-Context", "")
        self.invocation = Invocation(new_request_id(), payload or b"{}", base64.b64decode(context).decode())
        # Without headers it is moto itself that calls, for an event source.
        self.type = headers.get("X-Amz-Invocation-Type", "RequestResponse") if headers else "Event"


def _invoke(
    service: LocalLambda, function: LambdaFunction, request: _Request, response_headers: dict[str, str]
) -> bytes:
    response_headers["x-amzn-requestid"] = request.invocation.request_id
    if request.type == "DryRun":
        return b""
    spec = FunctionSpec.of(function)
    if not spec.runtime.startswith("python"):
        raise InvalidRuntime(spec.runtime)
    try:
        if request.type == "Event":
            service.enqueue(lambda: _find(spec), request.invocation)
            return b""
        outcome = service.call(spec, request.invocation)
    except Throttled as error:
        raise TooManyRequests(error.reason) from error
    except PayloadTooLarge as error:
        raise RequestTooLarge(str(error)) from error
    response_headers["x-amz-executed-version"] = spec.version
    response_headers["x-amz-log-result"] = base64.b64encode(outcome.log_tail).decode()
    if outcome.function_error:
        response_headers["x-amz-function-error"] = outcome.function_error
    return outcome.payload


def _find(spec: FunctionSpec) -> Target | None:
    try:
        function = get_backend(spec.account_id, spec.region).get_function(spec.arn)
    except UnknownFunctionException:
        return None
    configs = function.event_invoke_config
    return Target(FunctionSpec.of(function), configs[-1].config if configs else {})


def _hook_s3() -> None:
    send, describe = s3_notifications.send_event, s3_notifications._get_s3_event

    def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        """moto tells of an object made by a multipart upload twice, first as if it had been put."""
        put = s3_notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
        if not (event_name == put and getattr(key, "multipart", None)):
            send(account_id, event_name, bucket, key)

    def get_s3_event(event_name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, Any]:
        """moto encodes the slashes of a key, AWS does not. (A percent sign of the key itself is %25 here.)"""
        event = describe(event_name, bucket, key, notification_id)
        for record in event["Records"]:
            record["s3"]["object"]["key"] = record["s3"]["object"]["key"].replace("%2F", "/")
        return event

    s3_notifications.send_event = send_event
    s3_notifications._get_s3_event = get_s3_event
