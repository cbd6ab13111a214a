r"""The gated recurrent unit, its reset gate after or before the matrix, and its exact Jacobian."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .activations import activation, sigmoid_into, slope
from .cell import (
    Cell,
    Linear,
    State,
    add_to_diagonal,
    blend_into,
    combined,
    product,
    random_parameters,
    room,
    summed_products,
)

__all__ = ["GRU", "ResetBeforeGRU"]

SIGMOID, TANH = activation("sigmoid"), activation("tanh")


class GRUTrace(NamedTuple):
    """What a run remembers, feature-major.

    Attributes:
      z: [h_{t−1}; x_t; 1], (T+1, n+d+1, batch).
      a: (T, 4, n, batch), the blocks m = W_hn h_{t−1} + b_hn, a_r, a_z, and W_xn x_t + b_xn.
      gates: r, z, n, (T, 3, n, batch).
    """

    z: Array
    a: Array
    gates: Array


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GRU(Cell):
    r"""The GRU as PyTorch has it, with the reset gate *after* the product; z = 1 keeps.

      r = σ(W_xr x_t + W_hr h_{t−1} + b_r),    z = σ(W_xz x_t + W_hz h_{t−1} + b_z),
      n = tanh(W_xn x_t + b_xn + r ⊙ m),    m = W_hn h_{t−1} + b_hn,
      h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}.

    Here the two biases of the candidate are not interchangeable: r multiplies b_hn only. The
    pre-activations of a run are four blocks, m, a_r, a_z and W_xn x_t + b_xn.

    Attributes:
      weight_hh: (3n, n), stacked r, z, n.
      weight_ih: (3n, d). Default: every block gets the n inputs as they are.
      bias_ih, bias_hh: (3n,). Default: zero.

    Example:
      >>> import bptt, numpy as np
      >>> cell = bptt.GRU.random(input_size=2, hidden_size=3)
      >>> cell
      GRU(input_size=2, hidden_size=3)
      >>> bptt.jacobians(bptt.unroll(cell, np.zeros((7, 4, 2)))).shape
      (7, 4, 3, 3)

    Raises:
      ValueError: a wrong shape, a nan or an inf.
      TypeError: a parameter that is not made of numbers.

    Source: Cho et al. 2014, first version; PyTorch: ``torch.nn.GRU``; Keras with ``reset_after``.
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array

    # In the order m, r, z, x the blocks that see h lie together, and those that see x do.
    _from_h: ClassVar[slice] = slice(0, 3)
    _from_x: ClassVar[slice] = slice(1, 4)

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
        """Reset, update, new."""
        return "rzn"

    @classmethod
    def random(
        cls,
        input_size: int,
        hidden_size: int,
        rng: int | np.random.Generator = 0,
        init: str = "torch",
    ) -> Self:
        r"""A cell with random weights.

        Args:
          input_size: d ≥ 1.
          hidden_size: n ≥ 1.
          rng: a seed (the same seed, the same cell) or a ``numpy.random.Generator``.
          init: "torch", every parameter from U(−1/√n, 1/√n), or the name of another initialisation
            in :mod:`bptt.initialise` for W_hh, block by block.

        Example:
          >>> import bptt
          >>> bool(abs(bptt.GRU.random(8, 64).weight_hh).max() <= 1 / 64**0.5)
          True

        Raises:
          TypeError: a size that is not an integer, an rng that is neither seed nor generator.
          ValueError: a size below 1, a negative seed, an unknown initialisation.
        """
        generator = _checks.generator("rng", rng)
        return cls(**random_parameters(input_size, hidden_size, 3, generator, init))

    def trace(self, x: Array, state: State) -> GRUTrace:
        """Room for a run; the input's part of the candidate waits for nothing and is there."""
        (T, _, batch), n = x.shape, self.hidden_size
        trace = GRUTrace(*room(x, state[0], (T, 4, n, batch), (T, 3, n, batch)))
        np.matmul(self.weight_ih[2 * n :].astype(x.dtype), x, out=trace.a[:, 3])
        trace.a[:, 3] += self.bias_ih[2 * n :, None]
        return trace

    def steps(self, trace: GRUTrace) -> Iterator[tuple[Any, ...]]:
        """The weights of m, r, z, and views of one step for each array of the trace."""
        T, _, n, batch = trace.a.shape
        # In the order m, r, z; m has no x, and b_hn alone.
        weight = np.roll(self._stacked_weight(trace.a.dtype), n, axis=0)
        weight[:n, n:-1] = 0.0
        weight[:n, -1] = self.bias_hh[2 * n :]
        return zip(
            repeat(weight),
            trace.z[:-1],
            trace.a[:, :3].reshape(T, 3 * n, batch),
            trace.a,
            trace.gates,
            trace.z[:-1, :n],
            trace.z[1:, :n],
            strict=False,
        )

    def advance(self, step: tuple[Array, ...]) -> None:
        """m, r and z in one product, then the candidate, then the blend."""
        weight, z, a_flat, a, gates, h_before, h = step
        weight.dot(z, a_flat)
        sigmoid_into(a[1:3], gates[:2])
        r, keep, new = gates
        np.multiply(r, a[0], new)
        new += a[3]
        np.tanh(new, new)
        blend_into(h, keep, h_before, new)

    def linearise(self, trace: GRUTrace) -> Linear:
        """∂h_t by m, a_r, a_z and the input's part; and z, what is passed on as it is."""
        m, a_new = trace.a[:, 0], trace.a[:, 3]
        r, keep, new = trace.gates[:, 0], trace.gates[:, 1], trace.gates[:, 2]
        slopes = slope(SIGMOID, trace.a[:, 1:3], trace.gates[:, :2])
        via = np.empty_like(trace.a)
        np.multiply(1.0 - keep, slope(TANH, r * m + a_new, new), via[:, 3])
        np.multiply(via[:, 3], r, via[:, 0])
        np.multiply(via[:, 3], m * slopes[:, 0], via[:, 1])
        np.multiply(trace.z[:-1, : self.hidden_size] - new, slopes[:, 1], via[:, 2])
        return Linear(via, keep)

    def _hidden_weight(self) -> Array:
        return np.roll(self.weight_hh, self.hidden_size, axis=0)

    def _from_internal(self, blocks: Array) -> Array:
        return np.roll(blocks, -1, axis=0).reshape(-1, blocks.shape[-1])


