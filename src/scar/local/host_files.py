"""What a function sees of the machine's own files: Lambda's few programs and Lambda's few Python packages."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from scar.errors import ScarError

PROGRAMS = frozenset(
    """
    [ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown cksum comm cp csplit cut
    date dd df dir dircolors dirname du echo env expand expr factor false fmt fold groups head
    hostid id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup
    nproc numfmt od paste pathchk pinky pr printenv printf ptx pwd readlink realpath rm rmdir runcon
    seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty
    sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink
    users vdir wc who whoami yes
    awk bash curl egrep fgrep gawk getconf getent grep iconv ldd locale sed sh
    """.split()  # noqa: SIM905
)
"""The programs of Amazon Linux 2023's minimal image, which Lambda's Python runtimes are built on."""

RUNTIME_DISTRIBUTIONS = ("awslambdaric", "boto3")
"""What Lambda's Python has installed, besides what these require."""


@dataclass(frozen=True)
class Interpreter:
    """The Python that runs functions: the one below the daemon's virtual environment."""

    prefix: Path
    executable: Path
    site_packages: tuple[Path, ...]
    """Where packages of the host are installed, which a function must not see."""


@dataclass(frozen=True)
class HostFiles:
    """Made once per daemon."""

    programs: Path
    """Folder of copies: what is not in it cannot be found."""
    accounts: Path
    """Folder with a passwd and a group file that know root only."""
    packages: dict[str, Path]
    """Lambda's Python packages and modules by file name, where they are on the host."""
    interpreter: Interpreter

    @classmethod
    def prepare(cls, folder: Path) -> HostFiles:
        """Fill a folder that is ours alone. Raises ScarError."""
        shutil.rmtree(folder, ignore_errors=True)
        interpreter = find_interpreter()
        return cls(
            programs=_copy_programs(folder / "bin", interpreter),
            accounts=_write_accounts(folder / "etc"),
            packages=runtime_packages(),
            interpreter=interpreter,
        )


def find_interpreter() -> Interpreter:
    """The base interpreter of this process. Raises ScarError if it cannot be found."""
    prefix = Path(sys.base_prefix)
    executable = prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not executable.exists():
        raise ScarError(f"the local cloud needs the Python interpreter {executable}, which does not exist")
    variables = {"base": str(prefix), "platbase": str(prefix)}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = {
        Path(sysconfig.get_path("purelib", vars=variables, scheme="posix_prefix")),
        Path(sysconfig.get_path("platlib", vars=variables, scheme="posix_prefix")),
        Path("/usr/lib/python3/dist-packages"),
        Path("/usr/local/lib") / version / "dist-packages",
    }
    return Interpreter(prefix, executable, tuple(sorted(path for path in candidates if path.is_dir())))


def runtime_packages() -> dict[str, Path]:
    """Lambda's packages by top-level name. Raises ScarError if one is not installed."""
    found: dict[str, Path] = {}
    for distribution in _with_requirements(RUNTIME_DISTRIBUTIONS):
        for file in distribution.files or ():
            top = file.parts[0]
            if not (top.endswith(".dist-info") or top in ("..", "__pycache__")):
                found[top] = Path(str(distribution.locate_file(top)))
    return found


def _with_requirements(names: tuple[str, ...]) -> list[importlib.metadata.Distribution]:
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [(name, "") for name in names]
    while waiting:
        name, marker = waiting.pop()
        if name in found or "extra" in marker:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            if marker:
                continue  # for another Python or another system
            raise ScarError(
                f"the local cloud needs the Python package {name}, which is not installed",
                hint="pip install 'scar-serverless[local]'",
            ) from error
        waiting += [_name_and_marker(requirement) for requirement in found[name].requires or ()]
    return list(found.values())


def _name_and_marker(requirement: str) -> tuple[str, str]:
    """Of ``urllib3!=2.2.0,<3; python_version >= "3.10"`` the name and what is after the semicolon."""
    specification, _, marker = requirement.partition(";")
    return re.split(r"[^A-Za-z0-9._-]", specification, maxsplit=1)[0].lower(), marker


def _copy_programs(folder: Path, interpreter: Interpreter) -> Path:
    folder.mkdir(parents=True)
    for name in sorted(PROGRAMS):
        source = shutil.which(name, path="/usr/bin:/bin")
        if source:
            shutil.copy2(source, folder / name)
    if interpreter.prefix == Path("/usr"):
        shutil.copy2(interpreter.executable, folder / interpreter.executable.name)
        (folder / "python3").symlink_to(interpreter.executable.name)
    return folder


def _write_accounts(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (folder / "group").write_text("root:x:0:\n")
    return folder
