"""A sequence through a cell, one step after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .elman import Elman

__all__ = ["Run", "unroll"]


@dataclass(frozen=True, repr=False, eq=False)
class Run:
    """What happened when a sequence went through a cell: all that the Jacobians need.

    A batch axis is there exactly if the inputs had one.

    Attributes:
      cell: the cell.
      inputs: x_1 … x_T, (T, batch, d) or (T, d).
      initial_state: h_0, (batch, n) or (n,).
      pre_activations: a_1 … a_T, (T, batch, n) or (T, n).
      outputs: h_1 … h_T, (T, batch, n) or (T, n). ``outputs[t - 1]`` is h_t.
    """

    cell: Elman
    inputs: Array
    initial_state: Array
    pre_activations: Array
    outputs: Array

    @property
    def state(self) -> Array:
        """The final state h_T, (batch, n) or (n,); PyTorch's ``h_n`` without its layer axis."""
        return np.asarray(self.outputs[-1])

    def __repr__(self) -> str:
        batch = f", batch={self.inputs.shape[1]}" if self.inputs.ndim == 3 else ""
        return f"Run({self.cell}, T={len(self.inputs)}{batch})"


def unroll(cell: Elman, x: ArrayLike, state: ArrayLike | None = None) -> Run:
    r"""A whole sequence through a cell: h_t = cell(x_t, h_{t−1}) for t = 1 … T.

    Args:
      cell: the cell, of input size d and hidden size n.
      x: x_1 … x_T, (T, batch, d) as in PyTorch, or (T, d) for a single sequence. T ≥ 1. Integers
        and float32 are computed in float64; complex numbers stay complex (for the complex step).
      state: h_0, (batch, n) for a batch, (n,) for a single sequence. Default: zeros.

    Returns:
      A :class:`Run`: ``outputs`` is (T, batch, n) or (T, n), ``state`` the last of them.

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
      TypeError: a cell that is none, x or state not made of numbers.
      OverflowError: the state left the range of float64 on the way.

    Source: Chang, h_{t+1} = f(x_t, h_t), with its index moved by one; A+B+C+D eq. 4.
    """
    if not isinstance(cell, Elman):
        raise TypeError(
            "cell must be a cell, such as bptt.Elman(weight_hh) makes; "
            f"got an object of type {type(cell).__name__}"
        )
    inputs = _checks.features("x", x, cell.input_size, "input_size", (2, 3))
    batch, n = inputs.shape[1:-1], cell.hidden_size
    initial = np.zeros((*batch, n)) if state is None else _checks.state("state", state, batch, n)

    # W_ih x_t + b waits for nothing: one product for all steps.
    drive = cell.drive(inputs)
    a = np.empty(drive.shape, np.result_type(drive, initial, cell.weight_hh))
    outputs = np.empty_like(a)
    h = initial
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(len(inputs)):
            a[t] = cell.recur(drive[t], h)
            outputs[t] = h = cell.activation(a[t])
    _refuse_overflow(a, outputs)
    return Run(cell, inputs, initial, a, outputs)


def _refuse_overflow(a: Array, outputs: Array) -> None:
    fine = np.isfinite(a) & np.isfinite(outputs)
    if not fine.all():
        t = int(np.argwhere(~fine)[0, 0]) + 1
        raise OverflowError(
            f"the state left the range of float64 (1.8e308) at step t = {t} of {len(a)}: the "
            "forward pass itself explodes; shorten the sequence, scale weight_hh down, or use an "
            "activation that saturates"
        )
