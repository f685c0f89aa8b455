"""From the name of a container image to a verified tree on disk."""
