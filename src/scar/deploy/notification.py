"""A bucket's notification configuration, as a value: what is ours goes in and out, all else stays as it is.

S3 keeps one document per bucket, and every write replaces all of it
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

_FUNCTIONS = "LambdaFunctionConfigurations"
_ENTRY_LISTS = (_FUNCTIONS, "QueueConfigurations", "TopicConfigurations")
EVENT = "s3:ObjectCreated:*"


@dataclass(frozen=True)
class Entry:
    """One function, called for each new object under a prefix."""

    id: str
    function_arn: str
    prefix: str

    def to_document(self) -> Document:
        rules = [{"Name": "prefix", "Value": self.prefix}]
        return {
            "Id": self.id,
            "LambdaFunctionArn": self.function_arn,
            "Events": [EVENT],
            "Filter": {"Key": {"FilterRules": rules}},
        }


def with_entry(document: Document, entry: Entry) -> Document:
    """The document with the entry in it; what the same function had there before is replaced."""
    kept = without_function(document, entry.function_arn)
    return {**kept, _FUNCTIONS: [*kept.get(_FUNCTIONS, []), entry.to_document()]}


def without_function(document: Document, function_arn: str) -> Document:
    """The document without the entries that call the function, in whichever version or alias."""
    entries = [one for one in document.get(_FUNCTIONS, []) if not _calls(one, function_arn)]
    rest = {key: value for key, value in document.items() if key != _FUNCTIONS}
    return {**rest, _FUNCTIONS: entries} if entries else rest


def overlapping(document: Document, entry: Entry) -> Document | None:
    """Another's entry for objects that ``entry`` is for too, or None. S3 refuses such a pair."""
    return next((one for one in _entries(document) if _overlaps(one, entry)), None)


def target(entry: Document) -> str:
    """The ARN of what an entry calls."""
    for key in ("LambdaFunctionArn", "QueueArn", "TopicArn"):
        if key in entry:
            return str(entry[key])
    return "an unknown destination"


def _entries(document: Document) -> Iterator[Document]:
    for key in _ENTRY_LISTS:
        yield from document.get(key, [])


def _overlaps(other: Document, entry: Entry) -> bool:
    if _calls(other, entry.function_arn) or not any(_same_events(event) for event in other["Events"]):
        return False
    rules = other.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    prefix = next((rule["Value"] for rule in rules if rule["Name"].lower() == "prefix"), "")
    # Our entry has no suffix, so whatever suffix the other one has is within it.
    return bool(prefix.startswith(entry.prefix) or entry.prefix.startswith(prefix))


def _same_events(event: str) -> bool:
    return event.startswith("s3:ObjectCreated:")


def _calls(entry: Document, function_arn: str) -> bool:
    arn = entry.get("LambdaFunctionArn", "")
    return bool(arn == function_arn or arn.startswith(f"{function_arn}:"))
