r"""A gradient taken apart, by lag or by unrolled copy; and put together forward in time (RTRL).

All of these keep far more than the gradient itself; they are for looking, not for training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks import Array
from .backward import all_the_way, lags, losses
from .cell import during
from .unroll import Run

__all__ = ["copy_gradients", "immediate_derivatives", "lag_contributions", "rtrl"]


def lag_contributions(run: Run, d_outputs: ArrayLike, d_state: Any = None) -> dict[str, Array]:
    r"""How much of ∂L/∂W comes from how far back.

    Entry ℓ is Σ_t ∇ℓ_tᵀ (J_t … J_{t−ℓ+1}) ∂⁺s_{t−ℓ}/∂W, what the losses at all steps t have to do
    with the copy of W used ℓ steps before. The sum over ℓ is the gradient; the sum up to k is the
    truncated one, ``backward(..., truncate=k)``.

    Args:
      run, d_outputs, d_state: as for :func:`bptt.backward`.

    Returns:
      A dictionary: under each parameter's name (T, *its shape), for the lags 0 … T−1.

    Example:
      The scalar linear network, L = h_3: lag ℓ brings w^ℓ h_{2−ℓ}.

      >>> import bptt
      >>> run = bptt.unroll(bptt.Elman([[0.5]], activation="identity"), [[1.0], [1.0], [1.0]])
      >>> print(bptt.lag_contributions(run, [[0.0], [0.0], [1.0]])["weight_hh_l0"][:, 0, 0])
      [1.5 0.5 0. ]

    Raises:
      TypeError, ValueError: as for :func:`bptt.backward`.

    Source: Pascanu, Mikolov & Bengio 2013, eqs. 3-5; Milano, ∂E^t/∂w; A+B+C+D eq. 3, which is the
    term of the largest lag alone.
    """
    given = losses(run, d_outputs, d_state)
    return _stacked(run.cell.weight_gradients(run.trace, delta) for delta, _ in lags(run, given))


def copy_gradients(run: Run, d_outputs: ArrayLike, d_state: Any = None) -> dict[str, Array]:
    r"""The gradient by each unrolled copy of a parameter, as if the copies were not one.

    Their sum over the steps is the gradient. To move every copy by its own gradient and then to
    *average* the copies, as document 003 does, is to move the weight by the mean in place of the
    sum: gradient descent with a step T times smaller (T = U + 1 copies). The mean is not the
    derivative of anything, and with Adam the two steps are not proportional.

    Args:
      run, d_outputs, d_state: as for :func:`bptt.backward`.

    Returns:
      A dictionary: under each parameter's name (T, *its shape); entry s − 1 is that of step s.

    Example:
      >>> import bptt
      >>> run = bptt.unroll(bptt.Elman([[0.5]], activation="identity"), [[1.0], [1.0], [1.0]])
      >>> print(bptt.copy_gradients(run, [[0.0], [0.0], [1.0]])["weight_ih_l0"][:, 0, 0])
      [0.25 0.5  1.  ]

    Raises:
      TypeError, ValueError: as for :func:`bptt.backward`.

    Source: Milano, "Backpropagation Through Time": the updates of v^{t−τ} and their average.
    """
    backwards = (
        run.cell.weight_gradients(during(part.trace, t, t + 1), part.delta[t : t + 1])
        for part in all_the_way(run, losses(run, d_outputs, d_state))
        for t in range(len(part.delta) - 1, -1, -1)
    )
    return {name: array[::-1] for name, array in _stacked(backwards).items()}


def immediate_derivatives(run: Run) -> dict[str, Array]:
    r"""∂⁺s_t/∂θ, what a parameter does to the state in one step, s_{t−1} held fixed.

    Args:
      run: what :func:`bptt.unroll` returned.

    Returns:
      A dictionary: under each parameter's name (T, batch, s, *its shape) or (T, s, *its shape);
      s = n, or 2n in the order (h, c).

    Example:
      For the Elman cell ∂⁺h_i/∂(W_hh)_{ij} = φ'(a_i) h_{t−1,j}:

      >>> import bptt
      >>> run = bptt.unroll(bptt.Elman([[0.5]], activation="identity"), [[1.0], [1.0], [1.0]])
      >>> print(bptt.immediate_derivatives(run)["weight_hh_l0"][:, 0, 0, 0])     # h_0, h_1, h_2
      [0.  1.  1.5]

    Raises:
      TypeError: not a run.

    Source: Pascanu, Mikolov & Bengio 2013, eq. 5; Milano, ∂h^k/∂w.
    """
    if not isinstance(run, Run):
        raise TypeError(f"run must be what bptt.unroll returns; got {type(run).__name__}")
    every = run.cell.pull_every_entry(run.trace)  # (s, T, k', n, batch)
    entries, T, *_, batch = every.shape
    flat = _stacked(
        run.cell.weight_gradients(step, every[j, t : t + 1, ..., b : b + 1])
        for t in range(T)
        for b in range(batch)
        for step in [_sequence(during(run.trace, t, t + 1), b)]
        for j in range(entries)
    )
    leading = (T, batch, entries) if run.batched else (T, entries)
    return {name: array.reshape(*leading, *array.shape[1:]) for name, array in flat.items()}


def rtrl(run: Run, d_outputs: ArrayLike, d_state: Any = None) -> dict[str, Array]:
    r"""The same gradient forward in time: real-time recurrent learning.

    With every step P_t = ∂s_t/∂θ = J_t P_{t−1} + ∂⁺s_t/∂θ is carried along, and ∇ℓ_tᵀ P_t added up.
    Nothing has to be remembered, but P has n entries for every parameter: a check on
    :func:`bptt.backward`, not a rival.

    Args:
      run, d_outputs, d_state: as for :func:`bptt.backward`.

    Returns:
      A dictionary: the gradient under each parameter's name.

    Example:
      >>> import bptt
      >>> run = bptt.unroll(bptt.Elman([[0.5]], activation="identity"), [[1.0], [1.0], [1.0]])
      >>> print(bptt.rtrl(run, [[0.0], [0.0], [1.0]])["weight_hh_l0"])
      [[2.]]

    Raises:
      TypeError, ValueError: as for :func:`bptt.backward`.

    Source: Williams & Zipser 1989.
    """
    at_h, at_end = losses(run, d_outputs, d_state)
    d_last = np.concatenate(at_end)  # (s, batch)
    J = run.cell.jacobian_at(run.cell.linearise(run.trace))
    T, batch, s, _ = J.shape
    gradients = {}
    for name, immediate in immediate_derivatives(run).items():
        steps = immediate.reshape(T, batch, s, -1)
        P, total = np.zeros_like(steps[0]), np.zeros_like(steps[0, 0, 0])
        for t in range(T):
            P = J[t] @ P + steps[t]
            total = total + np.einsum("nb,bnp->p", at_h[t], P[:, : len(at_h[t])])
        total = total + np.einsum("sb,bsp->p", d_last, P)
        gradients[name] = total.reshape(immediate.shape[3 if run.batched else 2 :])
    return gradients


def _stacked(gradients: Any) -> dict[str, Array]:
    """One mapping of stacked arrays, under PyTorch's names, from a mapping for each step."""
    every = list(gradients)
    return {f"{name}_l0": np.stack([one[name] for one in every]) for name in every[0]}


def _sequence(trace: Any, b: int) -> Any:
    """The trace of one sequence of the batch, as a batch of one."""
    return type(trace)(*(part[..., b : b + 1] for part in trace))
