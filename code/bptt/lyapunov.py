r"""All directions of a long product at once, by the QR method.

A product of many Jacobians, formed in floating point, keeps only its strongest direction: what is
1e16 times weaker drowns in its rounding errors. Carrying an orthonormal frame through the factors
instead, J_t Q_{t−1} = Q_t R_t, gives J_T … J_1 = Q_T (R_T … R_1), where every direction has its own
diagonal entry in the triangular R_t, and their logarithms add up without limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from ._scaling import rescaled

__all__ = ["log_singular_values", "lyapunov_exponents"]

_SWEEPS = 30


def lyapunov_exponents(J: ArrayLike) -> Array:
    r"""The n Lyapunov exponents λ_i, natural growth rates per step of the product J_T … J_1.

    λ_i = (1/T) Σ_t ln |(R_t)_ii| with J_t Q_{t−1} = Q_t R_t and Q_0 = I. A gradient in general
    position grows like e^{λ_1 T}: it explodes if λ_1 > 0 and vanishes if λ_1 < 0, which is what "on
    average above or below 1" has to mean for matrices. Their sum is the mean of ln |det J_t|,
    exactly; each of them converges like 1/T. The first agrees with ``log_lag_norms(J)[T] / T``.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n), ``J[t - 1]`` = J_t.

    Returns:
      (batch, n) or (n,), in descending order; −inf for a direction that is cut off completely.

    Example:
      Factors 2.5 and 0.1 have the arithmetic mean 1.3, yet their product vanishes:

      >>> import numpy as np
      >>> from bptt.lyapunov import lyapunov_exponents
      >>> J = np.tile([2.5, 0.1], 25).reshape(50, 1, 1)
      >>> print(J.mean(), lyapunov_exponents(J).round(4), (np.log(0.25) / 2).round(4))
      1.3 [-0.6931] -0.6931

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.

    Source: Benettin, Galgani, Giorgilli & Strelcyn 1980. What Chang's "f' > 1 on average" has to be
    read as.
    """
    factors, exponents = rescaled(_checks.jacobians("J", J), (-2, -1))
    logarithms, _ = _sweep(factors, exponents)
    return _descending(logarithms) / len(factors)


def log_singular_values(J: ArrayLike) -> Array:
    r"""ln σ_i of the whole product J_T … J_1, all n of them, however far apart they are.

    Of the R_t in :func:`lyapunov_exponents`: the singular values of R_T … R_1 are those of its
    transpose, R_1ᵀ … R_Tᵀ, a product again, whose own triangular factors are transposed next, and
    so on. Sweep upon sweep the diagonal comes closer to them, by (σ_{i+1}/σ_i)² for a pair of
    neighbours: well separated values are exact to rounding after a few. It stops after thirty, when
    two values that nearly coincide (to a few per cent) can still be wrong by a part of their
    distance, less than 0.01 in the logarithm.

    Args:
      J: one-step Jacobians, (T, batch, n, n) or (T, n, n), ``J[t - 1]`` = J_t.

    Returns:
      (batch, n) or (n,), in descending order; the first is ``log_lag_norms(J)[T]``. A value that is
      exactly zero comes out as −inf or, rounded, about 1e16 times below what its factors would
      give.

    Example:
      >>> import numpy as np
      >>> from bptt.lyapunov import log_singular_values
      >>> J = np.tile(np.diag([1.0, 0.1]), (400, 1, 1))
      >>> print((log_singular_values(J) / np.log(10)).round(6) + 0.0)
      [   0. -400.]

    Raises:
      ValueError: a wrong shape (T = 0 included), a nan or an inf.
      TypeError: not made of numbers.

    Source: D. E. Stewart 1997, a long product by Rutishauser's LR iteration; with QR in its place.
    """
    factors, exponents = rescaled(_checks.jacobians("J", J), (-2, -1))
    logarithms, factors = _sweep(factors, exponents)
    for _ in range(_SWEEPS):
        before = logarithms
        factors, exponents = factors[::-1].swapaxes(-2, -1), exponents[::-1]
        logarithms, factors = _sweep(factors, exponents)
        if np.allclose(logarithms, before, rtol=1e-14, atol=1e-13):
            break
    return _descending(logarithms)


def _sweep(factors: Array, exponents: Array) -> tuple[Array, Array]:
    """ln |diag(R_T … R_1)|, (..., n), where F_t Q_{t−1} = Q_t R_t; and the R_t, less exponents."""
    triangles = np.empty_like(factors)
    logarithms = exponents.sum(axis=0)[..., None] * np.log(2.0)
    Q = np.eye(factors.shape[-1])
    for t, factor in enumerate(factors):
        Q, triangles[t] = np.linalg.qr(factor @ Q)
        with np.errstate(divide="ignore"):
            logarithms = logarithms + np.log(np.abs(np.diagonal(triangles[t], axis1=-2, axis2=-1)))
    return logarithms, triangles


def _descending(values: Array) -> Array:
    return np.asarray(np.sort(values, axis=-1)[..., ::-1])
