"""What a call costs and what a pull needs: `make bench`. Ratios are measured side by side in one run."""
