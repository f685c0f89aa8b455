"""The procedure of docs/images.md that looks at an image by hand, with udocker: its commands, run here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.supervisor.conftest import ARCHITECTURE

UDOCKER = Path(sys.executable).with_name("udocker")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "images.md"


def test_what_the_page_shows_runs_the_image(registry: str, kit: Path, tmp_path: Path) -> None:
    said = ""
    for command in _commands(registry, kit):
        script = f'udocker() {{ {UDOCKER} {"--allow-root" if os.getuid() == 0 else ""} "$@"; }}\n{command}'
        done = subprocess.run(
            ["bash", "-ec", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout
    assert "< hello >" in said


def _commands(registry: str, kit: Path) -> list[str]:
    """The commands of the section, for this registry, kit and machine: the settings go before each."""
    section = PAGE.read_text().partition("### By hand, with udocker\n")[2].partition("\n#")[0]
    blocks = re.findall(r"^```\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    pull = re.search(r"`(udocker --insecure pull [^`]*)`", section)
    assert pull
    [commands, settings] = blocks
    settings = settings.replace("~/.scar/kit/x86_64", str(kit / ARCHITECTURE))
    assert str(kit) in settings
    pip, udocker_pull, *rest = commands.splitlines()
    assert (pip, udocker_pull) == ("pip install udocker", "udocker pull grycap/cowsay")
    return [settings + line for line in (pull[1].replace("http://127.0.0.1:5555", registry), *rest)]
