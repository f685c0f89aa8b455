"""What a request asks for: read with moto's parsers of AWS's protocols, judged by botocore's API model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model

_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


class ApiCall(NamedTuple):
    """One request, as an SDK is asked for it."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


def read(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ApiCall:
    """The call of a signed request whose path and query are ``target``."""
    scope = _CREDENTIAL_SCOPE.search(headers.get("Authorization", ""))
    if scope is None:
        raise ValueError(f"{method} {target} is not signed")
    service = scope[1]
    request = Request.from_primitives(method, f"http://127.0.0.1{target}", headers, body)
    request.environ["RAW_URI"] = target
    operation, labels = get_service_router(service).match(request)
    return ApiCall(service, operation.name, _parameters(service, operation, request, labels))


def violations(call: ApiCall) -> list[str]:
    """Where parameters break the API model: unknown, missing, or beyond length, range, pattern or enum.

    botocore sends what is too long, unmatched by a pattern or in no enum, and leaves the refusal to AWS.
    """
    shape = _model(call.service).operation_model(call.operation).input_shape
    return [] if shape is None else list(_broken(shape, call.parameters, call.operation))


def _parameters(
    service: str, operation: OperationModel, request: Request, labels: Mapping[str, Any]
) -> dict[str, Any]:
    protocol = determine_request_protocol(get_service_model(service), request.content_type)
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": dict(labels),
        }
    )
    return parsed


@cache
def _model(service: str) -> ServiceModel:
    """botocore's own: moto's is changed here and there."""
    return ServiceModel(botocore.session.get_session().get_service_data(service), service)


def _broken(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _broken_structure(shape, value, where)
    elif isinstance(shape, ListShape):
        yield from _beyond(shape, len(value), where)
        for number, item in enumerate(value):
            yield from _broken(shape.member, item, f"{where}[{number}]")
    elif isinstance(shape, MapShape):
        yield from _beyond(shape, len(value), where)
        for key, item in value.items():
            yield from _broken(shape.key, key, f"{where} key")
            yield from _broken(shape.value, item, f"{where}.{key}")
    elif isinstance(value, str | bytes):
        yield from _broken_text(shape, value, where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _beyond(shape, value, where)


def _broken_structure(shape: StructureShape, value: Mapping[str, Any], where: str) -> Iterator[str]:
    yield from (f"{where}: no {name}" for name in shape.required_members if name not in value)
    for name, item in value.items():
        if name in shape.members:
            yield from _broken(shape.members[name], item, f"{where}.{name}")
        else:
            yield f"{where}: {name} is unknown"


def _broken_text(shape: Shape, value: str | bytes, where: str) -> Iterator[str]:
    yield from _beyond(shape, len(value), where)
    pattern, enum = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and isinstance(value, str) and not re.fullmatch(_for_python(pattern), value, re.DOTALL):
        yield f"{where}: {value!r} does not match {pattern}"
    if enum and value not in enum:
        yield f"{where}: {value!r} is none of {', '.join(enum)}"


def _for_python(pattern: str) -> str:
    """AWS's models have Java's and ECMAScript's patterns, with character classes by property."""
    return pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s").replace(r"\p{ASCII}", r"\x00-\x7f")


def _beyond(shape: Shape, size: float, where: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        yield f"{where}: {size} is not from {low} to {high}"
