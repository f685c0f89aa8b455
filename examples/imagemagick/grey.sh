#!/bin/sh
# Runs for each picture that is put into the bucket's input/: its grey copy goes to output/, under the same name.
set -e
convert "$SCAR_INPUT_FILE" -colorspace Gray "$SCAR_OUTPUT_DIR/$(basename "$SCAR_INPUT_FILE")"
echo "grey: $(identify -format '%f, %w by %h, %r' "$SCAR_OUTPUT_DIR"/*)"
