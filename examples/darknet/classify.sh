#!/bin/sh
# Runs for each picture: says what it shows, with the picture that says it, too.
set -e
name=${SCAR_INPUT_FILE#"$SCAR_INPUT_DIR"/}
mkdir -p "$SCAR_OUTPUT_DIR/$(dirname "$name")"
name=${name%.png}
cd /net
darknet classifier predict shapes.data shapes.cfg shapes.weights "$SCAR_INPUT_FILE" \
    | grep '%:' > "$SCAR_OUTPUT_DIR/$name.txt"
python3 - "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/$name" <<'END'
import sys
from PIL import Image, ImageDraw, ImageFont
picture = Image.open(sys.argv[1]).convert("RGB").resize((256, 256), Image.Resampling.NEAREST)
best = max(open(f"{sys.argv[2]}.txt"), key=lambda line: float(line.partition("%")[0])).strip()
draw = ImageDraw.Draw(picture)
font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 24)
draw.rectangle((0, 220, 256, 256), fill="black")
draw.text((128, 238), best, fill="white", font=font, anchor="mm")
picture.save(f"{sys.argv[2]}.png")
END
