"""Paints the sample: all hues from left to right, from dark to bright. Usage: paint.py FILE"""

import sys
from pathlib import Path

from PIL import Image

path = Path(sys.argv[1])
path.parent.mkdir(parents=True, exist_ok=True)
down = Image.linear_gradient("L")  # 256 by 256, black at the top
across = down.rotate(90)
Image.merge("HSV", (across, Image.new("L", down.size, 255), down)).convert("RGB").save(path)
