"""What the Makefile's targets do: set-up, a loopback registry, test images, the kit and the demo."""
