"""The package that an updated function should have.

SCAR's part of it is that of the SCAR that is used, the user's is what it was, or what is said of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from scar.aws.functions import Function, Package
from scar.aws.session import Aws
from scar.config import Config
from scar.deploy import package, payload, upload
from scar.deploy.package import UserParts
from scar.deploy.payload import File
from scar.deploy.spec import RoleArn
from scar.errors import ScarError
from scar.ops import script
from scar.ops.talk import Talk
from scar_supervisor.contract import ENV_EXEC_MODE, ENV_IMAGE_SOURCE, EXEC_MODES, IMAGE_IN_PACKAGE


@dataclass(frozen=True)
class PackageRequest:
    """What the user says of the package: None of a part leaves it, an empty one takes it away."""

    init_script: bytes | None = field(default=None, repr=False)
    extra: tuple[File, ...] | None = None
    image: tuple[File, ...] | None = None
    """The blobs of an image out of a file; empty: the image comes from elsewhere."""
    exec_mode: str | None = None
    bucket: str | None = None
    """Takes a package that is too large to be sent along; None: the configuration decides."""

    @classmethod
    def read(cls, script_file: str | None, folder: str | None, bucket: str | None) -> PackageRequest:
        """From the options' values: paths, or empty texts. Raises ScarError."""
        return cls(
            init_script=b"" if script_file == "" else script.read(script_file, "-s/--script"),
            extra=payload.read(folder, "--extra-payload") if folder else None if folder is None else (),
            bucket=bucket,
        )

    @property
    def says_something(self) -> bool:
        return self != PackageRequest()

    @property
    def says_all(self) -> bool:
        """Whether nothing is left of what the user once put into the package."""
        return None not in (self.init_script, self.extra, self.image)

    def applied(self, parts: UserParts) -> UserParts:
        """The parts as they should be."""
        return UserParts(
            init_script=parts.init_script if self.init_script is None else self.init_script or None,
            extra=parts.extra if self.extra is None else self.extra,
            image=parts.image if self.image is None else self.image,
        )


def replacement(
    function: Function, request: PackageRequest, config: Config, aws: Aws, talk: Talk
) -> Package | None:
    """The package for the function as it should be; None: the one that it has.

    Made anew also if the user says nothing of it, as the function's may be of an older SCAR: then what is in
    the way of that is only a warning. Raises ScarError.
    """
    bucket = config.lambda_package_bucket if request.bucket is None else request.bucket
    try:
        content = _content(function, request, aws, talk)
        if Package(content).digest == function.package_digest:
            return None
        made = upload.package_for(content, function.name, bucket)
        upload.check_bucket(aws, made.bucket, RoleArn(function.role).account)
    except ScarError as error:
        if request.says_something:
            raise
        talk.warn(f"the package of function {function.name} is left as it is: {error.message}")
        return None
    return made


def _content(function: Function, request: PackageRequest, aws: Aws, talk: Talk) -> bytes:
    """The zip archive. The function's own is fetched only where it counts what is in it."""
    content = _build(function, request, UserParts())
    in_package = function.environment.get(ENV_IMAGE_SOURCE) == IMAGE_IN_PACKAGE
    known = request if in_package or request.image is not None else replace(request, image=())
    if known.says_all or Package(content).digest == function.package_digest:
        return content
    talk.say(f"fetch the package of function {function.name}, to keep what is yours in it")
    return _build(function, request, package.user_parts(aws.functions.package(function)))


def _build(function: Function, request: PackageRequest, kept: UserParts) -> bytes:
    parts = request.applied(kept)
    mode = request.exec_mode or function.environment.get(ENV_EXEC_MODE, EXEC_MODES[0])
    return package.build(function.architecture, parts.init_script, parts.extra, parts.image, mode)
