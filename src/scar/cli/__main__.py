"""``python -m scar.cli``."""

from scar.cli.main import run

run()
