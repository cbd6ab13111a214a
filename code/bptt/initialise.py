r"""Initialisations by the names they have in the literature: what W_hh and the biases start from.

Every function is called alike, ``f(shape, rng, …)``, and returns a fresh float64 array of that
shape. The shapes are PyTorch's: a weight is (outputs, inputs), a stacked weight of g gates is
(g n, n) or (g n, d), and the bias of an LSTM is (4n,) in the order i, f, g, o.

Example:
  >>> import bptt
  >>> from bptt import initialise
  >>> W = initialise.orthogonal((64, 64), rng=0)
  >>> cell = bptt.Elman(W, activation="identity")
  >>> norms = bptt.lag_norms([cell.weight_hh] * 1000)     # ‖W^ℓ‖ stays 1 for a thousand steps
  >>> bool(abs(norms - 1).max() < 1e-12)
  True
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import _checks
from ._checks import Array

__all__ = [
    "chrono",
    "forget_bias",
    "gaussian",
    "glorot_normal",
    "glorot_uniform",
    "identity",
    "orthogonal",
    "uniform",
]


def uniform(shape: Sequence[int], rng: int | np.random.Generator, hidden_size: int) -> Array:
    r"""PyTorch's default for RNN, LSTM and GRU: every entry from U(−1/√n, 1/√n).

    The variance is 1/(3n), so that ρ(W_hh) ≈ 1/√3 = 0.58: a linear network forgets by that factor
    at every step.

    Args:
      shape: of the array, any number of axes; biases are drawn from it too.
      rng: a seed or a ``numpy.random.Generator``.
      hidden_size: n, which only the (n, n) matrix shows in its shape.

    Example:
      >>> from bptt import initialise
      >>> W_ih = initialise.uniform((4 * 64, 8), rng=0, hidden_size=64)
      >>> bool(0.12 < abs(W_ih).max() <= 0.125)
      True

    Raises:
      TypeError: a shape that is not made of integers, an rng that is neither seed nor generator, a
        hidden_size that is not an integer.
      ValueError: an empty shape, a size below 1, a negative seed.

    Source: PyTorch, ``torch.nn.RNNBase.reset_parameters``.
    """
    sizes = _shape(shape)
    edge = 1 / np.sqrt(_checks.positive_integer("hidden_size", hidden_size))
    return _checks.generator("rng", rng).uniform(-edge, edge, sizes)


def glorot_uniform(shape: Sequence[int], rng: int | np.random.Generator) -> Array:
    r"""Glorot's uniform: every entry from U(−e, e), e = √(6 / (inputs + outputs)).

    A stacked weight counts all its rows as outputs, as Keras does for its ``kernel``; for a fan of
    each gate's own, draw the gates one by one.

    Args:
      shape: (outputs, inputs).
      rng: a seed or a ``numpy.random.Generator``.

    Example:
      >>> from bptt import initialise
      >>> bool(abs(initialise.glorot_uniform((50, 100), rng=0)).max() <= 0.2)
      True

    Raises:
      TypeError: a shape that is not made of integers, an rng that is neither seed nor generator.
      ValueError: not two sizes, a size below 1, a negative seed.

    Source: Glorot & Bengio 2010, eq. 16.
    """
    outputs, inputs = _matrix_shape(shape)
    edge = np.sqrt(6 / (inputs + outputs))
    return _checks.generator("rng", rng).uniform(-edge, edge, (outputs, inputs))


def glorot_normal(shape: Sequence[int], rng: int | np.random.Generator) -> Array:
    r"""Glorot's variance with a normal distribution: N(0, 2 / (inputs + outputs)).

    Args:
      shape: (outputs, inputs).
      rng: a seed or a ``numpy.random.Generator``.

    Example:
      >>> from bptt import initialise
      >>> print(initialise.glorot_normal((50, 150), rng=0).std().round(2))      # √(2/200)
      0.1

    Raises:
      TypeError, ValueError: as for :func:`glorot_uniform`.

    Source: Glorot & Bengio 2010, eq. 12.
    """
    outputs, inputs = _matrix_shape(shape)
    std = np.sqrt(2 / (inputs + outputs))
    return _checks.generator("rng", rng).normal(0.0, std, (outputs, inputs))


def orthogonal(shape: Sequence[int], rng: int | np.random.Generator) -> Array:
    r"""A random orthogonal matrix, Wᵀ W = I: all singular values are 1, every norm is kept.

    Drawn uniformly (from the Haar measure). If there are fewer rows than columns the rows are
    orthonormal, W Wᵀ = I.

    Args:
      shape: (outputs, inputs).
      rng: a seed or a ``numpy.random.Generator``.

    Example:
      >>> import numpy as np
      >>> from bptt import initialise
      >>> W = initialise.orthogonal((5, 3), rng=0)
      >>> bool(np.allclose(W.T @ W, np.eye(3)))
      True

    Raises:
      TypeError, ValueError: as for :func:`glorot_uniform`.

    Source: Saxe, McClelland & Ganguli 2014. The signs after Mezzadri 2007.
    """
    outputs, inputs = _matrix_shape(shape)
    long, short = max(outputs, inputs), min(outputs, inputs)
    Q, R = np.linalg.qr(_checks.generator("rng", rng).normal(size=(long, short)))
    # LAPACK chooses the signs of R's diagonal; with them made positive, Q is uniform.
    Q = Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)
    return np.ascontiguousarray(Q if outputs >= inputs else Q.T)


def identity(shape: Sequence[int], rng: int | np.random.Generator, scale: float = 1.0) -> Array:
    r"""The identity, or a multiple of it: with ReLU the IRNN, where each unit adds up its input.

    Args:
      shape: (n, n).
      rng: drawn from by the other initialisations; here nothing is random.
      scale: the factor; below 1, every unit forgets at that rate.

    Example:
      >>> from bptt import initialise
      >>> print(initialise.identity((2, 2), rng=0, scale=0.5))
      [[0.5 0. ]
       [0.  0.5]]

    Raises:
      TypeError: a shape that is not made of integers, an rng that is neither seed nor generator, a
        scale that is not a number.
      ValueError: not a square shape, a size below 1, a negative seed, a scale not finite.

    Source: Le, Jaitly & Hinton 2015.
    """
    rows, columns = _matrix_shape(shape)
    if rows != columns:
        raise ValueError(f"shape must be square, (n, n), for an identity; got {(rows, columns)}")
    _checks.generator("rng", rng)
    return _checks.real("scale", scale) * np.eye(rows)


def gaussian(shape: Sequence[int], rng: int | np.random.Generator, gain: float = 1.0) -> Array:
    r"""Gaussian with a gain: every entry from N(0, g²/n), n the number of columns.

    For a square W, ρ(W) → g (the circular law) and σ_max(W) → 2g as n grows: between g = 1/2 and
    g = 1 the norm bound explodes although the linear gradient vanishes.

    Args:
      shape: (outputs, inputs).
      rng: a seed or a ``numpy.random.Generator``.
      gain: g ≥ 0, the σ_w of mean-field theory; √2 is critical for ReLU.

    Example:
      >>> import bptt
      >>> from bptt import initialise
      >>> W = initialise.gaussian((256, 256), rng=0, gain=0.8)
      >>> print(round(bptt.spectral_radius(W), 1), round(bptt.spectral_norm(W), 1))
      0.8 1.6

    Raises:
      TypeError, ValueError: as for :func:`glorot_uniform`, or a gain that is not a number, negative
        or not finite.

    Source: Sompolinsky, Crisanti & Sommers 1988; Chen, Pennington & Schoenholz 2018.
    """
    outputs, inputs = _matrix_shape(shape)
    g = _checks.real("gain", gain)
    if g < 0:
        raise ValueError(f"gain must be 0 or more; got {g}")
    return _checks.generator("rng", rng).normal(0.0, g / np.sqrt(inputs), (outputs, inputs))


def forget_bias(shape: Sequence[int], rng: int | np.random.Generator, value: float = 1.0) -> Array:
    r"""The bias of an LSTM that remembers at first: b_f = value, all others 0.

    f = σ(b_f): 1 gives 0.73, which halves the cell in 2.2 steps; 3 gives 0.95, 14 steps. PyTorch
    adds two biases: give this one to ``bias_ih_l0`` and zeros to ``bias_hh_l0``, or b_f doubles.

    Args:
      shape: (4n,), in the order i, f, g, o.
      rng: drawn from by the other initialisations; here nothing is random.
      value: b_f.

    Example:
      >>> from bptt import initialise
      >>> print(initialise.forget_bias((8,), rng=0))
      [0. 0. 1. 1. 0. 0. 0. 0.]

    Raises:
      TypeError: a shape that is not made of integers, an rng that is neither seed nor generator, a
        value that is not a number.
      ValueError: not one size, or not a multiple of 4; a negative seed, a value not finite.

    Source: Gers, Schmidhuber & Cummins 2000; Jozefowicz, Zaremba & Sutskever 2015.
    """
    n = _lstm_units(shape)
    _checks.generator("rng", rng)
    bias = np.zeros(4 * n)
    bias[n : 2 * n] = _checks.real("value", value)
    return bias


def chrono(shape: Sequence[int], rng: int | np.random.Generator, T_max: float) -> Array:
    r"""The chrono bias of an LSTM: b_f = ln u with u from U[1, T_max − 1], b_i = −b_f, others 0.

    A unit with the constant gate f = σ(b_f) has the time constant 1/(1 − f) = 1 + e^{b_f} = 1 + u:
    the units' time constants are spread evenly over [2, T_max].

    Args:
      shape: (4n,), in the order i, f, g, o.
      rng: a seed or a ``numpy.random.Generator``.
      T_max: the longest dependency expected, at least 2.

    Example:
      >>> import numpy as np
      >>> from bptt import initialise
      >>> bias = initialise.chrono((4 * 1000,), rng=0, T_max=100)
      >>> time_constants = 1 + np.exp(bias[1000:2000])
      >>> bool(2 <= time_constants.min() and time_constants.max() <= 100)
      True

    Raises:
      TypeError: a shape that is not made of integers, an rng that is neither seed nor generator, a
        T_max that is not a number.
      ValueError: not one size, or not a multiple of 4; a negative seed; a T_max below 2 or not
        finite.

    Source: Tallec & Ollivier 2018.
    """
    n = _lstm_units(shape)
    longest = _checks.real("T_max", T_max)
    if longest < 2:
        raise ValueError(f"T_max must be at least 2, for U[1, T_max − 1] to exist; got {T_max}")
    bias = np.zeros(4 * n)
    bias[n : 2 * n] = np.log(_checks.generator("rng", rng).uniform(1, longest - 1, n))
    bias[:n] = -bias[n : 2 * n]
    return bias


def _shape(value: Sequence[int]) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(
            f"shape must be a tuple of sizes, such as (64, 64) or (256,); got {value!r}"
        )
    if not value:
        raise ValueError("shape must have at least one size; got ()")
    return tuple(_checks.positive_integer(f"shape[{i}]", size) for i, size in enumerate(value))


def _matrix_shape(value: Sequence[int]) -> tuple[int, int]:
    sizes = _shape(value)
    if len(sizes) != 2:
        raise ValueError(f"shape must be (outputs, inputs), two sizes; got {sizes}")
    return sizes[0], sizes[1]


def _lstm_units(value: Sequence[int]) -> int:
    sizes = _shape(value)
    if len(sizes) != 1 or sizes[0] % 4:
        raise ValueError(
            f"shape must be (4n,), the gates i, f, g, o of an LSTM one after the other; got {sizes}"
        )
    return sizes[0] // 4
