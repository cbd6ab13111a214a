"""The argument checks of every public function, in one place.

A message names the argument, says what it must be and what it got. Everything is checked before any
arithmetic, so that a mistake never surfaces as a NaN a thousand steps later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def numbers(name: str, value: ArrayLike, single: bool = False, copy: bool = True) -> Array:
    """An array of finite numbers: complex128 if ``value`` is complex, float64 otherwise.

    Everything is computed in double precision: integers and float32 are converted (exactly), and
    complex numbers stay complex, because the complex step is how the derivatives are verified.
    With ``single``, float32 stays float32. It is a fresh array, unless it is only read: ``copy``.
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
    if single and raw.dtype == np.float32:
        dtype: type[np.generic] = np.float32
    else:
        dtype = np.complex128 if raw.dtype.kind == "c" else np.float64
    array = raw.astype(dtype, copy=copy)
    finite = np.isfinite(array)
    if not finite.all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        where = f"{name}[{', '.join(map(str, first))}]" if first else name
        raise ValueError(f"{name} must be finite (no nan, no inf); got {where} = {array[first]}")
    return array


def matrix(name: str, value: ArrayLike, shape: tuple[int | str, int | str], meaning: str) -> Array:
    """A parameter: a finite, non-empty matrix whose sides equal the integers in ``shape``."""
    array = numbers(name, value, single=True)
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


def stacked_square(name: str, value: ArrayLike, blocks: str) -> Array:
    """A parameter: k square blocks of n rows, one above the other; a square matrix for k = 1."""
    k = len(blocks)
    array = numbers(name, value, single=True)
    if array.ndim != 2 or array.size == 0 or array.shape[0] != k * array.shape[1]:
        if k > 1:
            raise ValueError(
                f"{name} must have shape ({k} n, n), the {k} blocks {', '.join(blocks)} of n rows "
                f"each, one above the other; got shape {array.shape}"
            )
        return square(name, array)
    return array


def vector(name: str, value: ArrayLike, size: int, meaning: str) -> Array:
    """A parameter: a finite vector of the given length."""
    array = numbers(name, value, single=True)
    if array.shape != (size,):
        raise ValueError(
            f"{name} must be a vector of shape ({size},), {meaning}; got shape {array.shape}"
        )
    return array


def one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    """One of a few values, of their own type (1 is not True)."""
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}")


def real(name: str, value: float) -> float:
    """A finite real number."""
    array = numbers(name, value)
    if array.shape != () or array.dtype.kind == "c":
        raise TypeError(f"{name} must be a real number; got {value!r}")
    return float(array)


def positive_real(name: str, value: float) -> float:
    """A finite real number above 0."""
    number = real(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be above 0; got {value}")
    return number


def fractions(name: str, value: ArrayLike, size: int) -> Array:
    """A parameter: numbers from 0 to 1, one for each unit or one for all."""
    array = numbers(name, value, single=True)
    if array.shape not in ((), (size,)):
        raise ValueError(
            f"{name} must be a number or a vector of shape ({size},), one entry for each unit; "
            f"got shape {array.shape}"
        )
    outside = (array.real < 0) | (array.real > 1)
    if outside.any():
        raise ValueError(f"{name} must be between 0 and 1; got {array[outside][0]}")
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
    name: str,
    value: ArrayLike,
    size: int,
    size_name: str,
    dimensions: tuple[int, int],
    single: bool = False,
) -> Array:
    """Finite numbers whose last axis is as long as the cell wants, with or without a batch axis."""
    array = numbers(name, value, single, copy=False)
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


def state_parts(name: str, value: Any, names: tuple[str, ...]) -> list[tuple[str, ArrayLike]]:
    """The parts of a state with their names in messages: h alone, or the pair (h, c)."""
    if len(names) == 1:
        return [(name, value)]
    if not isinstance(value, (tuple, list)) or len(value) != len(names):
        length = f" of length {len(value)}" if isinstance(value, (tuple, list)) else ""
        raise TypeError(
            f"{name} must be the pair ({', '.join(names)}), as PyTorch's LSTM takes and returns "
            f"it; got {type(value).__name__}{length}"
        )
    return [(f"{name}[{i}]", part) for i, part in enumerate(value)]


def state(name: str, value: ArrayLike, shape: tuple[int, ...], single: bool = False) -> Array:
    """A finite state with exactly the batch axis the inputs have."""
    array = numbers(name, value, single, copy=False)
    if array.shape != shape:
        like = "(batch, n), one row for each sequence of the batch" if len(shape) == 2 else "(n,)"
        raise ValueError(
            f"{name} must have shape {shape}, that is {like}, to go with x; got shape {array.shape}"
        )
    return array


def like_outputs(name: str, value: ArrayLike, shape: tuple[int, ...], single: bool) -> Array:
    """Finite numbers in the shape of a run's outputs."""
    array = numbers(name, value, single, copy=False)
    if array.shape != shape:
        raise ValueError(
            f"{name} must have the shape of run.outputs, {shape}, a gradient for every entry of "
            f"them; got shape {array.shape}"
        )
    return array


def whole_number(name: str, value: int) -> int:
    """A Python or numpy integer of at least 0 (``True`` is none)."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer; got {value!r}")
    if value < 0:
        raise ValueError(f"{name} must be at least 0; got {value}")
    return int(value)
