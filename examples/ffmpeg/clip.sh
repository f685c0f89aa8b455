#!/bin/sh
# Makes a clip of two seconds in colour. It comes back in what the call prints, as text: scar run -s clip.sh NAME
set -e
ffmpeg -v error -f lavfi -i testsrc=duration=2:size=160x120:rate=10 -pix_fmt yuv420p "$TMPDIR/clip.mp4"
base64 "$TMPDIR/clip.mp4"
