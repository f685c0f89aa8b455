"""What SCAR may do on AWS, and nothing else: policies for a function's role and for who deploys functions.

Actions and the resources that they take:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scar.deploy import names
from scar.deploy.output import Output
from scar_supervisor.contract import IMAGE_PREFIX

Document = dict[str, Any]

SERVICE = "lambda.amazonaws.com"


@dataclass(frozen=True)
class Scope:
    """What the policies are limited to."""

    partition: str = "aws"
    account: str = "*"
    """Twelve digits; a role and its functions are always of one account."""
    functions: tuple[str, ...] = ("*",)
    """Names, also with ``*``. A function that is not among them cannot write its log."""
    buckets: tuple[str, ...] = ()
    """Those whose ``input/`` is read and whose ``output/`` is written."""
    outputs: tuple[Output, ...] = ()
    """Where results go instead."""
    destinations: tuple[str, ...] = ()
    """ARNs of what is told of events that failed for good."""
    package_buckets: tuple[str, ...] = ()
    """Those that packages go through which are too large for direct upload, and that hold images of files."""
    secrets: tuple[str, ...] = ()
    """ARNs of what holds credentials for registries."""
    role: str = "*"
    """Name of the role that functions get."""


def trust() -> Document:
    """Lambda may assume the role."""
    return _policy(
        [{"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}],
    )


def function(scope: Scope) -> Document:
    """What the function does: it writes its log, reads ``input/`` and its image, and writes ``output/``.

    HeadObject is s3:GetObject too, or s3:GetObjectVersion in a bucket that keeps versions; all parts of a
    multipart upload but its end by failure are s3:PutObject.
    """
    return _policy(
        [
            _allow("WriteTheLog", ("logs:CreateLogStream", "logs:PutLogEvents"), _logs(scope)),
            *_with_resources(
                _allow("ReadInput", _READ_ACTIONS, _objects(scope, names.INPUT_PREFIX)),
                _allow(
                    "WriteOutput",
                    ("s3:AbortMultipartUpload", "s3:PutObject"),
                    [*_objects(scope, names.OUTPUT_PREFIX), *_results(scope)],
                ),
            ),
            *_with_resources(_allow("ReadImages", ("s3:GetObject",), _images(scope))),
            *_with_resources(
                _allow(
                    "ReadSecrets",
                    ("secretsmanager:GetSecretValue",),
                    _of_service(scope.secrets, "secretsmanager"),
                ),
                _allow("ReadParameters", ("ssm:GetParameter",), _of_service(scope.secrets, "ssm")),
            ),
            *_tell_failures(scope.destinations),
        ]
    )


def deployer(scope: Scope) -> Document:
    """What the user of `scar` does."""
    return _policy(
        [
            _allow("ManageFunctions", _FUNCTION_ACTIONS, _functions(scope)),
            _allow("ListFunctions", ("lambda:ListFunctions",), ["*"]),
            _pass_role(scope),
            _allow("ManageLogs", _LOG_ACTIONS, _logs(scope)),
            _allow("FindLogs", ("logs:DescribeLogGroups",), ["*"]),
            *_with_resources(
                _allow("ManageBuckets", _BUCKET_ACTIONS, _buckets(scope)),
                _allow("MoveFiles", _FILE_ACTIONS, _everything(scope)),
                _allow("TakeFoldersBack", ("s3:DeleteObject",), _folders(scope)),
                _allow("FindOutputBuckets", ("s3:ListBucket",), _output_buckets(scope)),
                _allow("FindPackageBuckets", ("s3:ListBucket",), _package_buckets(scope)),
                _allow("UploadPackages", _PACKAGE_ACTIONS, _packages(scope)),
                _allow("ListFailures", ("s3:ListBucket",), _failure_buckets(scope)),
                _allow("RetryFailures", ("s3:DeleteObject", "s3:GetObject"), _failures(scope)),
                _allow("RetryMessages", _QUEUE_ACTIONS, _failure_queues(scope)),
            ),
            _allow(MANAGE_ROLE, _ROLE_ACTIONS, [_role(scope)]),
            _allow(EXAMINE, ("iam:GetRole", "iam:SimulatePrincipalPolicy"), ["*"]),
        ]
    )


_READ_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")

MANAGE_ROLE = "ManageTheRole"
"""The statement that `scar role create` alone needs."""
EXAMINE = "ExaminePermissions"
"""The statement that `scar doctor` alone needs. A session's ARN leaves out the path of its role,
which IAM must be told: therefore GetRole, of any role."""

_FUNCTION_ACTIONS = (
    "lambda:AddPermission",
    "lambda:CreateFunction",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionEventInvokeConfig",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetPolicy",
    "lambda:InvokeFunction",
    "lambda:ListTags",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
)
_LOG_ACTIONS = (
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:FilterLogEvents",
    "logs:ListTagsForResource",
    "logs:PutRetentionPolicy",
    "logs:TagResource",
)
_BUCKET_ACTIONS = (
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:GetBucketNotification",
    "s3:ListBucket",
    "s3:PutBucketNotification",
)
_FILE_ACTIONS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
_QUEUE_ACTIONS = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)
_PACKAGE_ACTIONS = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
_ROLE_ACTIONS = (
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
)


_DESTINATION_ACTIONS = {
    "events": ("events:PutEvents",),
    "lambda": ("lambda:InvokeFunction",),
    "sns": ("sns:Publish",),
    "sqs": ("sqs:SendMessage",),
}
"""By the service in the destination's ARN. Lambda does this with the function's role:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-async-destinations"""


def _tell_failures(arns: tuple[str, ...]) -> list[Document]:
    buckets = _of_service(arns, "s3")
    others = [arn for arn in arns if _service(arn) != "s3"]
    return [
        *_with_resources(
            _allow("FindFailureBucket", ("s3:ListBucket",), buckets),
            _allow("WriteFailures", ("s3:PutObject",), [f"{bucket}/*" for bucket in buckets]),
        ),
        *(
            _allow(f"TellFailures{number}", _DESTINATION_ACTIONS[_service(arn)], [arn])
            for number, arn in enumerate(others, 1)
        ),
    ]


def _of_service(arns: tuple[str, ...], service: str) -> list[str]:
    return [arn for arn in arns if _service(arn) == service]


def _failure_buckets(scope: Scope) -> list[str]:
    return _of_service(scope.destinations, "s3")


def _failures(scope: Scope) -> list[str]:
    return [
        f"{bucket}/{names.failure_prefix(name)}*"
        for bucket in _failure_buckets(scope)
        for name in scope.functions
    ]


def _failure_queues(scope: Scope) -> list[str]:
    return _of_service(scope.destinations, "sqs")


def _service(arn: str) -> str:
    return arn.split(":")[2]


def _policy(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, actions: Iterable[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}


def _pass_role(scope: Scope) -> Document:
    """Nobody may give a role to a function who may not pass it on."""
    condition = {"StringEquals": {"iam:PassedToService": SERVICE}}
    return {**_allow("PassTheRole", ("iam:PassRole",), [_role(scope)]), "Condition": condition}


def _with_resources(*statements: Document) -> list[Document]:
    """The statements that have a resource: IAM refuses one without."""
    return [statement for statement in statements if statement["Resource"]]


def _role(scope: Scope) -> str:
    return f"arn:{scope.partition}:iam::{scope.account}:role/{scope.role}"


def _functions(scope: Scope) -> list[str]:
    return [f"arn:{scope.partition}:lambda:*:{scope.account}:function:{name}" for name in scope.functions]


def _log_groups(scope: Scope) -> list[str]:
    prefix = f"arn:{scope.partition}:logs:*:{scope.account}:log-group:"
    return [prefix + names.log_group(name) for name in scope.functions]


def _logs(scope: Scope) -> list[str]:
    """The groups, and with ``:*`` what is in them. Actions on tags want the one, most others the other:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    return [
        resource
        for group in _log_groups(scope)
        for resource in ([group] if group.endswith("*") else [group, f"{group}:*"])
    ]


