r"""How a gradient flows through time: products of one-step Jacobians and their norms.

Numerator layout throughout: J_t = ∂h_t/∂h_{t−1}, and ∂h_t/∂h_k = J_t J_{t−1} … J_{k+1}, the latest
factor on the left. ‖·‖ is the spectral norm, the largest singular value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from ._scaling import rescaled
from .spectrum import largest_singular_value
from .unroll import Run

__all__ = [
    "jacobians",
    "lag_norms",
    "log_lag_norms",
    "log_product_norms",
    "product_norms",
    "products",
]


def jacobians(run: Run) -> Array:
    r"""All one-step Jacobians of a run, J_t = ∂s_t/∂s_{t−1}, whatever the cell.

    The state s is h, or (h, c) for an LSTM. For :class:`bptt.Elman` J_t = diag(φ'(a_t)) W_hh.

    Args:
      run: what :func:`bptt.unroll` returned.

    Returns:
      (T, batch, s, s) or (T, s, s), s = n, or 2n in the order (h, c); ``J[t - 1]`` is J_t, and
      ``J[t - 1, ..., i, j]`` is ∂s_{t,i}/∂s_{t−1,j}.

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
    J = run.cell.jacobian_at(run.cell.linearise(run.trace))
    return J if run.batched else J[:, 0]


def products(J: ArrayLike) -> Array:
    r"""All products of consecutive Jacobians, P[t, k] = ∂h_t/∂h_k = J_t J_{t−1} … J_{k+1}.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n), ``J[t - 1]`` = J_t.

    Returns:
      (T+1, T+1, batch, n, n) or (T+1, T+1, n, n), indexed by t, k = 0 … T: ``P[t, t]`` is the
      identity, ``P[t, t - 1]`` is J_t, and P[t, k] is zero for k > t (the future does not act on
      the past). All of it is held in memory, (T+1)² matrices; :func:`product_norms` holds T+1.

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
        :func:`log_product_norms` and :func:`log_lag_norms`.

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


def lag_norms(J: ArrayLike, gradient: ArrayLike | None = None) -> Array:
    r"""How much of the last state each earlier one still moves: ‖∂h_T/∂h_{T−ℓ}‖ for ℓ = 0 … T.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n); for an LSTM, whose state is (h, c), n
        here is twice its number of units.
      gradient: g = ∇_{h_T} L, (n,), the same for all of a batch. If given, the norms are those of
        what this one gradient has become on its way back, ‖(∂h_T/∂h_{T−ℓ})ᵀ g‖: at most
        ‖∂h_T/∂h_{T−ℓ}‖ ‖g‖, and n times cheaper, as a vector is carried instead of a matrix.

    Returns:
      (T+1, batch) or (T+1,); entry ℓ is the spectral norm of J_T J_{T−1} … J_{T−ℓ+1}, entry 0 is 1
      (with a gradient, ‖g‖). A norm below float64's range comes out as 0, one above it as inf:
      :func:`log_lag_norms` has no such limits.

    Example:
      For the linear network this is ‖W^ℓ‖: with ρ = 0.9 it still grows 19-fold before it vanishes.

      >>> import bptt, numpy as np
      >>> norms = bptt.lag_norms(np.tile([[0.9, 5.0], [0.0, 0.9]], (100, 1, 1)))
      >>> print(norms.argmax(), norms.max().round(2), norms[100].round(4))
      9 19.38 0.0148

      The gradient of the second unit alone sees nothing of that, it never meets the 5:

      >>> norms = bptt.lag_norms(np.tile([[0.9, 5.0], [0.0, 0.9]], (100, 1, 1)), gradient=[0, 1])
      >>> print(norms[:4].round(3))
      [1.    0.9   0.81  0.729]

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.

    Source: the norm bounded in Milano and in Pascanu, Mikolov & Bengio 2013 §2.1.
    """
    return _number(*_lag_norms_by_parts(J, gradient))


def log_lag_norms(J: ArrayLike, gradient: ArrayLike | None = None) -> Array:
    r"""Natural logarithm of :func:`lag_norms`, ln ‖∂h_T/∂h_{T−ℓ}‖ for ℓ = 0 … T, at any size.

    The products are rescaled by powers of two on the way, which costs no digit: a norm of 1e-500 is
    a number here.

    Args:
      J, gradient: as for :func:`lag_norms`.

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
    return _logarithm(*_lag_norms_by_parts(J, gradient))


def product_norms(J: ArrayLike, gradient: ArrayLike | None = None) -> Array:
    r"""The norms of all products at once, ‖∂h_t/∂h_k‖ for t, k = 0 … T.

    The products themselves are not kept: k goes from T down to 0, and only the T+1 matrices
    ∂h_t/∂h_k of the present k are held, O(T batch n²) numbers (66 MB for T = 2000, n = 64, and a
    few times that on the way). The time is that of T²/2 norms: 0.5 ms or so each for n = 64, hence
    a quarter of an hour for T = 2000, but seconds along one ``gradient``.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n), ``J[t - 1]`` = J_t.
      gradient: g = ∇_{h_t} L, (n,), the same for every t. If given, ‖(∂h_t/∂h_k)ᵀ g‖ is returned,
        what one gradient that starts at t has become at k.

    Returns:
      (T+1, T+1, batch) or (T+1, T+1), entry [t, k] for ∂h_t/∂h_k: 1 on the diagonal (with a
      gradient, ‖g‖) and 0 for k > t. A norm below float64's range comes out as 0, one above it as
      inf: :func:`log_product_norms` has no such limits.

    Example:
      >>> from bptt.flow import product_norms
      >>> print(product_norms([[[2.0]], [[-3.0]], [[5.0]]]))      # three scalar Jacobians
      [[ 1.  0.  0.  0.]
       [ 2.  1.  0.  0.]
       [ 6.  3.  1.  0.]
       [30. 15.  5.  1.]]

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.

    Source: Milano, ‖∂h^t/∂h^k‖; Pascanu, Mikolov & Bengio 2013 §2.1.
    """
    return _number(*_product_norms_by_parts(J, gradient))


