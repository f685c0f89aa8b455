"""A function as the local Lambda runs it: one reading of what moto keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction


@dataclass(frozen=True)
class FunctionSpec:
    """Everything that an environment depends on: two equal specs can share environments."""

    arn: str
    name: str
    version: str
    account_id: str
    region: str
    runtime: str
    handler: str
    code_digest: str
    """Hexadecimal SHA-256 of the deployment package."""
    memory_mb: int
    timeout_s: int
    storage_mb: int
    role_arn: str
    environment: tuple[tuple[str, str], ...]
    code: bytes = field(repr=False, compare=False)
    """The deployment package itself, a zip archive."""

    @property
    def log_group(self) -> str:
        """The log group that Lambda gives every function."""
        return f"/aws/lambda/{self.name}"

    @classmethod
    def of(cls, function: LambdaFunction) -> FunctionSpec:
        """Read moto's record of a function as it is now."""
        return cls(
            arn=function.function_arn,
            name=function.function_name,
            # moto numbers what is not published too; AWS calls that $LATEST. Published: it is in the ARN.
            version=str(function.version) if function.function_arn.count(":") == 7 else "$LATEST",
            account_id=function.account_id,
            region=function.region,
            runtime=function.run_time or "",
            handler=function.handler or "",
            code_digest=function.code_digest,
            memory_mb=int(function.memory_size),
            timeout_s=int(function.timeout),
            storage_mb=int(function.ephemeral_storage),
            role_arn=function.role,
            environment=tuple(sorted(function.environment_vars.items())),
            code=function.code_bytes,
        )
