"""The command line: ``python -m tools.examples [NAME...]``. Ends with 1 if a README is not true."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable

from tools import images, registry
from tools.examples import readme
from tools.examples.figures import Figures
from tools.examples.running import Wrong, run, run_example
from tools.examples.table import Size, table
from tools.own_cloud import own_cloud


def main(wanted: list[str]) -> int:
    """Run the examples of these names, or all, and print what their calls took."""
    if unknown := set(wanted) - set(readme.names()):
        raise SystemExit(f"no example {', '.join(sorted(unknown))}; there are {', '.join(readme.names())}")
    examples = [readme.read(name) for name in wanted or readme.names()]
    rows: list[tuple[str, Figures]] = []
    sizes: dict[str, Size] = {}
    wrong = []
    with registry.serving() as url:
        images.ensure(url, *(f"{image}:" for example in examples for image in example.images))
        for example in examples:
            began = time.monotonic()
            try:
                with own_cloud(url):
                    found = run_example(example)
                    sizes |= _sizes({figures.image for figures in found} - sizes.keys())
            except Wrong as problem:
                wrong.append(example.name)
                print(f"\n{example.name}: WRONG\n{problem}\n", flush=True)
            else:
                rows += [(example.name, figures) for figures in found]
                print(f"{example.name}: as its README says ({time.monotonic() - began:.0f} s)", flush=True)
    if rows:
        print(f"\n{table(rows, sizes)}\n")
    print(f"{len(wrong)} wrong: {', '.join(wrong)}" if wrong else "All as it should be.")
    return 1 if wrong else 0


def _sizes(names: Iterable[str]) -> dict[str, Size]:
    """Of each image, by its name. Raises Wrong if one cannot run."""
    sizes = {}
    for name in names:
        checked = run(f"scar check --json {name}")
        if checked.status != 0:
            raise Wrong(f"scar check {name} ends with {checked.status}\n{checked.stdout}{checked.stderr}")
        facts = json.loads(checked.stdout)
        sizes[name] = Size(facts["compressed_bytes"], facts["unpacked_bytes"])
    return sizes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
