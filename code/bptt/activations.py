r"""Activation functions φ, their derivatives φ' and the largest slope sup|φ'|.

The derivative is a function of the *pre-activation* a, not of the output φ(a). The textbook forms
1 − tanh²(a) and σ(a)(1 − σ(a)) subtract two numbers that agree to more and more digits as the unit
saturates (at a = 20 nothing is left of the first); written with e^{−|a|} nothing is subtracted and
every digit stays.

Complex numbers pass through: |a| and "a > 0" look at the real part only, so φ and φ' stay analytic
on either side of zero and a complex step through them gives the right derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks import Array

__all__ = ["ACTIVATIONS", "Activation", "activation"]

LEAKY_SLOPE = 0.01


@dataclass(frozen=True)
class Activation:
    r"""A non-linearity φ with its derivative, both acting element by element.

    Attributes:
      name: what :func:`activation` finds it by.
      function: φ, from an array of any shape to an array of the same shape.
      derivative: φ' as a function of the pre-activation a, same shapes.
      sup_derivative: sup |φ'| over the real line, the γ of the bound (γ σ_max)^lag.

    An activation is called like a function.

    Example:
      >>> from bptt import activation
      >>> tanh = activation("tanh")
      >>> float(tanh(0.0)), float(tanh.derivative(0.0)), tanh.sup_derivative
      (0.0, 1.0, 1.0)
      >>> f"{tanh.derivative(20.0):.12e}"        # 1 - tanh(20)**2 is 0 in floating point
      '1.699341702117e-17'

      Your own goes wherever a name does:

      >>> import numpy as np
      >>> from bptt import Activation, Elman
      >>> softsign = Activation("softsign", lambda a: a / (1 + abs(a)),
      ...                       lambda a: 1 / (1 + abs(a)) ** 2, 1.0)
      >>> Elman([[0.5]], activation=softsign)
      Elman(input_size=1, hidden_size=1, activation='softsign')

    Raises:
      TypeError: function or derivative cannot be called, or sup_derivative is not a number.
      ValueError: sup_derivative is negative, infinite or nan.
    """

    name: str
    function: Callable[[ArrayLike], Any] = field(repr=False)
    derivative: Callable[[ArrayLike], Any] = field(repr=False)
    sup_derivative: float

    def __post_init__(self) -> None:
        for part in ("function", "derivative"):
            if not callable(getattr(self, part)):
                raise TypeError(
                    f"{part} must be a function of the pre-activation; got {getattr(self, part)!r}"
                )
        if not isinstance(self.sup_derivative, (int, float, np.integer, np.floating)):
            raise TypeError(f"sup_derivative must be a number; got {self.sup_derivative!r}")
        if not 0 <= self.sup_derivative < np.inf:
            raise ValueError(
                f"sup_derivative must be finite and not negative; got {self.sup_derivative}"
            )

    def __call__(self, a: ArrayLike) -> Any:
        """φ(a), element by element."""
        return self.function(a)


def _magnitude(a: ArrayLike) -> Any:
    # |a|, with the sign taken from the real part: np.abs is not analytic.
    return np.where(np.real(a) >= 0, a, np.negative(a))


def _identity(a: ArrayLike) -> Any:
    return np.multiply(a, 1.0)


def _identity_derivative(a: ArrayLike) -> Any:
    return np.ones_like(np.real(a), dtype=np.float64)[()]


def _tanh(a: ArrayLike) -> Any:
    return np.tanh(a)


def _tanh_derivative(a: ArrayLike) -> Any:
    # sech²(a) = 4 e^{−2|a|} / (1 + e^{−2|a|})²
    e = np.exp(-2.0 * _magnitude(a))
    return 4.0 * e / (1.0 + e) ** 2


def _sigmoid(a: ArrayLike) -> Any:
    # e^{−|a|} never overflows: 1/(1 + e^{−a}) for a ≥ 0, e^{a}/(1 + e^{a}) below.
    e = np.exp(-_magnitude(a))
    return np.where(np.real(a) >= 0, 1.0, e) / (1.0 + e)


def _sigmoid_derivative(a: ArrayLike) -> Any:
    e = np.exp(-_magnitude(a))
    return e / (1.0 + e) ** 2


def _relu(a: ArrayLike) -> Any:
    return np.where(np.real(a) > 0, a, 0.0)[()]


def _relu_derivative(a: ArrayLike) -> Any:
    return np.where(np.real(a) > 0, 1.0, 0.0)[()]


def _leaky_relu(a: ArrayLike) -> Any:
    return np.where(np.real(a) > 0, a, np.multiply(a, LEAKY_SLOPE))[()]


def _leaky_relu_derivative(a: ArrayLike) -> Any:
    return np.where(np.real(a) > 0, 1.0, LEAKY_SLOPE)[()]


ACTIVATIONS = {
    known.name: known
    for known in (
        Activation("identity", _identity, _identity_derivative, 1.0),
        Activation("tanh", _tanh, _tanh_derivative, 1.0),
        Activation("sigmoid", _sigmoid, _sigmoid_derivative, 0.25),
        Activation("relu", _relu, _relu_derivative, 1.0),
        Activation("leaky_relu", _leaky_relu, _leaky_relu_derivative, 1.0),
    )
}


def activation(which: str | Activation) -> Activation:
    r"""The activation of a given name; an :class:`Activation` is returned as it is.

    ============  =========================  =====================================  =========
    name          φ(a)                       φ'(a)                                  sup |φ'|
    ============  =========================  =====================================  =========
    identity      a                          1                                      1
    tanh          tanh a                     4 e^{−2|a|} / (1 + e^{−2|a|})²          1
    sigmoid       1 / (1 + e^{−a})           e^{−|a|} / (1 + e^{−|a|})²              1/4
    relu          max(a, 0)                  1 if a > 0 else 0                      1
    leaky_relu    a if a > 0 else 0.01 a     1 if a > 0 else 0.01                   1
    ============  =========================  =====================================  =========

    The two relus have no derivative at 0; there the value from the left is used, as in PyTorch.

    Args:
      which: one of the names above, or an :class:`Activation`.

    Example:
      >>> import bptt
      >>> sigmoid = bptt.activation("sigmoid")
      >>> print(sigmoid([-1000.0, 0.0, 1000.0]))
      [0.  0.5 1. ]
      >>> print(sigmoid.derivative([-50.0, 0.0, 50.0]))
      [1.92874985e-22 2.50000000e-01 1.92874985e-22]

    Raises:
      ValueError: no activation has this name; the message lists those that exist.
      TypeError: neither a name nor an :class:`Activation`.

    Source: Chang, after the LSTM Jacobian (σ' ≤ 1/4, tanh' ≤ 1); Milano, on ReLU and leaky ReLU.
    """
    if isinstance(which, Activation):
        return which
    known = ", ".join(ACTIVATIONS)
    if not isinstance(which, str):
        raise TypeError(
            f"activation must be one of the names {known}, or a bptt.Activation, which holds a "
            f"function and its derivative; got {which!r}"
        )
    if which not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {known}; got {which!r}")
    return ACTIVATIONS[which]


def sigmoid_into(a: Array, out: Array) -> None:
    """σ(a), written into ``out``: 1 / (1 + e^{−a}), whose small values keep their digits.

    Below a = −709, e^{−a} overflows to inf and σ is 0, as it should be: the caller silences numpy.
    """
    np.negative(a, out)
    np.exp(out, out)
    np.add(out, 1.0, out)
    np.reciprocal(out, out)


def slope(phi: Activation, a: Array, value: Array) -> Array:
    """φ'(a) where φ(a) is already known, which for tanh and σ saves most of the work."""
    cheap = _SLOPE_FROM_VALUE.get(phi.function)
    if cheap is None:
        return np.asarray(phi.derivative(a)).astype(value.dtype, copy=False)
    result = cheap(value)
    # Near saturation the cheap form subtracts numbers that agree to two digits and more.
    saturated = result.real < SATURATED
    if saturated.any():
        result[saturated] = phi.derivative(a[saturated])
    return np.asarray(result)


def _tanh_slope_from_value(value: Array) -> Array:
    result = value * value
    np.subtract(1.0, result, out=result)
    return result


def _sigmoid_slope_from_value(value: Array) -> Array:
    result = 1.0 - value
    result *= value
    return result


SATURATED = 0.01
_SLOPE_FROM_VALUE: dict[Callable[[ArrayLike], Any], Callable[[Array], Array]] = {
    _tanh: _tanh_slope_from_value,
    _sigmoid: _sigmoid_slope_from_value,
}
