"""What is true of every cell: its step, its Jacobians, its way through ``unroll``."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt

sizes = {
    "d": st.integers(1, 3),
    "n": st.integers(1, 4),
    "seed": st.integers(0, 2**32),
    "gain": st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    "offset": st.sampled_from([0.0, 0.0, 2.0, 50.0]),
}


def joined(state):
    """h, or (h, c) one after the other, along the last axis."""
    return np.concatenate(state, axis=-1) if isinstance(state, tuple) else np.asarray(state)


def split(cell, vector):
    """The inverse of ``joined``."""
    halves = np.split(vector, len(cell.state_names), axis=-1)
    return tuple(halves) if len(halves) > 1 else halves[0]


def random_state(cell, rng, shape=()):
    return rng.normal(size=(*shape, len(cell.state_names) * cell.hidden_size))


@settings(deadline=None, max_examples=25)
@given(**sizes)
def test_one_step_jacobians(cell_kind, d, n, seed, gain, offset, make_cell, check_derivative):
    cell, rng = make_cell(cell_kind, d, n, seed, gain, offset), np.random.default_rng(seed)
    x, s = rng.normal(size=d), random_state(cell, rng)
    if cell_kind == "elman-relu":
        cell = bptt.Elman(cell.weight_hh, cell.weight_ih, cell.bias + 0.1, activation="relu")
        if np.abs(cell.pre_activation(x, s)).min() < 1e-3:
            return
    check_derivative(
        lambda state: joined(cell.step(x, split(cell, state))), s, cell.jacobian(x, split(cell, s))
    )
    check_derivative(
        lambda inputs: joined(cell.step(inputs, split(cell, s))),
        x,
        cell.input_jacobian(x, split(cell, s)),
    )


@settings(deadline=None, max_examples=10)
@given(T=st.integers(1, 6), batch=st.sampled_from([None, 1, 3]), **sizes)
def test_unroll_is_the_step_repeated(cell_kind, T, batch, d, n, seed, gain, offset, make_cell):
    cell, rng = make_cell(cell_kind, d, n, seed, gain, offset), np.random.default_rng(seed)
    some = () if batch is None else (batch,)
    x, state = rng.normal(size=(T, *some, d)), split(cell, random_state(cell, rng, some))
    run = bptt.unroll(cell, x, state)
    np.testing.assert_array_equal(run.inputs, x)
    np.testing.assert_array_equal(joined(run.initial_state), joined(state))
    J = bptt.jacobians(run)
    s = len(cell.state_names) * n
    assert (run.outputs.shape, J.shape) == ((T, *some, n), (T, *some, s, s))
    for t in range(T):
        close = {"rtol": 1e-11, "atol": 1e-12}
        np.testing.assert_allclose(J[t], cell.jacobian(x[t], state), **close)
        state = cell.step(x[t], state)
        np.testing.assert_allclose(run.outputs[t], state[0] if s > n else state, **close)
    np.testing.assert_allclose(joined(run.state), joined(state), **close)


def test_a_batch_is_its_sequences(cell_kind, make_cell):
    cell, rng = make_cell(cell_kind, 2, 3), np.random.default_rng(1)
    x, s = rng.normal(size=(5, 3, 2)), random_state(cell, rng, (3,))
    together = bptt.unroll(cell, x, split(cell, s))
    for b in range(3):
        alone = bptt.unroll(cell, x[:, b], split(cell, s[b]))
        close = {"rtol": 1e-12, "atol": 1e-14}
        np.testing.assert_allclose(together.outputs[:, b], alone.outputs, **close)
        np.testing.assert_allclose(bptt.jacobians(together)[:, b], bptt.jacobians(alone), **close)


def test_the_state_starts_at_zero_and_a_run_goes_on_from_its_state(cell_kind, make_cell):
    cell, x = make_cell(cell_kind, 2, 3), np.random.default_rng(0).normal(size=(7, 2, 2))
    whole = bptt.unroll(cell, x)
    np.testing.assert_array_equal(joined(whole.initial_state), 0)
    rest = bptt.unroll(cell, x[3:], bptt.unroll(cell, x[:3]).state)
    np.testing.assert_allclose(joined(rest.state), joined(whole.state), rtol=1e-13)


def test_parameters_move_out_and_back(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    weights = cell.to_torch()
    again = type(cell).from_torch(weights, **cell._options())
    assert repr(again) == repr(cell)
    assert set(weights) == {f"{name}_l0" for name in cell.parameters()}
    for name, array in cell.parameters().items():
        np.testing.assert_array_equal(getattr(again, name), array)
        assert not array.flags.writeable
        assert weights[f"{name}_l0"].flags.writeable


def test_a_cell_is_frozen_and_replaced(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        cell.weight_hh = cell.weight_hh
    twice = dataclasses.replace(cell, weight_hh=2 * cell.weight_hh)
    assert (type(twice), twice.blocks) == (type(cell), cell.blocks)
    np.testing.assert_array_equal(twice.weight_hh, 2 * cell.weight_hh)


def test_single_precision_stays_single(cell_kind, make_cell):
    cell, x = make_cell(cell_kind, 2, 3), np.random.default_rng(0).normal(size=(9, 4, 2))
    double = bptt.unroll(cell, x)
    single = bptt.unroll(cell.astype(np.float32), x.astype(np.float32))
    assert single.outputs.dtype == bptt.jacobians(single).dtype == np.float32
    np.testing.assert_allclose(single.outputs, double.outputs, rtol=0, atol=3e-6)
    ours = bptt.backward(single, np.ones(double.outputs.shape, np.float32))
    theirs = bptt.backward(double, np.ones(double.outputs.shape))
    for name in theirs:
        assert joined(ours[name]).dtype == np.float32
        size = np.abs(joined(theirs[name])).max()
        np.testing.assert_allclose(joined(ours[name]), joined(theirs[name]), atol=1e-4 * size)
    assert bptt.unroll(cell, x.astype(np.float32)).outputs.dtype == np.float64
    assert bptt.unroll(cell.astype(np.float32), x).outputs.dtype == np.float64


def test_a_dead_input_has_no_derivative(cell_kind, make_cell):
    cell = make_cell(cell_kind, 2, 3)
    W = np.array(cell.weight_ih)
    W[:, 1] = 0.0
    cell = dataclasses.replace(cell, weight_ih=W)
    x = np.random.default_rng(0).normal(size=(5, 2))
    gradient = bptt.backward(bptt.unroll(cell, x), np.ones((5, 3)))["input"]
    assert (gradient[:, 1] == 0).all()
    assert cell_kind == "elman-relu" or (gradient[:, 0] != 0).all()


@pytest.mark.parametrize("size", [700.0, 1000.0])
def test_no_gate_overflows(cell_kind, size, make_cell):
    cell = make_cell(cell_kind, 1, 2)
    run = bptt.unroll(cell, size**2 * np.array([[1.0], [-1.0], [1.0]]))
    J, gradients = bptt.jacobians(run), bptt.backward(run, np.ones((3, 2)))
    assert np.isfinite(J).all()
    assert all(np.isfinite(joined(gradient)).all() for gradient in gradients.values())
