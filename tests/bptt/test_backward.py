"""The gradient of a loss, taken apart and put together."""

import dataclasses
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt


def joined(state):
    """h, or (h, c) one after the other, along the last axis."""
    return np.concatenate(state, axis=-1) if isinstance(state, tuple) else np.asarray(state)


def split(cell, vector):
    """The inverse of ``joined``."""
    halves = np.split(vector, len(cell.state_names), axis=-1)
    return tuple(halves) if len(halves) > 1 else halves[0]


def experiment(cell, T, seed=0, batch=()):
    """x, initial state, R and Q, for the loss Σ R ⊙ outputs + Σ Q ⊙ (final state)."""
    rng = np.random.default_rng(seed)
    s = len(cell.state_names) * cell.hidden_size
    return (
        rng.normal(size=(T, *batch, cell.input_size)),
        rng.normal(size=(*batch, s)),
        rng.normal(size=(T, *batch, cell.hidden_size)),
        rng.normal(size=(*batch, s)),
    )


def loss(cell, x, state, R, Q):
    run = bptt.unroll(cell, x, split(cell, state))
    return (R * run.outputs).sum() + (Q * joined(run.state)).sum()


sizes = {
    "T": st.integers(1, 6),
    "batch": st.sampled_from([(), (1,), (2,)]),
    "d": st.integers(1, 2),
    "n": st.integers(1, 3),
    "seed": st.integers(0, 2**32),
    "gain": st.sampled_from([0.0, 1.0, 3.0]),
    "offset": st.sampled_from([0.0, 0.0, 2.0, 50.0]),
}


@settings(deadline=None, max_examples=12)
@given(**sizes)
def test_every_gradient(cell_kind, T, batch, d, n, seed, gain, offset, make_cell, check_derivative):
    cell = make_cell(cell_kind, d, n, seed, gain, offset)
    x, state, R, Q = experiment(cell, T, seed, batch)
    run = bptt.unroll(cell, x, split(cell, state))
    if cell_kind == "elman-relu" and np.abs(run.pre_activations).min() < 1e-3:
        return
    ours = bptt.backward(run, R, split(cell, Q))
    assert set(ours) == {*(f"{name}_l0" for name in cell.parameters()), "input", "state"}
    # A sum of terms that cancel, or that a saturated unit makes tiny, is as exact as they are.
    scale = max(1.0, *(np.abs(joined(gradient)).max() for gradient in ours.values()))
    for name, value in cell.parameters().items():
        if name == "alpha" and (np.abs(value - 0.5) > 0.49).any():
            continue  # at the edge of [0, 1] there are no central differences

        def by_parameter(value, name=name):
            return loss(dataclasses.replace(cell, **{name: value}), x, state, R, Q)

        check_derivative(by_parameter, value, ours[f"{name}_l0"], scale)
    check_derivative(lambda x: loss(cell, x, state, R, Q), x, ours["input"], scale)
    check_derivative(lambda s: loss(cell, x, s, R, Q), state, joined(ours["state"]), scale)


@pytest.mark.parametrize("size", [3.0, 20.0, 50.0])
def test_saturated_gradients_keep_their_digits(cell_kind, size, make_cell):
    # One step, nothing to hide behind: every gradient to 1e-13 of its own largest entry.
    cell = make_cell(cell_kind, 1, 2, seed=3, offset=size)
    # 1 − z and 1 − f are known to 1e-16, not to 1e-16 of themselves, however they are written.
    complement = cell_kind in ("gru", "gru-reset-before", "lstm-coupled")
    x, state, R, _ = experiment(cell, 1)
    Q = np.zeros_like(state)
    ours = bptt.backward(bptt.unroll(cell, x, split(cell, state)), R)
    for name in ("weight_hh", "weight_ih", "bias_ih", "bias_hh"):
        value = getattr(cell, name)
        ours_by = ours[f"{name}_l0"]
        for row in np.ndindex(value.shape):
            step = np.zeros(value.shape, complex)
            step[row] = 1e-30j
            changed = dataclasses.replace(cell, **{name: value + step})
            exact = np.imag(loss(changed, x, state, R, Q)) / 1e-30
            assert ours_by[row] == pytest.approx(exact, rel=1e-6 if complement else 1e-12)


