"""Numbers far outside the range of float64, as mantissa · 2^exponent."""

from __future__ import annotations

import numpy as np

from ._checks import Array


def rescaled(array: Array, axis: int | tuple[int, ...]) -> tuple[Array, Array]:
    """``array`` = mantissas · 2^exponents, one exponent for all entries along ``axis``.

    The exponents are int64 and lack that axis. Powers of two cost no digit.
    """
    largest = np.abs(array.real).max(axis=axis, keepdims=True)
    if array.dtype.kind == "c":
        largest = np.maximum(largest, np.abs(array.imag).max(axis=axis, keepdims=True))
    # Beyond 1000 the power of two itself would overflow; what is left is a factor of 2^74 at most.
    exponents = np.clip(np.frexp(largest)[1], -1000, 1000).astype(np.int64)
    return array * np.ldexp(1.0, -exponents), exponents.squeeze(axis)
