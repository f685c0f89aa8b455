"""The command line: it parses and renders, and leaves all that is done to `scar.ops`."""
