#!/bin/sh
# Runs for each file that is put into the bucket's input/: a cow says it, and the result goes to output/.
set -e
name=${SCAR_INPUT_FILE#"$SCAR_INPUT_DIR"/}
mkdir -p "$SCAR_OUTPUT_DIR/$(dirname "$name")"
name=${name%.txt}
/usr/games/cowsay -n < "$SCAR_INPUT_FILE" > "$SCAR_OUTPUT_DIR/$name-said.txt"
echo "said $SCAR_INPUT_FILE"
