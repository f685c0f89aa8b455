#!/usr/bin/python3
"""Estimates pi with random points, in several processes. Runs in the container: scar run -s pi.py NAME"""

from multiprocessing import Pool

import numpy as np

PROCESSES, BATCHES, POINTS = 4, 8, 500_000


def inside(seed: int) -> int:
    """How many random points of the unit square are in its quarter of a circle."""
    points = np.random.default_rng(seed).random((POINTS, 2))
    return int(np.count_nonzero((points**2).sum(axis=1) < 1))


if __name__ == "__main__":
    with Pool(PROCESSES) as pool:
        hits = sum(pool.map(inside, range(BATCHES)))
    points = BATCHES * POINTS
    print(f"pi is about {4 * hits / points:.3f}, of {points:,} points, by a pool of {PROCESSES} processes")
