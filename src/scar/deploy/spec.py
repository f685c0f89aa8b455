"""What a function is to be: everything checked, nothing made yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scar import limits
from scar.aws.functions import NewFunction, Package, Settings
from scar.deploy import names
from scar.deploy.output import Output
from scar_supervisor import contract

TAG_CREATED_BY = ("createdby", "scar")
TAG_OWNER = "owner"


@dataclass(frozen=True)
class RoleArn:
    """The role that a function assumes. Its account is the function's too: Lambda takes no other."""

    text: str

    @property
    def partition(self) -> str:
        return self.text.split(":")[1]

    @property
    def account(self) -> str:
        return self.text.split(":")[4]


@dataclass(frozen=True)
class FunctionSpec:
    """A function of SCAR's, and the bucket that calls it."""

    name: str
    region: str
    description: str
    memory: int
    """Megabytes."""
    time: int
    """Seconds."""
    threshold: int
    """Seconds before the time-out at which the container is stopped."""
    storage: int
    """Megabytes of /tmp."""
    role: RoleArn
    runtime: str
    architecture: str
    image: str
    """As the user wrote it."""
    digest: str
    """Of the image's manifest for the architecture."""
    registry_mirror: str
    """URL, or empty."""
    environment: Mapping[str, str] = field(repr=False)
    """The user's variables, for the container."""
    owner: str
    registry_secret: str = ""
    """ARN of what holds the credentials for the registry, or empty."""
    exec_mode: str = contract.EXEC_MODES[0]
    image_source: str = ""
    """Where the image is fetched from, if not from its registry; else empty."""
    bucket: str = ""
    """The event source, or empty."""
    output: Output | None = None
    """Where results go, if not to the bucket that the input is in."""
    on_failure: str = ""
    """ARN of what gets the record of an event that failed for good, or empty."""
    preheat: bool = False

    @property
    def arn(self) -> str:
        return f"arn:{self.role.partition}:lambda:{self.region}:{self.role.account}:function:{self.name}"

    @property
    def log_group(self) -> str:
        return names.log_group(self.name)

    @property
    def tags(self) -> dict[str, str]:
        return dict([TAG_CREATED_BY, (TAG_OWNER, self.owner)])

    def new_function(self, package: Package) -> NewFunction:
        """What CreateFunction is told."""
        return NewFunction(
            name=self.name,
            settings=Settings(
                description=self.description,
                memory=self.memory,
                time=self.time,
                storage=self.storage,
                environment=function_environment(self),
            ),
            role=self.role.text,
            runtime=self.runtime,
            handler=contract.HANDLER,
            architecture=self.architecture,
            tags=self.tags,
            package=package,
        )


def function_environment(spec: FunctionSpec) -> dict[str, str]:
    """The function's environment. Raises UsageError if it is larger than Lambda allows."""
    variables = {
        contract.ENV_IMAGE: spec.image,
        contract.ENV_IMAGE_DIGEST: spec.digest,
        contract.ENV_TIMEOUT_THRESHOLD: str(spec.threshold),
    }
    if spec.registry_secret:
        variables[contract.ENV_REGISTRY_SECRET] = spec.registry_secret
    if spec.image_source:
        variables[contract.ENV_IMAGE_SOURCE] = spec.image_source
    if spec.exec_mode != contract.EXEC_MODES[0]:
        variables[contract.ENV_EXEC_MODE] = spec.exec_mode
    if spec.registry_mirror:
        variables[contract.ENV_REGISTRY_MIRROR] = spec.registry_mirror
    if spec.output:
        variables[contract.ENV_OUTPUT] = spec.output.path
    variables |= {contract.ENV_USER_PREFIX + name: value for name, value in spec.environment.items()}
    limits.environment(variables, "-e/--env")
    return variables


def is_of_scar(tags: Mapping[str, str]) -> bool:
    """Whether what carries these tags was made by SCAR, and may be changed and removed by it."""
    key, value = TAG_CREATED_BY
    return tags.get(key) == value
