"""The deployment package: a zip archive that is the same to the byte whenever its content is.

It holds the sources of `scar_supervisor` and `scar_oci`, the kit for one architecture
(``kit/<architecture>/glibc-<oldest>/libfakechroot.so``), udocker and its tools below ``udocker/`` if the
execution mode is one of its, and what the user has for it: the init script, and the extra payload below
``extra/``.

Files are stored, not compressed: they are a few hundred KB, the output of deflate differs between builds of
zlib, and at 128 MB of memory Lambda has a fourteenth of a CPU to inflate them.
"""

from __future__ import annotations

import importlib.util
import io
import stat
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from scar import limits
from scar.deploy import kit, udocker
from scar.deploy.payload import File
from scar.errors import ScarError
from scar_supervisor.contract import EXEC_MODES, EXTRA_FOLDER, IMAGE_FOLDER, INIT_SCRIPT_FILE

PACKAGES = ("scar_supervisor", "scar_oci")

_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can hold."""
_FILE_MODE = stat.S_IFREG | 0o644
_PROGRAM_MODE = stat.S_IFREG | 0o755
_FOLDER_MODE = stat.S_IFDIR | 0o755
_UNIX = 3
"""`create_system` of the zip format: the modes count."""


@dataclass(frozen=True)
class UserParts:
    """What of the user's is in a package."""

    init_script: bytes | None = field(default=None, repr=False)
    extra: tuple[File, ...] = ()
    image: tuple[File, ...] = ()
    """Blobs of the function's image, if it came from a file."""


def build(
    architecture: str,
    init_script: bytes | None,
    extra: Sequence[File] = (),
    image: Sequence[File] = (),
    mode: str = EXEC_MODES[0],
) -> bytes:
    """The package for ``x86_64`` or ``arm64`` and an execution mode.

    Raises NoKit, ToolsMissing, and ScarError for more than Lambda takes.
    """
    files = dict(_sources())
    files.update(kit.files(architecture))
    files.update(udocker.files(mode, architecture))
    if init_script is not None:
        files[INIT_SCRIPT_FILE] = init_script
    files.update({f"{EXTRA_FOLDER}/{file.name}": file.content for file in extra})
    files.update({f"{IMAGE_FOLDER}/{file.name}": file.content for file in image})
    limits.unzipped_size(sum(map(len, files.values())))
    executable = {f"{EXTRA_FOLDER}/{file.name}" for file in extra if file.executable}
    return archive(files, executable | {name for name in files if name.startswith(udocker.BIN)})


def user_parts(content: bytes) -> UserParts:
    """What of the user's is in a package that `build` made, here or in another SCAR. Raises ScarError."""
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            entries = [entry for entry in source.infolist() if not entry.is_dir()]
            limits.unzipped_size(sum(entry.file_size for entry in entries))
            scripts = [source.read(entry) for entry in entries if entry.filename == INIT_SCRIPT_FILE]
            extra, image = (
                tuple(
                    File(
                        entry.filename.removeprefix(f"{folder}/"),
                        source.read(entry),
                        bool(entry.external_attr >> 16 & stat.S_IXUSR),
                    )
                    for entry in entries
                    if entry.filename.startswith(f"{folder}/")
                )
                for folder in (EXTRA_FOLDER, IMAGE_FOLDER)
            )
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ScarError(
            f"the package is not a zip archive that can be read: {error}",
            hint="say what is to be in it: -s and --extra-payload, each also with an empty text for nothing",
        ) from error
    return UserParts(next(iter(scripts), None), extra, image)


def archive(files: Mapping[str, bytes], executable: Set[str] = frozenset()) -> bytes:
    """A zip archive of these paths and contents, and of the folders that they are in."""
    import zipfile  # 20 ms of CPU that `scar init --help` does not need

    folders = {f"{parent}/" for name in files for parent in _parents(name)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name in sorted([*folders, *files]):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            mode = _FOLDER_MODE if name in folders else _PROGRAM_MODE if name in executable else _FILE_MODE
            entry.external_attr = mode << 16
            target.writestr(entry, files.get(name, b""))
    return buffer.getvalue()


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _sources() -> Iterator[tuple[str, bytes]]:
    """The packages' modules, read as files: they run in Lambda, not here."""
    for package in PACKAGES:
        root = _folder_of(package)
        for path in root.rglob("*.py"):
            yield f"{package}/{path.relative_to(root).as_posix()}", path.read_bytes()


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ScarError(f"SCAR is not installed completely: package {package} is missing")
    return Path(spec.submodule_search_locations[0])
