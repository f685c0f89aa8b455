"""The messages of SCAR's errors, as its source has them: docs/troubleshooting.md tells of each.

`python -m tools.messages` lists those that the page lacks. A message is the first argument of an error that
is made somewhere under `src`. What it is filled with (fields of f-strings, calls) is an ellipsis here, and in
the page an ellipsis, a word in capitals or a number. A message that is nothing but what it is filled with, as
of an error that is raised again, is left out: it is AWS's, or another one of these.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "troubleshooting.md"

_FIELD = "…"
_FILLED = r"(?:…|[A-Z][A-Z_]*|\d[\d,]*)?"
"""What stands for a field in the page. A field may be empty, as that with the nearest name of a command."""
_ROOTS = frozenset(
    {"ScarError", "ImageError", "SupervisorError", "ContractError", "ClickException", "UsageError"}
)
_ROW = re.compile(r"^\| (`.*?`) \|", re.MULTILINE)
_CODE = re.compile(r"(`+)(.+?)\1(?!`)")
"""With more than one mark where there are marks in it."""


@dataclass(frozen=True)
class Message:
    """What an error says, and where it is made."""

    text: str
    where: str

    def is_told_as(self, entry: str) -> bool:
        """Whether an entry of the page is about it."""
        return re.fullmatch(_FILLED.join(map(re.escape, self.text.split(_FIELD))), entry) is not None


def messages(root: Path = ROOT / "src") -> list[Message]:
    """All of the modules below a folder."""
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.py"))}
    errors = _error_classes(modules)
    found = (
        Message(re.sub(f"{_FIELD}+", _FIELD, text), f"{path.relative_to(root)}:{call.lineno}")
        for path, module in modules.items()
        for call, texts in _made(module, errors)
        for text in texts
        if _has_words(text)
    )
    return list(dict.fromkeys(found))  # what is made in a function within another one is met twice


def entries(page: str) -> list[str]:
    """The messages that a page tells of: what is code in the first column of its tables."""
    return [entry.strip() for row in _ROW.findall(page) for _, entry in _CODE.findall(row)]


def _has_words(text: str) -> bool:
    return re.search("[a-z]", text) is not None


def _error_classes(modules: Mapping[Path, ast.Module]) -> frozenset[str]:
    """The names of the classes of errors, by what they are derived from."""
    bases: dict[str, set[str]] = {}
    for module in modules.values():
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):  # two modules may have one of the same name
                bases.setdefault(node.name, set()).update(map(_name, node.bases))
    found = _ROOTS
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def _made(module: ast.Module, errors: frozenset[str]) -> Iterator[tuple[ast.Call, list[str]]]:
    """Each making of an error in a module, and the messages that it may have there."""
    for scope in ast.walk(module):
        if isinstance(scope, ast.FunctionDef):
            variables = _texts_of_variables(scope)
            for node in ast.walk(scope):
                if isinstance(node, ast.Call) and node.args and _name(node.func) in errors:
                    yield node, _texts(node.args[0], variables)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _texts_of_variables(scope: ast.FunctionDef) -> dict[str, list[str]]:
    """Of the variables that are given a text in the function."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts = [text if _has_words(text) else _FIELD for text in _texts(node.value, {})]
            found.setdefault(node.targets[0].id, []).extend(texts)
    return found


def _texts(node: ast.expr, variables: Mapping[str, list[str]]) -> list[str]:
    """What an expression may come to."""
    found = [_FIELD]
    match node:
        case ast.Constant(value=str(text)):
            found = [text]
        case ast.Name(id=name):
            found = variables.get(name, found)
        case ast.FormattedValue(value=value):
            found = _texts(value, variables)
        case ast.IfExp(body=body, orelse=otherwise):
            found = _texts(body, variables) + _texts(otherwise, variables)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            found = _joined([left, right], variables)
        case ast.JoinedStr(values=values):
            found = _joined(values, variables)
    return found


def _joined(parts: Sequence[ast.expr], variables: Mapping[str, list[str]]) -> list[str]:
    return ["".join(texts) for texts in product(*(_texts(part, variables) for part in parts))]


def lacking(told: Collection[str]) -> list[Message]:
    """The messages that none of a page's entries is about."""
    return [message for message in messages() if not any(map(message.is_told_as, told))]


if __name__ == "__main__":
    for message in lacking(entries(PAGE.read_text(encoding="utf-8"))):
        print(f"{message.where}: {message.text}")
