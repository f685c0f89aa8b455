"""Random stacks of layers, against an oracle in the words of the specification."""

from __future__ import annotations

import os
import random
import tarfile
from pathlib import Path

import pytest

from scar_oci.tree import remove_tree
from tests.oci.layers import Member, file, folder, hardlink, symlink
from tests.oci.trees import State, state, unpack


def oracle(*layers: tuple[Member, ...]) -> State:
    """The specification's words: whiteouts hide what is below, then the layer's entries are put on top."""
    result: State = {}
    for members in layers:
        for member in members:
            head, _, name = member.name.rpartition("/")
            prefix = f"{head}/" if head else ""
            if name == ".wh..wh..opq":
                drop(result, prefix)
            elif name.startswith(".wh."):
                hidden = prefix + name.removeprefix(".wh.")
                result.pop(hidden, None)
                drop(result, f"{hidden}/")
        for member in members:
            if not member.name.rpartition("/")[2].startswith(".wh."):
                put(result, member)
    return result


def drop(result: State, prefix: str) -> None:
    for name in [name for name in result if name.startswith(prefix)]:
        del result[name]


def put(result: State, member: Member) -> None:
    parts = member.name.split("/")
    for length in range(1, len(parts)):
        result.setdefault("/".join(parts[:length]), ("folder", ""))
    if member.kind == tarfile.DIRTYPE:
        if result.get(member.name, ("", ""))[0] != "folder":
            result[member.name] = ("folder", "")
        return
    if member.kind == tarfile.LNKTYPE:
        content = result[member.link]
    else:
        content = ("link", member.link) if member.kind == tarfile.SYMTYPE else ("file", member.data.decode())
    drop(result, f"{member.name}/")
    result[member.name] = content


def stack(seed: int) -> list[tuple[Member, ...]]:
    """Some layers over few names, so that everything meets everything: whiteouts before and after entries,
    files where folders were, folders where links were. Nothing goes below what is not a folder."""
    choose = random.Random(seed)
    layers: list[tuple[Member, ...]] = []
    for _ in range(choose.randint(1, 4)):
        members: list[Member] = []
        for number in range(choose.randint(1, 9)):
            members.append(some_member(choose, f"{len(layers)}.{number}"))
            if not is_possible([*layers, tuple(members)]):
                members.pop()
        layers.append(tuple(members))
    return layers


def some_member(choose: random.Random, content: str) -> Member:
    name = "/".join(choose.choices("abc", k=choose.randint(1, 3)))
    head, _, last = name.rpartition("/")
    prefix = f"{head}/" if head else ""
    kinds = {
        "file": file(name, content.encode()),
        "folder": folder(name),
        "symlink": symlink(name, choose.choice(["x", "nowhere/y"])),
        "hardlink": hardlink(name, "/".join(choose.choices("abc", k=choose.randint(1, 2)))),
        "whiteout": file(f"{prefix}.wh.{last}"),
        "opaque": file(f"{prefix}.wh..wh..opq"),
    }
    return kinds[choose.choices(list(kinds), weights=[6, 3, 2, 2, 3, 1])[0]]


def is_possible(layers: list[tuple[Member, ...]]) -> bool:
    """False if an entry has a parent that is no folder, or a hard link has no file to link to."""
    last = layers[-1][-1]
    name = last.name.rpartition("/")[2]
    before = oracle(*layers[:-1], layers[-1][:-1])
    parts = last.name.split("/")
    parents = ["/".join(parts[:length]) for length in range(1, len(parts))]
    if any(before.get(parent, ("folder", ""))[0] != "folder" for parent in parents):
        return False
    if name.startswith(".wh."):
        return keeps_targets(layers)
    if last.kind == tarfile.LNKTYPE:
        inside = last.link.startswith(f"{last.name}/")
        return before.get(last.link, ("", ""))[0] == "file" and not inside
    return True


def keeps_targets(layers: list[tuple[Member, ...]]) -> bool:
    """A whiteout must not pull away what a hard link of the same layer needs."""
    return not any(member.kind == tarfile.LNKTYPE for member in layers[-1])


@pytest.mark.parametrize("batch", range(5))
def test_random_stacks_come_out_as_the_specification_says(place: Path, batch: int) -> None:
    for seed in range(batch * 50, batch * 50 + 50):
        layers = stack(seed)
        root = unpack(place, *layers)
        assert state(root) == oracle(*layers), (seed, layers)
        remove_tree(os.fsencode(root))
