"""Looks at every pixel: is the second picture the first one in grey? Usage: check.py COLOUR GREY"""

import sys

from PIL import Image, ImageChops

LUMA = (0.2126, 0.7152, 0.0722, 0)  # how bright red, green and blue are (ITU-R BT.709), as ImageMagick has it

colour, grey = (Image.open(path).convert("RGB") for path in sys.argv[1:])
if colour.size != grey.size:
    sys.exit(f"one is {colour.size}, the other {grey.size}")
red, green, blue = grey.split()
if ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox():
    sys.exit("there is colour in it")
most = max(ImageChops.difference(red, colour.convert("L", LUMA)).tobytes())
if most > 1:
    sys.exit(f"its brightness is another one by up to {most} of 255")
print(f"{grey.width * grey.height:,} pixels, all grey, each as bright as in colour")
