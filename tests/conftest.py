"""What tests share: a registry with test images, the kit, a home of their own, and no process left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from scar.deploy.kit import folder as kit_folder
from tools import images
from tools import kit as kit_tool
from tools import registry as registry_tool
from tools.cache import CACHE_VARIABLE

_KIT = kit_folder().expanduser().absolute()
"""The developer's: collected once, not in every run's home."""


def pytest_sessionstart() -> None:
    """Take signals as programs do: what a shell starts in the background, or nohup, ignores some for good."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped in CI has failed: nobody would see it."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def scar_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """SCAR's home in this run, with none of the developer's settings; at the end no process may use it."""
    home = tmp_path_factory.mktemp("scar-home")
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(_is_foreign, list(os.environ)):
            patch.delenv(name)
        patch.setenv("SCAR_HOME", str(home))
        patch.setenv("SCAR_KIT", str(_KIT))
        patch.setenv("UDOCKER_DIR", str(home / "no-udocker"))
        for name in ("UDOCKER_BIN", "UDOCKER_LIB"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", str(home / "no-aws-config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "no-aws-credentials"))
        patch.setenv("DOCKER_CONFIG", str(home / "no-docker"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield home
        leaked = _leaked(tmp_path_factory.getbasetemp())
        for pid in leaked:
            os.kill(pid, signal.SIGKILL)
        assert not leaked, f"the tests left processes behind: {leaked}"


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """URL of a registry on loopback, to be the mirror of docker.io, with the images of `make images`."""
    with registry_tool.serving() as url:
        images.ensure(url)
        yield url


@pytest.fixture(scope="session")
def kit() -> Path:
    """Folder of the libfakechroot builds, which SCAR_KIT names too."""
    kit_tool.collect(_KIT)
    return _KIT


def _is_foreign(name: str) -> bool:
    """True for the variables with which the developer's own settings would reach a test."""
    return name.startswith(("AWS_", "SCAR_")) and name != CACHE_VARIABLE


def _leaked(folder: Path) -> dict[int, str]:
    """Processes that know this run's folder after a moment in which those that are ending may end."""
    deadline = time.monotonic() + 5
    while (found := _users(os.fsencode(folder))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _users(folder: bytes) -> dict[int, str]:
    """Command lines of the other processes with the folder in environment, arguments or mounts.

    Children alone would not do: who is left by a daemon is nobody's child.
    """
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) not in (os.getpid(), os.getppid()):
            try:
                about = [Path("/proc", entry, name).read_bytes() for name in ("cmdline", "environ")]
                about.append(_bound(Path("/proc", entry, "mountinfo").read_bytes(), folder))
            except OSError:
                continue  # ended meanwhile, or another user's
            if any(folder in text for text in about):
                found[int(entry)] = about[0].replace(b"\0", b" ").decode(errors="replace")
    return found


def _bound(mountinfo: bytes, folder: bytes) -> bytes:
    """Without the mounts at a place in the folder, which any process of the machine may have inherited."""
    return b"\n".join(line for line in mountinfo.splitlines() if not line.split()[4].startswith(folder))
