"""One run of a container: command and environment made out of the call, then the process."""

from __future__ import annotations

import os
from typing import NamedTuple

from . import contract, environment, process, program
from .errors import NothingToRun, ProgramNotExecutable
from .f1 import F1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from scar_oci.store import StoredImage

    from .contract import Call
    from .folder import CallFolder
    from .function import Environment, Function
    from .output import Log
    from .program import Program

    class Engine(Protocol):
        """An execution mode for one image."""

        def launch(self, program: Program, env: Environment, cwd: bytes) -> process.Launch:
            """All that exec needs to run a program of the image in its folder `cwd`.

            Raises SupervisorError, and ImageError for a program that the mode cannot run.
            """

        def caution(self, program: Program) -> str:
            """Why a program that can be started may not see the image; empty: nothing is known against it."""


class Container(NamedTuple):
    """What a call runs, and where."""

    function: Function
    image: StoredImage
    folder: CallFolder
    call: Call
    request_id: str
    deadline: float
    """Of ``time.monotonic``, in seconds."""
    log: Log

    def run(self, sink: Callable[[bytes], None], event_env: Environment) -> process.Ended:
        """Run to the end or to the deadline. Raises SupervisorError or ImageError if it cannot be started."""
        rootfs = os.fsencode(self.image.rootfs)
        tree = program.Tree(rootfs, shared=self.shared())
        env = self.environment(event_env)
        cwd = self.working_dir(tree)
        found = program.resolve(tree, self.command(), env[b"PATH"], cwd)
        engine = self.engine(tree)
        if caution := engine.caution(found):
            self.log.note(caution)
        return process.run(engine.launch(found, env, cwd), sink, self.deadline, self.stop())

    def stop(self) -> process.Stop:
        """The image's STOPSIGNAL, as `docker stop` sends it; less grace if the threshold is short."""
        number = process.signal_number(self.image.config.stop_signal)
        grace = min(process.GRACE, self.function.timeout_threshold / 4)
        return process.Stop(process.DEFAULT_SIGNAL if number is None else number, grace)

    def engine(self, tree: program.Tree) -> Engine:
        """What runs the programs of the image in the function's execution mode."""
        function = self.function
        if function.exec_mode == contract.EXEC_MODES[0]:
            return F1(tree, self.image.runtime, function.task_root)
        from .udocker import Udocker  # other functions do without

        return Udocker(function, self.image, tree, self.folder.path + b"/.udocker")

    def shared(self) -> tuple[bytes, ...]:
        """The folders outside of the image that the container sees, at the same path."""
        extra = self.function.extra_payload
        return (self.folder.path, *([] if extra is None else [extra]))

    def working_dir(self, tree: program.Tree) -> bytes:
        """The image's WORKDIR, made if the image lacks it, as Docker does. Raises ProgramNotExecutable."""
        # Normal, because above the root of an image there is nothing.
        path = os.path.normpath(b"/" + os.fsencode(self.image.config.working_dir).lstrip(b"/"))
        outside = tree.outside(path)
        if not os.path.isdir(outside):
            _make_inside(tree.rootfs, path)
            if not os.path.isdir(outside):
                raise ProgramNotExecutable(
                    f"{os.fsdecode(path)}: the working directory of the image (WORKDIR) is no directory in it"
                )
        return path

    def command(self) -> tuple[bytes, ...]:
        """The call's script, else its arguments, else the init script, else the image's own command.

        Arguments go after the image's ENTRYPOINT, as Docker has it; scripts replace both.
        """
        config = self.image.config
        entrypoint = tuple(map(os.fsencode, config.entrypoint))
        if self.call.script is not None:
            return self._script(self.call.script)
        if self.call.args:
            return entrypoint + self.call.args
        if self.function.init_script is not None:
            return self._script(self.function.init_script)
        command = entrypoint + tuple(map(os.fsencode, config.cmd))
        if not command:
            raise NothingToRun(
                f"the image {self.function.image} has neither ENTRYPOINT nor CMD",
                "say what to run: `scar run NAME PROGRAM [ARG...]` or `scar run -s SCRIPT NAME`",
            )
        return command

    def _script(self, script: bytes) -> tuple[bytes, ...]:
        with open(self.folder.script, "wb", opener=_executable) as file:
            file.write(script)
        return (self.folder.script,)

    def environment(self, event_env: Environment) -> Environment:
        """What the container sees, and nothing else."""
        folder = self.folder
        own = {
            b"REQUEST_ID": self.request_id.encode(),
            b"SCAR_INPUT_DIR": folder.input,
            b"SCAR_OUTPUT_DIR": folder.output,
            **event_env,
        }
        if self.function.extra_payload is not None:
            own[contract.ENV_EXTRA_PAYLOAD.encode()] = self.function.extra_payload
        return environment.compose(
            (
                environment.role_layer(self.function.role_env),
                {b"HOME": folder.path, b"TMPDIR": folder.path},
                {os.fsencode(name): os.fsencode(value) for name, value in self.image.config.env},
                self.function.user_env,
                dict(self.call.env),
                own,
            )
        )


def _make_inside(rootfs: bytes, path: bytes) -> None:
    """Make a folder of the image, also behind its links, unless something else is in its place."""
    from contextlib import suppress

    from scar_oci.errors import ImageError
    from scar_oci.rootpath import RootPath

    with suppress(ImageError):
        RootPath(rootfs).make(path)


def _executable(path: str, flags: int) -> int:
    return os.open(path, flags, 0o700)
