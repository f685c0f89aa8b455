#!/bin/sh
# Runs for each video that is put into the first bucket's input/: two frames of each second go on as pictures.
set -e
name=${SCAR_INPUT_FILE#"$SCAR_INPUT_DIR"/}
mkdir -p "$SCAR_OUTPUT_DIR/$(dirname "$name")"
name=${name%.mp4}
ffmpeg -v error -i "$SCAR_INPUT_FILE" -vf fps=2 "$SCAR_OUTPUT_DIR/$name-%d.png"
