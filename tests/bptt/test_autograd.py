"""Automatic differentiation as a witness: the cells written a second time, from their equations.

Nothing here is taken from bptt but the numbers to compare. Each cell is one step in autograd's
numpy, as one would write it on paper; autograd differentiates it, and bptt has to agree to 1e-12 of
the largest entry of each array.

One step is ``step(p, x, state)``: ``p`` maps PyTorch's names to the parameters, x is (..., d), the
state a tuple of (..., n).
"""

import dataclasses

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad, jacobian
from autograd.tracer import getval

import bptt


def sigma(a):
    return 1 / (1 + anp.exp(-a))


def relu(a):
    return anp.where(a > 0, a, 0.0)


def identity(a):
    return a


PHI = {"tanh": anp.tanh, "sigmoid": sigma, "relu": relu, "identity": identity}


def rows(array, q, n):
    return array[q * n : (q + 1) * n]


def from_input(p, x, q, n):
    """W_xq x_t + b_q, with the bias that PyTorch calls b_ih."""
    return anp.dot(x, rows(p["weight_ih_l0"], q, n).T) + rows(p["bias_ih_l0"], q, n)


def from_hidden(p, h, q):
    """W_hq h_{t−1} + b_q, with the bias that PyTorch calls b_hh."""
    n = h.shape[-1]
    return anp.dot(h, rows(p["weight_hh_l0"], q, n).T) + rows(p["bias_hh_l0"], q, n)


def affine(p, x, h, q):
    return from_input(p, x, q, h.shape[-1]) + from_hidden(p, h, q)


def elman(phi):
    def step(p, x, state):
        (h,) = state
        return (PHI[phi](affine(p, x, h, 0)),)

    return step


def pre_activation(phi):
    def step(p, x, state):
        (s,) = state
        return (affine(p, x, PHI[phi](s), 0),)

    return step


def leaky(phi):
    def step(p, x, state):
        (h,), alpha = state, p["alpha_l0"]
        return (alpha * h + (1 - alpha) * PHI[phi](affine(p, x, h, 0)),)

    return step


def lstm(forget="gate", peepholes=False, output_gate=True, squashing="tanh"):
    blocks = {"gate": "ifg", "none": "ig", "coupled": "fg"}[forget] + "o" * output_gate
    with_peephole = [gate for gate in blocks if gate != "g"]

    def step(p, x, state):
        h, c = state
        n = h.shape[-1]

        def z(gate, seen):
            value = affine(p, x, h, blocks.index(gate))
            if peepholes and gate in with_peephole:
                value = value + rows(p["peepholes_l0"], with_peephole.index(gate), n) * seen
            return value

        z_g = z("g", None)
        g = 4 * sigma(z_g) - 2 if squashing == "1997" else anp.tanh(z_g)
        if forget == "gate":
            c_new = sigma(z("f", c)) * c + sigma(z("i", c)) * g
        elif forget == "none":
            c_new = c + sigma(z("i", c)) * g
        else:
            f = sigma(z("f", c))
            c_new = f * c + (1 - f) * g
        squashed = 2 * sigma(c_new) - 1 if squashing == "1997" else anp.tanh(c_new)
        return (sigma(z("o", c_new)) * squashed if output_gate else squashed), c_new

    return step


def gru_reset_after(p, x, state):
    (h,) = state
    r, z = sigma(affine(p, x, h, 0)), sigma(affine(p, x, h, 1))
    new = anp.tanh(from_input(p, x, 2, h.shape[-1]) + r * from_hidden(p, h, 2))
    return ((1 - z) * new + z * h,)


def gru_reset_before(p, x, state):
    (h,) = state
    r, z = sigma(affine(p, x, h, 0)), sigma(affine(p, x, h, 1))
    new = anp.tanh(affine(p, x, r * h, 2))
    return ((1 - z) * new + z * h,)


def simplified_gru(p, x, state):
    (h,) = state
    u, new = sigma(affine(p, x, h, 0)), anp.tanh(affine(p, x, h, 1))
    return (u * new + (1 - u) * h,)


def janet(beta):
    def step(p, x, state):
        (h,) = state
        s, new = affine(p, x, h, 0), anp.tanh(affine(p, x, h, 1))
        return (sigma(s) * h + (1 - sigma(s - beta)) * new,)

    return step


