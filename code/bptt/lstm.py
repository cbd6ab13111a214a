r"""The LSTM and its variants: one step, the terms of its derivative, its exact Jacobian."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from . import _checks, initialise
from ._checks import Array
from .activations import activation, sigmoid_into, slope
from .cell import Cell, State, add_to_diagonal, combined, product, random_parameters, room

__all__ = ["LSTM"]

SIGMOID, TANH = activation("sigmoid"), activation("tanh")


class LSTMTrace(NamedTuple):
    """What a run remembers of k gates (the candidate g among them), all feature-major.

    Attributes:
      z: [h_{t−1}; x_t; 1], (T+1, n+d+1, batch).
      a: pre-activations, peepholes included, (T, k, n, batch).
      gates: i, f, g, o, those there are, (T, k, n, batch).
      c: c_0 … c_T, (T+1, n, batch).
      squashed: tanh(c_t), (T, n, batch).
    """

    z: Array
    a: Array
    gates: Array
    c: Array
    squashed: Array


class LSTMLinear(NamedTuple):
    """One step made linear: diagonal matrices stored as vectors, leading axes as in the trace.

    Attributes:
      to_c: ∂c_t/∂a_q for the blocks q that write c_t (i, f, g), (..., k−1 or k, n, batch).
      to_h: ∂h_t/∂a_o with c_t fixed, (..., 1, n, batch); (..., 0, n, batch) without output gate.
      T: ∂h_t/∂c_t, (..., n, batch), by way of a peephole of the output gate too.
      F: ∂c_t/∂c_{t−1} with h_{t−1} fixed, (..., n, batch), by way of peepholes too.
    """

    to_c: Array
    to_h: Array
    T: Array
    F: Array


@dataclass(frozen=True, init=False, repr=False, eq=False)
class LSTM(Cell):
    r"""Long short-term memory: a cell c_t that is added to, and gates that decide what and when.

    With z^q = W_xq x_t + W_hq h_{t−1} + b_q for each gate q,

      i = σ(z^i), f = σ(z^f), g = tanh(z^g), o = σ(z^o),
      c_t = f ⊙ c_{t−1} + i ⊙ g,    h_t = o ⊙ tanh(c_t).

    The state is the pair (h, c). The weights of the gates are stacked in PyTorch's order i, f, g,
    o; a gate that is not there is left out of the stack. The options combine freely:

    Attributes:
      weight_hh: (k n, n), k = 4, 3 or 2 gates.
      weight_ih: (k n, d). Default: every gate gets the n inputs as they are.
      bias_ih, bias_hh: (k n,). Default: zero.
      peepholes: None, or the vectors p_i, p_f, p_o of the gates there are, stacked, one entry per
        unit: z^i += p_i ⊙ c_{t−1}, z^f += p_f ⊙ c_{t−1}, z^o += p_o ⊙ c_t.
      forget: "gate", the LSTM of 2000 as above; "none", that of 1997, c_t = c_{t−1} + i ⊙ g; or
        "coupled", where i = 1 − f and the input gate is left out.
      output_gate: False leaves it out: h_t = tanh(c_t).
      squashing: "tanh", or "1997" for the ranges of the original: g = 4σ(z^g) − 2 in (−2, 2) and
        2σ(c_t) − 1 in place of tanh(c_t).

    Example:
      >>> import bptt, numpy as np
      >>> cell = bptt.LSTM.random(input_size=2, hidden_size=3)
      >>> run = bptt.unroll(cell, np.zeros((7, 4, 2)))
      >>> h, c = run.state
      >>> run.outputs.shape, h.shape, c.shape, bptt.jacobians(run).shape
      ((7, 4, 3), (4, 3), (4, 3), (7, 4, 6, 6))
      >>> bptt.LSTM.random(2, 3, forget="none").blocks       # 1997: two gates and the candidate
      'igo'

    Raises:
      ValueError: a wrong shape, a nan or an inf, an unknown option.
      TypeError: a parameter that is not made of numbers.

    Source: Hochreiter & Schmidhuber 1997 (no forget gate); Gers, Schmidhuber & Cummins 2000; Gers &
    Schmidhuber 2000 (peepholes); Greff et al. 2017 (coupled gates); Chang, the LSTM equations (g is
    there a_t); A+B+C+D eqs. 7-13. PyTorch: ``torch.nn.LSTM``.
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array
    peepholes: Array | None
    forget: str
    output_gate: bool
    squashing: str

    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    _optional: ClassVar[tuple[str, ...]] = ("peepholes",)

    def __init__(
        self,
        weight_hh: ArrayLike,
        weight_ih: ArrayLike | None = None,
        bias_ih: ArrayLike | None = None,
        bias_hh: ArrayLike | None = None,
        peepholes: ArrayLike | None = None,
        forget: str = "gate",
        output_gate: bool = True,
        squashing: str = "tanh",
    ) -> None:
        _check_options(forget, output_gate, squashing)
        object.__setattr__(self, "forget", forget)
        object.__setattr__(self, "output_gate", output_gate)
        object.__setattr__(self, "squashing", squashing)
        self._set(weight_hh=weight_hh, weight_ih=weight_ih, bias_ih=bias_ih, bias_hh=bias_hh)
        if peepholes is None:
            object.__setattr__(self, "peepholes", None)
        else:
            gates = self.blocks.replace("g", "")
            self._keep(
                "peepholes",
                _checks.vector(
                    "peepholes",
                    peepholes,
                    len(gates) * self.hidden_size,
                    f"one entry for each unit of each of the gates {', '.join(gates)}",
                ),
            )

    @property
    def blocks(self) -> str:
        """The gates there are, of i, f, g, o."""
        return _blocks(self.forget, self.output_gate)

    def _options(self) -> dict[str, object]:
        options = {"forget": "gate", "output_gate": True, "squashing": "tanh"}
        return {
            name: getattr(self, name)
            for name, usual in options.items()
            if getattr(self, name) != usual
        }

    @classmethod
    def random(
        cls,
        input_size: int,
        hidden_size: int,
        rng: int | np.random.Generator = 0,
        forget_bias: float = 1.0,
        init: str = "torch",
        T_max: float | None = None,
        peepholes: bool = False,
        forget: str = "gate",
        output_gate: bool = True,
        squashing: str = "tanh",
    ) -> Self:
        r"""A cell with random weights.

        Args:
          input_size: d ≥ 1.
          hidden_size: n ≥ 1.
          rng: a seed (the same seed, the same cell) or a ``numpy.random.Generator``.
          forget_bias: what is added to the forget gate's bias. 0 gives PyTorch's own
            initialisation, where f is about 1/2 and a memory lasts two steps. Nothing without
            forget gate, and not used by "chrono".
          init: "torch", every parameter from U(−1/√n, 1/√n); the name of another initialisation in
            :mod:`bptt.initialise`, such as "orthogonal", for W_hh block by block, the rest as in
            PyTorch; or "chrono" for PyTorch's weights with memories of 2 to T_max steps.
          T_max: for "chrono", the longest memory.
          peepholes: whether there are peepholes, from U(−1/√n, 1/√n) too.
          forget, output_gate, squashing: the cell's options.

        Example:
          >>> import bptt
          >>> cell = bptt.LSTM.random(2, 64, forget_bias=1.0)
          >>> bool(abs(cell.bias[64:128] - 1).max() <= 2 / 64**0.5)
          True

        Raises:
          TypeError: a size that is not an integer, an rng that is neither seed nor generator.
          ValueError: a size below 1, a negative seed, an unknown option.

        Source: Gers et al. 2000 and Jozefowicz et al. 2015 (a forget bias of 1); Tallec & Ollivier
        2018 (chrono).
        """
        _check_options(forget, output_gate, squashing)
        generator = _checks.generator("rng", rng)
        chrono, blocks, n = init == "chrono", _blocks(forget, output_gate), hidden_size
        parameters = random_parameters(
            input_size, n, len(blocks), generator, "torch" if chrono else init
        )
        if chrono:
            if T_max is None or "f" not in blocks:
                raise ValueError(
                    "chrono initialisation wants T_max, the longest memory, and a forget gate; "
                    f"got T_max={T_max!r} and forget={forget!r}"
                )
            of_all = initialise.chrono((4 * n,), generator, T_max).reshape(4, n)
            parameters["bias_ih"] = of_all[["ifgo".index(gate) for gate in blocks]].ravel()
            parameters["bias_hh"] = np.zeros(len(blocks) * n)
        elif "f" in blocks:
            row = n * blocks.index("f")
            parameters["bias_ih"][row : row + n] += _checks.real("forget_bias", forget_bias)
        if peepholes:
            edge = 1 / np.sqrt(n)
            gates = blocks.replace("g", "")
            parameters["peepholes"] = generator.uniform(-edge, edge, len(gates) * n)
        return cls(**parameters, forget=forget, output_gate=output_gate, squashing=squashing)

    # The halves of "1997": 4σ(a) − 2 = 2 tanh(a/2) and 2σ(c) − 1 = tanh(c/2).

    @property
    def _inner(self) -> float:
        return 0.5 if self.squashing == "1997" else 1.0

    def trace(self, x: Array, state: State) -> LSTMTrace:
        """Room for a run: x is (T, d, batch), h and c (n, batch)."""
        (T, _, batch), n, k = x.shape, self.hidden_size, len(self.blocks)
        h, c_0 = state
        gates = (T, k, n, batch)
        trace = LSTMTrace(*room(x, h, gates, gates, (T + 1, n, batch), (T, n, batch)))
        trace.c[0] = c_0
        return trace

    def states(self, trace: LSTMTrace) -> State:
        """h_0 … h_T and c_0 … c_T."""
        return trace.z[:, : self.hidden_size], trace.c

    def steps(self, trace: LSTMTrace) -> Iterator[tuple[Any, ...]]:
        """The stacked weights, and views of one step for each array of the trace."""
        (T, k, n, batch), g = trace.a.shape, self.blocks.index("g")
        weight = self._stacked_weight(trace.a.dtype)
        return zip(
            repeat(weight),
            trace.z[:-1],
            trace.a.reshape(T, k * n, batch),
            trace.a[:, :g],
            trace.a[:, g],
            trace.a[:, g + 1 :],
            trace.gates[:, :g],
            trace.gates[:, g],
            trace.gates[:, g + 1 :],
            trace.c[:-1],
            trace.c[1:],
            trace.squashed,
            trace.z[1:, :n],
            strict=False,
        )

    def advance(self, step: tuple[Array, ...]) -> None:
        """The gates before the candidate (i, f), the candidate, c, the gate after it, h."""
        weight, z, a, a_in, a_g, a_o, gates_in, g, o, c_before, c, squashed, h = step
        weight.dot(z, a)
        if self.peepholes is not None:
            a_in += self._peepholes_in() * c_before
        sigmoid_into(a_in, gates_in)
        self._squash(a_g, g)
        if self._inner != 1.0:
            g *= 2.0
        self._update(gates_in, g, c_before, c)
        self._squash(c, squashed)
        if not self.output_gate:
            h[...] = squashed
            return
        if self.peepholes is not None:
            a_o += self.peepholes[-self.hidden_size :, None] * c
        sigmoid_into(a_o, o)
        np.multiply(o[0], squashed, h)

    def _squash(self, values: Array, out: Array) -> None:
        if self._inner == 1.0:
            np.tanh(values, out)
        else:
            np.tanh(self._inner * values, out)

    def _update(self, gates: Array, g: Array, c_before: Array, c: Array) -> None:
        """c_t, from the gates before the candidate."""
        if self.forget == "gate":
            np.multiply(gates[1], c_before, c)
            c += gates[0] * g
        elif self.forget == "none":
            np.multiply(gates[0], g, c)
            c += c_before
        else:  # f c + (1 − f) g
            np.subtract(c_before, g, c)
            c *= gates[0]
            c += g

    def _peepholes_in(self) -> Array:
        """The peepholes of the gates before the candidate, (1 or 2, n, 1)."""
        assert self.peepholes is not None
        g = self.blocks.index("g")
        return self.peepholes.reshape(-1, self.hidden_size)[:g, :, None]

    def linearise(self, trace: LSTMTrace) -> LSTMLinear:
        """F, T and the diagonals in M and O, at every step."""
        k_c = self.blocks.index("g") + 1
        gates, c_before, inner = trace.gates, trace.c[:-1], self._inner
        g = gates[:, k_c - 1]
        slopes_in = slope(SIGMOID, trace.a[:, : k_c - 1], gates[:, : k_c - 1])
        to_c = np.empty_like(trace.a[:, :k_c])
        # ∂g/∂a = 1 − g² with tanh; with 2 tanh(a/2) it is 1 − tanh²(a/2).
        slope_g = slope(TANH, inner * trace.a[:, k_c - 1], inner * g)
        np.multiply(slope_g, self._write(gates), to_c[:, -1])
        if self.forget == "coupled":
            np.multiply(c_before - g, slopes_in[:, 0], to_c[:, 0])
        else:
            np.multiply(g, slopes_in[:, 0], to_c[:, 0])
        if self.forget == "gate":
            np.multiply(c_before, slopes_in[:, 1], to_c[:, 1])
        F = np.ones_like(c_before) if self.forget == "none" else gates[:, k_c - 2].copy()
        if self.peepholes is not None:
            F += (self._peepholes_in() * to_c[:, :-1]).sum(axis=1)
        T = inner * slope(TANH, inner * trace.c[1:], trace.squashed)
        to_h = np.empty_like(trace.a[:, k_c:])
        if self.output_gate:
            o = gates[:, -1]
            T *= o
            np.multiply(trace.squashed, slope(SIGMOID, trace.a[:, -1], o), to_h[:, 0])
            if self.peepholes is not None:
                T += self.peepholes[-self.hidden_size :, None] * to_h[:, 0]
        return LSTMLinear(to_c, to_h, T, F)

    def _write(self, gates: Array) -> Array:
        """What the candidate is multiplied by: i, or 1 − f."""
        return 1.0 - gates[:, 0] if self.forget == "coupled" else gates[:, 0]

    def pull(self, back: Any, d_state: State, delta: Array, factors: Sequence[Array]) -> State:
        """∇_c gets what comes through h_t; then to the gates, and through them to h_{t−1}."""
        to_c, to_h, T, F = factors
        d_h, d_c = d_state
        d_c = d_c + T * d_h
        k_c = to_c.shape[-3]
        np.multiply(to_c, d_c[..., None, :, :], delta[..., :k_c, :, :])
        np.multiply(to_h, d_h[..., None, :, :], delta[..., k_c:, :, :])
        return product(back, delta), F * d_c

    def jacobian_at(self, linear: LSTMLinear) -> Array:
        r"""S_t = [[O + T M, T F], [M, F]], (T, batch, 2n, 2n)."""
        n, split = self.hidden_size, linear.to_c.shape[1] * self.hidden_size
        M = combined(linear.to_c, self.weight_hh[:split])
        to_h = np.concatenate([linear.T[:, None] * linear.to_c, linear.to_h], axis=1)
        S = np.zeros((*M.shape[:2], 2 * n, 2 * n), M.dtype)
        S[..., :n, :n] = combined(to_h, self.weight_hh)
        S[..., n:, :n] = M
        add_to_diagonal(S[..., n:, n:], linear.F)
        add_to_diagonal(S[..., :n, n:], linear.T * linear.F)
        return S

    def _other_gradients(self, trace: LSTMTrace, delta: Array) -> dict[str, Array]:
        if self.peepholes is None:
            return {}
        g, T = self.blocks.index("g"), len(delta)
        parts = [np.einsum("tknb,tnb->kn", delta[:, :g], trace.c[:T])]
        if self.output_gate:
            parts.append(np.einsum("tknb,tnb->kn", delta[:, g + 1 :], trace.c[1 : T + 1]))
        return {"peepholes": np.concatenate(parts).ravel()}


def _blocks(forget: str, output_gate: bool) -> str:
    return {"none": "ig", "coupled": "fg"}.get(forget, "ifg") + ("o" if output_gate else "")


def _check_options(forget: str, output_gate: bool, squashing: str) -> None:
    _checks.one_of("forget", forget, ("gate", "none", "coupled"))
    _checks.one_of("output_gate", output_gate, (True, False))
    _checks.one_of("squashing", squashing, ("tanh", "1997"))
