r"""Mean-field theory of the wide Elman network: does a typical gradient grow or shrink?

For W_hh with independent entries N(0, σ_w²/n) and n → ∞, the pre-activations of a step are
independent Gaussians. Their variance settles at a fixed point q*, and each step back multiplies the
squared length of a gradient by χ:

  q* = σ_w² E[φ(√q* z)²] + σ_in²,    χ = σ_w² E[φ'(√q* z)²],    z ~ N(0, 1).

χ < 1: gradients vanish; χ > 1: they explode; the edge χ = 1 moves with the size of the input.

Source: Chen, Pennington & Schoenholz 2018, for the vanilla RNN; Poole et al. 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _checks
from .activations import Activation
from .activations import activation as _find_activation

__all__ = ["MeanField", "critical_sigma_w", "mean_field"]

# A variance that still shrinks at the first is taken for 0, one that still grows at the second for
# infinite.
_SMALLEST_VARIANCE, _LARGEST_VARIANCE = 1e-300, 1e6


@dataclass(frozen=True)
class MeanField:
    r"""What :func:`mean_field` found.

    Attributes:
      variance: q*, of the pre-activations; 0 if they die out, inf if they grow without limit.
      chi: χ, the factor of a gradient's squared length per step.

    Example:
      >>> from bptt.mean_field import mean_field
      >>> mean_field(sigma_w=0.9, input_std=1.0, activation="identity").growth
      0.9
    """

    variance: float
    chi: float

    @property
    def growth(self) -> float:
        """√χ, the factor of a gradient's length per step."""
        return float(np.sqrt(self.chi))


def mean_field(
    sigma_w: float, input_std: float, activation: str | Activation = "tanh"
) -> MeanField:
    r"""q* and χ of a wide Elman network.

    Args:
      sigma_w: σ_w ≥ 0; the entries of W_hh have the variance σ_w²/n (``initialise.gaussian`` with
        this gain).
      input_std: σ_in ≥ 0, the standard deviation over the units of W_ih x_t + b, in a typical step.
      activation: φ.

    Returns:
      A :class:`MeanField`. Of two fixed points, as tanh has with σ_in = 0 and σ_w > 1, the stable
      one. With σ_in = 0 the identity and the relus keep any variance at their critical σ_w: q* says
      nothing there.

    Example:
      A tanh network at the linear network's critical point, driven by a small or a large input:

      >>> from bptt.mean_field import mean_field
      >>> for input_std in 0.001, 1.0:
      ...     print(round(mean_field(1.0, input_std).growth, 3))
      0.999
      0.632

    Raises:
      ValueError: sigma_w or input_std negative, nan or inf; an unknown activation.
      TypeError: sigma_w or input_std not a real number.

    Source: Chen, Pennington & Schoenholz 2018, the vanilla RNN.
    """
    weights, source = _not_negative("sigma_w", sigma_w), _not_negative("input_std", input_std)
    phi = _find_activation(activation)

    def still_grows(q: float) -> bool:
        return weights**2 * _expected_square(phi.function, q) + source**2 > q

    q = _last_true(still_grows)
    chi = weights**2 * _expected_square(phi.derivative, q)
    settled = 0.0 if q < _SMALLEST_VARIANCE else q if q < _LARGEST_VARIANCE else np.inf
    return MeanField(variance=settled, chi=chi)


def critical_sigma_w(input_std: float, activation: str | Activation = "tanh") -> float:
    r"""The σ_w with χ = 1, where a typical gradient neither vanishes nor explodes.

    At χ = 1, σ_w² = 1 / E[φ'²], which leaves one equation for the variance alone,
    q − E[φ²] / E[φ'²] = σ_in². For tanh it reads 4q³/3 ≈ σ_in² when the input is small.

    Args:
      input_std: σ_in ≥ 0, the standard deviation over the units of W_ih x_t + b.
      activation: φ.

    Returns:
      σ_w. For the identity and the relus χ does not depend on q: 1, √2, √2/√(1 + 0.01²).

    Example:
      >>> from bptt.mean_field import critical_sigma_w
      >>> for input_std in 0.001, 0.1, 0.5, 1.0:
      ...     print(round(critical_sigma_w(input_std), 2))
      1.01
      1.19
      1.55
      1.86

    Raises:
      ValueError: input_std negative, nan or inf; an unknown activation.
      TypeError: input_std not a real number.

    Source: Chen, Pennington & Schoenholz 2018, the critical line χ = 1.
    """
    source = _not_negative("input_std", input_std)
    phi = _find_activation(activation)

    def below(q: float) -> bool:
        ratio = _expected_square(phi.function, q) / _expected_square(phi.derivative, q)
        return q - ratio < source**2

    return float(1 / np.sqrt(_expected_square(phi.derivative, _last_true(below))))


def _expected_square(function: Callable[[Any], Any], q: float) -> float:
    r"""E[f(√q z)²] for z ~ N(0, 1), by the trapezoidal rule on an even grid.

    For a function that is analytic in a strip about the real line the rule converges
    exponentially, as Gauss–Hermite does; but Gauss–Hermite's nodes thin out as √q stretches them:
    for tanh at q = 4, eighty of them get five digits right. Here the step stays below a fifth of
    both widths, that of the Gaussian (√q in a) and that of φ (1). No node lies at 0 and the nodes
    are symmetric about it, so that the relus, with their kink there, come out exact as well.
    """
    std = np.sqrt(q)
    step = 0.2 * min(1.0, 1.0 / std) if std > 0 else 0.2
    z = step * (np.arange(np.ceil(10 / step)) + 0.5)
    weights = np.exp(-z * z / 2)
    squares = np.square(function(std * z)) + np.square(function(-std * z))
    return float(weights @ squares / (2 * weights.sum()))


def _last_true(holds: Callable[[float], bool]) -> float:
    """The q up to which ``holds`` is true, to full precision; it is true at first and then not."""
    high = 1.0
    while holds(high):
        high *= 2
        if high > _LARGEST_VARIANCE:
            return high
    low = 0.0
    while high > _SMALLEST_VARIANCE and high - low > 4e-16 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


def _not_negative(name: str, value: float) -> float:
    number = _checks.real(name, value)
    if number < 0:
        raise ValueError(f"{name} must be 0 or more; got {value}")
    return number
