"""What a freshly unpacked tree offers to the programs in it. Runs once, at the end of a pull."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator

from scar_oci import elf
from scar_oci.rootpath import RootPath
from scar_oci.runtime import Runtime

# Where the ABIs of the two architectures put the program interpreter.
_GLIBC_LOADERS = ("lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1")
_MUSL_LOADERS = ("lib/ld-musl-x86_64.so.1", "lib/ld-musl-aarch64.so.1")

_TRIPLETS = {"x86_64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

_LONGEST_FILE = 16 * 1024 * 1024
"""Bytes. A libc is 2 MB; a forged one must not fill our memory."""


def survey(rootfs: bytes, architecture: str) -> Runtime:
    """The facts of a tree. ``architecture`` is the one that the image claims, in Lambda's words."""
    tree = _Tree(rootfs)
    for libc, loaders in (("glibc", _GLIBC_LOADERS), ("musl", _MUSL_LOADERS)):
        for loader in loaders:
            found = tree.resolve(loader)
            headers = elf.read(tree.absolute(found)) if found else None
            # Alpine's gcompat puts a musl program in the place of glibc's loader.
            if found and headers and not (libc == "glibc" and _is_imitation(found)):
                library_path = tuple(tree.library_path(headers.machine))
                version = tree.glibc_version(library_path) if libc == "glibc" else ""
                return Runtime(headers.machine, libc, version, found, library_path)
    return Runtime(architecture, "", "", "", tuple(tree.library_path(architecture)))


def _is_imitation(loader: str) -> bool:
    return "musl" in os.path.basename(loader) or "gcompat" in os.path.basename(loader)


class _Tree:
    """Paths are relative to the root, without a slash at the beginning."""

    def __init__(self, rootfs: bytes) -> None:
        self._root = RootPath(rootfs)

    def absolute(self, path: str) -> bytes:
        return self._root.path + b"/" + os.fsencode(path)

    def folder(self, path: str) -> str | None:
        """The folder, with links resolved."""
        found = self._root.find(os.fsencode(path.strip("/")))
        return None if found is None else os.fsdecode(found[len(self._root.path) + 1 :])

    def resolve(self, path: str) -> str | None:
        """The regular file, with links resolved, or None."""
        for _ in range(40):
            folder, _, name = path.rpartition("/")
            parent = self.folder(folder)
            if parent is None:
                return None
            path = f"{parent}/{name}".lstrip("/")
            try:
                kind = stat.S_IFMT(os.lstat(self.absolute(path)).st_mode)
            except FileNotFoundError:
                return None
            if kind != stat.S_IFLNK:
                return path if kind == stat.S_IFREG else None
            target = os.fsdecode(os.readlink(self.absolute(path)))
            path = target if target.startswith("/") else f"{parent}/{target}"
        return None

    def library_path(self, architecture: str) -> list[str]:
        """Folders with shared libraries: ld.so.conf's first, as ldconfig takes them, then the standard ones.

        Then the folders inside a multiarch one that hold libraries: programs name those in a RUNPATH, which a
        loader outside the image's root looks up in the host's.
        """
        triplet = _TRIPLETS.get(architecture, "")
        multiarch = [f"lib/{triplet}", f"usr/lib/{triplet}"] if triplet else []
        standard = [*multiarch, "lib64", "usr/lib64", "lib", "usr/lib"]
        found: dict[str, None] = {}
        for path in (*self._configured("etc/ld.so.conf", 0), *standard):
            folder = self.folder(path)
            if folder:
                found[folder] = None
        for path in multiarch:
            found.update(dict.fromkeys(self._nested(self.folder(path))))
        return list(found)

    def _nested(self, folder: str | None) -> list[str]:
        if not folder:
            return []
        with os.scandir(self.absolute(folder)) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        return [f"{folder}/{os.fsdecode(name)}" for name in names if self._holds_libraries(folder, name)]

    def _holds_libraries(self, folder: str, name: bytes) -> bool:
        names = os.listdir(self.absolute(folder) + b"/" + name)
        return any(entry.startswith(b"lib") and b".so" in entry for entry in names)

    def _configured(self, path: str, depth: int) -> Iterator[str]:
        """The folders that a file of ld.so.conf's form names (ldconfig(8)); its includes are globs."""
        for line in self._lines(path):
            text = line.partition("#")[0].strip()
            words = text.split()
            if words[:1] == ["include"] and depth < 4:
                for pattern in words[1:]:
                    for included in self._glob(pattern if pattern.startswith("/") else f"etc/{pattern}"):
                        yield from self._configured(included, depth + 1)
            elif text.startswith("/"):
                yield text.partition("=")[0].rstrip()

    def _glob(self, pattern: str) -> list[str]:
        folder, _, names = pattern.rpartition("/")
        found = self.folder(folder)
        if found is None:
            return []
        entries = [os.fsdecode(name) for name in os.listdir(self.absolute(found))]
        return [f"{found}/{name}" for name in sorted(fnmatch.filter(entries, names))]

    def _lines(self, path: str) -> list[str]:
        return self._content(path).decode("utf-8", "replace").splitlines()

    def _content(self, path: str) -> bytes:
        found = self.resolve(path)
        if not found:
            return b""
        with open(self.absolute(found), "rb") as file:
            return file.read(_LONGEST_FILE)

    def glibc_version(self, library_path: tuple[str, ...]) -> str:
        """Such as ``2.36``: from the name that old releases give the file, or from the text inside it."""
        for folder in library_path:
            libc = self.resolve(f"{folder}/libc.so.6")
            if libc:
                name = os.path.basename(libc)
                if name.startswith("libc-") and name.endswith(".so"):
                    return name[5:-3]
                # The banner: "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36."
                _, _, tail = self._content(libc).partition(b" release version ")
                return (
                    tail[:16].partition(b"\n")[0].rstrip(b".,").partition(b",")[0].decode("ascii", "replace")
                )
        return ""
