"""A signature for a request that was changed on its way."""

from __future__ import annotations

import re
from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_SIGNED = ("authorization", "x-amz-date", "x-amz-content-sha256", "content-length")


def again(
    method: str, target: str, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]
) -> dict[str, str]:
    """The headers with a signature for this body, by the same key; ``secrets`` has its secret by its id."""
    scope = _SCOPE.search(headers["Authorization"])
    assert scope is not None
    key, region, service = scope.groups()
    kept = {name: value for name, value in headers.items() if name.lower() not in _SIGNED}
    request = AWSRequest(method, f"http://{headers['Host']}{target}", kept, body)
    SigV4Auth(Credentials(key, secrets[key]), service, region).add_auth(request)
    return dict(request.headers.items())
