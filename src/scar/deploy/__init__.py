"""From a function's specification to what AWS is asked for: package, plan, steps, and calls."""
