r"""One matrix at a time: eigenvalues, singular values, and the bound that they give on a product.

‖·‖ is the spectral norm, the largest singular value; ρ the spectral radius, the largest modulus of
an eigenvalue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .activations import Activation
from .activations import activation as _find_activation

__all__ = [
    "bound",
    "gershgorin_discs",
    "largest_singular_value",
    "log_bound",
    "singular_values",
    "spectral_norm",
    "spectral_radius",
]


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


def singular_values(A: ArrayLike) -> Array:
    r"""σ_1 ≥ σ_2 ≥ … ≥ σ_n ≥ 0 of one matrix or of many: by how much each direction is stretched.

    For the histogram of one Jacobian per step, ``singular_values(bptt.jacobians(run))``. Of a long
    product only the values down to about 1e-16 σ_1 mean anything; for all of them take
    :func:`bptt.log_singular_values`, which never forms the product.

    Args:
      A: (n, n), or a stack of them, (..., n, n).

    Returns:
      (..., n), in descending order.

    Example:
      >>> from bptt.spectrum import singular_values
      >>> print(singular_values([[0.0, 2.0], [0.5, 0.0]]))
      [2.  0.5]

    Raises:
      ValueError: not square, empty, a nan or an inf.
      TypeError: not made of numbers.

    Source: Saxe, McClelland & Ganguli 2014 and Chen, Pennington & Schoenholz 2018, on dynamical
    isometry.
    """
    return np.asarray(np.linalg.svd(_square_stack("A", A), compute_uv=False))


def gershgorin_discs(A: ArrayLike) -> tuple[Array, Array]:
    r"""Geršgorin's discs |z − A_ii| ≤ Σ_{j≠i} |A_ij|: every eigenvalue of A lies in one of them.

    For a Jacobian near diag(f) they say at a glance how far from the gates its eigenvalues can be.
    The discs of Aᵀ (sums over columns) hold as well.

    Args:
      A: (n, n), or a stack of them, (..., n, n).

    Returns:
      The centres A_ii, (..., n), and the radii, (..., n).

    Example:
      >>> from bptt.spectrum import gershgorin_discs
      >>> centres, radii = gershgorin_discs([[0.9, 0.1], [-0.2, 0.5]])
      >>> print(centres, radii)
      [0.9 0.5] [0.1 0.2]

    Raises:
      ValueError: not square, empty, a nan or an inf.
      TypeError: not made of numbers.

    Source: Geršgorin 1931; for recurrent Jacobians Zilly et al. 2017.
    """
    matrices = _square_stack("A", A)
    centres = np.array(np.diagonal(matrices, axis1=-2, axis2=-1))
    # The diagonal is left out of the sum, not subtracted from it: that would cost its digits.
    others = np.where(np.eye(matrices.shape[-1], dtype=bool), 0.0, np.abs(matrices))
    return centres, np.asarray(others.sum(axis=-1))


def largest_singular_value(A: Array) -> Array:
    r"""σ_max of every matrix of a stack, (..., m, n) → (...). Unchecked.

    The entries must not be so large or small that their squares leave the range of float64. One
    row: its length. Real 2 × 2: σ_max = (|a + d, b − c| + |a − d, b + c|)/2, a sum of lengths, so
    that nothing cancels. Otherwise the root of the largest eigenvalue of A Aᴴ: squaring costs the
    small singular values half their digits but the largest none, and a symmetric eigenvalue problem
    takes two thirds of the time of an SVD.

    Example:
      >>> import numpy as np
      >>> from bptt.spectrum import largest_singular_value
      >>> print(largest_singular_value(np.array([[[0.0, 2.0], [0.5, 0.0]], np.eye(2)])))
      [2. 1.]
    """
    m, n = A.shape[-2:]
    if m == 1:
        return np.asarray(np.linalg.norm(A[..., 0, :], axis=-1))
    if m == n == 2 and A.dtype.kind != "c":
        a, b, c, d = A[..., 0, 0], A[..., 0, 1], A[..., 1, 0], A[..., 1, 1]
        return np.asarray((np.hypot(a + d, b - c) + np.hypot(a - d, b + c)) / 2)
    squares = np.linalg.eigvalsh(A @ A.conj().swapaxes(-2, -1))[..., -1]
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _square_stack(name: str, value: ArrayLike) -> Array:
    array = _checks.numbers(name, value)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.size == 0:
        raise ValueError(
            f"{name} must be a square matrix of shape (n, n), or a stack of them, (..., n, n); "
            f"got shape {array.shape}"
        )
    return array
