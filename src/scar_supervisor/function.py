"""The function's configuration, read from the environment that Lambda gives it."""

from __future__ import annotations

import os
from typing import NamedTuple

from . import contract
from .errors import FunctionMisconfigured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

Environment = dict[bytes, bytes]

WRITABLE = os.environb.get(b"TMPDIR") or b"/tmp"
"""The only place where a function may write. Lambda sets no TMPDIR; a local cloud without a sandbox does, in
which several environments would otherwise share the machine's."""


class Function(NamedTuple):
    """What `scar init` decided, the same for every call."""

    name: str
    image: str
    """As the user wrote it."""
    image_digest: str
    image_source: str
    """Where the image is fetched from, as contract.ENV_IMAGE_SOURCE has it; empty: its registry."""
    registry_mirror: str | None
    registry_secret: str
    """ARN of what holds the credentials for the registry, or empty."""
    timeout_threshold: int
    """Seconds."""
    user_env: Environment
    """The variables given to `scar init -e`."""
    role_env: Environment
    """The credentials of the function's role, the region and the endpoint, by the names that SDKs read."""
    task_root: str
    """The folder of the unpacked deployment package."""
    init_script: bytes | None
    """The script given to `scar init -s`."""
    output: tuple[str, str] | None
    """Bucket and prefix of the results, if they do not go to the bucket of the input."""
    exec_mode: str
    """One of contract.EXEC_MODES."""
    extra_payload: bytes | None
    """The folder given to `scar init --extra-payload`, where it is in the package."""

    @classmethod
    def from_environment(cls, environ: Mapping[bytes, bytes]) -> Function:
        """The configuration in an environment such as ``os.environb``, and in the package around this module.

        Raises FunctionMisconfigured.
        """
        try:
            name = os.fsdecode(environ[b"AWS_LAMBDA_FUNCTION_NAME"])
            image = os.fsdecode(environ[contract.ENV_IMAGE.encode()])
            digest = os.fsdecode(environ[contract.ENV_IMAGE_DIGEST.encode()])
            threshold = int(
                environ.get(contract.ENV_TIMEOUT_THRESHOLD.encode(), contract.DEFAULT_TIMEOUT_THRESHOLD)
            )
        except (KeyError, ValueError) as error:
            raise FunctionMisconfigured(
                f"the function's environment is not of SCAR's making: {error}",
                "make the function again with `scar init`",
            ) from error
        mode = os.fsdecode(environ.get(contract.ENV_EXEC_MODE.encode(), contract.EXEC_MODES[0].encode()))
        if mode not in contract.EXEC_MODES:
            raise FunctionMisconfigured(
                f"{contract.ENV_EXEC_MODE}: there is no execution mode {mode!r}",
                f"`scar update --exec-mode {contract.EXEC_MODES[0]} NAME`",
            )
        output = os.fsdecode(environ.get(contract.ENV_OUTPUT.encode(), b""))
        bucket, _, output_prefix = output.partition("/")
        mirror = environ.get(contract.ENV_REGISTRY_MIRROR.encode())
        prefix = contract.ENV_USER_PREFIX.encode()
        task_root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        return cls(
            name=name,
            image=image,
            image_digest=digest,
            image_source=os.fsdecode(environ.get(contract.ENV_IMAGE_SOURCE.encode(), b"")),
            registry_mirror=os.fsdecode(mirror) if mirror else None,
            registry_secret=os.fsdecode(environ.get(contract.ENV_REGISTRY_SECRET.encode(), b"")),
            timeout_threshold=threshold,
            user_env={
                name[len(prefix) :]: value for name, value in environ.items() if name.startswith(prefix)
            },
            role_env={name: environ[name] for name in _ROLE_NAMES if environ.get(name)},
            task_root=task_root,
            exec_mode=mode,
            output=(bucket, output_prefix) if bucket else None,
            extra_payload=_folder(os.path.join(task_root, contract.EXTRA_FOLDER)),
            init_script=_content(os.path.join(task_root, contract.INIT_SCRIPT_FILE)),
        )


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _folder(path: str) -> bytes | None:
    return os.fsencode(path) if os.path.isdir(path) else None


_ROLE_NAMES = (
    b"AWS_ACCESS_KEY_ID",
    b"AWS_SECRET_ACCESS_KEY",
    b"AWS_SESSION_TOKEN",
    b"AWS_REGION",
    b"AWS_DEFAULT_REGION",
    b"AWS_ENDPOINT_URL",
)
