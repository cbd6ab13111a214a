"""A sequence through a cell, one step after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .cell import Cell

__all__ = ["Run", "unroll"]


@dataclass(frozen=True, repr=False, eq=False)
class Run:
    """What happened when a sequence went through a cell: all that the gradients need.

    A batch axis is there exactly if the inputs had one.

    Attributes:
      cell: the cell.
      batched: whether the inputs had a batch axis.
      trace: what the cell remembers of the run, in its own order of axes.
    """

    cell: Cell
    batched: bool
    trace: Any

    @property
    def inputs(self) -> Array:
        """x_1 … x_T, (T, batch, d) or (T, d)."""
        return self.public(self.trace.z[:-1, self.cell.hidden_size : -1])

    @property
    def pre_activations(self) -> Array:
        """a_1 … a_T, (T, batch, k·n) or (T, k·n), the blocks in the order of ``cell.blocks``."""
        T, _, _, batch = self.trace.a.shape
        return self.public(self.trace.a.reshape(T, -1, batch))

    @property
    def outputs(self) -> Array:
        """h_1 … h_T, (T, batch, n) or (T, n). ``outputs[t - 1]`` is h_t."""
        return self.public(self.cell.states(self.trace)[0][1:])

    @property
    def cell_states(self) -> Array:
        """c_1 … c_T of an LSTM, (T, batch, n) or (T, n).

        Raises:
          AttributeError: the cell has no c.
        """
        if "c" not in self.cell.state_names:
            raise AttributeError(f"the state of {self.cell!r} is h alone: there is no c")
        return self.public(self.cell.states(self.trace)[1][1:])

    @property
    def initial_state(self) -> Any:
        """h_0, (batch, n) or (n,); for an LSTM the pair (h_0, c_0)."""
        return self._state_at(0)

    @property
    def state(self) -> Any:
        """The final state h_T, (batch, n) or (n,); for an LSTM the pair (h_T, c_T).

        PyTorch's ``h_n``, or ``(h_n, c_n)``, without the axis of layers.
        """
        return self._state_at(-1)

    def _state_at(self, t: int) -> Any:
        return self.public_state([part[t] for part in self.cell.states(self.trace)])

    def public_state(self, parts: Sequence[Array]) -> Any:
        """The parts of a state, (n, batch) each, as users give and get them."""
        h, *more = (self.public(part[None])[0] for part in parts)
        return (h, *more) if more else h

    def public(self, array: Array) -> Array:
        """(T, features, batch) → (T, batch, features), or (T, features) for a single sequence."""
        return array.swapaxes(1, 2) if self.batched else array[..., 0]

    def __len__(self) -> int:
        """T, the number of steps."""
        return len(self.trace.a)

    def __repr__(self) -> str:
        batch = f", batch={self.trace.a.shape[-1]}" if self.batched else ""
        return f"Run({self.cell}, T={len(self)}{batch})"


def unroll(cell: Cell, x: ArrayLike, state: Any = None) -> Run:
    r"""A whole sequence through a cell: s_t = cell(x_t, s_{t−1}) for t = 1 … T.

    Args:
      cell: the cell, of input size d and hidden size n.
      x: x_1 … x_T, (T, batch, d) as in PyTorch, or (T, d) for a single sequence. T ≥ 1. Everything
        is computed in float64, unless the cell and x are both float32; complex numbers stay complex
        (for the complex step).
      state: h_0, (batch, n) for a batch, (n,) for a single sequence; for an LSTM the pair
        (h_0, c_0). Default: zeros.

    Returns:
      A :class:`Run`: ``outputs`` is (T, batch, n) or (T, n), ``state`` the last h, or (h, c).

    Example:
      >>> import bptt
      >>> cell = bptt.Elman([[0.5]], activation="identity")
      >>> run = bptt.unroll(cell, x=[[1.0], [0.0], [0.0], [0.0]])    # one impulse, T = 4, d = 1
      >>> run
      Run(Elman(input_size=1, hidden_size=1, activation='identity'), T=4)
      >>> print(run.outputs[:, 0])
      [1.    0.5   0.25  0.125]
      >>> print(run.state)
      [0.125]

    Raises:
      ValueError: x or state of a wrong shape (T = 0 included), or not finite.
      TypeError: a cell that is none, x or state not made of numbers, or a state that is not the
        pair an LSTM wants.
      OverflowError: the state left the range of the numbers on the way.

    Source: Chang, h_{t+1} = f(x_t, h_t), with its index moved by one; A+B+C+D eqs. 4 and 7-13.
    """
    if not isinstance(cell, Cell):
        raise TypeError(
            "cell must be a cell, such as bptt.Elman(weight_hh) makes; "
            f"got an object of type {type(cell).__name__}"
        )
    inputs = _checks.features(
        "x", x, cell.input_size, "input_size", (2, 3), single=cell.dtype == np.float32
    )
    shape = (*inputs.shape[1:-1], cell.hidden_size)
    if state is None:
        initial = [np.zeros(shape, inputs.dtype) for _ in cell.state_names]
    else:
        parts = _checks.state_parts("state", state, cell.state_names)
        single = inputs.dtype == np.float32
        initial = [_checks.state(name, part, shape, single) for name, part in parts]
    return roll(cell, inputs, initial)


def roll(cell: Cell, inputs: Array, initial: Sequence[Array]) -> Run:
    """:func:`unroll` after its checks."""
    batched = inputs.ndim == 3
    dtype = np.result_type(inputs, *initial, cell.dtype)
    x = inputs.astype(dtype, copy=False)
    x = x.swapaxes(1, 2) if batched else x[..., None]
    trace = cell.trace(x, tuple(part.astype(dtype).reshape(x.shape[-1], -1).T for part in initial))
    with np.errstate(over="ignore", invalid="ignore"):
        for step in cell.steps(trace):
            cell.advance(step)
    _refuse_overflow(trace.a, *cell.states(trace))
    return Run(cell, batched, trace)


def _refuse_overflow(a: Array, *states: Array) -> None:
    with np.errstate(over="ignore", invalid="ignore"):  # one pass, where nothing is wrong
        if np.isfinite(sum(part.sum() for part in (a, *states))):
            return
    T = len(a)
    fine = np.isfinite(a).reshape(T, -1).all(axis=1)
    for part in states:
        fine &= np.isfinite(part[1:]).reshape(T, -1).all(axis=1)
    if not fine.all():
        raise OverflowError(
            f"the state left the range of {a.dtype} ({np.finfo(a.dtype).max:.1e}) at step "
            f"t = {int(np.argmin(fine)) + 1} of {T}: the forward pass itself explodes; shorten the "
            "sequence, scale weight_hh down, or use an activation that saturates"
        )
