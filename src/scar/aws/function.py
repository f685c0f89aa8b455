"""One function of AWS Lambda, and what it is told and answers: values."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_STORAGE_MB = 512


@dataclass(frozen=True)
class Settings:
    """What UpdateFunctionConfiguration can change of a function of SCAR's."""

    description: str
    memory: int
    """Megabytes."""
    time: int
    """Seconds."""
    storage: int
    """Megabytes of /tmp."""
    environment: Mapping[str, str] = field(repr=False)

    def to_request(self) -> dict[str, Any]:
        """As the API's parameters."""
        return {
            "Description": self.description,
            "MemorySize": self.memory,
            "Timeout": self.time,
            "EphemeralStorage": {"Size": self.storage},
            "Environment": {"Variables": dict(self.environment)},
        }


@dataclass(frozen=True)
class Function:
    """A function as Lambda describes it."""

    name: str
    arn: str
    description: str
    memory: int
    """Megabytes."""
    time: int
    """Seconds."""
    runtime: str
    handler: str
    architecture: str
    package_size: int
    """Bytes."""
    last_modified: str
    """ISO 8601."""
    environment: Mapping[str, str] = field(repr=False)
    """Empty also if it is kept from us: see ``environment_error``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Empty also when the request that found the function does not tell."""
    storage: int = DEFAULT_STORAGE_MB
    """Megabytes of /tmp."""
    role: str = ""
    package_digest: str = ""
    """SHA-256 of the package in base64, as Lambda tells it."""
    environment_error: str = ""
    """Why Lambda does not tell the environment, such as a key of KMS that we may not use."""
    revision: str = ""
    """Changes with every change of the function; empty where the cloud does not tell."""

    @classmethod
    def of(cls, configuration: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> Function:
        """The function in a FunctionConfiguration of the API."""
        return cls(
            name=configuration["FunctionName"],
            arn=configuration["FunctionArn"],
            description=configuration.get("Description", ""),
            memory=configuration.get("MemorySize", 128),
            time=configuration.get("Timeout", 3),
            runtime=configuration.get("Runtime", ""),
            handler=configuration.get("Handler", ""),
            architecture=configuration.get("Architectures", ["x86_64"])[0],
            package_size=configuration.get("CodeSize", 0),
            last_modified=configuration.get("LastModified", ""),
            environment=configuration.get("Environment", {}).get("Variables", {}),
            tags=tags or {},
            storage=configuration.get("EphemeralStorage", {}).get("Size", DEFAULT_STORAGE_MB),
            role=configuration.get("Role", ""),
            package_digest=configuration.get("CodeSha256", ""),
            environment_error=configuration.get("Environment", {}).get("Error", {}).get("Message", ""),
            revision=configuration.get("RevisionId", ""),
        )

    @property
    def settings(self) -> Settings:
        return Settings(
            description=self.description,
            memory=self.memory,
            time=self.time,
            storage=self.storage,
            environment=self.environment,
        )


@dataclass(frozen=True)
class Package:
    """A deployment package, and where it was put if it is too large to be sent along."""

    content: bytes = field(repr=False)
    """The zip archive."""
    bucket: str = ""
    key: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 as Lambda tells it."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()

    def to_request(self) -> dict[str, Any]:
        """As the API's parameters."""
        if self.bucket:
            return {"S3Bucket": self.bucket, "S3Key": self.key}
        return {"ZipFile": self.content}


@dataclass(frozen=True)
class NewFunction:
    """All that CreateFunction is told."""

    name: str
    settings: Settings
    role: str
    runtime: str
    handler: str
    architecture: str
    tags: Mapping[str, str]
    package: Package

    def became(self, function: Function) -> bool:
        """Whether a function is what this one would be: the answer to its creation may have been lost."""
        return (
            function.package_digest == self.package.digest
            and function.settings == self.settings
            and function.role == self.role
            and function.tags == self.tags
        )


@dataclass(frozen=True)
class EventPolicy:
    """What Lambda does with asynchronous calls of a function; its own words, where nothing else is set:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """

    retries: int = 2
    """How often a call that failed is made again."""
    age: int = 21_600
    """Seconds after which a call that could not be made, or made again, is dropped."""
    failure_destination: str = ""
    """ARN of what gets the record of such a call, if anything does."""

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> EventPolicy:
        """The policy in a FunctionEventInvokeConfig of the API."""
        return cls(
            retries=configuration.get("MaximumRetryAttempts", cls.retries),
            age=configuration.get("MaximumEventAgeInSeconds", cls.age),
            failure_destination=configuration.get("DestinationConfig", {})
            .get("OnFailure", {})
            .get("Destination", ""),
        )


@dataclass(frozen=True)
class Answer:
    """What Invoke returned."""

    request_id: str
    payload: bytes = field(repr=False, default=b"")
    error: str = ""
    """Empty, or what Lambda says of the failure: ``Handled`` or ``Unhandled``."""
    log_tail: bytes = field(repr=False, default=b"")
    """The last 4 KB of the log; synchronous calls only."""
