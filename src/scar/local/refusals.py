"""What Lambda answers to an Invoke call that it does not run, in the shapes of its API."""

from __future__ import annotations

import json

from moto.awslambda.exceptions import LambdaClientError


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
        super().__init__("InvalidRuntimeException", f"The local cloud runs Python only, not {runtime}")


class InvalidPackage(LambdaClientError):
    """The deployment package is no zip archive. AWS says so when the function is made, moto does not."""

    code = 502

    def __init__(self) -> None:
        super().__init__("InvalidZipFileException", "Lambda could not unzip the deployment package.")


class InvalidContent(LambdaClientError):
    """The payload is not JSON."""

    def __init__(self, reason: str) -> None:
        message = f"Could not parse request body into json: {reason}"
        super().__init__("InvalidRequestContentException", message)
