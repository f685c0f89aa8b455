"""Looks at frames: are they grey, and pictures, and not all the same one? Usage: check.py FRAME..."""

import sys

from PIL import Image, ImageChops

frames = [Image.open(path).convert("RGB") for path in sys.argv[1:]]
for path, frame in zip(sys.argv[1:], frames, strict=True):
    red, green, blue = frame.split()
    if ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox():
        sys.exit(f"{path}: there is colour in it")
    if max(red.tobytes()) - min(red.tobytes()) < 200:
        sys.exit(f"{path}: there is nothing to see")
if len({frame.tobytes() for frame in frames}) < len(frames):
    sys.exit("two frames are the same")
print(f"{len(frames)} frames of {frames[0].width} by {frames[0].height}, all grey, no two the same")
