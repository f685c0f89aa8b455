"""IAM's roles and the policies in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scar.aws.errors import NotFound, made_by_an_earlier_try, request

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

Document = Mapping[str, Any]
"""A policy as IAM's JSON has it."""


@dataclass(frozen=True)
class Role:
    """A role as IAM describes it."""

    name: str
    arn: str
    trust: Document
    """Who may assume it."""
    tags: Mapping[str, str] = field(default_factory=dict)


class Roles:
    """The roles of one account: they are the same in every region."""

    def __init__(self, client: IAMClient) -> None:
        self._client = client

    def find(self, name: str) -> Role | None:
        """The role with its tags, or None."""
        try:
            with request(f"look for role {name}"):
                found = self._client.get_role(RoleName=name)["Role"]
        except NotFound:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
        return Role(found["RoleName"], found["Arn"], _document(found["AssumeRolePolicyDocument"]), tags)

    def create(self, name: str, trust: Document, description: str, tags: Mapping[str, str]) -> None:
        """Make the role, which may do nothing yet."""
        with made_by_an_earlier_try(), request(f"create role {name}"):
            self._client.create_role(
                RoleName=name,
                AssumeRolePolicyDocument=json.dumps(trust),
                Description=description,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )

    def delete(self, name: str) -> None:
        """Delete a role that has no policies left."""
        with request(f"delete role {name}"):
            self._client.delete_role(RoleName=name)

    def set_trust(self, name: str, trust: Document) -> None:
        """Replace the document that says who may assume the role."""
        with request(f"set who may assume role {name}"):
            self._client.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))

    def policy(self, role: str, name: str) -> Document | None:
        """One policy inside the role, or None."""
        try:
            with request(f"read policy {name} of role {role}"):
                found = self._client.get_role_policy(RoleName=role, PolicyName=name)
        except NotFound:
            return None
        return _document(found["PolicyDocument"])

    def set_policy(self, role: str, name: str, policy: Document) -> None:
        """Put a policy into the role, in place of one of the same name."""
        with request(f"set policy {name} of role {role}"):
            self._client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))

    def delete_policy(self, role: str, name: str) -> None:
        with request(f"delete policy {name} of role {role}"):
            self._client.delete_role_policy(RoleName=role, PolicyName=name)

    def denied(
        self, principal_arn: str, actions: Sequence[str], resource: str, context: Mapping[str, str]
    ) -> Iterator[str]:
        """Which of the actions the principal's policies do not allow on the resource.

        IAM evaluates the policies of the principal only, not those of the resource.
        """
        entries: list[ContextEntryTypeDef] = [
            {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
            for key, value in context.items()
        ]
        with request(f"ask what {principal_arn} may do"):
            pages = self._client.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=principal_arn,
                ActionNames=list(actions),
                ResourceArns=[resource],
                ContextEntries=entries,
            )
            for page in pages:
                for result in page["EvaluationResults"]:
                    if result["EvalDecision"] != "allowed":
                        yield result["EvalActionName"]


def _document(policy: Any) -> Document:
    """A policy of an answer. botocore decodes the URL-encoded JSON that IAM sends; emulators send others."""
    document: Document = json.loads(policy) if isinstance(policy, str) else policy
    return document
