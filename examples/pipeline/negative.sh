#!/bin/sh
# Runs for each picture that comes into the second bucket's input/: its negative goes to that bucket's output/.
set -e
name=${SCAR_INPUT_FILE#"$SCAR_INPUT_DIR"/}
mkdir -p "$SCAR_OUTPUT_DIR/$(dirname "$name")"
convert "$SCAR_INPUT_FILE" -negate "$SCAR_OUTPUT_DIR/$name"