class ResetBeforeTrace(NamedTuple):
    """What a run remembers: z as in :class:`GRUTrace`, a and gates of r, z, n, and r ⊙ h_{t−1}."""

    z: Array
    a: Array
    gates: Array
    reset: Array


class ResetBeforeLinear(NamedTuple):
    """One step made linear; diagonal matrices stored as vectors, (..., n, batch).

    Attributes:
      via: ∂h_t/∂a_z and ∂h_t/∂a_n, (..., 2, n, batch).
      reset_by_r: ∂(r ⊙ h_{t−1})/∂a_r = h_{t−1} ⊙ r(1−r).
      r: ∂(r ⊙ h_{t−1})/∂h_{t−1} with r fixed.
      direct: z.
    """

    via: Array
    reset_by_r: Array
    r: Array
    direct: Array


class ResetBeforeGRU(GRU):
    r"""The GRU with the reset gate *before* the product.

      n = tanh(W_xn x_t + b_n + W_hn (r ⊙ h_{t−1})),    h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}.

    Everything else, the names and the shapes of the parameters too, is as in :class:`GRU`; but the
    two are different functions, and weights trained for one mean nothing to the other. There is no
    such layer in PyTorch.

    Example:
      >>> import bptt
      >>> after, before = bptt.GRU.random(1, 2), bptt.ResetBeforeGRU.random(1, 2)
      >>> bool((after.weight_hh == before.weight_hh).all())
      True
      >>> print(after.step([1.0], [0.5, -0.5]).round(3), before.step([1.0], [0.5, -0.5]).round(3))
      [0.635 0.099] [0.652 0.139]

    Raises:
      ValueError, TypeError: as for :class:`GRU`.

    Source: Cho et al. 2014, third version; Chung et al. 2014 (there z = 1 writes).
    """

    _from_h: ClassVar[slice] = slice(None)
    _from_x: ClassVar[slice] = slice(None)

    def trace(self, x: Array, state: State) -> ResetBeforeTrace:  # type: ignore[override]
        """Room for a run; the input's part of the candidate waits for nothing and is there."""
        (T, _, batch), n = x.shape, self.hidden_size
        gates = (T, 3, n, batch)
        trace = ResetBeforeTrace(*room(x, state[0], gates, gates, (T, n, batch)))
        np.matmul(self.weight_ih[2 * n :].astype(x.dtype), x, out=trace.a[:, 2])
        trace.a[:, 2] += (self.bias_ih.astype(x.dtype) + self.bias_hh)[2 * n :, None]
        return trace

    def steps(self, trace: ResetBeforeTrace) -> Iterator[tuple[Any, ...]]:  # type: ignore[override]
        """The weights of r, z and of n, and views of one step for each array of the trace."""
        T, _, n, batch = trace.a.shape
        weight = self._stacked_weight(trace.a.dtype)[: 2 * n]
        return zip(
            repeat(weight),
            repeat(self.weight_hh[2 * n :].astype(trace.a.dtype)),
            trace.z[:-1],
            trace.a[:, :2].reshape(T, 2 * n, batch),
            trace.a,
            trace.gates,
            trace.reset,
            trace.z[:-1, :n],
            trace.z[1:, :n],
            strict=False,
        )

    def advance(self, step: tuple[Array, ...]) -> None:
        """r and z, then the candidate from r ⊙ h_{t−1}, then the blend."""
        weight, weight_new, z, a_flat, a, gates, reset, h_before, h = step
        weight.dot(z, a_flat)
        sigmoid_into(a[:2], gates[:2])
        r, keep, new = gates
        np.multiply(r, h_before, reset)
        a[2] += weight_new @ reset
        np.tanh(a[2], new)
        blend_into(h, keep, h_before, new)

    def linearise(self, trace: ResetBeforeTrace) -> ResetBeforeLinear:  # type: ignore[override]
        """The diagonals at every step."""
        h_before = trace.z[:-1, : self.hidden_size]
        r, keep, new = trace.gates[:, 0], trace.gates[:, 1], trace.gates[:, 2]
        slopes = slope(SIGMOID, trace.a[:, :2], trace.gates[:, :2])
        via = np.empty_like(trace.a[:, :2])
        np.multiply(h_before - new, slopes[:, 1], via[:, 0])
        np.multiply(1.0 - keep, slope(TANH, trace.a[:, 2], new), via[:, 1])
        return ResetBeforeLinear(via, h_before * slopes[:, 0], r, keep)

    def back(self, dtype: np.dtype[Any]) -> tuple[Array, Array]:
        """[W_hr, W_hz]ᵀ and W_hnᵀ."""
        n = self.hidden_size
        gates, new = self.weight_hh[: 2 * n].T, self.weight_hh[2 * n :].T
        return np.ascontiguousarray(gates, dtype), np.ascontiguousarray(new, dtype)

    def pull(self, back: Any, d_state: State, delta: Array, factors: Sequence[Array]) -> State:
        """Through the candidate first: only then is it known what arrives at the reset gate."""
        via, reset_by_r, r, direct = factors
        (d_h,) = d_state
        to_gates, to_new = back
        np.multiply(via, d_h[..., None, :, :], delta[..., 1:, :, :])
        d_reset = product(to_new, delta[..., 2:, :, :])
        np.multiply(reset_by_r, d_reset, delta[..., 0, :, :])
        d_before = product(to_gates, delta[..., :2, :, :])
        d_before += direct * d_h
        d_before += r * d_reset
        return (d_before,)

    def jacobian_at(self, linear: ResetBeforeLinear) -> Array:
        r"""diag(z) + diag(∂h/∂a_z) W_hz + diag(∂h/∂a_n) W_hn [diag(r) + diag(h ⊙ r(1−r)) W_hr]."""
        n = self.hidden_size
        W_r, W_z, W_n = self.weight_hh.reshape(3, n, n)
        reset = combined(linear.reset_by_r[:, None], W_r)
        add_to_diagonal(reset, linear.r)
        J = linear.via[:, 1].swapaxes(1, 2)[..., None] * (W_n @ reset)
        J += combined(linear.via[:, :1], W_z)
        add_to_diagonal(J, linear.direct)
        return np.asarray(J)

    def weight_gradients(self, trace: Any, delta: Array) -> dict[str, Array]:
        """As for every cell, but that W_hn was multiplied by r ⊙ h_{t−1}."""
        gradients = super().weight_gradients(trace, delta)
        by_new = summed_products(delta[:, 2], trace.reset[: len(delta)])
        n = self.hidden_size
        gradients["weight_hh"] = np.concatenate([gradients["weight_hh"][: 2 * n], by_new])
        return gradients

    def _hidden_weight(self) -> Array:
        return self.weight_hh

    def _from_internal(self, blocks: Array) -> Array:
        return Cell._from_internal(self, blocks)