# Each cell twice: as bptt makes it, from (d, n, seed), and as it is written above.
PEERS = {
    f"elman {phi}": (lambda d, n, s, phi=phi: bptt.Elman.random(d, n, s, phi), elman(phi))
    for phi in PHI
}
PEERS |= {
    f"pre-activation {phi}": (
        lambda d, n, s, phi=phi: bptt.PreActivationElman.random(d, n, s, phi),
        pre_activation(phi),
    )
    for phi in PHI
}
PEERS |= {
    f"leaky {phi}": (
        lambda d, n, s, phi=phi: bptt.Leaky.random(d, n, s, phi, alpha=np.linspace(0.2, 0.9, n)),
        leaky(phi),
    )
    for phi in ("tanh", "identity")
}
PEERS["leaky, one alpha"] = (
    lambda d, n, s: bptt.Leaky.random(d, n, s, alpha=0.7),
    leaky("tanh"),
)
LSTMS = [
    {"forget": forget, "peepholes": peepholes, "output_gate": output_gate}
    for forget in ("gate", "none", "coupled")
    for peepholes in (False, True)
    for output_gate in (True, False)
]
LSTMS += [{"forget": forget, "squashing": "1997"} for forget in ("gate", "none", "coupled")]
PEERS |= {
    "lstm " + " ".join(f"{key}={value}" for key, value in options.items()): (
        lambda d, n, s, options=options: bptt.LSTM.random(d, n, s, **options),
        lstm(**options),
    )
    for options in LSTMS
}
PEERS |= {
    "gru, reset after": (bptt.GRU.random, gru_reset_after),
    "gru, reset before": (bptt.ResetBeforeGRU.random, gru_reset_before),
    "simplified gru": (bptt.SimplifiedGRU.random, simplified_gru),
    "janet": (bptt.JANET.random, janet(1.0)),
    "janet, beta 0": (lambda d, n, s: bptt.JANET.random(d, n, s, beta=0.0), janet(0.0)),
}

# (T, batch, d, n) and a factor for the weights.
SETTINGS = {
    "batch": (6, (3,), 2, 4, 2.0),
    "one sequence": (5, (), 3, 3, 2.0),
    "smallest": (1, (1,), 1, 1, 2.0),
    "large weights": (4, (2,), 2, 3, 6.0),
}


@pytest.fixture(params=list(PEERS))
def peer(request):
    """A cell's maker and its step as it is written here."""
    return PEERS[request.param]


class Experiment:
    """A cell with random weights in both forms, a sequence, and a loss at every step.

    L = Σ_t ½ ⟨w_t, (h_t − y_t)²⟩ + ⟨q, s_T⟩ with random w, y and q: the last for h and for c.
    """

    def __init__(self, peer, setting="batch", batch=None, seed=8):
        make, self.step = peer
        self.T, usual, d, n, gain = SETTINGS[setting]
        shape = (*(usual if batch is None else batch), n)
        rng = np.random.default_rng(seed)
        cell = make(d, n, seed)
        larger = {
            name: value if name == "alpha" else gain * value
            for name, value in cell.parameters().items()
        }
        self.cell = dataclasses.replace(cell, **larger)
        self.p = self.cell.to_torch()
        self.x = rng.normal(size=(self.T, *shape[:-1], d))
        self.w, self.y = rng.normal(size=(2, self.T, *shape))
        self.state, self.q = (
            tuple(rng.normal(size=shape) for _ in cell.state_names) for _ in range(2)
        )
        self.run = bptt.unroll(self.cell, self.x, self.as_bptt(self.state))

    @staticmethod
    def as_bptt(parts):
        return parts if len(parts) > 1 else parts[0]

    @property
    def d_outputs(self):
        return self.w * (self.run.outputs - self.y)

    def loss_at(self, t, h):
        return 0.5 * anp.sum(self.w[t] * (h - self.y[t]) ** 2)

    def loss_at_end(self, state):
        return sum(anp.sum(q * part) for q, part in zip(self.q, state, strict=True))

    def loss(self, everything, cut=lambda state: state):
        """L of parameters, inputs and s_0; ``cut`` is what each step does to the state it gets."""
        state, total = everything["state"], 0.0
        for t in range(self.T):
            state = self.step(everything["p"], everything["x"][t], cut(state))
            total = total + self.loss_at(t, state[0])
        return total + self.loss_at_end(state)

    @property
    def everything(self):
        return {"p": self.p, "x": self.x, "state": self.state}

    def assert_gradients(self, ours, theirs):
        assert set(ours) == {*self.p, "input", "state"}
        for name in self.p:
            assert_agree(ours[name], theirs["p"][name])
        assert_agree(ours["input"], theirs["x"])
        by_state = ours["state"] if len(self.state) > 1 else (ours["state"],)
        for part, expected in zip(by_state, theirs["state"], strict=True):
            assert_agree(part, expected)


