"""The command line: ``python -m tools.examples [NAME...]``. Ends with 1 if a README is not true."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable

from tools import images, registry
from tools.examples.figures import Figures
from tools.examples.running import Wrong, run, run_readme
from tools.examples.sandbox import forget_settings, local_cloud
from tools.examples.table import Size, table


def main(names: list[str]) -> int:
    """Run the examples of these names, or all, and print what their calls took."""
    known = sorted(readme.parent.name for readme in (images.ROOT / "examples").glob("*/README.md"))
    if unknown := set(names) - set(known):
        raise SystemExit(f"no example {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    rows: list[tuple[str, Figures]] = []
    failed = []
    with registry.serving() as url:
        images.ensure(url, *(f"grycap/{name}:" for name in (names or known)))
        forget_settings(url)
        for name in names or known:
            began = time.monotonic()
            try:
                with local_cloud():
                    rows += [(name, figures) for figures in run_readme(name)]
            except Wrong as problem:
                failed.append(name)
                print(f"\n{name}: WRONG\n{problem}\n", flush=True)
            else:
                print(f"{name}: as its README says ({time.monotonic() - began:.0f} s)", flush=True)
        sizes = _sizes(figures.image for _, figures in rows)
    print(f"\n{table(rows, sizes)}\n")
    print(f"{len(failed)} wrong: {', '.join(failed)}" if failed else "All as it should be.")
    return 1 if failed else 0


def _sizes(names: Iterable[str]) -> dict[str, Size]:
    """Of each image, by its name."""
    sizes = {}
    for name in set(names):
        facts = json.loads(run(f"scar check --json {name}").stdout)
        sizes[name] = Size(facts["compressed_bytes"], facts["unpacked_bytes"])
    return sizes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
