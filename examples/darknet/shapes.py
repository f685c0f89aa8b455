"""Draws circles, squares and triangles, of any size, place and colours. Usage: shapes.py FOLDER COUNT [SEED]

Makes COUNT pictures of each, as `circle-0.png` and so on.
"""

import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 32
SIDES = {"circle": 60, "square": 4, "triangle": 3}


def draw(kind: str) -> Image.Image:
    """One shape that is brighter than its background, turned by any angle."""
    picture = Image.new("RGB", (SIZE, SIZE), colour(0, 90))
    radius = random.uniform(10, 14)
    x, y = (random.uniform(radius, SIZE - radius) for _ in "xy")
    turn = random.uniform(0, math.tau)
    angles = [turn + math.tau * corner / SIDES[kind] for corner in range(SIDES[kind])]
    corners = [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]
    ImageDraw.Draw(picture).polygon(corners, fill=colour(150, 255))
    return picture


def colour(darkest: int, brightest: int) -> tuple[int, ...]:
    return tuple(random.randint(darkest, brightest) for _ in "rgb")


folder, count = Path(sys.argv[1]), int(sys.argv[2])
random.seed(int(sys.argv[3]) if sys.argv[3:] else 0)
folder.mkdir(parents=True, exist_ok=True)
for number in range(count):
    for kind in SIDES:
        draw(kind).save(folder / f"{kind}-{number}.png")
