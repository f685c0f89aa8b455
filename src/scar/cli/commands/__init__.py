"""One module for each command; the group imports the one that is used."""
