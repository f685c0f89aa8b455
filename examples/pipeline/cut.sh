#!/bin/sh
# Runs for each video that is put into the first bucket's input/: two frames of each second go on as pictures.
set -e
name=$(basename "$SCAR_INPUT_FILE" .mp4)
ffmpeg -v error -i "$SCAR_INPUT_FILE" -vf fps=2 "$SCAR_OUTPUT_DIR/$name-%d.png"
