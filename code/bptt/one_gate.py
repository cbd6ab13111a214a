r"""Cells with a single gate: the simplified GRU and JANET, which are one family."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .activations import activation, sigmoid_into, slope
from .cell import Cell, Linear, State, random_parameters, room

__all__ = ["JANET", "SimplifiedGRU"]

SIGMOID, TANH = activation("sigmoid"), activation("tanh")


class OneGateTrace(NamedTuple):
    """What a run remembers, feature-major.

    Attributes:
      z: [h_{t−1}; x_t; 1], (T+1, n+d+1, batch).
      a: the pre-activations of the gate and of the candidate, (T, 2, n, batch).
      logits: those of keep and write, (T, 2, n, batch).
      gates: keep, write and the candidate, (T, 3, n, batch).
    """

    z: Array
    a: Array
    logits: Array
    gates: Array


class OneGate(Cell):
    """h_t = keep ⊙ h_{t−1} + write ⊙ n_t, where one pre-activation s decides both.

    keep = σ(±s) and write = σ(β ∓ s): with + and β the gate is JANET's forget gate; with − and
    β = 0 it is the update gate of the simplified GRU, and write = 1 − keep exactly.
    """

    _keeps: ClassVar[float]  # +1 if the gate keeps, −1 if it writes
    _shift = 0.0

    def trace(self, x: Array, state: State) -> OneGateTrace:
        """Room for a run: x is (T, d, batch), the state (n, batch)."""
        (T, _, batch), n = x.shape, self.hidden_size
        gate = (T, 2, n, batch)
        return OneGateTrace(*room(x, state[0], gate, gate, (T, 3, n, batch)))

    def steps(self, trace: OneGateTrace) -> Iterator[tuple[Any, ...]]:
        """The stacked weights, and views of one step for each array of the trace."""
        T, _, n, batch = trace.a.shape
        return zip(
            repeat(self._stacked_weight(trace.a.dtype)),
            trace.z[:-1],
            trace.a.reshape(T, 2 * n, batch),
            trace.a,
            trace.logits,
            trace.gates,
            trace.z[:-1, :n],
            trace.z[1:, :n],
            strict=False,
        )

    def advance(self, step: tuple[Array, ...]) -> None:
        """The pre-activations, the gate, the candidate, and the sum of the two."""
        weight, z, a_flat, a, logits, gates, h_before, h = step
        weight.dot(z, a_flat)
        np.multiply(a[0], self._keeps, logits[0])
        np.subtract(self._shift, logits[0], logits[1])
        sigmoid_into(logits, gates[:2])
        keep, write, new = gates
        np.tanh(a[1], new)
        np.multiply(keep, h_before, h)
        h += write * new

    def linearise(self, trace: OneGateTrace) -> Linear:
        """∂h_t by the gate's and the candidate's pre-activation; and what is kept."""
        keep, write, new = trace.gates[:, 0], trace.gates[:, 1], trace.gates[:, 2]
        slopes = slope(SIGMOID, trace.logits, trace.gates[:, :2])
        h_before = trace.z[:-1, : self.hidden_size]
        via = np.empty_like(trace.a)
        via[:, 0] = self._keeps * (h_before * slopes[:, 0] - new * slopes[:, 1])
        np.multiply(write, slope(TANH, trace.a[:, 1], new), via[:, 1])
        return Linear(via, keep)


@dataclass(frozen=True, init=False, repr=False, eq=False)
class SimplifiedGRU(OneGate):
    r"""The GRU without its reset gate, as Ng teaches it: u writes.

      u = σ(W_xu x_t + W_hu h_{t−1} + b_u),    n = tanh(W_xn x_t + W_hn h_{t−1} + b_n),
      h_t = u ⊙ n + (1 − u) ⊙ h_{t−1}.

    Attributes:
      weight_hh: (2n, n), stacked u, n.
      weight_ih: (2n, d). Default: both blocks get the n inputs as they are.
      bias_ih, bias_hh: (2n,). Default: zero.

    Example:
      >>> import bptt
      >>> cell = bptt.SimplifiedGRU([[0.0], [0.0]], bias_ih=[-50.0, 3.0])    # u = 2e-22
      >>> print(cell.step(x=[0.7], state=[0.25]))
      [0.25]

    Raises:
      ValueError: a wrong shape, a nan or an inf.
      TypeError: a parameter that is not made of numbers.

    Source: the "Simplified GRU" of the notes after Ng (there Γ_u and c̃); Milano, "a single gating
    unit simultaneously controls the forgetting factor and the decision to update".
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array

    _keeps: ClassVar[float] = -1.0

    def __init__(
        self,
        weight_hh: ArrayLike,
        weight_ih: ArrayLike | None = None,
        bias_ih: ArrayLike | None = None,
        bias_hh: ArrayLike | None = None,
    ) -> None:
        self._set(weight_hh=weight_hh, weight_ih=weight_ih, bias_ih=bias_ih, bias_hh=bias_hh)

    @property
    def blocks(self) -> str:
        """The gate u and the candidate n."""
        return "un"

    @classmethod
    def random(
        cls,
        input_size: int,
        hidden_size: int,
        rng: int | np.random.Generator = 0,
        init: str = "torch",
    ) -> Self:
        r"""A cell with random weights, as :meth:`bptt.GRU.random`.

        Example:
          >>> import bptt
          >>> bptt.SimplifiedGRU.random(2, 3).weight_hh.shape
          (6, 3)

        Raises:
          TypeError, ValueError: as :meth:`bptt.GRU.random`.
        """
        generator = _checks.generator("rng", rng)
        return cls(**random_parameters(input_size, hidden_size, 2, generator, init))


