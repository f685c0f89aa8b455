"""The places where moto is changed: when a new version moves one, these say which."""

from __future__ import annotations

import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

import moto.s3.models
import moto.s3.notifications as s3_notifications
import pytest
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.common_models import BaseModel
from moto.s3.responses import S3Response


def test_moto_is_the_version_that_the_hook_was_written_for() -> None:
    assert importlib.metadata.version("moto") == "5.2.5"


@pytest.mark.parametrize(
    ("hooked", "parameters"),
    [
        (LambdaFunction.invoke, ["self", "body", "request_headers", "response_headers"]),
        (LambdaFunction.update_configuration, ["self", "config_updates"]),
        (LambdaFunction.get_code, ["self"]),
        (LambdaBackend.delete_function, ["self", "function_name", "qualifier"]),
        (LambdaResponse._enrich_response, ["headers", "body"]),
        (BaseModel.__new__, ["cls", "args", "kwargs"]),
        (S3Response._get_key, ["self", "validate_storage_class"]),
        (S3Response.subdomain_based_buckets, ["request"]),
        (s3_notifications.send_event, ["account_id", "event_name", "bucket", "key"]),
        (s3_notifications._get_s3_event, ["event_name", "bucket", "key", "notification_id"]),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_what_is_hooked_takes_what_it_took(hooked: Callable[..., Any], parameters: list[str]) -> None:
    assert list(inspect.signature(hooked).parameters) == parameters


@pytest.mark.parametrize(
    ("caller", "call"),
    [
        (LambdaBackend.invoke, "fn.invoke(body, headers, response_headers)"),
        (LambdaResponse.invoke, "self.backend.invoke("),
        (LambdaResponse.get_function, "fn.get_code()"),
        (s3_notifications._invoke_awslambda, "func.invoke(json.dumps(event_body), {}, {})"),
        (s3_notifications.send_event, "_get_s3_event(event_name, bucket, key, notification.id)"),
        (moto.s3.models.S3Backend.put_object, "notifications.send_event("),
        (moto.s3.models.S3Backend.complete_multipart_upload, "multipart=multipart"),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_what_is_hooked_is_still_called(caller: Callable[..., Any], call: str) -> None:
    assert call in inspect.getsource(caller)


def test_what_the_local_lambda_reads_is_still_there() -> None:
    source = inspect.getsource(LambdaFunction)
    for name in (
        "code_bytes",
        "code_digest",
        "run_time",
        "environment_vars",
        "memory_size",
        "event_invoke_config",
    ):
        assert f"self.{name}" in source
    assert "self.config = config" in inspect.getsource(EventInvokeConfig)
