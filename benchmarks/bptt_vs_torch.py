"""Forward pass and backpropagation through time, against PyTorch, in one interleaved run."""

import importlib.util
import time
from collections.abc import Callable
from statistics import median

import numpy as np

import bptt

STEPS, INPUTS = 100, 8
ROUNDS = 15
SIZES = ((16, 1), (32, 32), (128, 32))  # hidden units, batch
# The largest ratio to torch, float64, fresh arrays at every call.
AIMS = {
    "Elman": (0.15, 0.30, 0.65),
    "LSTM": (0.21, 0.50, 0.85),
    "GRU": (0.20, 0.50, 0.85),
}
IN_TORCH = {"Elman": "RNN", "LSTM": "LSTM", "GRU": "GRU"}


def report() -> None:
    if importlib.util.find_spec("torch") is None:
        print("torch is not installed here: forward + BPTT is not compared with it\n")
        return
    print(f"forward + BPTT, T = {STEPS}, {INPUTS} inputs, one thread: CPU milliseconds, medians")
    print(f"{'cell':8}{'hidden, batch':>14}{'bptt':>9}{'torch':>9}{'ratio':>8}{'aim':>7}")
    for name, aims in AIMS.items():
        for (hidden, batch), aim in zip(SIZES, aims, strict=True):
            ours, theirs = compare(name, hidden, batch, np.float64)
            verdict = "met" if ours / theirs <= aim else "MISSED"
            print(row(name, hidden, batch, ours, theirs) + f"{aim:7.2f}  {verdict}")
    print("float32, no aim:")
    for name in AIMS:
        for hidden, batch in SIZES:
            print(row(name, hidden, batch, *compare(name, hidden, batch, np.float32)))
    print()


def row(name: str, hidden: int, batch: int, ours: float, theirs: float) -> str:
    return (
        f"{name:8}{f'{hidden}, {batch}':>14}{1000 * ours:9.2f}{1000 * theirs:9.2f}"
        f"{ours / theirs:8.3f}"
    )


def compare(name: str, hidden: int, batch: int, dtype: type) -> tuple[float, float]:
    """CPU seconds for one pass forward and back, bptt's and torch's, taken in turns."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS, batch, INPUTS)).astype(dtype)
    d_outputs = rng.normal(size=(STEPS, batch, hidden)).astype(dtype)

    cell = getattr(bptt, name).random(INPUTS, hidden).astype(dtype)
    net = getattr(torch.nn, IN_TORCH[name])(INPUTS, hidden)
    net.load_state_dict({key: torch.from_numpy(value) for key, value in cell.to_torch().items()})
    net = net.to(getattr(torch, np.dtype(dtype).name))
    their_x = torch.from_numpy(x).requires_grad_()
    their_d_outputs = torch.from_numpy(d_outputs)

    def ours() -> None:
        bptt.backward(bptt.unroll(cell, x), d_outputs)

    def theirs() -> None:
        net.zero_grad()
        their_x.grad = None
        net(their_x)[0].backward(their_d_outputs)

    times = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)][2:]
    torch.set_num_threads(threads)
    return median(one for one, _ in times), median(other for _, other in times)


def seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    report()