@dataclass(frozen=True, init=False, repr=False, eq=False)
class JANET(OneGate):
    r"""Just another network: an LSTM reduced to its forget gate.

      s = W_xf x_t + W_hf h_{t−1} + b_f,    n = tanh(W_xn x_t + W_hn h_{t−1} + b_n),
      h_t = σ(s) ⊙ h_{t−1} + (1 − σ(s − β)) ⊙ n.

    With β > 0 more can be written than is forgotten. With β = 0 it is :class:`SimplifiedGRU` with
    u = 1 − f, that is with the signs of the gate's weights and biases changed.

    Attributes:
      weight_hh: (2n, n), stacked f, n.
      weight_ih: (2n, d). Default: both blocks get the n inputs as they are.
      bias_ih, bias_hh: (2n,). Default: zero.
      beta: β, a number. Default: 1, as in the paper.

    Example:
      >>> import bptt
      >>> cell = bptt.JANET([[0.0], [0.0]], beta=0.0, bias_ih=[50.0, 3.0])   # f = 1
      >>> print(cell.step(x=[0.7], state=[0.25]))
      [0.25]

    Raises:
      ValueError: a wrong shape, a nan or an inf.
      TypeError: a parameter that is not made of numbers.

    Source: van der Westhuizen & Lasenby 2018.
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array
    beta: float

    _keeps: ClassVar[float] = 1.0

    def __init__(
        self,
        weight_hh: ArrayLike,
        weight_ih: ArrayLike | None = None,
        bias_ih: ArrayLike | None = None,
        bias_hh: ArrayLike | None = None,
        beta: float = 1.0,
    ) -> None:
        object.__setattr__(self, "beta", _checks.real("beta", beta))
        self._set(weight_hh=weight_hh, weight_ih=weight_ih, bias_ih=bias_ih, bias_hh=bias_hh)

    @property
    def blocks(self) -> str:
        """The gate f and the candidate n."""
        return "fn"

    @property
    def _shift(self) -> float:  # type: ignore[override]
        return self.beta

    def _options(self) -> dict[str, object]:
        return {"beta": self.beta}

    @classmethod
    def random(
        cls,
        input_size: int,
        hidden_size: int,
        rng: int | np.random.Generator = 0,
        init: str = "torch",
        beta: float = 1.0,
    ) -> Self:
        r"""A cell with random weights, as :meth:`bptt.GRU.random`.

        Example:
          >>> import bptt
          >>> bptt.JANET.random(2, 3)
          JANET(input_size=2, hidden_size=3, beta=1.0)

        Raises:
          TypeError, ValueError: as :meth:`bptt.GRU.random`, or a β that is not a number.
        """
        generator = _checks.generator("rng", rng)
        return cls(**random_parameters(input_size, hidden_size, 2, generator, init), beta=beta)
