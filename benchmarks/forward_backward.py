"""A pass forward and backpropagation through time, to all parameters and inputs."""

import numpy as np
from peers import PEERS, compare, heading
from tasks import ours, task

SIZES = ((16, 1), (32, 32), (128, 32))  # hidden units, batch
# The largest ratio to torch, with fresh arrays at every call.
FLOAT64 = {
    "Elman": (0.15, 0.30, 0.65),
    "LSTM": (0.21, 0.50, 0.85),
    "GRU": (0.20, 0.50, 0.85),
}
# Of the float32 LSTM torch has a fused kernel, oneDNN's. Steps, hidden units, batch; the aim.
FLOAT32 = (
    ("LSTM", 100, 16, 1, 1.3),
    ("LSTM", 100, 32, 32, 1.3),
    ("LSTM", 400, 128, 64, 0.7),
    *((kind, 100, *size, None) for kind in ("Elman", "GRU") for size in SIZES),
)


def report() -> None:
    heading("forward + BPTT: T, hidden, batch")
    for kind, aims in FLOAT64.items():
        for size, aim in zip(SIZES, aims, strict=True):
            one_size(kind, 100, *size, aim, np.float64)
    for kind, steps, hidden, batch, aim in FLOAT32:
        one_size(kind, steps, hidden, batch, aim, np.float32)


def one_size(
    kind: str, steps: int, hidden: int, batch: int, aim: float | None, dtype: type
) -> None:
    cell, x, d_outputs = task(kind, steps, hidden, batch, dtype)
    compare(
        f"{kind:7}{np.dtype(dtype).name:9}{steps:5},{hidden:4},{batch:3}",
        ours(cell, x, d_outputs),
        {name: peer.forward_backward(kind, cell, x, d_outputs) for name, peer in PEERS.items()},
        aim,
    )
