"""boto3's client of S3, within the time of a call, and S3's refusals in words.

What passes by itself (S3 is busy, a connection breaks) is waited out by botocore, which tries again after
0 to 1, 0 to 2, 0 to 4 seconds and so on, at most 20, until the call's time would be over.
"""

from __future__ import annotations

import functools
import time
from contextlib import contextmanager
from typing import Any

from .errors import NoTimeLeft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTEMPTS = 10
_LONGEST_PAUSE = 20
"""Seconds, of botocore."""
_SERVER_ERROR = 500
_TIMEOUTS = (60, 20, 10, 4, 1)
"""Seconds that a connection, and S3's next byte, are waited for. Each makes a client of its own: few do."""


@contextmanager
def client(deadline: float) -> Iterator[Any]:
    """A client whose requests are not tried again beyond a deadline (of ``time.monotonic``, in seconds).

    Raises NoTimeLeft, as the requests do.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise NoTimeLeft("nothing of the function's time is left for S3", MORE_TIME)

    def give_up(attempts: int, response: Any, caught_exception: Any, **_: Any) -> None:
        if response is not None and response[0].status_code < _SERVER_ERROR:
            return
        if time.monotonic() + min(2 ** (attempts - 1), _LONGEST_PAUSE) >= deadline:
            what = caught_exception or response[1]["Error"]["Code"]
            raise NoTimeLeft(f"S3 did not do it before the function's time was used up: {what}", MORE_TIME)

    # A client is made once, for it is dear: what is of this call is taken out of it again.
    made = _client(next((seconds for seconds in _TIMEOUTS if 2 * seconds <= left), _TIMEOUTS[-1]))
    made.meta.events.register(_EVENT, give_up, unique_id=_EVENT)
    try:
        yield made
    finally:
        made.meta.events.unregister(_EVENT, unique_id=_EVENT)


@functools.cache
def _client(timeout: int) -> Any:
    # The first is 423 ms of CPU here and 14 times that at 128 MB: only calls with files pay it, and once an
    # environment. It carries the role's credentials, which are the environment's own and no call's.
    import boto3
    from botocore.config import Config

    made = boto3.client(
        "s3",
        config=Config(
            connect_timeout=timeout,
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        ),
    )
    made.meta.events.register("request-created.s3.PutObject", _send_at_once)
    return made


def _send_at_once(request: Any, **_: Any) -> None:
    """Do not ask S3 whether the body may come: that is a round trip, worth it for parts of large files."""
    del request.headers["Expect"]


_EVENT = "needs-retry.s3"


def errors() -> tuple[type[Exception], ...]:
    """What requests and transfers raise."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

    return (
        Boto3Error,
        BotoCoreError,
        ClientError,
        ResponseParserError,
        RetriesExceededError,
        S3DownloadFailedError,
    )


def is_missing(error: Exception) -> bool:
    """Whether there is no such object."""
    return _code(error) in ("NoSuchKey", "404")


def not_read(error: Exception) -> tuple[str, str]:
    """Why an object could not be read, and what helps."""
    code = _code(error)
    return _NOT_READ.get(code) or _refused(error, code, "kms:Decrypt")


def not_written(error: Exception) -> str:
    """Why an object could not be written."""
    code = _code(error)
    return _NO_BUCKET if code == "NoSuchBucket" else _refused(error, code, "kms:GenerateDataKey")[0]


def _code(error: BaseException) -> str:
    """S3's, also of an error that boto3 has put into words, as it does for transfers in parts."""
    response = getattr(error, "response", None) or getattr(error.__context__, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def _refused(error: Exception, code: str, key_action: str) -> tuple[str, str]:
    if code.startswith("KMS."):
        return (f"its key cannot be used: {error}", "see in KMS that the key is there and enabled")
    if code not in ("AccessDenied", "403"):
        return (str(error), "")
    if "kms" in str(error).lower():
        hint = f"permit {key_action} in the policies of the role and of the key"
        return (f"the function's role may not use its key ({key_action}): {error}", hint)
    return (f"access denied: {error}", PERMIT)


PERMIT = "scar role create, with the function's -es and --output, permits its role what it needs"
MORE_TIME = "give the function more time (`-t`), or what is left after its container (`-tt`)"
_NO_BUCKET = "there is no such bucket"
_GONE = ("it is gone: somebody deleted it after the event", "put it again, if it is to be processed")
_NOT_READ = {
    "NoSuchKey": _GONE,
    "NoSuchVersion": _GONE,
    "404": _GONE,
    "NoSuchBucket": (_NO_BUCKET, ""),
    "PreconditionFailed": ("it was replaced meanwhile", "the file in its place has an event of its own"),
    "InvalidObjectState": (
        "it is archived, and must be restored first",
        "restore it (aws s3api restore-object), then have it processed again",
    ),
}
