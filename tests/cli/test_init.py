"""`scar init` against moto: what is made, what is refused, and that nothing is left behind."""

from __future__ import annotations

from tests.cli.support import Account, Scar


def test_makes_the_function(scar: Scar, account: Account) -> None:
    ran = scar("init", "-n", "cowsay", "-m", "256", "-t", "60", "-e", "A=b=c", "grycap/cowsay")
    assert (ran.status, ran.out.splitlines()[0]) == (0, "Function name: cowsay"), ran.stderr
