"""Writes docs/compatibility.md out of the table: ``python -m tests.compat.page``."""

from __future__ import annotations

from tests.compat.table import TABLE, Row
from tools.images import ROOT

PATH = ROOT / "docs" / "compatibility.md"

HEAD = """\
# What runs

Each line is a script in an image, run by `make compat` in a function of the local cloud (execution mode F1) and where
the image is the root of a real sandbox. "Yes": both print the same and end with the same status. "No": they do not, and
the test would say so if they did. `make test` runs the lines of Debian's base images only. This page is written by
`python -m tests.compat.page`; the scripts are in `tests/compat/table.py`, the images in `images/compat/`.

{works} of {lines} lines run. For each, `scar check` is asked about the program that the line stands and falls with, before
it has run. **Lines that it foretold wrongly: 0**, and the tests hold it there.

| image | what | runs |
| --- | --- | --- |
"""

TAIL = """
## Why not, and what to do

| what | reason | way out | `scar check` says |
| --- | --- | --- | --- |
"""

NOTES = """
## How far the world inside goes

libfakechroot puts the image's folder before paths. `make kit` builds a companion for it, `preload/scar.c`, that adds
what it leaves open. A function made with udocker's builds only, without the kit, lacks all of this:

* **/proc/self/exe**: `readlink`, `realpath`, `open`, `fopen`, `stat` and `statx` see the program, not the loader that runs
  it. Java finds its libraries by it. `/proc/self/cmdline` has the program's own arguments. Of other processes, as `ps -f` shows
  them, the arguments begin with the loader.
* **Starting programs**: each way of the C library finds them in the image, and refuses what the kernel would. The folder that
  `posix_spawn` is to start a program in does not count for a program that is named by a relative path.
* **An empty environment**: programs that `env -i` starts still see the image. The variables `FAKECHROOT_*`, `LD_PRELOAD`,
  `LD_LIBRARY_PATH` and `SCAR_*` are in every container's environment, and stay.
* **/dev/shm**, which Lambda lacks, is the image's own, in `/tmp`, and emptied after each call. `shm_open` and `sem_open`
  use it too, and with them Python's `multiprocessing`. Of the rest of `/dev`, the usual devices are the machine's.
* **Unix sockets**: names may be as long as anywhere, if what follows their last `/` has no more than 90 bytes.
  `getsockname` of a name above 45 bytes says a path in `/proc/self/fd`; whoever gets a datagram from it cannot answer.
* **Users and groups** are the image's, and so are the groups that a user is in. Those of the process itself are the
  function's. The user that Lambda runs functions as gets the name `user` if the image has none.
* **Raw system calls** through `syscall(2)` (Node.js makes such) are looked up in the image; a program that makes them by
  itself, as Go does, sees the function's files.
* **A program's own `LD_LIBRARY_PATH` and `LD_PRELOAD`** name folders and files of the image.
* **Folders of libraries** that programs name by an absolute path (RUNPATH, RPATH) are the image's. Those of the
  program that a call starts come where the loader has them. Those of other programs are looked for when the image is
  fetched, in the programs of `PATH`, `/usr/local` and `/opt` and in the libraries there, and come after the image's own: if
  one holds another `libx.so.1` than `/usr/lib`, a program that a script starts gets the latter, also where its RUNPATH says
  `$ORIGIN`. An absolute folder that only a plugin names is not found: name it in `LD_LIBRARY_PATH`.
* **Time zones, locales, character sets** (for `iconv`) are the image's. Its `/etc/localtime` counts if it is a link to a
  zone, by `TZ`, which programs then see. A locale that is in `/usr/lib/locale/locale-archive` only is `C.UTF-8` in its place,
  if it is of UTF-8: `localedef --no-archive` makes one that is found.
* **Services and protocols** by name (`getservbyname`) are those of the function's `/etc`.
* **Names of hosts** are looked up by the function's `/etc/hosts` and `/etc/resolv.conf`. Programs that read these files
  themselves see copies of them, made when the image was fetched.
"""


def text() -> str:
    """The page."""
    rows = "".join(f"| `{row.image}` | {row.name} | {_verdict(row)} |\n" for row in TABLE)
    limits = "".join(
        f"| {row.name} | {row.limit.reason} | {row.limit.way_out} | {row.limit.foretold} |\n"
        for row in TABLE
        if row.limit
    )
    works = sum(row.limit is None for row in TABLE)
    return HEAD.format(works=works, lines=len(TABLE)) + rows + TAIL + limits + NOTES


def _verdict(row: Row) -> str:
    return "yes" if row.limit is None else "no"


if __name__ == "__main__":
    PATH.write_text(text())
