"""Draws pictures above their negatives, if these are: strip.py PICTURES NEGATIVES FILE"""

import sys
from pathlib import Path

from PIL import Image, ImageChops

GAP = 8  # pixels

above, below = (Path(folder) for folder in sys.argv[1:3])
names = sorted(path.name for path in above.glob("*.png"))
pairs = [tuple(Image.open(folder / name).convert("RGB") for folder in (above, below)) for name in names]
for name, (picture, negative) in zip(names, pairs, strict=True):
    if ImageChops.invert(picture).tobytes() != negative.tobytes():
        sys.exit(f"{below / name} is not the negative of {above / name}")

width, height = pairs[0][0].size
size = (len(pairs) * (width + GAP) + GAP, 2 * (height + GAP) + GAP)
strip = Image.new("RGB", size)
for column, pair in enumerate(pairs):
    for row, picture in enumerate(pair):
        strip.paste(picture, (GAP + column * (width + GAP), GAP + row * (height + GAP)))
strip.save(sys.argv[3])
print(f"{len(pairs)} pictures and their negatives, {size[0]} by {size[1]} pixels")
