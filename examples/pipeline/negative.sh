#!/bin/sh
# Runs for each picture that comes into the second bucket's input/: its negative goes to that bucket's output/.
set -e
convert "$SCAR_INPUT_FILE" -negate "$SCAR_OUTPUT_DIR/$(basename "$SCAR_INPUT_FILE")"
