"""The execution modes of udocker: all but F1, on the tree that was unpacked here.

udocker runs as a program of its own (`udocker_run`), because its settings are its modules' globals and it
changes the environment of its process. It is told what to start in words that need no search: the binary and
its arguments, as `program` has resolved them.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from . import contract, f1, place
from .image import STORE
from .process import Launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scar_oci.store import StoredImage

    from .function import Environment, Function
    from .program import Program, Tree

VARIABLE_PREFIX = b"SCAR_CONTAINER_"
"""Of the names under which the container's variables reach `udocker_run`: its Python must not see them."""

_PYTHON_NEEDS = b"LD_LIBRARY_PATH"
"""Of Lambda's variables: its Python finds its library by it."""


class Udocker(NamedTuple):
    """The engine for one call."""

    function: Function
    image: StoredImage
    tree: Tree
    scratch: bytes
    """A folder that is removed after the call."""

    def launch(self, program: Program, env: Environment, cwd: bytes) -> Launch:
        """All that exec needs to run a program of the image in its folder `cwd`.

        Raises IncompatibleImage for a program that the mode cannot run, ModeNotAllowed if the place forbids
        the mode, and FunctionMisconfigured if the deployment package has no libfakechroot for the image.
        """
        mode, task_root = self.function.exec_mode, self.function.task_root
        place.check(mode, self.image.runtime.libc)
        fakechroot, user = "", _user(self.image.config.user)
        if self._preloads:
            self._f1.check(program, mode)
            # These modes know no other user; udocker would look for this one's name, which Lambda's has not.
            fakechroot, user = f1.preloaded(task_root, self.image.runtime)[-1], str(os.getuid())
        folder = os.path.join(task_root, contract.UDOCKER_FOLDER)
        script = os.path.join(os.path.dirname(__file__), "udocker_run.py")
        words = (
            # The package is read-only, and to compile udocker is most of what a call costs.
            *(sys.executable, "-I", "-S", "-X", f"pycache_prefix={STORE}/pycache", script),
            *(folder, mode, os.path.dirname(self.image.rootfs), fakechroot, user),
        )
        own = os.environb.get(_PYTHON_NEEDS)
        return Launch(
            path=os.fsencode(sys.executable),
            argv=(
                *map(os.fsencode, words),
                *(self.scratch, cwd, b":".join(self.tree.shared)),
                *(program.path, *program.argv[1:]),
            ),
            env={
                b"PATH": os.environb.get(b"PATH", os.defpath.encode()),
                **({} if own is None else {_PYTHON_NEEDS: own}),
                **{VARIABLE_PREFIX + name: value for name, value in env.items()},
            },
            cwd=self.tree.rootfs,
        )

    def caution(self, program: Program) -> str:
        """Why a program that can be started may not see the image; empty if nothing is known against it."""
        return self._f1.caution(program) if self._preloads else ""

    @property
    def _preloads(self) -> bool:
        """Whether the mode works by libfakechroot, as F1 does."""
        return self.function.exec_mode.startswith("F")

    @property
    def _f1(self) -> f1.F1:
        return f1.F1(self.tree, self.image.runtime, self.function.task_root)


def _user(user: str) -> str:
    """The image's USER as udocker understands it: no group beside a name."""
    name, _, group = user.partition(":")
    return user if name.isdecimal() and group.isdecimal() else name
