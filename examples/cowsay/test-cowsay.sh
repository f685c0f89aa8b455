#!/bin/sh
# Runs in the container in place of the image's command: scar run -s test-cowsay.sh NAME
echo "This script runs in $(. /etc/os-release && echo "$PRETTY_NAME")"
/usr/games/fortune | /usr/games/cowsay -f tux
