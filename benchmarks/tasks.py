"""A pass forward and back through time, as bptt does it: what the peers are compared in."""

from collections.abc import Callable

import numpy as np

import bptt

INPUTS = 8


def task(
    kind: str, steps: int, hidden: int, batch: int, dtype: type = np.float64
) -> tuple[bptt.Cell, np.ndarray, np.ndarray]:
    """A cell, inputs, and gradients at its outputs."""
    rng = np.random.default_rng(0)
    return (
        getattr(bptt, kind).random(INPUTS, hidden).astype(dtype),
        rng.normal(size=(steps, batch, INPUTS)).astype(dtype),
        rng.normal(size=(steps, batch, hidden)).astype(dtype),
    )


def ours(cell: bptt.Cell, x: np.ndarray, d_outputs: np.ndarray) -> Callable[[], np.ndarray]:
    """The gradients by the parameters and the inputs; returns the latter."""
    return lambda: bptt.backward(bptt.unroll(cell, x), d_outputs)["input"]
