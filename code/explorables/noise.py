"""The input sequence of the figures: the same numbers in Python and in the browser."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_MODULUS = 2**31 - 1
_MULTIPLIER = 48271
_DISCARDED = 8  # neighbouring seeds start with similar numbers


def noise(seed: int, steps: int, size: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a sequence of shape (steps, size), uniform with mean 0 and variance 1.

    The generator of Park and Miller, sₖ₊₁ = 48271·sₖ mod (2³¹ − 1), because every product fits
    into a double: JavaScript gets the very same numbers.

    >>> noise(seed=1, steps=2, size=1).round(3).tolist()
    [[-0.821], [0.844]]
    """
    state = seed
    uniform = []
    for _ in range(_DISCARDED + steps * size):
        state = _MULTIPLIER * state % _MODULUS
        uniform.append(state / _MODULUS)
    kept = np.array(uniform[_DISCARDED:]).reshape(steps, size)
    return math.sqrt(3) * (2 * kept - 1)
