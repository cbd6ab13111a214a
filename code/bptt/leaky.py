r"""Leaky units: a part α of the old state is kept, linearly, whatever the weights are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from . import _checks, activations
from ._checks import Array
from .activations import Activation
from .cell import Cell, Linear, State, blend_into, random_parameters, room

__all__ = ["Leaky"]


class LeakyTrace(NamedTuple):
    """What a run remembers: z = [h_{t−1}; x_t; 1], a and φ(a), (T, 1, n, batch)."""

    z: Array
    a: Array
    value: Array


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Leaky(Cell):
    r"""Leaky units, h_t = α ⊙ h_{t−1} + (1 − α) ⊙ φ(a_t) with a_t = W_ih x_t + W_hh h_{t−1} + b.

    A linear connection of every unit to itself, beside W_hh: its time constant is −1/ln α, about
    1/(1 − α) steps. α is one number for all units or one for each, and it can be learned: it has a
    gradient like every parameter. An α that depends on the input is a forget gate.
    (Leaky *units* have nothing to do with the leaky *relu*.)

    Attributes:
      weight_hh: (n, n).
      weight_ih: (n, d). Default: the n × n identity.
      bias_ih, bias_hh: (n,) each. Default: zero.
      activation: φ, a name or an :class:`bptt.Activation`.
      alpha: α between 0 and 1, a number or (n,).

    Example:
      With W_hh = 0 it is a running mean, and every step multiplies the gradient by α:

      >>> import bptt
      >>> cell = bptt.Leaky([[0.0]], activation="identity", alpha=0.9)
      >>> run = bptt.unroll(cell, [[10.0], [0.0], [0.0]])
      >>> print(run.outputs[:, 0].round(6), bptt.jacobians(run)[:, 0, 0])
      [1.   0.9  0.81] [0.9 0.9 0.9]

    Raises:
      ValueError: a wrong shape, a nan or an inf, an α outside [0, 1], an unknown activation.
      TypeError: a parameter that is not made of numbers.

    Source: Milano, "Leaky Units"; Goodfellow, Bengio & Courville 2016, §10.9.2.
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array
    activation: Activation
    alpha: Array

    _optional: ClassVar[tuple[str, ...]] = ("alpha",)
    # The second block of gradients is that by α, which no weight multiplies.
    _from_h: ClassVar[slice] = slice(0, 1)
    _from_x: ClassVar[slice] = slice(0, 1)

    def __init__(
        self,
        weight_hh: ArrayLike,
        weight_ih: ArrayLike | None = None,
        bias_ih: ArrayLike | None = None,
        bias_hh: ArrayLike | None = None,
        activation: str | Activation = "tanh",
        *,
        alpha: ArrayLike,
    ) -> None:
        object.__setattr__(self, "activation", activations.activation(activation))
        self._set(weight_hh=weight_hh, weight_ih=weight_ih, bias_ih=bias_ih, bias_hh=bias_hh)
        self._keep("alpha", _checks.fractions("alpha", alpha, self.hidden_size))

    @property
    def blocks(self) -> str:
        """One: the pre-activation a."""
        return "a"

    def _options(self) -> dict[str, object]:
        return {"activation": self.activation}

    @classmethod
    def random(
        cls,
        input_size: int,
        hidden_size: int,
        rng: int | np.random.Generator = 0,
        activation: str | Activation = "tanh",
        init: str = "torch",
        *,
        alpha: ArrayLike,
    ) -> Self:
        r"""A cell with the weights of :meth:`bptt.Elman.random` and a given α.

        Example:
          >>> import bptt
          >>> bptt.Leaky.random(2, 3, alpha=[0.5, 0.9, 0.99]).alpha
          array([0.5 , 0.9 , 0.99])

        Raises:
          TypeError, ValueError: as :meth:`bptt.Elman.random`, and for an α outside [0, 1].
        """
        generator = _checks.generator("rng", rng)
        parameters = random_parameters(input_size, hidden_size, 1, generator, init)
        return cls(**parameters, activation=activation, alpha=alpha)

    def trace(self, x: Array, state: State) -> LeakyTrace:
        """Room for a run: x is (T, d, batch), the state (n, batch)."""
        T, _, batch = x.shape
        a = (T, 1, self.hidden_size, batch)
        return LeakyTrace(*room(x, state[0], a, a))

    def steps(self, trace: LeakyTrace) -> Iterator[tuple[Any, ...]]:
        """The stacked weights, α, and views of one step for each array of the trace."""
        n, dtype = self.hidden_size, trace.a.dtype
        return zip(
            repeat(self._stacked_weight(dtype)),
            repeat(self._alpha_column(dtype)),
            trace.z[:-1],
            trace.a[:, 0],
            trace.value[:, 0],
            trace.z[:-1, :n],
            trace.z[1:, :n],
            strict=False,
        )

    def advance(self, step: tuple[Array, ...]) -> None:
        """a_t, φ(a_t), and the blend with h_{t−1}."""
        weight, alpha, z, a, value, h_before, h = step
        weight.dot(z, a)
        value[...] = self.activation.function(a)
        blend_into(h, alpha, h_before, value)

    def linearise(self, trace: LeakyTrace) -> Linear:
        """(1 − α) φ'(a_t) and h_{t−1} − φ(a_t), by a and by α; and α, what is passed on."""
        alpha = self._alpha_column(trace.a.dtype)
        h_before, value = trace.z[:-1, : self.hidden_size], trace.value[:, 0]
        by_a = (1.0 - alpha) * activations.slope(self.activation, trace.a[:, 0], value)
        via = np.stack([by_a, h_before - value], axis=1)
        return Linear(via, np.broadcast_to(alpha, value.shape))

    def delta_shape(self, trace: LeakyTrace) -> tuple[int, ...]:
        """The gradients by a and by α, (T, 2, n, batch)."""
        T, _, n, batch = trace.a.shape
        return T, 2, n, batch

    def _other_gradients(self, trace: LeakyTrace, delta: Array) -> dict[str, Array]:
        by_unit = delta[:, 1].sum(axis=(0, 2))
        return {"alpha": by_unit if self.alpha.ndim else by_unit.sum()}

    def _alpha_column(self, dtype: np.dtype[Any]) -> Array:
        """α for every unit, (n, 1)."""
        return np.broadcast_to(self.alpha, self.hidden_size).astype(dtype)[:, None]
