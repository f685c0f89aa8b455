"""Amazon's API as SCAR uses it: typed, and the only place that sees botocore's exceptions."""
