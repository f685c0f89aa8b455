"""Layers that reach for a file outside their tree, by every way that was found."""

from __future__ import annotations

import os
import tarfile
from dataclasses import replace
from pathlib import Path

from tests.oci.layers import Member, file, folder, hardlink, symlink

Layers = list[tuple[Member, ...]]

_ATTACKS: dict[str, Layers] = {
    "dot dot": [(file("{up}/victim", b"evil"),)],
    "dot dot inside": [(folder("a"), file("a/../{up}/victim", b"evil"))],
    "absolute": [(file("{outside}/victim", b"evil"),)],
    "through a relative link": [(symlink("l", "{up}"), file("l/victim", b"evil"))],
    "through an absolute link": [(symlink("l", "{outside}"), file("l/victim", b"evil"))],
    "through a link of a lower layer": [(symlink("l", "{outside}"),), (file("l/victim", b"evil"),)],
    "through two links": [
        (symlink("a", "."), symlink("a/b", "{up}/.."), symlink("c", "a/b/outside"), file("c/victim", b"evil"))
    ],
    "link into proc": [(symlink("l", "/proc/self/root{outside}"), file("l/victim", b"evil"))],
    "onto a link": [(symlink("l", "{outside}/victim"), file("l", b"evil"))],
    "folder onto a link": [
        (symlink("l", "{outside}"), folder("l", mode=0o777, mtime=1), file("l/victim", b"evil"))
    ],
    "hard link out": [(hardlink("l", "{up}/victim"), file("l", b"evil"))],
    "hard link to an absolute path": [(hardlink("l", "{outside}/victim"), file("l", b"evil"))],
    "hard link out of a lower layer": [(hardlink("l", "{up}/victim"),), (file("l", b"evil"),)],
    "hard link through a link": [(symlink("d", "{outside}"), hardlink("l", "d/victim"), file("l", b"evil"))],
    "hard link through a link of a lower layer": [
        (symlink("d", "{outside}"),),
        (hardlink("l", "d/victim"), file("l", b"evil")),
    ],
    "hard link onto a link": [(symlink("l", "{outside}/victim"), hardlink("h", "l"), file("h", b"evil"))],
    "whiteout out": [(file("f"),), (file("{up}/.wh.victim"),)],
    "whiteout through a link": [(symlink("l", "{outside}"),), (file("l/.wh.victim"),)],
    "opaque through a link": [(symlink("l", "{outside}"),), (file("l/.wh..wh..opq"),)],
    "whiteout of the parent": [(file("f"),), (file(".wh..."),)],
    "whiteout of a link": [(symlink("l", "{outside}"),), (file(".wh.l"),)],
    "folder, then a link, then its time": [
        (folder("d"), folder("d/outside", mtime=1), symlink("d", "{up}/.."))
    ],
    "folder used, then a link": [
        (folder("d"), file("d/a"), symlink("d", "{outside}"), file("d/victim", b"evil"))
    ],
    "etc behind a link with dot dot inside": [(folder("a"), symlink("etc", "a/../{up}"))],
    "etc behind a link through a link": [(symlink("a", "."), symlink("etc", "a/{up}"))],
    "etc behind a link that was deeper": [(symlink("1/2/3/4/5/l", "{up}"), hardlink("etc", "1/2/3/4/5/l"))],
    "dev behind a link through a link": [(symlink("a", "."), symlink("dev", "a/{up}"))],
    "volume behind a link through a link": [(symlink("a", "."), symlink("volume", "a/{up}"))],
    "device of the host": [(Member("outside", tarfile.BLKTYPE), file("outside/victim", b"evil"))],
}

NAMES = list(_ATTACKS)


def aimed(name: str, root: Path, outside: Path) -> Layers:
    """The attack on what is in a folder, for a tree that is unpacked at ``root``."""
    aims = {"{up}": os.path.relpath(outside, root), "{outside}": str(outside)}
    return [tuple(_aimed(member, aims) for member in members) for members in _ATTACKS[name]]


def _aimed(member: Member, aims: dict[str, str]) -> Member:
    name, link = member.name, member.link
    for mark, aim in aims.items():
        name, link = name.replace(mark, aim), link.replace(mark, aim)
    return replace(member, name=name, link=link)
