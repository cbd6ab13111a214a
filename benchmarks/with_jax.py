"""The same work in jax, jitted; what is compiled once is not counted."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from steps import blocks, next_state

from bptt import Cell

VERSION = jax.__version__

jax.config.update("jax_enable_x64", True)


def forward_backward(
    kind: str, cell: Cell, x: np.ndarray, d_outputs: np.ndarray
) -> Callable[[], jax.Array]:
    """A scan, and the gradients by the parameters and the inputs; returns the latter."""
    start = tuple(jnp.zeros(d_outputs.shape[1:], x.dtype) for _ in cell.state_names)

    def outputs(weights: dict[str, Any], inputs: jax.Array) -> jax.Array:
        step = next_state(kind, weights, jnp.tanh, jax.nn.sigmoid)

        def one(state: tuple[Any, ...], x_t: jax.Array) -> tuple[tuple[Any, ...], jax.Array]:
            state = step(x_t, state)
            return state, state[0]

        return jax.lax.scan(one, start, inputs)[1]

    @jax.jit
    def gradients(weights: dict[str, Any], inputs: jax.Array, d_out: jax.Array) -> Any:
        return jax.vjp(outputs, weights, inputs)[1](d_out)

    given = parameters(cell), jnp.asarray(x), jnp.asarray(d_outputs)
    return lambda: jax.block_until_ready(gradients(*given))[1]


def step_jacobians(
    kind: str, cell: Cell, x: np.ndarray, states: np.ndarray
) -> Callable[[], jax.Array]:
    """∂s_t/∂s_{t−1} of all steps; x (T, d) and the states before them (T, s)."""
    step = next_state(kind, parameters(cell), jnp.tanh, jax.nn.sigmoid)

    def joined(x_t: jax.Array, state: jax.Array) -> jax.Array:
        return jnp.concatenate(step(x_t, blocks(state, cell.hidden_size)))

    jacobian = jax.jit(jax.vmap(jax.jacfwd(joined, argnums=1)))
    inputs, before = jnp.asarray(x), jnp.asarray(states)
    return lambda: jax.block_until_ready(jacobian(inputs, before))


def parameters(cell: Cell) -> dict[str, Any]:
    return {name: jnp.asarray(value) for name, value in cell.to_torch().items()}
