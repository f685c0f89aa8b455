"""Compares the answers with what was drawn. Usage: check.py DRAWN FOUND

At most one of six may be wrong: which one a network gets wrong is chance.
"""

import sys
from pathlib import Path

from PIL import Image

drawn, found = map(Path, sys.argv[1:])
pictures = sorted(drawn.glob("*.png"))
right = 0
for picture in pictures:
    answers = (found / f"{picture.stem}.txt").read_text().splitlines()
    best = max(answers, key=lambda answer: float(answer.partition("%")[0]))
    right += best.endswith(picture.stem.partition("-")[0])
    shown = Image.open(found / picture.name).convert("RGB")
    band = shown.crop((0, 220, 256, 256))
    if shown.size != (256, 256) or band.getcolors(1) is not None or band.getpixel((0, 0)) != (0, 0, 0):
        sys.exit(f"{picture.name} does not show its answer")
if right < len(pictures) - 1:
    sys.exit(f"only {right} of {len(pictures)} pictures told right")
print(f"{right} of {len(pictures)} pictures told right, and each shown")
