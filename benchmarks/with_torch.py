"""The same work in PyTorch, as its users write it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from steps import blocks, next_state

from bptt import Cell

VERSION = torch.__version__
LAYERS = {"Elman": "RNN", "LSTM": "LSTM", "GRU": "GRU"}

torch.set_num_threads(1)


def forward_backward(
    kind: str, cell: Cell, x: np.ndarray, d_outputs: np.ndarray
) -> Callable[[], torch.Tensor]:
    """The layer, and the gradients by its parameters and its inputs; returns the latter."""
    layer = getattr(torch.nn, LAYERS[kind])(cell.input_size, cell.hidden_size)
    layer = layer.to(getattr(torch, x.dtype.name))
    layer.load_state_dict(parameters(cell))
    inputs = torch.from_numpy(x).requires_grad_()
    d_out = torch.from_numpy(d_outputs)

    def work() -> torch.Tensor:
        layer.zero_grad()
        inputs.grad = None
        layer(inputs)[0].backward(d_out)
        return inputs.grad

    return work


def step_jacobians(
    kind: str, cell: Cell, x: np.ndarray, states: np.ndarray
) -> Callable[[], torch.Tensor]:
    """∂s_t/∂s_{t−1} of all steps; x (T, d) and the states before them (T, s)."""
    step = next_state(kind, parameters(cell), torch.tanh, torch.sigmoid)

    def joined(x_t: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        return torch.cat(step(x_t, blocks(state, cell.hidden_size)))

    jacobian = torch.func.vmap(torch.func.jacrev(joined, argnums=1))
    inputs, before = torch.from_numpy(x), torch.from_numpy(states)
    return lambda: jacobian(inputs, before)


def norms_to_the_last_step(J: np.ndarray) -> Callable[[], torch.Tensor]:
    """The products J_T … J_{k+1} one after the other, then the norms of all at once."""
    steps = torch.from_numpy(J)

    def work() -> torch.Tensor:
        products = [torch.eye(J.shape[-1], dtype=steps.dtype)]
        for step in steps.flip(0):
            products.append(products[-1] @ step)
        return torch.linalg.matrix_norm(torch.stack(products), ord=2)

    return work


def gradient_norms(J: np.ndarray, gradient: np.ndarray) -> Callable[[], torch.Tensor]:
    steps, last = torch.from_numpy(J), torch.from_numpy(gradient)

    def work() -> torch.Tensor:
        rows = [last]
        for step in steps.flip(0):
            rows.append(rows[-1] @ step)
        return torch.linalg.vector_norm(torch.stack(rows), dim=-1)

    return work


def all_products(J: np.ndarray) -> Callable[[], torch.Tensor]:
    steps = torch.from_numpy(J)
    T, n, _ = J.shape

    def work() -> torch.Tensor:
        P = torch.zeros(T + 1, T + 1, n, n, dtype=steps.dtype)
        P[range(T + 1), range(T + 1)] = torch.eye(n, dtype=steps.dtype)
        for t in range(1, T + 1):
            P[t, :t] = steps[t - 1] @ P[t - 1, :t]
        return P

    return work


def parameters(cell: Cell) -> dict[str, Any]:
    return {name: torch.from_numpy(value) for name, value in cell.to_torch().items()}
