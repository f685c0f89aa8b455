"""What the client and the function say to each other: the only module that both sides import.

A call goes as JSON in the payload of the Lambda invocation, its result comes back as the JSON response.
Bytes that are valid UTF-8 travel as JSON strings, others as ``{"base64": "..."}``, so that scripts,
arguments, environment and output arrive byte for byte.

Only modules that AWS's runtime client has loaded anyway, or that are written in C, are imported here, and
``typing`` (3 ms of CPU against 7 ms for ``dataclasses``; both cost 14 times that at 128 MB).
"""

from __future__ import annotations

import binascii
import json
from typing import Any, NamedTuple

VERSION = 2
"""Of payload and result. It changes with any field: a function must not drop silently what it does not know,
so it refuses a payload of another version and says to update it."""

HANDLER = "scar_supervisor.handler.handle"
"""The function's handler, as Lambda's configuration names it."""

PAYLOAD_KEY = "scar"
"""The key whose presence tells a call by `scar run` from an event."""

INIT_SCRIPT_FILE = "init_script"
"""Name of the init script at the root of the deployment package."""

EXTRA_FOLDER = "extra"
"""Folder of the user's extra payload in the package. Containers find it by ENV_EXTRA_PAYLOAD."""

ENV_EXTRA_PAYLOAD = "EXTRA_PAYLOAD"
"""The container's variable that holds the path of the extra payload, if there is one."""

KIT_FOLDER = "kit"
"""Folder of the libfakechroot builds in the package: ``kit/<arch>/glibc-<oldest>/libfakechroot.so``."""

UDOCKER_FOLDER = "udocker"
"""Folder of the package of a function whose mode is udocker's: its modules in ``lib/``, tools in ``bin/``."""

IMAGE_FOLDER = "image"
"""Folder of the package that holds an image's blobs, if it came from a file: ``image/blobs/sha256/...``."""
IMAGE_PREFIX = "scar/images/"
"""Of the keys of such blobs in a bucket: ``scar/images/blobs/sha256/...``. Functions share them."""

# Names of the environment variables of the function's configuration.
ENV_IMAGE = "SCAR_IMAGE"
"""The image as the user wrote it, for example ``grycap/cowsay``."""
ENV_IMAGE_DIGEST = "SCAR_IMAGE_DIGEST"
"""Digest of the image's manifest for the function's architecture: what is pulled."""
ENV_IMAGE_SOURCE = "SCAR_IMAGE_SOURCE"
"""Where the image's blobs are: IMAGE_IN_PACKAGE, or ``s3://BUCKET``. Absent: in the image's registry."""
ENV_REGISTRY_MIRROR = "SCAR_REGISTRY_MIRROR"
"""URL of the registry that is asked in place of docker.io. Absent: Docker Hub itself."""
ENV_REGISTRY_SECRET = "SCAR_REGISTRY_SECRET"  # noqa: S105 - a name
"""ARN of the secret, or of the parameter of SSM, that holds the credentials for the image's registry: a JSON
object with ``username`` and ``password``. Absent: the registry asks for none."""
ENV_TIMEOUT_THRESHOLD = "SCAR_TIMEOUT_THRESHOLD"
"""Seconds before the function's own time-out at which the container is stopped."""
ENV_OUTPUT = "SCAR_OUTPUT"
"""Where results go: ``BUCKET/PREFIX``, where PREFIX is empty or ends with a slash. Absent: `OUTPUT_PREFIX` of
the bucket that the input is in."""
ENV_EXEC_MODE = "SCAR_EXEC_MODE"
"""How programs of the image are run, one of EXEC_MODES. Absent: the first of them."""
ENV_USER_PREFIX = "SCAR_ENV_"
"""Prefix of the variables given to `scar init -e`, so that reserved names (AWS_*) can be given too."""

IMAGE_IN_PACKAGE = "package"
"""Value of ENV_IMAGE_SOURCE: the blobs are in IMAGE_FOLDER."""

EXEC_MODES = ("F1", "F2", "F3", "F4", "P1", "P2", "R1", "R2", "R3", "S1")
"""Execution modes by udocker's names. The first is built in, the others are udocker's own."""

