#!/bin/sh
# Runs for each picture that is put into the bucket's input/: its grey copy goes to output/, to the same folder and name.
set -e
: "${SCAR_INPUT_FILE:?this script is for files: put one into the bucket}"
name=${SCAR_INPUT_FILE#"$SCAR_INPUT_DIR"/}
mkdir -p "$SCAR_OUTPUT_DIR/$(dirname "$name")"
convert "$SCAR_INPUT_FILE" -colorspace Gray "$SCAR_OUTPUT_DIR/$name"
echo "grey: $(identify -format '%f, %w by %h, %r' "$SCAR_OUTPUT_DIR/$name")"
