"""One-step Jacobians and their products, closed forms against automatic differentiation."""

import numpy as np
from peers import PEERS, compare, heading
from tasks import INPUTS

import bptt

STEPS, HIDDEN = 100, 32
AIMS = {"Elman": 0.10, "GRU": 0.03, "LSTM": 0.05}  # the largest ratio to torch's vmap(jacrev)
TO_THE_LAST, ALL_PAIRS = 0.40, 0.65


def report() -> None:
    heading(f"Jacobians, float64, T = {STEPS}, n = {HIDDEN}")
    for kind, aim in AIMS.items():
        one_step(kind, aim)

    J = np.random.default_rng(0).normal(size=(STEPS, HIDDEN, HIDDEN)) / HIDDEN**0.5
    gradient = np.ones(HIDDEN)
    torch = PEERS.get("torch")
    # bptt has no function for the products to the last step alone: what it gives is their norms.
    compare(
        "products to the last step, and their norms",
        lambda: bptt.lag_norms(J),
        {"torch": torch.norms_to_the_last_step(J)} if torch else {},
        TO_THE_LAST,
    )
    compare(
        "the same for one gradient",
        lambda: bptt.lag_norms(J, gradient),
        {"torch": torch.gradient_norms(J, gradient)} if torch else {},
    )
    compare(
        "products, all pairs",
        lambda: bptt.products(J),
        {"torch": torch.all_products(J)} if torch else {},
        ALL_PAIRS,
    )


def one_step(kind: str, aim: float) -> None:
    """All J_t of a run. The peers are given its states, ours reads them from the run."""
    cell = getattr(bptt, kind).random(INPUTS, HIDDEN)
    x = np.random.default_rng(0).normal(size=(STEPS, INPUTS))
    run = bptt.unroll(cell, x)
    after = [run.outputs, run.cell_states] if kind == "LSTM" else [run.outputs]
    before = np.zeros((STEPS, len(after) * HIDDEN))
    before[1:] = np.concatenate(after, axis=1)[:-1]
    compare(
        f"{kind}, all steps",
        lambda: bptt.jacobians(run),
        {name: peer.step_jacobians(kind, cell, x, before) for name, peer in PEERS.items()},
        aim,
    )
