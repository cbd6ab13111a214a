r"""Backpropagation through time: the gradient of a loss by everything the run depends on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .cell import State, during, present
from .unroll import Run

__all__ = ["backward"]

# The pre-activations of the steps that are taken together on the way back.
CACHE_BYTES, FEWEST_STEPS = 2**18, 8


def backward(
    run: Run,
    d_outputs: ArrayLike,
    d_state: Any = None,
    truncate: int | None = None,
    through_h: bool = True,
) -> dict[str, Any]:
    r"""The gradient of a loss L by the parameters, the inputs and the initial state of a run.

    A gradient comes from the loss at every step and goes back one step at a time:
    ∇_{s_{t−1}} L = ∇_{s_{t−1}} ℓ_{t−1} + J_tᵀ ∇_{s_t} L. The copies of a weight that unrolling
    makes are one weight: its gradient is the *sum* of theirs.

    Args:
      run: what :func:`bptt.unroll` returned.
      d_outputs: ∂L/∂h_t for every step, in the shape of ``run.outputs``.
      d_state: the gradient by the final state alone, for a loss that looks at it besides; in the
        shape of ``run.state``, for an LSTM a pair. Default: zero.
      truncate: k ≥ 0: of the loss at step t only what passes at most k steps back counts, that is
        k factors J; so a loss acts on the parameters at t, t−1, …, t−k, and on no x before x_{t−k}.
        The loss on the final state counts as one at step T. Default: all the way.
      through_h: for an LSTM, False for the truncated gradient of 1997: what goes back to h_{t−1} is
        dropped (``h.detach()``), and only the path c_t → c_{t−1} stays, whose factor is 1 without
        forget gate.

    Returns:
      A dictionary: under PyTorch's names (``weight_ih_l0``, …) the gradient by each parameter, in
      its shape, summed over steps and batch; ``"input"`` in the shape of ``run.inputs``;
      ``"state"`` the gradient by the initial state, an array or the pair (h, c).

    Example:
      With w = 0.5, h_3 = w² x_1 + w x_2 + x_3:

      >>> import bptt
      >>> cell = bptt.Elman([[0.5]], activation="identity")
      >>> run = bptt.unroll(cell, [[1.0], [1.0], [1.0]])
      >>> grads = bptt.backward(run, [[0.0], [0.0], [1.0]])       # L = h_3
      >>> print(grads["input"][:, 0], grads["weight_hh_l0"][0, 0])       # 2 w x_1 + x_2 = 2
      [0.25 0.5  1.  ] 2.0
      >>> print(bptt.backward(run, [[0.0], [0.0], [1.0]], truncate=1)["input"][:, 0])
      [0.  0.5 1. ]

    Raises:
      TypeError: not a run, gradients not made of numbers, a d_state that is not a pair for an LSTM.
      ValueError: a wrong shape, a nan or an inf, a negative k, through_h=False with a cell that has
        no c.
      OverflowError: a gradient left the range of the numbers.

    Source: Werbos 1990; A+B+C+D eqs. 1-6, where only the term s = 1 of the sum over the copies is
    written; Milano, "Backpropagation Through Time"; Hochreiter & Schmidhuber 1997, appendix.
    PyTorch: ``outputs.backward(d_outputs)``.
    """
    given = losses(run, d_outputs, d_state)
    if truncate is not None:
        truncate = _checks.whole_number("truncate", truncate)
    _checks.one_of("through_h", through_h, (True, False))
    if not through_h and run.cell.state_names == ("h",):
        raise ValueError(
            f"through_h=False leaves only the path from c to c, and {run.cell!r} has no c"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        if truncate is None or truncate >= len(run):
            parts: Iterable[Part] = all_the_way(run, given, through_h)
        else:
            parts = [_few_steps(run, given, truncate, through_h)]
        gradients, d_input, d_initial = _collected(run, parts, given.at_h.dtype)
    _refuse_overflow([*gradients.values(), d_input, *d_initial])
    return {
        **{f"{name}_l0": gradient for name, gradient in gradients.items()},
        "input": run.public(d_input),
        "state": run.public_state(d_initial),
    }


class Part(NamedTuple):
    """Some steps of a run on the way back.

    Attributes:
      start: how many steps of the run are before them.
      trace: theirs.
      delta: the gradient at their pre-activations, (steps, k', n, batch).
      d_before: the gradient by the state before the first of them.
    """

    start: int
    trace: Any
    delta: Array
    d_before: State


def _collected(
    run: Run, parts: Iterable[Part], dtype: np.dtype[Any]
) -> tuple[dict[str, Array], Array, State]:
    """The gradients by the parameters, the inputs and s_0, from all parts of the way back."""
    total: dict[str, Array] = {}
    d_input = np.empty((len(run), run.cell.input_size, run.trace.a.shape[-1]), dtype)
    d_initial: State = ()
    for start, trace, delta, d_before in parts:
        for name, gradient in run.cell.weight_gradients(trace, delta).items():
            if name in total:
                total[name] += gradient
            else:
                total[name] = gradient.copy()  # the two biases' are views of the same numbers
        d_input[start : start + len(delta)] = run.cell.input_gradient(delta)
        d_initial = d_before
    return total, d_input, d_initial


class Losses(NamedTuple):
    """∇ℓ_t by h_t at every step, (T, n, batch), and besides by the final state, (n, batch) each."""

    at_h: Array
    at_end: State


def losses(run: Run, d_outputs: ArrayLike, d_state: Any = None) -> Losses:
    """The gradients that :func:`backward` is given, checked, and feature-major as the trace is."""
    if not isinstance(run, Run):
        raise TypeError(f"run must be what bptt.unroll returns; got {type(run).__name__}")
    single = run.trace.a.dtype == np.float32
    shape, names = run.outputs.shape, run.cell.state_names
    given = _checks.like_outputs("d_outputs", d_outputs, shape, single)
    if d_state is None:
        last = [np.zeros(shape[1:], given.dtype) for _ in names]
    else:
        parts = _checks.state_parts("d_state", d_state, names)
        last = [_checks.state(name, part, shape[1:], single) for name, part in parts]
    dtype = np.result_type(given, *last, run.trace.a)
    return Losses(
        _internal(run, given.astype(dtype, copy=False)),
        tuple(_internal(run, part[None].astype(dtype))[0] for part in last),
    )


def _internal(run: Run, array: Array) -> Array:
    """The inverse of ``run.public``."""
    return array.swapaxes(1, 2) if run.batched else array[..., None]


def all_the_way(run: Run, given: Losses, through_h: bool = True) -> Iterator[Part]:
    """From the last step to the first, a few steps at a time, whose arrays stay in the cache."""
    cell, dtype = run.cell, given.at_h.dtype
    back = cell.back(dtype)
    d_state = given.at_end
    steps = max(FEWEST_STEPS, CACHE_BYTES // run.trace.a[0].nbytes)
    for stop in range(len(run), 0, -steps):
        start = max(stop - steps, 0)
        trace = during(run.trace, start, stop)
        delta = np.empty(cell.delta_shape(trace), dtype)
        at_h = np.ascontiguousarray(given.at_h[start:stop])
        linear = present(cell.linearise(trace))
        for d_output, delta_t, *factors in zip(*backwards(at_h, delta, *linear), strict=True):
            d_h, *d_c = d_state
            d_state = cell.pull(back, (d_h + d_output, *d_c), delta_t, factors)
            if not through_h:
                d_state[0][...] = 0.0
        yield Part(start, trace, delta, d_state)


def backwards(*arrays: Array) -> Iterator[Array]:
    """The arrays with their steps in reverse."""
    return (array[::-1] for array in arrays)


def lags(run: Run, given: Losses, through_h: bool = True) -> Iterator[tuple[Array, State]]:
    """All losses side by side, one step further back each time, for the lags 0 … T−1.

    Yields what the losses at lag+1 … T send to the pre-activations ``lag`` steps before them,
    (T − lag, k', n, batch), and the first of them to s_0, lag + 1 steps before it.
    """
    cell, dtype = run.cell, given.at_h.dtype
    back, linear = cell.back(dtype), present(cell.linearise(run.trace))
    d_states: State = (given.at_h.copy(), *(np.zeros_like(given.at_h) for _ in given.at_end[1:]))
    for part, at_end in zip(d_states, given.at_end, strict=True):
        part[-1] += at_end
    _, *block = cell.delta_shape(run.trace)
    for lag in range(len(run)):
        steps = len(run) - lag
        delta = np.empty((steps, *block), dtype)
        earlier = cell.pull(back, d_states, delta, [part[:steps] for part in linear])
        if not through_h:
            earlier[0][...] = 0.0
        yield delta, tuple(part[0] for part in earlier)
        d_states = tuple(part[1:] for part in earlier)


def _few_steps(run: Run, given: Losses, truncate: int, through_h: bool) -> Part:
    """All steps, without what goes further back than ``truncate`` of them."""
    delta = np.zeros(run.cell.delta_shape(run.trace), given.at_h.dtype)
    d_initial = tuple(np.zeros_like(part) for part in given.at_end)
    for lag, (delta_lag, at_start) in enumerate(lags(run, given, through_h)):
        delta[: len(delta_lag)] += delta_lag
        if lag == truncate:
            break
        for part, more in zip(d_initial, at_start, strict=True):
            part += more
    return Part(0, run.trace, delta, d_initial)


def _refuse_overflow(gradients: Iterable[Array]) -> None:
    """A gradient that is not finite is refused, as a state is."""
    if not all(np.isfinite(gradient).all() for gradient in gradients):
        raise OverflowError(
            "a gradient left the range of the numbers: it explodes; take fewer steps, truncate, or "
            "look at the norms of the Jacobians in log space with bptt.log_lag_norms"
        )
