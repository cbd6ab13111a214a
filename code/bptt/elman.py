r"""The Elman cell: one step of the simple recurrent network and its exact Jacobians."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from . import _checks, activations
from ._checks import Array
from .activations import Activation
from .cell import Cell, Linear, State, random_parameters, room

__all__ = ["Elman", "PreActivationElman"]


class ElmanTrace(NamedTuple):
    """What a run remembers: z = [h_{t−1}; x_t; 1], (T+1, n+d+1, batch), a (T, 1, n, batch)."""

    z: Array
    a: Array


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Elman(Cell):
    r"""The Elman cell, h_t = φ(a_t) with a_t = W_ih x_t + W_hh h_{t−1} + b.

    A cell is one step; :func:`bptt.unroll` is the loop. It has n hidden units and takes d inputs.
    The parameters are PyTorch's, two biases included (only their sum b = b_ih + b_hh matters). They
    are copied, kept in float64 (complex128 if complex) and cannot be changed; for a cell with
    another matrix use ``dataclasses.replace(cell, weight_hh=...)``.

    Attributes:
      weight_hh: W_hh, (n, n), from the previous state to the pre-activation.
      weight_ih: W_ih, (n, d), from the input. Default: the n × n identity, so that the input is
        added to the pre-activation as it is.
      bias_ih, bias_hh: (n,) each. Default: zero.
      activation: φ, a name or an :class:`bptt.Activation`.

    Example:
      >>> import bptt
      >>> cell = bptt.Elman([[0.0, -1.2], [0.5, 0.0]])
      >>> cell
      Elman(input_size=2, hidden_size=2, activation='tanh')
      >>> h = cell.step(x=[0.5, 0.0], state=[0.0, 0.0])
      >>> print(h.round(4))
      [0.4621 0.    ]
      >>> print(cell.jacobian(x=[0.5, 0.0], state=[0.0, 0.0]).round(4))
      [[ 0.     -0.9437]
       [ 0.5     0.    ]]

    Raises:
      ValueError: a wrong shape, a nan or an inf, or an unknown activation.
      TypeError: a parameter that is not made of numbers.

    Jordan's network of 1986 feeds back the output y_{t−1} in place of h_{t−1}. With y = C h it is
    this cell with W_hh = W_hy C, whose rank is at most that of y.

    Source: Elman 1990; Chang, the Elman recurrence (there one step later: h_{t+1} from x_t);
    A+B+C+D eq. 4 (there c_t, without bias). PyTorch: ``torch.nn.RNN``.
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array
    activation: Activation

    def __init__(
        self,
        weight_hh: ArrayLike,
        weight_ih: ArrayLike | None = None,
        bias_ih: ArrayLike | None = None,
        bias_hh: ArrayLike | None = None,
        activation: str | Activation = "tanh",
    ) -> None:
        object.__setattr__(self, "activation", activations.activation(activation))
        self._set(weight_hh=weight_hh, weight_ih=weight_ih, bias_ih=bias_ih, bias_hh=bias_hh)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(input_size={self.input_size}, hidden_size={self.hidden_size}, "
            f"activation={self.activation.name!r})"
        )

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
    ) -> Self:
        r"""A cell with PyTorch's default initialisation: every parameter from U(−1/√n, 1/√n).

        Args:
          input_size: d ≥ 1.
          hidden_size: n ≥ 1.
          rng: a seed (the same seed, the same cell) or a ``numpy.random.Generator``.
          activation: φ.
          init: "torch", or the name of an initialisation in :mod:`bptt.initialise` for W_hh.

        Example:
          >>> import bptt
          >>> cell = bptt.Elman.random(input_size=8, hidden_size=64)
          >>> bool(abs(cell.weight_hh).max() <= 1 / 64**0.5)
          True

        Raises:
          TypeError: a size that is not an integer, an rng that is neither seed nor generator.
          ValueError: a size below 1, a negative seed, an unknown activation.
        """
        generator = _checks.generator("rng", rng)
        return cls(
            **random_parameters(input_size, hidden_size, 1, generator, init), activation=activation
        )

    @classmethod
    def irnn(
        cls,
        input_size: int,
        hidden_size: int,
        rng: int | np.random.Generator = 0,
        input_scale: float = 0.001,
    ) -> Self:
        r"""The IRNN at its start: relu, W_hh = I, zero biases, small Gaussian input weights.

        Then J_t = diag(1[a_t > 0]): the gradient through a unit is exactly 1 as long as the unit is
        active, and exactly 0 before the last step at which it was not.

        Args:
          input_size: d ≥ 1.
          hidden_size: n ≥ 1.
          rng: a seed or a ``numpy.random.Generator``.
          input_scale: the standard deviation of W_ih.

        Example:
          >>> import bptt
          >>> cell = bptt.Elman.irnn(1, 2, rng=0)
          >>> print(cell.jacobian([0.0], [1.0, 2.0]))
          [[1. 0.]
           [0. 1.]]

        Raises:
          TypeError, ValueError: sizes, rng or input_scale as in :meth:`random`.

        Source: Le, Jaitly & Hinton 2015, the second footnote of Chang.
        """
        d = _checks.positive_integer("input_size", input_size)
        n = _checks.positive_integer("hidden_size", hidden_size)
        scale = _checks.real("input_scale", input_scale)
        weight_ih = scale * _checks.generator("rng", rng).normal(size=(n, d))
        return cls(np.eye(n), weight_ih, activation="relu")

    def trace(self, x: Array, state: State) -> ElmanTrace:
        """Room for a run: x is (T, d, batch), the state (n, batch)."""
        T, _, batch = x.shape
        return ElmanTrace(*room(x, state[0], (T, 1, self.hidden_size, batch)))

    def steps(self, trace: ElmanTrace) -> Iterator[tuple[Any, ...]]:
        """[W_hh, W_ih, b], z_t, room for a_t and room for h_t."""
        n, weight = self.hidden_size, self._stacked_weight(trace.a.dtype)
        return zip(repeat(weight), trace.z[:-1], trace.a[:, 0], trace.z[1:, :n], strict=False)

    def advance(self, step: tuple[Array, ...]) -> None:
        """a_t = W z_t, h_t = φ(a_t)."""
        weight, z, a, h = step
        weight.dot(z, a)
        h[...] = self.activation.function(a)

    def linearise(self, trace: ElmanTrace) -> Linear:
        """φ'(a_t)."""
        h = trace.z[1:, None, : self.hidden_size]
        return Linear(activations.slope(self.activation, trace.a, h))


