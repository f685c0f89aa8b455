"""Layers unpacked without a registry, and what is then on disk."""

from __future__ import annotations

import os
from pathlib import Path

from scar_oci.tar import TarReader
from scar_oci.unpack import Unpacker
from tests.oci.layers import Member
from tests.oci.layers import tar as make_tar

State = dict[str, tuple[str, str]]
"""What is at each path: its kind, and content or target."""


def unpack(place: Path, *layers: tuple[Member, ...]) -> Path:
    """The layers' tree."""
    root = place / "root"
    root.mkdir()
    unpacker = Unpacker(os.fsencode(root))
    for members in layers:
        unpacker.begin_layer()
        reader = TarReader(iter([make_tar(*members)]), "test")
        for entry in reader:
            unpacker.add(entry, reader.data())
    unpacker.finish()
    return root


def state(root: Path) -> State:
    """What is on disk, with links as they would be seen from the root."""
    found: State = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("folder", "")
        else:
            found[name] = ("file", path.read_text())
    return found
