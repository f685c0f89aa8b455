"""What an image's tree offers to the programs in it: the facts that an execution engine needs.

They are found once, when the image is unpacked (see ``survey``), and read back with it.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Runtime(NamedTuple):
    """Loader and C library of an image. Paths are relative to its rootfs, with links resolved inside it."""

    architecture: str
    """In Lambda's words: ``x86_64``, ``arm64``; that of the loader, or of the image's config without one."""
    libc: str
    """``glibc``, ``musl``, or empty: no loader, so only static programs (or none) can be inside."""
    libc_version: str
    """Such as ``2.36``; empty if it could not be found out."""
    loader: str
    """Such as ``usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2``; empty without one."""
    library_path: tuple[str, ...]
    """Directories that hold shared libraries, in the order in which a loader would search them."""

    @classmethod
    def of_fields(cls, fields: dict[str, Any]) -> Runtime:
        """The inverse of ``_asdict()`` after a trip through JSON, which knows no tuples."""
        return cls(**{**fields, "library_path": tuple(fields["library_path"])})
