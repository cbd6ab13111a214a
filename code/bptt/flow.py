r"""How a gradient flows through time: products of one-step Jacobians, their norms, their bound.

Numerator layout throughout: J_t = ∂h_t/∂h_{t−1}, and ∂h_t/∂h_k = J_t J_{t−1} … J_{k+1}, the latest
factor on the left. ‖·‖ is the spectral norm, the largest singular value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .activations import Activation
from .activations import activation as _find_activation
from .unroll import Run

__all__ = [
    "bound",
    "jacobians",
    "lag_norms",
    "log_bound",
    "log_lag_norms",
    "products",
    "spectral_norm",
    "spectral_radius",
]


def jacobians(run: Run) -> Array:
    r"""All one-step Jacobians of a run, J_t = ∂h_t/∂h_{t−1} = diag(φ'(a_t)) W_hh.

    Args:
      run: what :func:`bptt.unroll` returned.

    Returns:
      (T, batch, n, n) or (T, n, n); ``J[t - 1]`` is J_t, and ``J[t - 1, ..., i, j]`` is
      ∂h_{t,i}/∂h_{t−1,j}.

    Example:
      >>> import bptt, numpy as np
      >>> cell = bptt.Elman.random(input_size=2, hidden_size=3)
      >>> bptt.jacobians(bptt.unroll(cell, np.zeros((7, 4, 2)))).shape
      (7, 4, 3, 3)

    Raises:
      TypeError: not a run.

    Source: A+B+C+D eq. 5; Chang, the Elman f' = W_hᵀ Diag(σ_h'), there transposed;
    Pascanu, Mikolov & Bengio 2013 §2.1.
    """
    if not isinstance(run, Run):
        raise TypeError(f"run must be what bptt.unroll returns; got {type(run).__name__}")
    return run.cell.jacobian_at(run.pre_activations)


def products(J: ArrayLike) -> Array:
    r"""All products of consecutive Jacobians, P[t, k] = ∂h_t/∂h_k = J_t J_{t−1} … J_{k+1}.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n), ``J[t - 1]`` = J_t.

    Returns:
      (T+1, T+1, batch, n, n) or (T+1, T+1, n, n), indexed by t, k = 0 … T: ``P[t, t]`` is the
      identity, ``P[t, t - 1]`` is J_t, and P[t, k] is zero for k > t (the future does not act on
      the past). All of it is held in memory; :func:`lag_norms` needs only T+1 matrices.

    Example:
      >>> import bptt
      >>> P = bptt.products([[[2.0]], [[3.0]], [[5.0]]])      # three scalar Jacobians
      >>> print(P[:, :, 0, 0])
      [[ 1.  0.  0.  0.]
       [ 2.  1.  0.  0.]
       [ 6.  3.  1.  0.]
       [30. 15.  5.  1.]]

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.
      OverflowError: an entry left the range of float64; norms can still be had from
        :func:`log_lag_norms`.

    Source: A+B+C+D eqs. 3 and 6 (the product over t = 2 … k); Milano, ∂h^t/∂h^k;
    Pascanu, Mikolov & Bengio 2013 §2.1.
    """
    steps = _checks.jacobians("J", J)
    T = len(steps)
    P = np.zeros((T + 1, T + 1, *steps.shape[1:]), steps.dtype)
    P[range(T + 1), range(T + 1)] = np.eye(steps.shape[-1])
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, T + 1):
            np.matmul(steps[t - 1], P[t - 1, :t], out=P[t, :t])
    # Once an entry is not finite, the products further along are not either.
    if not np.isfinite(P[-1]).all():
        raise OverflowError(
            "a product of Jacobians left the range of float64 (1.8e308); take fewer steps, or take "
            "the norms in log space with bptt.log_lag_norms"
        )
    return P


def lag_norms(J: ArrayLike) -> Array:
    r"""How much of the last state each earlier one still moves: ‖∂h_T/∂h_{T−ℓ}‖ for ℓ = 0 … T.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n).

    Returns:
      (T+1, batch) or (T+1,); entry ℓ is the spectral norm of J_T J_{T−1} … J_{T−ℓ+1}, entry 0 is 1.
      A norm below float64's range comes out as 0, one above it as inf: :func:`log_lag_norms` has
      no such limits.

    Example:
      For the linear network this is ‖W^ℓ‖: with ρ = 0.9 it still grows 19-fold before it vanishes.

      >>> import bptt, numpy as np
      >>> norms = bptt.lag_norms(np.tile([[0.9, 5.0], [0.0, 0.9]], (100, 1, 1)))
      >>> print(norms.argmax(), norms.max().round(2), norms[100].round(4))
      9 19.38 0.0148

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.

    Source: the norm bounded in Milano and in Pascanu, Mikolov & Bengio 2013 §2.1.
    """
    mantissas, exponents = _lag_norms_by_parts(_checks.jacobians("J", J))
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(mantissas, exponents))


def log_lag_norms(J: ArrayLike) -> Array:
    r"""Natural logarithm of :func:`lag_norms`, ln ‖∂h_T/∂h_{T−ℓ}‖ for ℓ = 0 … T, at any size.

    The products are rescaled by powers of two on the way, which costs no digit: a norm of 1e-500 is
    a number here.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n).

    Returns:
      (T+1, batch) or (T+1,); −inf where the product is exactly zero.

    Example:
      >>> import bptt, numpy as np
      >>> J = np.full((500, 1, 1), 0.1)
      >>> print(bptt.lag_norms(J)[500], (bptt.log_lag_norms(J)[500] / np.log(10)).round(9))
      0.0 -500.0

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.
    """
    mantissas, exponents = _lag_norms_by_parts(_checks.jacobians("J", J))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(mantissas) + exponents * np.log(2.0))


def _lag_norms_by_parts(J: Array) -> tuple[Array, Array]:
    """The lag norms as mantissa · 2^exponent, each (T+1, ...)."""
    T, n = len(J), J.shape[-1]
    Q = np.empty((T + 1, *J.shape[1:]), J.dtype)
    exponents = np.zeros((T + 1, *J.shape[1:-1]), np.int64)
    Q[0] = np.eye(n)
    J, step_exponents = _rescaled(J, (-2, -1))
    for lag in range(1, T + 1):
        product = Q[lag - 1] @ J[T - lag]
        # Row by row: multiplied from the right, the rows of a product never mix, so one that has
        # become tiny keeps its digits beside one that has not.
        Q[lag], shift = _rescaled(product, -1)
        exponents[lag] = exponents[lag - 1] + step_exponents[T - lag][..., None] + shift
    alive = Q.any(axis=-1)
    top = np.where(alive, exponents, -(2**62)).max(axis=-1)
    rows = Q * np.ldexp(1.0, np.where(alive, exponents - top[..., None], 0))[..., None]
    return np.linalg.norm(rows, ord=2, axis=(-2, -1)), top


def _rescaled(array: Array, axis: int | tuple[int, ...]) -> tuple[Array, Array]:
    """``array`` = mantissas · 2^exponents, one exponent for all entries along ``axis``."""
    largest = np.maximum(np.abs(array.real), np.abs(array.imag)).max(axis=axis, keepdims=True)
    # Beyond 1000 the power of two itself would overflow; what is left is a factor of 2^74 at most.
    exponents = np.clip(np.frexp(largest)[1], -1000, 1000).astype(np.int64)
    return array * np.ldexp(1.0, -exponents), exponents.squeeze(axis)


def spectral_radius(W: ArrayLike) -> float:
    r"""ρ(W) = max |λ_i|, the largest modulus of an eigenvalue.

    It decides what the powers of a matrix do in the end: W^k → 0 exactly if ρ(W) < 1. It does not
    say what they do first, and with a non-linearity between the factors it decides nothing.

    Args:
      W: (n, n).

    Example:
      >>> import bptt
      >>> bptt.spectral_radius([[0.5, 0.0], [0.0, -1.2]])       # the "largest eigenvalue" is 0.5
      1.2

    Raises:
      ValueError: not a square matrix, a nan or an inf.
      TypeError: not made of numbers.

    Source: what Chang's "largest eigenvalue" has to be read as. The eigenvalues of a defective
    matrix (a Jordan block of size m) are known only to about the m-th root of the rounding error.
    """
    return float(np.abs(np.linalg.eigvals(_checks.square("W", W))).max())


def spectral_norm(W: ArrayLike) -> float:
    r"""σ_max(W) = ‖W‖₂ = max ‖W v‖ / ‖v‖, the largest singular value.

    ρ(W) ≤ σ_max(W), with equality for normal matrices (symmetric, orthogonal, …).

    Args:
      W: (n, n).

    Example:
      >>> import bptt
      >>> W = [[0.0, 2.0], [0.0, 0.0]]
      >>> bptt.spectral_norm(W), bptt.spectral_radius(W)
      (2.0, 0.0)

    Raises:
      ValueError: not a square matrix, a nan or an inf.
      TypeError: not made of numbers.

    Source: γ_v in Milano; λ₁ in the proof of Pascanu, Mikolov & Bengio 2013 §2.1.
    """
    return float(np.linalg.norm(_checks.square("W", W), ord=2))


def bound(W: ArrayLike, activation: str | Activation, lags: ArrayLike) -> Array:
    r"""The upper bound ‖∂h_t/∂h_{t−ℓ}‖ ≤ (σ_max(W_hh) · sup|φ'|)^ℓ, whatever the inputs are.

    One-sided: where it tends to 0 the gradient vanishes (sufficient); where it grows nothing
    follows, the gradient may well vanish too (growth of the bound is only necessary for explosion).

    Args:
      W: the recurrent matrix W_hh, (n, n).
      activation: φ, a name or an :class:`bptt.Activation`.
      lags: whole numbers ℓ ≥ 0, any shape.

    Returns:
      The bound for every lag, in the shape of ``lags``; inf where it exceeds float64's range (see
      :func:`log_bound`).

    Example:
      >>> import bptt
      >>> print(bptt.bound([[0.0, 2.0], [0.0, 0.0]], "sigmoid", [0, 1, 2, 3]))
      [1.    0.5   0.25  0.125]

    Raises:
      ValueError: W not square, a nan or an inf, an unknown activation, a negative or broken lag.
      TypeError: W or lags not made of numbers.

    Source: Milano, (γ_v γ_g')^{t−k}; Pascanu, Mikolov & Bengio 2013 §2.1.
    """
    factor, counts = _bound_factor(W, activation, lags)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.power(factor, counts))


def log_bound(W: ArrayLike, activation: str | Activation, lags: ArrayLike) -> Array:
    r"""Natural logarithm of :func:`bound`, ℓ · ln(σ_max(W_hh) · sup|φ'|), at any size.

    Args:
      W, activation, lags: as for :func:`bound`.

    Returns:
      The shape of ``lags``; −inf where the bound is 0 (W = 0 and ℓ ≥ 1).

    Example:
      >>> import bptt
      >>> print(bptt.log_bound([[4.0]], "sigmoid", [0, 1000]))
      [0. 0.]

    Raises:
      ValueError, TypeError: as for :func:`bound`.
    """
    factor, counts = _bound_factor(W, activation, lags)
    with np.errstate(divide="ignore", invalid="ignore"):
        # 0 · ln 0 is nan, but at lag 0 the product of no factors is 1.
        return np.where(counts == 0, 0.0, counts * np.log(factor))


def _bound_factor(
    W: ArrayLike, activation: str | Activation, lags: ArrayLike
) -> tuple[float, Array]:
    phi = _find_activation(activation)
    return spectral_norm(W) * phi.sup_derivative, _checks.whole_numbers("lags", lags)
