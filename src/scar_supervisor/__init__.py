"""SCAR inside the function: one call, from event to result."""