def _buckets(scope: Scope) -> list[str]:
    return [names.bucket_arn(bucket, scope.partition) for bucket in scope.buckets]


def _objects(scope: Scope, prefix: str) -> list[str]:
    return [f"{bucket}/{prefix}*" for bucket in _buckets(scope)]


def _output_buckets(scope: Scope) -> list[str]:
    return [names.bucket_arn(output.bucket, scope.partition) for output in scope.outputs]


def _results(scope: Scope) -> list[str]:
    return [
        f"{names.bucket_arn(output.bucket, scope.partition)}/{output.prefix}*" for output in scope.outputs
    ]


def _package_buckets(scope: Scope) -> list[str]:
    return [names.bucket_arn(bucket, scope.partition) for bucket in scope.package_buckets]


def _images(scope: Scope) -> list[str]:
    return [f"{bucket}/{IMAGE_PREFIX}*" for bucket in _package_buckets(scope)]


def _packages(scope: Scope) -> list[str]:
    return [f"{bucket}/scar/*" for bucket in _package_buckets(scope)]


def _everything(scope: Scope) -> list[str]:
    """All objects: who puts files and gets them says under which names."""
    return _objects(scope, "")


def _folders(scope: Scope) -> list[str]:
    return [
        f"{bucket}/{name}" for name in (names.INPUT_PREFIX, names.OUTPUT_PREFIX) for bucket in _buckets(scope)
    ]
