"""Where moto is made to run functions: the only module that changes moto, which is pinned for it.

* ``LambdaFunction.invoke(body, request_headers, response_headers)``, which moto calls for the Invoke call
  with the headers of the request, and for events of S3 and others with none.
* ``LambdaFunction.update_configuration``, to change the size of /tmp.
* ``LambdaFunction.get_code``, to tell a URL of the package that leads to it.
* ``LambdaBackend.delete_function``, to end the environments of a function.
* ``LambdaResponse._enrich_response``, to answer with the invocation's own request id.
* ``s3.notifications.send_event`` and ``_get_s3_event``, to send what AWS sends.
* ``BaseModel.__new__``, to let go what is deleted.

`tests/local/test_hook.py` fails when one of these moves.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from zipfile import BadZipFile

import moto.s3.notifications as s3_notifications
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.utils import get_backend
from moto.core.common_models import BaseModel

from scar.local import backends, refusals
from scar.local.event_queue import Target
from scar.local.function import FunctionSpec
from scar.local.pool import Throttled
from scar.local.runtime_api import Invocation
from scar.local.service import LocalLambda, PayloadTooLarge, new_request_id


def install(service: LocalLambda, cloud: str) -> None:
    """Let moto, whose server has the URL ``cloud``, run functions by the local Lambda. Once per process."""
    _hook_lambda(service)
    hook_package_urls(cloud)
    _hook_request_id()
    _hook_s3()
    _hook_models()


def _hook_lambda(service: LocalLambda) -> None:
    delete, update = LambdaBackend.delete_function, LambdaFunction.update_configuration

    def invoke(self: LambdaFunction, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        return _invoke(service, self, _Request(body, request_headers), response_headers)

    def delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        delete(self, function_name, qualifier)
        service.retire(arn)

    def update_configuration(self: LambdaFunction, config_updates: dict[str, Any]) -> dict[str, Any]:
        """moto forgets the size of /tmp."""
        if storage := config_updates.get("EphemeralStorage"):
            self.ephemeral_storage = storage["Size"]
        return update(self, config_updates)

    LambdaFunction.invoke = invoke  # type: ignore[method-assign]
    LambdaFunction.update_configuration = update_configuration  # type: ignore[method-assign]
    LambdaBackend.delete_function = delete_function  # type: ignore[method-assign]


def hook_package_urls(cloud: str) -> None:
    """Let GetFunction tell a URL of the package that leads to it, without a signature of the caller's."""
    describe = LambdaFunction.get_code

    def get_code(self: LambdaFunction) -> dict[str, Any]:
        document = describe(self)
        if "ImageUri" not in self.code:
            path = backends.store_package(self.code_digest, self.code_bytes)
            document["Code"] = {"RepositoryType": "S3", "Location": f"{cloud}{path}?X-Amz-Signature=local"}
        return document

    LambdaFunction.get_code = get_code  # type: ignore[method-assign]


class _Request:
    """An Invoke call as moto passes it on."""

    def __init__(self, body: Any, headers: Any) -> None:
        payload = body.encode() if isinstance(body, str) else bytes(body or b"")
        _check_json(payload)
        context = headers.get("X-Amz-Client-Context", "")
        self.invocation = Invocation(new_request_id(), payload or b"{}", base64.b64decode(context).decode())
        # Without headers it is moto itself that calls, for an event source.
        self.type = headers.get("X-Amz-Invocation-Type", "RequestResponse") if headers else "Event"


def _check_json(payload: bytes) -> None:
    try:
        json.loads(payload or b"{}")
    except ValueError as error:
        raise refusals.InvalidContent(str(error)) from error


def _invoke(
    service: LocalLambda, function: LambdaFunction, request: _Request, response_headers: dict[str, str]
) -> bytes:
    response_headers["x-amzn-requestid"] = request.invocation.request_id
    if request.type == "DryRun":
        return b""
    runtime = str(function.run_time or function.package_type)
    if not runtime.startswith("python"):
        raise refusals.InvalidRuntime(runtime)
    spec = FunctionSpec.of(function)
    try:
        if request.type == "Event":
            service.enqueue(lambda: _find(spec), request.invocation)
            return b""
        outcome = service.call(spec, request.invocation)
    except Throttled as error:
        raise refusals.TooManyRequests(error.reason) from error
    except PayloadTooLarge as error:
        raise refusals.RequestTooLarge(str(error)) from error
    except BadZipFile as error:
        raise refusals.InvalidPackage from error
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


def _hook_request_id() -> None:
    enrich = LambdaResponse._enrich_response

    def enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        request_id = headers.get("x-amzn-requestid")
        headers, body = enrich(headers, body)
        if request_id:
            headers["x-amzn-requestid"] = request_id
        return headers, body

    LambdaResponse._enrich_response = staticmethod(enrich_response)  # type: ignore[method-assign]


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


def _hook_models() -> None:
    """moto keeps all that it ever made, such as each object and each line of a log, for its dashboard."""

    def new(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
        return super(BaseModel, cls).__new__(cls)

    BaseModel.__new__ = new  # type: ignore[method-assign]
