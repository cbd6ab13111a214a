"""The argument checks of every public function, in one place.

A message names the argument, says what it must be and what it got. Everything is checked before any
arithmetic, so that a mistake never surfaces as a NaN a thousand steps later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def numbers(name: str, value: ArrayLike) -> Array:
    """A fresh array of finite numbers: complex128 if ``value`` is complex, float64 otherwise.

    Everything is computed in double precision: integers and float32 are converted (exactly), and
    complex numbers stay complex, because the complex step is how the derivatives are verified.
    """
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{name} must be a rectangular array of numbers; numpy could not make one ({error})"
        ) from error
    except (TypeError, RuntimeError) as error:
        raise TypeError(
            f"{name} must be an array of numbers; numpy could not make one ({error})"
        ) from error
    if raw.dtype.kind not in "biufc":
        raise TypeError(
            f"{name} must be an array of numbers; got {type(value).__name__} of dtype {raw.dtype}"
        )
    array = raw.astype(np.complex128 if raw.dtype.kind == "c" else np.float64)
    finite = np.isfinite(array)
    if not finite.all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        where = f"{name}[{', '.join(map(str, first))}]" if first else name
        raise ValueError(f"{name} must be finite (no nan, no inf); got {where} = {array[first]}")
    return array


def matrix(name: str, value: ArrayLike, shape: tuple[int | str, int | str], meaning: str) -> Array:
    """A finite, non-empty matrix whose sides equal the integers given in ``shape``."""
    array = numbers(name, value)
    fits = array.ndim == 2 and all(
        have > 0 and (isinstance(want, str) or have == want)
        for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{name} must be a matrix of shape ({shape[0]}, {shape[1]}), {meaning}; "
            f"got shape {array.shape}"
        )
    return array


def square(name: str, value: ArrayLike) -> Array:
    """A finite, non-empty square matrix."""
    array = numbers(name, value)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        hint = f" (for one unit write [[{array}]])" if array.ndim == 0 else ""
        raise ValueError(
            f"{name} must be a square matrix of shape (n, n), one row and one column per hidden "
            f"unit; got shape {array.shape}{hint}"
        )
    return array


def vector(name: str, value: ArrayLike, size: int, meaning: str) -> Array:
    """A finite vector of the given length."""
    array = numbers(name, value)
    if array.shape != (size,):
        raise ValueError(
            f"{name} must be a vector of shape ({size},), {meaning}; got shape {array.shape}"
        )
    return array


def positive_integer(name: str, value: int) -> int:
    """A Python or numpy integer of at least 1 (``True`` is not a size)."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer; got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1; got {value}")
    return int(value)


def generator(name: str, value: int | np.random.Generator) -> np.random.Generator:
    """A numpy generator, made from the seed if it is not one already."""
    if isinstance(value, np.random.Generator):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(
            f"{name} must be a seed (an integer) or a numpy.random.Generator; got {value!r}"
        )
    if value < 0:
        raise ValueError(f"{name} must be a seed of 0 or more; got {value}")
    return np.random.default_rng(value)


def features(
    name: str, value: ArrayLike, size: int, size_name: str, dimensions: tuple[int, int]
) -> Array:
    """Finite numbers whose last axis is as long as the cell wants, with or without a batch axis."""
    array = numbers(name, value)
    if array.ndim not in dimensions or array.shape[-1] != size or array.size == 0:
        leading = "T, " if dimensions[0] == 2 else ""
        alone = f"({leading}{size})" if leading else f"({size},)"
        raise ValueError(
            f"{name} must have shape {alone} or ({leading}batch, {size}) with at least one entry, "
            f"because the cell's {size_name} is {size}; got shape {array.shape}"
        )
    return array


def jacobians(name: str, value: ArrayLike) -> Array:
    """A finite stack of square matrices, time first: (T, n, n) or (T, batch, n, n)."""
    array = numbers(name, value)
    if array.ndim not in (3, 4) or array.shape[-1] != array.shape[-2] or array.size == 0:
        raise ValueError(
            f"{name} must have shape (T, n, n) or (T, batch, n, n), one square matrix for each of "
            f"at least one step, as bptt.jacobians(run) gives them; got shape {array.shape}"
        )
    return array


def whole_numbers(name: str, value: ArrayLike) -> Array:
    """Integers of 0 or more, of any shape, as float64."""
    array = numbers(name, value)
    wrong = (array.imag != 0) | (array.real < 0) | (array.real != np.floor(array.real))
    if wrong.any():
        raise ValueError(f"{name} must be whole numbers, 0 or more; got {array[wrong][0]}")
    return array.real


def state(name: str, value: ArrayLike, batch: tuple[int, ...], size: int) -> Array:
    """A finite state with exactly the batch axis the inputs have."""
    array = numbers(name, value)
    if array.shape != (*batch, size):
        like = "(batch, n), one row for each sequence of the batch" if batch else "(n,)"
        raise ValueError(
            f"{name} must have shape {(*batch, size)}, that is {like}, to go with x; "
            f"got shape {array.shape}"
        )
    return array