def test_in_terms_of_jacobians(cell_kind, make_cell):
    # ∇_{s_0} = Σ_t (J_t … J_1)ᵀ ∇ℓ_t, sequence by sequence.
    cell = make_cell(cell_kind, 2, 3)
    x, state, R, Q = experiment(cell, 5, batch=(2,))
    run = bptt.unroll(cell, x, split(cell, state))
    P = bptt.products(bptt.jacobians(run))
    expected = np.einsum("bij,bi->bj", P[5, 0], Q)
    for t in range(1, 6):
        expected += np.einsum("bij,bi->bj", P[t, 0][:, :3], R[t - 1])
    ours = joined(bptt.backward(run, R, split(cell, Q))["state"])
    np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-13)


def test_a_batch_adds_up(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    x, state, R, Q = experiment(cell, 4, batch=(3,))
    together = bptt.backward(bptt.unroll(cell, x, split(cell, state)), R, split(cell, Q))
    alone = [
        bptt.backward(bptt.unroll(cell, x[:, b], split(cell, state[b])), R[:, b], split(cell, Q[b]))
        for b in range(3)
    ]
    close = {"rtol": 1e-11, "atol": 1e-13}
    for name in cell.to_torch():
        np.testing.assert_allclose(together[name], sum(one[name] for one in alone), **close)
    for b, one in enumerate(alone):
        np.testing.assert_allclose(together["input"][:, b], one["input"], **close)
        np.testing.assert_allclose(joined(together["state"])[b], joined(one["state"]), **close)


def test_no_two_gradients_share_memory(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    gradients = bptt.backward(bptt.unroll(cell, np.ones((4, 2))), np.ones((4, 3)))
    arrays = [gradients[name] for name in cell.to_torch()]
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2))


def test_a_gradient_is_linear_in_the_loss(cell_kind, make_cell):
    cell = make_cell(cell_kind, 1, 2)
    x, _, R, Q = experiment(cell, 4)
    run = bptt.unroll(cell, x)
    both = bptt.backward(run, R, split(cell, Q))
    outputs, state = bptt.backward(run, R), bptt.backward(run, 0 * R, split(cell, Q))
    for name in both:
        np.testing.assert_allclose(
            joined(both[name]), joined(outputs[name]) + joined(state[name]), rtol=1e-11, atol=1e-14
        )


def losses_apart(cell, run, R, Q):
    """A gradient for the loss at each step alone, by t = 1 … T."""
    T = len(run)
    for t in range(1, T + 1):
        only = np.zeros_like(R)
        only[t - 1] = R[t - 1]
        yield t, only, (split(cell, Q) if t == T else None)


@pytest.mark.parametrize("k", [0, 1, 3, 6])
def test_truncation_by_its_definition(cell_kind, k, make_cell):
    """The loss at t, on a run that starts k steps before: all that is further back is given."""
    cell, T = make_cell(cell_kind, 2, 3), 6
    x, state, R, Q = experiment(cell, T, batch=(2,))
    run = bptt.unroll(cell, x, split(cell, state))
    states = [joined(run.initial_state)]
    for t in range(T):
        states.append(joined(cell.step(x[t], split(cell, states[-1]))))
    expected = dict.fromkeys(cell.to_torch(), 0.0) | {"input": np.zeros_like(x)}
    by_state = np.zeros_like(state)
    for t, only, q in losses_apart(cell, run, R, Q):
        start = max(t - k - 1, 0)  # the copies t − k … t of the parameters, from s_{t−k−1}
        window = bptt.unroll(cell, x[start:t], split(cell, states[start]))
        gradients = bptt.backward(window, only[start:t], q)
        for name in cell.to_torch():
            expected[name] = expected[name] + gradients[name]
        expected["input"][start:t] += gradients["input"]
        if t <= k:  # s_0 is at most k steps back
            by_state += joined(gradients["state"])
    ours = bptt.backward(run, R, split(cell, Q), truncate=k)
    for name, value in expected.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(joined(ours["state"]), by_state, rtol=1e-11, atol=1e-13)