DEFAULT_TIMEOUT_THRESHOLD = 10
"""Seconds."""

INPUT_PREFIX = "input/"
"""Of the keys of a bucket that call its function."""
OUTPUT_PREFIX = "output/"
"""Of the keys of results, unless `ENV_OUTPUT` says otherwise."""

# Metadata of each result in S3 (``x-amz-meta-scar-function`` and so on).
META_FUNCTION = "scar-function"
"""Name of the function that made it. An object that carries its own name is no input for a function."""
META_REQUEST = "scar-request"
"""Id of the request of Lambda's that made it."""
META_INPUT = "scar-input"
"""The object that it was made of: ``s3://BUCKET/KEY``, the key percent-encoded but for its slashes; where
that is longer than `META_INPUT_LENGTH`, ``base64:`` and the base64 of ``s3://BUCKET/KEY``."""
META_INPUT_LENGTH = 1500
"""S3 allows 2,048 bytes of ASCII for names and values together. Of a bucket's name of 63 and a key of 1,024
bytes, base64 makes 1,460: both forms leave room for the rest."""

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of the container's output that a result carries. Base64 makes 5.6 MB of them: Lambda's response
limit is 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""

EXIT_TIMED_OUT = 124
"""Exit status of a container that was stopped at its deadline, as `timeout(1)` has it."""
EXIT_SCAR_ERROR = 125
"""Exit status when SCAR itself failed, as `docker run` has it."""

PROCESSED_LINE = "SCAR-PROCESSED "
"""What a line of the log begins with that `Processed` has written."""

_CONTROL = bytes(range(0x20)) + b"\x7f"


class ContractError(ValueError):
    """A payload or result that is not of this version's shape."""