def assert_agree(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-12 * np.abs(theirs).max()


@pytest.mark.parametrize("setting", SETTINGS)
def test_outputs(peer, setting):
    made = Experiment(peer, setting)
    state = made.state
    for t, h in enumerate(made.run.outputs):
        state = made.step(made.p, made.x[t], state)
        assert_agree(h, state[0])
    ours = made.run.state if len(state) > 1 else (made.run.state,)
    for part, expected in zip(ours, state, strict=True):
        assert_agree(part, expected)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_gradient(peer, setting):
    made = Experiment(peer, setting)
    theirs = grad(made.loss)(made.everything)
    ours = bptt.backward(made.run, made.d_outputs, made.as_bptt(made.q))
    made.assert_gradients(ours, theirs)


@pytest.mark.parametrize("k", [0, 2])
def test_truncated_gradients(peer, k):
    """The loss at step t sees the k + 1 steps t − k … t; what was before them is a number."""
    made = Experiment(peer, "one sequence")
    states = [made.state]
    for x_t in made.x:
        states.append(made.step(made.p, x_t, states[-1]))

    def loss(everything):
        total = 0.0
        for t in range(made.T):
            first = t - k
            # s_0 is k steps or fewer back from the first k losses only.
            state = states[first] if first >= 0 else everything["state"]
            for x_s in everything["x"][max(first, 0) : t + 1]:
                state = made.step(everything["p"], x_s, state)
            total = total + made.loss_at(t, state[0])
        return total + made.loss_at_end(state)

    theirs = grad(loss)(made.everything)
    ours = bptt.backward(made.run, made.d_outputs, made.as_bptt(made.q), truncate=k)
    made.assert_gradients(ours, theirs)


@pytest.mark.parametrize("options", LSTMS, ids=str)
def test_the_gradient_of_1997(options):
    """Nothing goes back through h: each step gets h_{t−1} as a number (PyTorch: h.detach())."""
    made = Experiment((lambda d, n, s: bptt.LSTM.random(d, n, s, **options), lstm(**options)))

    def detach_h(state):
        h, c = state
        return getval(h), c

    theirs = grad(lambda everything: made.loss(everything, detach_h))(made.everything)
    ours = bptt.backward(made.run, made.d_outputs, made.q, through_h=False)
    assert not ours["state"][0].any()
    made.assert_gradients(ours, theirs)


@pytest.mark.parametrize("setting", ["one sequence", "large weights"])
def test_jacobians(peer, setting):
    """J_t for every step, from the state that the run had there, and ∂s_t/∂s_0 for every t."""
    made = Experiment(peer, setting, batch=())
    parts, n = len(made.state), made.cell.hidden_size

    def step(t, stacked):
        state = tuple(stacked[j * n : (j + 1) * n] for j in range(parts))
        return anp.concatenate(made.step(made.p, made.x[t], state))

    J = bptt.jacobians(made.run)
    P = bptt.products(J)
    start = stacked = np.concatenate(made.state)
    for t in range(made.T):
        assert_agree(J[t], jacobian(lambda s, t=t: step(t, s))(stacked))
        stacked = step(t, stacked)

        def all_steps(s, t=t):
            for earlier in range(t + 1):
                s = step(earlier, s)
            return s

        assert_agree(P[t + 1, 0], jacobian(all_steps)(start))


def test_the_two_resets_are_different_functions():
    # The witness is able to tell them apart, with the same weights.
    made = Experiment((bptt.GRU.random, gru_reset_before))
    theirs = grad(made.loss)(made.everything)["p"]
    ours = bptt.backward(made.run, made.d_outputs, made.q[0])
    for name, gradient in theirs.items():
        assert np.abs(ours[name] - gradient).max() > 1e-3 * np.abs(gradient).max()