def test_nothing_arrives_ten_steps_back_when_five_are_allowed(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    run = bptt.unroll(cell, np.ones((11, 2)))
    last = np.zeros((11, 3))
    last[-1] = 1.0
    gradient = bptt.backward(run, last, truncate=5)["input"]
    assert (gradient[:5] == 0).all()
    assert (gradient[5:] != 0).any(axis=1).all()


def test_the_lags_sum_to_the_gradient(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    x, state, R, Q = experiment(cell, 6, batch=(2,))
    run = bptt.unroll(cell, x, split(cell, state))
    by_lag = bptt.lag_contributions(run, R, split(cell, Q))
    full = bptt.backward(run, R, split(cell, Q))
    assert set(by_lag) == set(cell.to_torch())
    close = {"rtol": 1e-11, "atol": 1e-13}
    for name, lags in by_lag.items():
        assert lags.shape == (6, *full[name].shape)
        np.testing.assert_allclose(lags.sum(axis=0), full[name], **close)
        for k in range(6):
            truncated = bptt.backward(run, R, split(cell, Q), truncate=k)
            np.testing.assert_allclose(lags[: k + 1].sum(axis=0), truncated[name], **close)


def test_the_copies_sum_to_the_gradient_and_do_not_average_to_it(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    x, _, R, _ = experiment(cell, 6)
    run = bptt.unroll(cell, x)
    copies, full = bptt.copy_gradients(run, R), bptt.backward(run, R)
    for name in cell.to_torch():
        np.testing.assert_allclose(copies[name].sum(axis=0), full[name], rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(
            copies[name].mean(axis=0), full[name] / 6, rtol=1e-11, atol=1e-13
        )


def test_a_single_loss_meets_the_copies_in_the_order_of_the_lags(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    x, _, R, _ = experiment(cell, 30, batch=(2,))
    R[:-1] = 0.0
    run = bptt.unroll(cell, x)
    copies, lags = bptt.copy_gradients(run, R), bptt.lag_contributions(run, R)
    for name in cell.to_torch():
        np.testing.assert_allclose(copies[name][::-1], lags[name], rtol=1e-10, atol=1e-14)


def test_many_steps_are_as_few(cell_kind, make_cell, monkeypatch):
    # The way back is made in pieces; in one it is the same.
    cell = make_cell(cell_kind, 2, 3)
    x, state, R, Q = experiment(cell, 30, batch=(2,))
    run = bptt.unroll(cell, x, split(cell, state))
    in_one = bptt.backward(run, R, split(cell, Q))
    module = sys.modules[bptt.backward.__module__]
    monkeypatch.setattr(module, "CACHE_BYTES", 0)
    monkeypatch.setattr(module, "FEWEST_STEPS", 4)
    in_pieces = bptt.backward(run, R, split(cell, Q))
    for name in in_one:
        np.testing.assert_allclose(
            joined(in_pieces[name]), joined(in_one[name]), rtol=1e-11, atol=1e-13
        )


def test_averaged_copies_are_one_step_of_a_smaller_size():
    # Every copy moved by its own gradient, then averaged: the step is divided by U + 1.
    cell = bptt.Elman.random(2, 4, rng=1)
    x, _, R, _ = experiment(cell, 10)
    run, W, rate = bptt.unroll(cell, x), cell.weight_hh, 0.3
    moved = W - rate * bptt.copy_gradients(run, R)["weight_hh_l0"]
    as_one = W - rate / 10 * bptt.backward(run, R)["weight_hh_l0"]
    np.testing.assert_allclose(moved.mean(axis=0), as_one, rtol=1e-14)


def test_immediate_derivatives(cell_kind, make_cell, check_derivative):
    cell = make_cell(cell_kind, 2, 2, seed=5)
    x, state, _, _ = experiment(cell, 3)
    run = bptt.unroll(cell, x, split(cell, state))
    immediate = bptt.immediate_derivatives(run)
    before = state
    for t in range(3):
        for name, value in cell.parameters().items():
            if name == "alpha" and (np.abs(value - 0.5) > 0.49).any():
                continue

            def step(value, name=name, t=t, before=before):
                changed = dataclasses.replace(cell, **{name: value})
                return joined(changed.step(x[t], split(cell, before)))

            check_derivative(step, value, immediate[f"{name}_l0"][t])
        before = joined(cell.step(x[t], split(cell, before)))


@pytest.mark.parametrize("batch", [(), (2,)])
def test_forward_in_time_is_the_same_gradient(cell_kind, batch, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    x, state, R, Q = experiment(cell, 5, batch=batch)
    run = bptt.unroll(cell, x, split(cell, state))
    forward = bptt.rtrl(run, R, split(cell, Q))
    back = bptt.backward(run, R, split(cell, Q))
    assert set(forward) == set(cell.to_torch())
    for name, gradient in forward.items():
        assert gradient.shape == back[name].shape
        np.testing.assert_allclose(gradient, back[name], rtol=1e-11, atol=1e-13)


LSTMS = [{}, {"forget": "none"}, {"forget": "coupled"}, {"peepholes": True}]


@pytest.mark.parametrize("options", LSTMS, ids=str)
def test_the_truncated_gradient_is_that_with_h_detached(options):
    """By its definition: every step's h_{t−1} is given, and only c goes on."""
    cell, T = bptt.LSTM.random(2, 3, rng=4, **options), 6
    x, state, R, Q = experiment(cell, T)
    run = bptt.unroll(cell, x, split(cell, state))
    h = np.concatenate([[run.initial_state[0]], run.outputs])
    c = np.concatenate([[run.initial_state[1]], run.cell_states])
    d_h, d_c = np.zeros(3), Q[3:]
    expected = dict.fromkeys(cell.to_torch(), 0.0) | {"input": np.zeros_like(x)}
    for t in reversed(range(T)):
        one = bptt.unroll(cell, x[t : t + 1], (h[t], c[t]))
        d_h = R[t] + (Q[:3] if t == T - 1 else 0.0)
        gradients = bptt.backward(one, d_h[None], (np.zeros(3), d_c))
        d_c = gradients["state"][1]
        for name in cell.to_torch():
            expected[name] = expected[name] + gradients[name]
        expected["input"][t] = gradients["input"][0]
    ours = bptt.backward(run, R, split(cell, Q), through_h=False)
    for name, value in expected.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours["state"][1], d_c, rtol=1e-12)
    assert (ours["state"][0] == 0).all()


def test_the_constant_error_carousel():
    """1997, truncated: the factor from any c to any other is 1, exactly; in full it is not."""
    cell = bptt.LSTM.random(2, 6, rng=0, forget="none")
    run = bptt.unroll(cell, np.random.default_rng(0).normal(size=(1000, 2)))
    Q = np.arange(6.0)
    truncated = bptt.backward(run, np.zeros((1000, 6)), (np.zeros(6), Q), through_h=False)
    np.testing.assert_array_equal(truncated["state"][1], Q)
    full = bptt.backward(run, np.zeros((1000, 6)), (np.zeros(6), Q))
    assert np.abs(full["state"][1] - Q).max() > 0.1


def test_both_truncations_together():
    cell = bptt.LSTM.random(2, 3, forget="none")
    x, _, R, Q = experiment(cell, 6)
    run, states = bptt.unroll(cell, x), split(cell, Q)
    np.testing.assert_allclose(
        bptt.backward(run, R, states, truncate=6, through_h=False)["weight_ih_l0"],
        bptt.backward(run, R, states, through_h=False)["weight_ih_l0"],
        rtol=1e-13,
    )
    last = np.zeros((6, 3))
    last[-1] = 1.0
    cut = bptt.backward(run, last, truncate=2, through_h=False)["input"]
    assert (cut[:3] == 0).all()
    assert (cut[3:] != 0).all()


def test_the_gradient_by_a_weight_of_the_scalar_network():
    # ∂h_T/∂w = Σ_s w^{T−s} h_{s−1}
    w, x = 0.9, np.random.default_rng(0).normal(size=(30, 1))
    run = bptt.unroll(bptt.Elman([[w]], activation="identity"), x)
    last = np.zeros((30, 1))
    last[-1] = 1.0
    h = np.concatenate([[0.0], run.outputs[:-1, 0]])
    expected = (w ** np.arange(29, -1, -1) * h).sum()
    assert bptt.backward(run, last)["weight_hh_l0"][0, 0] == pytest.approx(expected, rel=1e-13)


def test_a_gradient_that_explodes_is_refused():
    cell = bptt.Elman([[1e30]], activation="relu")
    run = bptt.unroll(cell, np.zeros((20, 1)), [1e-300])
    with pytest.raises(OverflowError, match="gradient left the range"):
        bptt.backward(run, np.full((20, 1), 1e100))


def test_complex_gradients_pass():
    run = bptt.unroll(bptt.Elman([[0.5 + 1e-30j]]), [[1.0], [0.5]])
    assert bptt.backward(run, [[0.0], [1.0]])["weight_hh_l0"].imag[0, 0] != 0


class TestClipping:
    @pytest.fixture
    def gradients(self):
        return {"a_l0": np.array([3.0]), "b_l0": np.array([[4.0]]), "input": np.array([7.0])}

    def test_by_norm_keeps_the_direction(self, gradients):
        clipped = bptt.clip_by_norm(gradients, 1.0)
        assert bptt.gradient_norm(clipped) == pytest.approx(1.0, rel=1e-15)
        assert clipped["a_l0"] == pytest.approx(0.6, rel=1e-15)
        assert clipped["b_l0"] == pytest.approx(0.8, rel=1e-15)

    def test_by_value_does_not(self, gradients):
        clipped = bptt.clip_by_value(gradients, 3.5)
        assert (clipped["a_l0"], clipped["b_l0"]) == (3.0, 3.5)
        assert bptt.clip_by_value([-9.0, 0.5], 1.0).tolist() == [-1.0, 0.5]

    @pytest.mark.parametrize("clip", [bptt.clip_by_norm, bptt.clip_by_value])
    def test_what_is_small_stays_and_nothing_is_changed_in_place(self, clip, gradients):
        clipped = clip(gradients, 100.0)
        assert clipped == gradients
        clipped["a_l0"][0] = 9.0
        assert gradients["a_l0"][0] == 3.0

    @pytest.mark.parametrize("clip", [bptt.clip_by_norm, bptt.clip_by_value])
    def test_inputs_and_states_are_not_parameters(self, clip):
        run = bptt.unroll(bptt.LSTM.random(2, 3), np.ones((4, 2)))
        gradients = bptt.backward(run, np.ones((4, 3)))
        clipped = clip(gradients, 1e-3)
        assert set(clipped) == set(gradients)
        assert clipped["input"] is gradients["input"]
        assert clipped["state"] is gradients["state"]
        assert np.abs(clipped["weight_ih_l0"]).max() <= 1e-3

    def test_huge_and_zero_gradients(self):
        assert bptt.clip_by_norm([3e300, -4e300], 5.0).tolist() == pytest.approx([3.0, -4.0])
        assert bptt.clip_by_norm([0.0, 0.0], 1.0).tolist() == [0.0, 0.0]
        assert bptt.gradient_norm([3e-200, 4e-200]) == pytest.approx(5e-200)