class PreActivationTrace(NamedTuple):
    """What a run remembers: z = [φ(s_{t−1}); x_t; 1], a = s_1 … s_T and s = s_0 … s_T."""

    z: Array
    a: Array
    s: Array


class PreActivationElman(Elman):
    r"""The same network written for its pre-activation: s_t = W_hh φ(s_{t−1}) + W_ih x_t + b.

    The state and the output of the cell is s, before the non-linearity. The Jacobian has the two
    factors the other way round, J_t = W_hh diag(φ'(s_{t−1})); over many steps the two forms differ
    at both ends of the product only. With s_0 such that φ(s_0) = h_0, φ(s_t) is the h_t of
    :class:`Elman` with the same parameters.

    Example:
      >>> import bptt, numpy as np
      >>> W, x = np.array([[0.5, -1.0], [1.0, 0.5]]), np.ones((3, 2))
      >>> s = bptt.unroll(bptt.PreActivationElman(W), x).outputs
      >>> bool(np.allclose(np.tanh(s), bptt.unroll(bptt.Elman(W), x).outputs, rtol=1e-15))
      True

    Raises:
      ValueError, TypeError: as for :class:`Elman`.

    Source: Milano, h^t = v g(h^{t−1}) + w x^t; Pascanu, Mikolov & Bengio 2013, eq. 2, where the
    Jacobian is printed with W transposed.
    """

    def trace(self, x: Array, state: State) -> PreActivationTrace:  # type: ignore[override]
        """Room for a run: x is (T, d, batch), the state (n, batch)."""
        T, _, batch = x.shape
        h = np.asarray(self.activation.function(state[0]))
        z, s = room(x, h, (T + 1, self.hidden_size, batch))
        s[0] = state[0]
        return PreActivationTrace(z, s[1:, None], s)

    def states(self, trace: PreActivationTrace) -> State:
        """s_0 … s_T."""
        return (trace.s,)

    def linearise(self, trace: PreActivationTrace) -> tuple[Array]:  # type: ignore[override]
        """φ'(s_{t−1})."""
        h_before = trace.z[:-1, : self.hidden_size]
        return (activations.slope(self.activation, trace.s[:-1], h_before),)

    def pull(self, back: Any, d_state: State, delta: Array, factors: Sequence[Array]) -> State:
        """What arrives at s_t is at the pre-activation already."""
        (d_s,), (slope_before,) = d_state, factors
        delta[..., 0, :, :] = d_s
        return (slope_before * (back @ d_s),)

    def jacobian_at(self, linear: tuple[Array]) -> Array:
        r"""W_hh diag(φ'(s_{t−1})), (T, batch, n, n)."""
        return np.asarray(self.weight_hh * linear[0].swapaxes(1, 2)[:, :, None, :])
