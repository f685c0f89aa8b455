#!/bin/sh
# Runs for each video that is put into the bucket's input/: a grey copy goes to output/, with a frame of each second.
set -e
name=${SCAR_INPUT_FILE#"$SCAR_INPUT_DIR"/}
mkdir -p "$SCAR_OUTPUT_DIR/$(dirname "$name")"
name=${name%.mp4}
ffmpeg -v error -i "$SCAR_INPUT_FILE" -vf hue=s=0 "$SCAR_OUTPUT_DIR/$name-grey.mp4"
ffmpeg -v error -i "$SCAR_OUTPUT_DIR/$name-grey.mp4" -vf fps=1 "$SCAR_OUTPUT_DIR/$name-grey-%d.png"
ffprobe -v error -count_frames -show_entries stream=codec_name,width,height,nb_read_frames -of csv=p=0 \
    "$SCAR_OUTPUT_DIR/$name-grey.mp4"
