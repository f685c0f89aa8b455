"""What a freshly unpacked tree offers to the programs in it. Runs once, at the end of a pull."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Set
from itertools import islice

from scar_oci import elf
from scar_oci.errors import UnsafeLayer
from scar_oci.rootpath import RootPath
from scar_oci.runtime import Runtime

# Where the ABIs of the two architectures put the program interpreter.
_LOADERS = {
    "x86_64": (("glibc", "lib64/ld-linux-x86-64.so.2"), ("musl", "lib/ld-musl-x86_64.so.1")),
    "arm64": (("glibc", "lib/ld-linux-aarch64.so.1"), ("musl", "lib/ld-musl-aarch64.so.1")),
}

_TRIPLETS = {"x86_64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

_LONGEST_FILE = 16 * 1024 * 1024
"""Bytes. A libc is 2 MB; a forged one must not fill our memory."""

_PROGRAMS = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
_PACKAGES = ("opt", "usr/local")
"""Folders in which each folder may be a package with programs of its own."""

_MOST_FILES = 5000
"""That are asked for folders: 0.03 ms of a processor each."""

_MOST_NAMED = 100
"""Folders that programs name. Each is looked into for each library that is nowhere before it."""


def survey(rootfs: bytes, architecture: str, search_path: str = "") -> Runtime:
    """The facts of a tree. ``architecture`` is the one that the image claims, in Lambda's words.

    ``search_path`` is the image's PATH.
    """
    tree = _Tree(rootfs, search_path)
    # Its own first: an image may have another's loader too, for programs that it compiles or emulates.
    for name in sorted(_LOADERS, key=lambda name: name != architecture):
        for libc, loader in _LOADERS[name]:
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


def _is_binary(entry: os.DirEntry[bytes]) -> bool:
    """Whether it may be a program or a library, or lead to one."""
    if entry.is_symlink():
        return True
    is_wanted = b".so" in entry.name or entry.stat(follow_symlinks=False).st_mode & 0o111
    return bool(is_wanted) and entry.is_file(follow_symlinks=False)


class _Tree:
    """Paths are relative to the root, without a slash at the beginning."""

    def __init__(self, rootfs: bytes, search_path: str) -> None:
        self._root = RootPath(rootfs)
        self._search_path = search_path

    def absolute(self, path: str) -> bytes:
        return self._root.path + b"/" + os.fsencode(path)

    def folder(self, path: str) -> str | None:
        """The folder, with links resolved."""
        try:
            found = self._root.find(os.fsencode(path.strip("/")))
        except (UnsafeLayer, OSError):  # behind links in a circle, or of no name that can be
            return None
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
            except OSError:  # it is not there, or its name is too long to be
                return None
            if kind != stat.S_IFLNK:
                return path if kind == stat.S_IFREG else None
            target = os.fsdecode(os.readlink(self.absolute(path)))
            path = target if target.startswith("/") else f"{parent}/{target}"
        return None

    def library_path(self, architecture: str) -> list[str]:
        """Folders with shared libraries: ld.so.conf's first, as ldconfig takes them, then the standard ones.

        Then those that programs may name in a RUNPATH, which a loader outside the image's root looks for in
        the host's: folders inside an architecture's that hold libraries, and those that programs do name.
        """
        triplet = _TRIPLETS.get(architecture, "")
        multiarch = [f"lib/{triplet}", f"usr/lib/{triplet}"] if triplet else []
        standard = [*multiarch, "lib64", "usr/lib64", "lib", "usr/lib"]
        found: dict[str, None] = {}
        for path in (*self._configured("etc/ld.so.conf", 0), *standard):
            folder = self.folder(path)
            if folder:
                found[folder] = None
        for path in (*multiarch, "usr/lib64"):
            found.update(dict.fromkeys(self._nested(self.folder(path))))
        found.update(dict.fromkeys(islice(self._named(found.keys()), _MOST_NAMED)))
        return list(found)

    def _named(self, known: Set[str]) -> Iterator[str]:
        """The folders that are named by programs, and by the libraries in such folders, and are not known."""
        named, asked = set(known), set[str]()
        pending = list(dict.fromkeys(filter(None, map(self.folder, self._program_folders()))))
        while pending and len(asked) < _MOST_FILES:
            files = [path for path in dict.fromkeys(self._binaries(pending.pop(0))) if path not in asked]
            files = files[: _MOST_FILES - len(asked)]
            asked.update(files)
            for folder in (folder for path in files for folder in self._named_by(path)):
                if folder not in named:
                    named.add(folder)
                    pending.append(folder)
                    yield folder

    def _named_by(self, path: str) -> list[str]:
        """Those of the folders of the image that a program or library names absolutely."""
        names = (name for name in elf.library_folders(self.absolute(path)) if name.startswith("/"))
        return list(filter(None, map(self.folder, names)))

    def _program_folders(self) -> Iterator[str]:
        yield from (path for path in self._search_path.split(":") if path.startswith("/"))
        yield from _PROGRAMS
        for top in _PACKAGES:
            for package in self._folders_in(self.folder(top)):
                yield from (package, f"{package}/bin")

    def _binaries(self, folder: str) -> Iterator[str]:
        """Programs and libraries, also those behind links: many programs are, with their libraries beside."""
        with os.scandir(self.absolute(folder)) as entries:
            found = sorted((entry.name, entry.is_symlink()) for entry in entries if _is_binary(entry))
        for name, is_link in found:
            path = f"{folder}/{os.fsdecode(name)}"
            target = self.resolve(path) if is_link else path
            if target:
                yield target

    def _nested(self, folder: str | None) -> list[str]:
        return [path for path in self._folders_in(folder) if self._holds_libraries(path)]

    def _folders_in(self, folder: str | None) -> list[str]:
        """Those that are no links, sorted."""
        if folder is None:
            return []
        with os.scandir(self.absolute(folder)) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        return [f"{folder}/{os.fsdecode(name)}" for name in names]

    def _holds_libraries(self, folder: str) -> bool:
        names = os.listdir(self.absolute(folder))
        return any(name.startswith(b"lib") and b".so" in name for name in names)

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