class Call(NamedTuple):
    """What `scar run` asks of the function."""

    script: bytes | None = None
    args: tuple[bytes, ...] = ()
    env: tuple[tuple[bytes, bytes], ...] = ()
    pull_only: bool = False
    """True for a call that fetches the image, so that it is there for others, and runs nothing."""
    raise_on_failure: bool = False
    """True for asynchronous calls: nobody reads the result, so a failure must be Lambda's to retry."""
    object: tuple[str, str] | None = None
    """Bucket and key of an object that is staged in, its results out, as for an event of S3."""

    def to_payload(self) -> dict[str, Any]:
        """The JSON document of the invocation's payload."""
        return {
            PAYLOAD_KEY: {
                "version": VERSION,
                "script": None if self.script is None else encode(self.script),
                "args": [encode(arg) for arg in self.args],
                "env": [[encode(name), encode(value)] for name, value in self.env],
                "pull_only": self.pull_only,
                "raise_on_failure": self.raise_on_failure,
                "object": None if self.object is None else list(self.object),
            }
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Call:
        """The call in a payload. Raises ContractError."""
        body = payload[PAYLOAD_KEY]
        try:
            if body["version"] != VERSION:
                raise ContractError(
                    f"the call is of version {body['version']}, this function understands version {VERSION}:"
                    " update the older of the two (`scar update NAME` makes the function's package anew)"
                )
            script = body["script"]
            return cls(
                script=None if script is None else decode(script),
                args=tuple(decode(arg) for arg in body["args"]),
                env=tuple((decode(pair[0]), decode(pair[1])) for pair in body["env"]),
                pull_only=bool(body["pull_only"]),
                raise_on_failure=bool(body["raise_on_failure"]),
                object=_object(body["object"]),
            )
        except (LookupError, TypeError) as error:
            raise ContractError(f"the call is malformed: {type(error).__name__}: {error}") from error


class Failure(NamedTuple):
    """An error of SCAR's own, told apart from a container that failed."""

    type: str
    """A stable name, such as ``ImageNotFound``."""
    message: str
    hint: str = ""


class Result(NamedTuple):
    """What became of one call."""

    request_id: str
    log_group: str
    log_stream: str
    exit_code: int
    """The container's, or EXIT_TIMED_OUT, or EXIT_SCAR_ERROR; 128 + N for a container that signal N ended."""
    output: bytes = b""
    """Standard output and error as one, in the order written."""
    output_size: int = 0
    """Bytes that the container wrote. More than ``len(output)`` if the middle was left out."""
    timed_out: bool = False
    image_pulled: bool = False
    """True if this call had to fetch the image."""
    error: Failure | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON document of the invocation's response."""
        return {
            PAYLOAD_KEY: {
                "version": VERSION,
                **self._asdict(),
                "output": encode(self.output),
                "error": None if self.error is None else self.error._asdict(),
            }
        }

    @classmethod
    def from_document(cls, document: Any) -> Result:
        """The result in a response. Raises ContractError."""
        try:
            body = dict(document[PAYLOAD_KEY])
            if body.pop("version") != VERSION:
                raise ContractError("the function is of another version of SCAR")
            body["output"] = decode(body["output"])
            body["error"] = None if body["error"] is None else Failure(**body["error"])
            return cls(**body)
        except (KeyError, TypeError) as error:
            raise ContractError(f"the response is not of a SCAR function: {error}") from error


class Processed(NamedTuple):
    """What became of one object, of another event, of an asynchronous call, or of another call that failed.

    The supervisor writes it into the function's log as the last line of that work. The container writes
    to the same log and could print one like it: of those for the same request and object, the last one
    before Lambda's END line counts.
    """

    request_id: str = ""
    bucket: str = ""
    """Empty, like the key, where the work is no object."""
    key: str = ""
    exit_code: int = 0
    """The container's, or what stands for it in a `Result`."""
    timed_out: bool = False
    seconds: float = 0.0
    """From the first byte of the input to the last one of the results, with the image if it was fetched."""
    outputs: int = 0
    """Files that were written to S3."""
    skipped: str = ""
    """Why there was nothing to do, if so."""
    error: str = ""
    """``Type: message`` of what Lambda is told, if it failed."""

    def line(self) -> str:
        """The line, in ASCII and with its line end."""
        return f"{PROCESSED_LINE}{json.dumps(self._asdict())}\n"

    @classmethod
    def parse(cls, text: str) -> Processed | None:
        """What a line of the log says, or None if it is another line."""
        if not text.startswith(PROCESSED_LINE):
            return None
        try:
            document = json.loads(text.removeprefix(PROCESSED_LINE))
            found = cls(**{name: document[name] for name in cls._fields})
        except (ValueError, LookupError, TypeError):
            return None
        as_written = all(type(value) is type(default) for value, default in zip(found, cls(), strict=True))
        return found if as_written else None


def encode(data: bytes) -> str | dict[str, str]:
    """Bytes as JSON can carry them: as text where that is exact and not longer than base64."""
    escaped = len(data) - len(data.translate(None, _CONTROL))
    if escaped * 15 <= len(data) + 30:  # \u0000 takes 6 bytes; base64 takes 4 for every 3
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return {"base64": binascii.b2a_base64(data, newline=False).decode("ascii")}


def decode(value: Any) -> bytes:
    """The inverse of `encode`. Raises ContractError."""
    try:
        if isinstance(value, str):
            return value.encode("utf-8")
        return binascii.a2b_base64(value["base64"], strict_mode=True)
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"neither text nor base64: {str(value)[:80]!r}") from error


def result_metadata(function: str, request_id: str, bucket: str, key: str) -> dict[str, str]:
    """The metadata of the results that a function makes of an object."""
    from urllib.parse import quote

    source = f"s3://{bucket}/{quote(key)}"
    if len(source) > META_INPUT_LENGTH:
        plain = f"s3://{bucket}/{key}".encode()
        source = "base64:" + binascii.b2a_base64(plain, newline=False).decode("ascii")
    return {META_FUNCTION: function, META_REQUEST: request_id, META_INPUT: source}


def _object(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)):
        raise ContractError(f"an object is a bucket and a key, not {str(value)[:80]!r}")
    bucket, key = (decode(part).decode() for part in value)
    if not (bucket and key):
        raise ContractError(f"the bucket or the key is empty: {value!r}")
    return bucket, key
