"""The figure *eigenvalues*: where W_hh's eigenvalues lie, and what the gradient makes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

import bptt
from explorables.declaration import Arrays, Choice, Figure, Number, State
from explorables.noise import noise
from explorables.words import tell

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

Matrix = np.ndarray[Any, np.dtype[np.float64]]

#: Below this a norm is returned as 0, in both languages: the last digits of a float this small
#: are lost. No gradient of this size ever moved a weight.
TINY = 1e-300

#: A sum this much smaller than its two terms is the rounding error of a cancellation: it is 0.
CANCELLED = 1e-13

#: How the sentence sorts the norm at the last lag.
GONE, HUGE = 0.1, 10.0
#: A peak this many times above both ends of the curve is worth a word.
BUMP = 1.5


class Eigenvalues(Figure):
    """Drag the eigenvalues of a two-unit recurrent network and watch its Jacobian product.

    The network is hₜ = φ(W_hh hₜ₋₁ + s·xₜ), two units, h₀ = 0, with a fixed input sequence xₜ of
    unit variance. `compute` returns, for T = horizon:

    - `lag`: 0, 1, …, T;
    - `norm`: ‖∂h_T/∂h_{T−lag}‖₂, the product of the exact Jacobians diag(φ′(aₜ)) W_hh;
    - `radius_power`: ρ(W_hh)^lag;
    - `norm_power`: σ_max(W_hh)^lag;
    - `bound`: (σ_max(W_hh)·sup φ′)^lag;
    - `weights`: W_hh, shape (2, 2);
    - `eigenvalues`: one row (real, imaginary) for each, shape (2, 2).

    Norms and powers below 1e-300 are 0.

    >>> figure = Eigenvalues(radius=0.9, angle=0, shear=5, activation="identity", horizon=100)
    >>> figure.compute()["weights"].tolist()
    [[0.9, 5.0], [0.0, 0.9]]
    >>> figure.describe().split(":")[0]
    'The norm first grows 19-fold, at lag 9, then vanishes'
    """

    name = "eigenvalues"
    title = "The eigenvalues of the recurrent matrix, and the gradient they send back"
    reading = (
        "Drag λ₁ or λ₂, by pointer or with the arrow keys. Left: inside the unit circle an "
        "eigenvalue shrinks what it multiplies, outside it stretches. Right: how much of a "
        "gradient can arrive ℓ steps back (measured), beside the powers of the spectral radius ρ "
        "and of the spectral norm σ, and the bound, the powers of σ times the steepest slope."
    )

    spectrum = Choice("conjugate pair", ("conjugate pair", "two reals"), "eigenvalue pair")
    radius = Number(1.05, 0, 1.5, 0.01, "spectral radius", "ρ")
    angle = Number(30, 0, 180, 1, "angle", "θ", "°")
    shear = Number(0, 0, 6, 0.1, "non-normality", "κ")
    activation = Choice(
        "tanh", ("identity", "tanh", "sigmoid", "relu", "leaky_relu"), "activation φ"
    )
    input_scale = Number(0.3, 0, 3, 0.05, "input scale", "s")
    horizon = Number(60, 10, 100, 1, "horizon", "T", " steps")
    seed = Number(1, 1, 20, 1, "input sequence", "no.")

    presets: ClassVar = {
        "vanishing": {"radius": 0.8, "activation": "identity"},
        "exploding": {"radius": 1.12, "activation": "identity"},
        "pure rotation": {"radius": 1, "activation": "identity"},
        "non-normal bump": {
            "radius": 0.9, "angle": 0, "shear": 5, "activation": "identity", "horizon": 100,
        },
        "−1.2 and 0.4": {
            "spectrum": "two reals", "radius": 1.2, "angle": 120, "activation": "identity",
        },
        "tanh saturates": {"radius": 1.3, "angle": 60, "input_scale": 1.5},
        "ReLU dies": {"radius": 1.2, "angle": 90, "activation": "relu"},
    }  # fmt: skip

    @classmethod
    def numbers(
        cls,
        *,
        spectrum: str,
        radius: float,
        angle: int,
        shear: float,
        activation: str,
        input_scale: float,
        horizon: int,
        seed: int,
    ) -> Arrays:
        weights, eigenvalues = recurrent_matrix(spectrum, radius, angle, shear)
        cell = bptt.Elman(weights, input_scale * np.eye(2), activation=activation)
        run = bptt.unroll(cell, noise(seed, horizon, 2))
        slopes = cell.activation.derivative(run.pre_activations)
        lag = np.arange(horizon + 1.0)
        largest = bptt.spectral_norm(weights)
        return {
            "lag": lag,
            "norm": _flushed(_lag_norms(slopes, weights)),
            "radius_power": _flushed(radius**lag),
            "norm_power": _flushed(largest**lag),
            "bound": _flushed(bptt.bound(weights, activation, lag)),
            "weights": weights,
            "eigenvalues": eigenvalues,
        }

    @classmethod
    def sentence(cls, state: State, arrays: Arrays) -> str:
        return f"{_course(arrays['norm'])} {_reason(state, arrays)}".strip()

    @classmethod
    def draw(cls, state: State, arrays: Arrays) -> Picture:
        from explorables.eigenvalues_picture import draw

        return draw(state, arrays)


def recurrent_matrix(
    spectrum: str, radius: float, angle: float, shear: float
) -> tuple[Matrix, Matrix]:
    """Return a 2×2 matrix with the given eigenvalues, and these as rows (real, imaginary).

    *Conjugate pair*: ρ·exp(±iθ) with α = ρ cos θ, β = ρ sin θ gives [[α, β + κ], [−β²/(β + κ), α]]:
    ρ times a rotation if κ = 0, a Jordan block if θ = 0.

    *Two reals* λ₁ ≥ λ₂ of which the larger in modulus is ρ: [[λ₁, κ], [0, λ₂]]. From 0° to 90° λ₂
    falls from ρ to −ρ, from 90° to 180° λ₁ follows.
    """
    if spectrum == "two reals":
        first = radius * min(1.0, 1 - (angle - 90) / 45)
        second = radius * max(-1.0, 1 - angle / 45)
        return np.array([[first, shear], [0, second]]), np.array([[first, 0], [second, 0]])
    real = radius * _sine(90 - angle)
    imaginary = radius * _sine(min(angle, 180 - angle))
    lower = -imaginary * (imaginary / (imaginary + shear)) if imaginary > 0 else 0.0
    weights = np.array([[real, imaginary + shear], [lower, real]])
    return weights, np.array([[real, imaginary], [real, -imaginary]])


def _sine(degrees: float) -> float:
    """Rounded to 15 decimals: the last bit differs between languages, and sin 30° is ½."""
    return math.floor(1e15 * math.sin(math.pi * degrees / 180) + 0.5) / 1e15


def _lag_norms(slopes: Matrix, weights: Matrix) -> Matrix:
    """Return `bptt.lag_norms` of the Jacobians diag(φ′(aₜ)) W_hh, with the product written out.

    BLAS fuses a product and a sum into one rounding, JavaScript cannot. Where a ReLU picks the
    entry of Wᵏ that is zero, such as sin 6·30°, only the rounding would be left to compare. And the
    slopes are taken from aₜ: from hₜ, as `bptt.jacobians` does, they lose digits near saturation,
    which a hundred factors multiply.
    """
    product = np.eye(2)
    products = [product]
    for jacobian in slopes[::-1, :, None] * weights:
        left, right = product[:, :1] * jacobian[0], product[:, 1:] * jacobian[1]
        product = left + right
        product[np.abs(product) < CANCELLED * (np.abs(left) + np.abs(right))] = 0
        products.append(product)
    return np.asarray(np.linalg.norm(products, ord=2, axis=(1, 2)))


def _flushed(values: Matrix) -> Matrix:
    return np.where(values < TINY, 0.0, values)


def _course(norm: Matrix) -> str:
    """Say how the norm runs from lag 0, where it is 1, to the last lag."""
    steps = len(norm) - 1
    last = norm[-1]
    if last == 0:
        dead = int(np.argmin(norm > 0))
        if norm[dead - 1] > 1e-250:
            return f"The norm is exactly zero from lag {dead} on."
        return f"The norm vanishes: below 10⁻³⁰⁰ from lag {dead} on."
    peak, trough = int(np.argmax(norm)), int(np.argmin(norm))
    rises = norm[peak] > BUMP * max(1.0, last)
    dips = norm[trough] * BUMP < min(1.0, last)
    if last < GONE:
        start = f"first grows {tell(norm[peak])}-fold, at lag {peak}, then " if rises else ""
        return f"The norm {start}vanishes: {tell(last)} is left after {steps} steps."
    if last > HUGE:
        start = f"first falls to {tell(norm[trough])}, at lag {trough}, then " if dips else ""
        return f"The norm {start}explodes: {tell(last)} times the length after {steps} steps."
    if rises:
        return (
            f"The norm first grows {tell(norm[peak])}-fold, at lag {peak}; "
            f"{tell(last)} is left after {steps} steps."
        )
    return f"The norm neither vanishes nor explodes: {tell(last)} is left after {steps} steps."


def _reason(state: State, arrays: Arrays) -> str:
    """Say what the eigenvalues and the bound have, or have not, to do with it."""
    last, factor = arrays["norm"][-1], arrays["bound"][1]
    outside = state["radius"] > 1
    if state["activation"] == "identity":
        if not outside and arrays["norm"].max() > BUMP:
            return "No eigenvalue lies outside the unit circle, but the matrix is not normal."
        return (
            "Without an activation every Jacobian is the recurrent matrix itself, "
            "whatever the input."
        )
    if factor < 1:
        return (
            "The bound promised no less: the spectral norm times the steepest slope is "
            f"{tell(factor)}, below 1."
        )
    if last < GONE:
        where = "An eigenvalue lies outside the unit circle, yet the" if outside else "The"
        return f"{where} slopes of {state['activation']} win; the bound is silent."
    return "The bound allows it, and would allow far more."
