r"""The named terms of a gated cell's Jacobian, and what is true of their products.

Chang's and A+B+C+D's ∂c_t/∂c_{t−1} = A_t + B_t + C_t + D_t =: K_t holds the output gate o_{t−1}
fixed: an exact derivative over one step. But c alone is not the state, and the product of the K
leaves out every path h → o → h. What is exact is the product of the Jacobians S_t of (h, c).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import _checks
from ._checks import Array
from .activations import slope
from .gru import GRU, ResetBeforeGRU
from .lstm import LSTM, SIGMOID, LSTMTrace
from .one_gate import OneGate
from .unroll import Run

__all__ = [
    "GRUParts",
    "LSTMParts",
    "cell_coordinates",
    "cell_derivative",
    "dropped_term",
    "parts",
]


class LSTMParts(NamedTuple):
    r"""The terms of an LSTM's Jacobian, each (T, batch, n, n) or (T, n, n); S is 2n × 2n.

    Where T_{t−1} is meant at t = 1 it is 0: h_0 is given and does not come from c_0.

    Attributes:
      F: ∂c_t/∂c_{t−1} with h_{t−1} fixed: diag(f_t); with peepholes diag(f_t + c_{t−1} f' p_f
        + g i' p_i), with 1997's cell I.
      M: ∂c_t/∂h_{t−1} with c_{t−1} fixed: diag(c_{t−1} ⊙ f(1−f)) W_hf + diag(g ⊙ i(1−i)) W_hi
        + diag(i ⊙ (1−g²)) W_hg.
      T: ∂h_t/∂c_t = diag(o_t ⊙ (1 − tanh² c_t)), and with a peephole + tanh(c_t) o' p_o.
      O: ∂h_t/∂h_{t−1} through o_t only: diag(tanh(c_t) ⊙ o(1−o)) W_ho.
      A: through the forget gate: diag(c_{t−1} ⊙ f(1−f)) W_hf T_{t−1} (with peepholes, + diag(p_f)
        behind the first factor, in C diag(p_i) likewise).
      B: diag(f_t).
      C: through the input gate: diag(g ⊙ i(1−i)) W_hi T_{t−1}; if i = 1 − f, with −f(1−f) and W_hf.
      D: through the candidate: diag(i ⊙ (1−g²)) W_hg T_{t−1}.
      K: F + M T_{t−1} = A + B + C + D.
      S: ∂(h_t, c_t)/∂(h_{t−1}, c_{t−1}) = [[O + T M, T F], [M, F]].
    """

    F: Array
    M: Array
    T: Array
    O: Array
    A: Array
    B: Array
    C: Array
    D: Array
    K: Array
    S: Array


class GRUParts(NamedTuple):
    r"""The terms of a GRU's Jacobian, J = keep + update + new + reset, each (T, batch, n, n).

    Attributes:
      keep: diag(z), what is passed on as it is.
      update: through the update gate: diag((h_{t−1} − n) ⊙ z(1−z)) W_hz. For the cells with one
        gate it is the whole way through that gate.
      new: through the candidate with r fixed: diag((1−z) ⊙ (1−n²)) times diag(r) W_hn, or W_hn
        diag(r) if the reset comes before the product, or W_hn if there is none.
      reset: through the reset gate: diag((1−z) ⊙ (1−n²)) times diag(m ⊙ r(1−r)) W_hr, or
        W_hn diag(h_{t−1} ⊙ r(1−r)) W_hr; zero if there is none.
      J: ∂h_t/∂h_{t−1}, their sum. There is no second state: products of J are exact.
    """

    keep: Array
    update: Array
    new: Array
    reset: Array
    J: Array


def parts(run: Run) -> LSTMParts | GRUParts:
    r"""The named terms of every one-step Jacobian of a gated cell.

    Args:
      run: what :func:`bptt.unroll` returned for an LSTM, a GRU or a cell with one gate.

    Returns:
      :class:`LSTMParts` or :class:`GRUParts`, arrays (T, batch, n, n), or (T, n, n) without batch.

    Example:
      >>> import bptt, numpy as np
      >>> run = bptt.unroll(bptt.LSTM.random(2, 3), np.ones((5, 2)))
      >>> p = bptt.parts(run)
      >>> p.K.shape, bool(np.allclose(p.K, p.A + p.B + p.C + p.D, rtol=1e-14))
      ((5, 3, 3), True)

    Raises:
      TypeError: not a run, or the run of a cell without gates.

    Source: Chang, ∂c_t/∂c_{t−1} with four terms; A+B+C+D eqs. 18-21.
    """
    if not isinstance(run, Run):
        raise TypeError(f"run must be what bptt.unroll returns; got {type(run).__name__}")
    if isinstance(run.cell, LSTM):
        found: LSTMParts | GRUParts = _lstm_parts(run, run.cell)
    elif isinstance(run.cell, GRU | OneGate):
        found = _gru_parts(run)
    else:
        raise TypeError(
            f"run must be that of a gated cell, an LSTM or a GRU; {run.cell!r} has no gates, and "
            "its Jacobian but one term"
        )
    return found if run.batched else type(found)(*(part[:, 0] for part in found))


def _lstm_parts(run: Run, cell: LSTM) -> LSTMParts:
    trace, linear = run.trace, cell.linearise(run.trace)
    n, zero = cell.hidden_size, np.zeros((cell.hidden_size, cell.hidden_size))
    weight = {gate: cell.weight_hh[q * n :][:n] for q, gate in enumerate(cell.blocks)}
    peephole = dict.fromkeys("if", zero)
    if cell.peepholes is not None:
        gates = cell.blocks.replace("g", "")
        peephole |= {gate: np.diag(cell.peepholes[q * n :][:n]) for q, gate in enumerate(gates)}
    by_f, by_i = _through_gates(cell, trace)
    # Coupled, the input gate is made of the forget gate's weights.
    input_gate = "f" if cell.forget == "coupled" else "i"

    F, T = diagonal(linear.F), diagonal(linear.T)
    T_before = np.concatenate([np.zeros_like(T[:1]), T[:-1]])
    S = cell.jacobian_at(linear)
    M = S[..., n:, :n]
    O = _rows(linear.to_h[:, 0], weight["o"]) if cell.output_gate else np.zeros_like(M)
    A = _rows(by_f, weight.get("f", zero) @ T_before + peephole["f"])
    C = _rows(by_i, weight[input_gate] @ T_before + peephole[input_gate])
    D = _rows(linear.to_c[:, -1], weight["g"] @ T_before)
    f = trace.gates[:, cell.blocks.index("f")] if "f" in cell.blocks else np.ones_like(linear.F)
    return LSTMParts(F, M, T, O, A, diagonal(f), C, D, F + M @ T_before, S)


def _through_gates(cell: LSTM, trace: LSTMTrace) -> tuple[Array, Array]:
    """∂c_t by the forget gate's and by the input gate's pre-activation, (T, n, batch) each."""
    c_before, g = trace.c[:-1], trace.gates[:, cell.blocks.index("g")]
    slope_first = slope(SIGMOID, trace.a[:, 0], trace.gates[:, 0])
    if cell.forget == "none":
        return np.zeros_like(c_before), g * slope_first
    if cell.forget == "coupled":
        return c_before * slope_first, -g * slope_first
    return c_before * slope(SIGMOID, trace.a[:, 1], trace.gates[:, 1]), g * slope_first


def _gru_parts(run: Run) -> GRUParts:
    cell, linear = run.cell, run.cell.linearise(run.trace)
    n, J = cell.hidden_size, run.cell.jacobian_at(linear)
    if isinstance(cell, ResetBeforeGRU):
        W_r, W_z, W_n = cell.weight_hh.reshape(3, n, n)
        update, by_new = _rows(linear.via[:, 0], W_z), linear.via[:, 1]
        new = _rows(by_new, W_n @ diagonal(linear.r))
        reset = _rows(by_new, W_n @ _rows(linear.reset_by_r, W_r))
    elif isinstance(cell, GRU):
        W_r, W_z, W_n = cell.weight_hh.reshape(3, n, n)
        new, reset, update = (_rows(linear.via[:, q], W) for q, W in enumerate((W_n, W_r, W_z)))
    else:
        W_u, W_n = cell.weight_hh.reshape(2, n, n)
        update, new = _rows(linear.via[:, 0], W_u), _rows(linear.via[:, 1], W_n)
        reset = np.zeros_like(J)
    return GRUParts(diagonal(linear.direct), update, new, reset, J)


def cell_derivative(parts: LSTMParts, t: int, k: int) -> Array:
    r"""The exact ∂c_t/∂c_k of an LSTM with o_k held fixed, [0 I] S_t … S_{k+1} [T_k; I].

    To compare with the products of K and of B, ``bptt.products(parts.K)[t, k]``, which leave out
    what goes by way of the output gates, and everything but the forget gates.

    Args:
      parts: what :func:`bptt.parts` returned for an LSTM.
      t, k: steps, 0 ≤ k ≤ t ≤ T. For k = 0 it is h_0 that is held fixed.

    Returns:
      (batch, n, n) or (n, n).

    Example:
      >>> import bptt, numpy as np
      >>> p = bptt.parts(bptt.unroll(bptt.LSTM.random(2, 3), np.ones((5, 2))))
      >>> np.abs(bptt.cell_derivative(p, 2, 1) - p.K[1]).max() < 1e-15        # one step: K is exact
      np.True_
      >>> two = bptt.cell_derivative(p, 3, 1) - p.K[2] @ p.K[1]
      >>> np.abs(two - bptt.dropped_term(p)[2]).max() < 1e-15
      np.True_

    Raises:
      TypeError: not an LSTM's parts, or steps that are not integers.
      ValueError: steps out of order or out of the run.

    Source: A+B+C+D eq. 15, corrected: what stands there is the product of K's.
    """
    _check_lstm_parts(parts)
    n, steps = parts.F.shape[-1], len(parts.S)
    t, k = _checks.whole_number("t", t), _checks.whole_number("k", k)
    if not k <= t <= steps:
        raise ValueError(f"t and k must be steps with k ≤ t ≤ T = {steps}; got t = {t}, k = {k}")
    T_k = parts.T[k - 1] if k else np.zeros_like(parts.T[0])
    identity = np.broadcast_to(np.eye(n, dtype=T_k.dtype), T_k.shape)
    product = np.concatenate([T_k, identity], axis=-2)
    for S in parts.S[k:t]:
        product = S @ product
    return np.asarray(product[..., n:, :])


def dropped_term(parts: LSTMParts) -> Array:
    r"""What K_t K_{t−1} lacks of ∂c_t/∂c_{t−2}: M_t O_{t−1} T_{t−2}, the way c → h → o → h → c.

    Args:
      parts: what :func:`bptt.parts` returned for an LSTM.

    Returns:
      (T, batch, n, n) or (T, n, n), entry t − 1 for step t; zero for t = 1 and t = 2.

    Raises:
      TypeError: not an LSTM's parts.
    """
    _check_lstm_parts(parts)
    term = np.zeros_like(parts.M)
    term[2:] = parts.M[2:] @ parts.O[1:-1] @ parts.T[:-2]
    return term


def cell_coordinates(parts: LSTMParts) -> Array:
    r"""The one-step Jacobians in the coordinates (c, o): [[K, M], [O T_{t−1}, O]].

    (c_t, o_t) says as much as (c_t, h_t). In these coordinates K_t is a block of the exact
    Jacobian, and ∏K is exact where the block O T_{t−1} below it does nothing: over one step, or
    with W_ho = 0. With P_t = [[I, 0], [T_t, I]] and S_t in the order (c, h) it is
    P_t⁻¹ S_t P_{t−1}: the second coordinate is the part of h that o makes.

    Args:
      parts: what :func:`bptt.parts` returned for an LSTM.

    Returns:
      (T, batch, 2n, 2n) or (T, 2n, 2n), with T_0 = 0.

    Raises:
      TypeError: not an LSTM's parts.
    """
    _check_lstm_parts(parts)
    T_before = np.concatenate([np.zeros_like(parts.T[:1]), parts.T[:-1]])
    upper = np.concatenate([parts.K, parts.M], axis=-1)
    lower = np.concatenate([parts.O @ T_before, parts.O], axis=-1)
    return np.concatenate([upper, lower], axis=-2)


def diagonal(values: Array) -> Array:
    """Vectors (T, n, batch) as diagonal matrices (T, batch, n, n)."""
    rows = values.swapaxes(1, 2)
    return np.asarray(rows[..., None] * np.eye(rows.shape[-1], dtype=rows.dtype))


def _rows(factors: Array, matrix: Array) -> Array:
    """diag(factors) matrix, (T, batch, n, n), for factors (T, n, batch)."""
    return np.asarray(factors.swapaxes(1, 2)[..., None] * matrix)


def _check_lstm_parts(parts: LSTMParts) -> None:
    if not isinstance(parts, LSTMParts):
        raise TypeError(
            f"parts must be what bptt.parts returns for an LSTM; got {type(parts).__name__}"
        )
