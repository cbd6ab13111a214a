"""One step of each cell in the textbook's form, for a library with automatic differentiation."""

from collections.abc import Callable
from typing import Any

State = tuple[Any, ...]


def next_state(
    kind: str, weights: dict[str, Any], tanh: Callable[[Any], Any], sigmoid: Callable[[Any], Any]
) -> Callable[[Any, State], State]:
    """(x_t, s_{t−1}) → s_t; s is the pair (h, c) for an LSTM and (h,) for the others."""
    w_ih, w_hh, b_ih, b_hh = (
        weights[f"{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    n = w_hh.shape[1]

    def elman(x: Any, state: State) -> State:
        (h,) = state
        return (tanh(x @ w_ih.T + h @ w_hh.T + (b_ih + b_hh)),)

    def lstm(x: Any, state: State) -> State:
        h, c = state
        i, f, g, o = blocks(x @ w_ih.T + h @ w_hh.T + (b_ih + b_hh), n)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    def gru(x: Any, state: State) -> State:
        (h,) = state
        r_x, z_x, n_x = blocks(x @ w_ih.T + b_ih, n)
        r_h, z_h, n_h = blocks(h @ w_hh.T + b_hh, n)
        new = tanh(n_x + sigmoid(r_x + r_h) * n_h)
        z = sigmoid(z_x + z_h)
        return ((1 - z) * new + z * h,)

    return {"Elman": elman, "LSTM": lstm, "GRU": gru}[kind]


def blocks(a: Any, n: int) -> State:
    return tuple(a[..., start : start + n] for start in range(0, a.shape[-1], n))
