"""The command line against moto's server, and a registry of its own with small images."""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from scar.cli.main import main
from scar.local.hook import hook_package_urls
from tests.cli.faults import Way, way_to
from tests.cli.support import ROLE, TRUST, Account, Ran, Scar
from tests.oci import layers
from tools import registry as registry_tool


@pytest.fixture
def scar(capfdbinary: pytest.CaptureFixture[bytes]) -> Scar:
    """Runs one command line in this process."""

    def run(*argv: str) -> Ran:
        capfdbinary.readouterr()
        status = main(argv)
        captured = capfdbinary.readouterr()
        return Ran(status, captured.out, captured.err.decode())

    return run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of SCAR's, with a kit and without anybody's settings."""
    folder = tmp_path / "scar-home"
    kit = folder / "kit" / "x86_64" / "glibc-2.34"
    kit.mkdir(parents=True)
    (kit / "libfakechroot.so").write_bytes(b"\x7fELF")
    monkeypatch.setenv("SCAR_HOME", str(folder))
    monkeypatch.setenv("SCAR_KIT", str(folder / "kit"))
    return folder


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a registry that stands for docker.io: grycap/cowsay, library/only-arm."""
    tiny = layers.layer(layers.file("hello"))
    with registry_tool.serving(tmp_path_factory.mktemp("registry")) as url, layers.pushing(url) as pusher:
        pusher.push("grycap/cowsay", "latest", layers.image(tiny, process={"Cmd": ["/hello"]}))
        pusher.push("library/only-arm", "latest", layers.image(tiny, architecture="arm64"))
        yield url


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """URL of a moto server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    hook_package_urls(url)
    yield url
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that emulators take."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture(scope="session")
def emulated(moto: str) -> Iterator[Account]:
    """The emulator's one account; its clients take a second to make."""
    account = Account(moto)
    yield account
    account.close()


@pytest.fixture
def account(
    hub: str, home: Path, emulated: Account, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> Account:
    """An empty account with a role, which the commands take for AWS."""
    urllib.request.urlopen(urllib.request.Request(f"{emulated.url}/moto-api/reset", method="POST")).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulated.url)
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", hub)
    (home / "scar.cfg").write_text(f"lambda_role = {ROLE}\n")
    emulated.iam.create_role(RoleName="scar", AssumeRolePolicyDocument=json.dumps(TRUST))
    return emulated


@pytest.fixture
def way(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """The way of the commands to the account."""
    with way_to(account.url) as way:
        monkeypatch.setenv("AWS_ENDPOINT_URL", way.url)
        yield way