def log_product_norms(J: ArrayLike, gradient: ArrayLike | None = None) -> Array:
    r"""Natural logarithm of :func:`product_norms`, ln ‖∂h_t/∂h_k‖ for all t and k, at any size.

    Args:
      J, gradient: as for :func:`product_norms`.

    Returns:
      (T+1, T+1, batch) or (T+1, T+1), entry [t, k]; −inf where the product is exactly zero, as it
      is for k > t.

    Example:
      >>> import numpy as np
      >>> from bptt.flow import log_product_norms
      >>> logs = log_product_norms(np.full((500, 1, 1), 0.1))
      >>> print((logs[500, [0, 250, 500]] / np.log(10)).round(9))
      [-500. -250.    0.]

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.
    """
    return _logarithm(*_product_norms_by_parts(J, gradient))


# A number far outside float64's range is carried as mantissa · 2^exponent. The products grow to the
# left, from ∂h_t/∂h_{k+1} to ∂h_t/∂h_k = ∂h_t/∂h_{k+1} J_{k+1}: multiplied from the right, the rows
# of a product never mix. So every row has its own exponent, and one that has become tiny keeps its
# digits beside one that has not. A gradient is a product of one row.


def _number(mantissas: Array, exponents: Array) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(mantissas, exponents))


def _logarithm(mantissas: Array, exponents: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(mantissas) + exponents * np.log(2.0))


def _lag_norms_by_parts(J: ArrayLike, gradient: ArrayLike | None) -> tuple[Array, Array]:
    """The lag norms as mantissa · 2^exponent, each (T+1, ...)."""
    steps = _checks.jacobians("J", J)
    start = _first_rows(steps, gradient)
    T = len(steps)
    rows = np.empty((T + 1, *start.shape), np.result_type(steps, start))
    exponents = np.empty((T + 1, *start.shape[:-1]), np.int64)
    steps, step_exponents = rescaled(steps, (-2, -1))
    rows[0], exponents[0] = rescaled(start, -1)
    for lag in range(1, T + 1):
        k = T - lag
        rows[lag], shift = rescaled(rows[lag - 1] @ steps[k], -1)
        exponents[lag] = exponents[lag - 1] + shift + step_exponents[k, ..., None]
    return _norms_by_parts(rows, exponents)


def _product_norms_by_parts(J: ArrayLike, gradient: ArrayLike | None) -> tuple[Array, Array]:
    """All norms as mantissa · 2^exponent, each (T+1, T+1, ...)."""
    steps = _checks.jacobians("J", J)
    start = _first_rows(steps, gradient)
    T, n = len(steps), steps.shape[-1]
    *batch, m, _ = start.shape
    # t is the last axis but those of the rows, so that all rows of a sequence are one tall matrix.
    rows = np.empty((*batch, T + 1, m, n), np.result_type(steps, start))
    exponents = np.empty(rows.shape[:-1], np.int64)
    norms = np.zeros((T + 1, T + 1, *batch)), np.zeros((T + 1, T + 1, *batch), np.int64)
    steps, step_exponents = rescaled(steps, (-2, -1))
    start, start_exponents = rescaled(start, -1)
    for k in range(T, -1, -1):
        later = rows[..., k + 1 :, :, :]
        if k < T:
            product = later.reshape(*batch, -1, n) @ steps[k]
            later[...], shift = rescaled(product.reshape(later.shape), -1)
            exponents[..., k + 1 :, :] += shift + step_exponents[k, ..., None, None]
        rows[..., k, :, :], exponents[..., k, :] = start, start_exponents
        for whole, part in zip(
            norms, _norms_by_parts(rows[..., k:, :, :], exponents[..., k:, :]), strict=True
        ):
            whole[k:, k] = np.moveaxis(part, -1, 0)
    return norms


def _first_rows(J: Array, gradient: ArrayLike | None) -> Array:
    """∂h_t/∂h_t = I, or the one row gᵀ, for each sequence of the batch: (..., m, n)."""
    n = J.shape[-1]
    first = (
        np.eye(n)
        if gradient is None
        else _checks.vector("gradient", gradient, n, "one entry per row of a Jacobian")[None]
    )
    return np.broadcast_to(first, (*J.shape[1:-2], *first.shape))


def _norms_by_parts(rows: Array, exponents: Array) -> tuple[Array, Array]:
    """‖·‖ of matrices (..., m, n) whose rows carry exponents (..., m), as mantissa · 2^exponent."""
    alive = rows.any(axis=-1)
    top = np.where(alive, exponents, -(2**62)).max(axis=-1)
    scale = np.ldexp(1.0, np.where(alive, exponents - top[..., None], 0))
    return largest_singular_value(rows * scale[..., None]), top
