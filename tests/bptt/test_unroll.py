import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt

shapes = {"T": st.integers(1, 9), "n": st.integers(1, 5), "d": st.integers(1, 4)}


@settings(deadline=None, max_examples=80)
@given(
    **shapes,
    batch=st.sampled_from([None, 1, 3]),
    name=st.sampled_from(list(bptt.ACTIVATIONS)),
    seed=st.integers(0, 2**32),
    size=st.sampled_from([0.0, 1.0, 50.0]),
)
def test_is_the_step_repeated(T, n, d, batch, name, seed, size):
    rng = np.random.default_rng(seed)
    cell = bptt.Elman.random(d, n, rng=rng, activation=name)
    some = () if batch is None else (batch,)
    x, h = size * rng.normal(size=(T, *some, d)), rng.normal(size=(*some, n))
    run = bptt.unroll(cell, x, h)
    assert run.outputs.shape == run.pre_activations.shape == (T, *some, n)
    np.testing.assert_array_equal(run.state, run.outputs[-1])
    np.testing.assert_array_equal(run.initial_state, h)
    np.testing.assert_array_equal(run.inputs, x)
    for t in range(T):
        tolerance = {"rtol": 1e-12, "atol": 1e-13 * max(size, 1)}
        a = cell.pre_activation(x[t], h)
        np.testing.assert_allclose(run.pre_activations[t], a, **tolerance)
        h = cell.step(x[t], h)
        np.testing.assert_allclose(run.outputs[t], h, **tolerance)


@settings(deadline=None, max_examples=30)
@given(**shapes, seed=st.integers(0, 2**32))
def test_a_batch_is_its_sequences(T, n, d, seed):
    rng = np.random.default_rng(seed)
    cell = bptt.Elman.random(d, n, rng=rng)
    x, h = rng.normal(size=(T, 3, d)), rng.normal(size=(3, n))
    together = bptt.unroll(cell, x, h).outputs
    for b in range(3):
        alone = bptt.unroll(cell, x[:, b], h[b]).outputs
        np.testing.assert_allclose(together[:, b], alone, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("batch", [(), (1,), (2,)])
def test_the_state_starts_at_zero(batch):
    cell = bptt.Elman.random(2, 3)
    x = np.ones((4, *batch, 2))
    np.testing.assert_array_equal(
        bptt.unroll(cell, x).outputs, bptt.unroll(cell, x, np.zeros((*batch, 3))).outputs
    )


def test_a_run_goes_on_from_its_state():
    cell, x = bptt.Elman.random(2, 3), np.random.default_rng(0).normal(size=(7, 2, 2))
    first = bptt.unroll(cell, x[:3])
    rest = bptt.unroll(cell, x[3:], first.state)
    whole = bptt.unroll(cell, x)
    np.testing.assert_allclose(rest.state, whole.state, rtol=1e-14)


def test_impulse_response_of_one_linear_unit():
    # h_t = Σ_s w^{t−s} u x_s
    cell = bptt.Elman([[0.5]], weight_ih=[[3.0]], activation="identity")
    run = bptt.unroll(cell, [[1], [0], [2]])
    assert run.outputs[:, 0].tolist() == [3, 1.5, 6.75]


def test_the_run_keeps_its_own_inputs():
    x = np.ones((2, 1))
    run = bptt.unroll(bptt.Elman([[0.5]]), x)
    x[:] = 7
    assert run.inputs.tolist() == [[1], [1]]


@pytest.mark.parametrize("where", ["x", "state", "weights"])
def test_complex_goes_all_the_way(where):
    h = 1e-30j
    cell = bptt.Elman(np.array([[0.5 + (h if where == "weights" else 0)]]))
    x = np.array([[1.0 + (h if where == "x" else 0)], [0.0]])
    run = bptt.unroll(cell, x, np.array([0.1 + (h if where == "state" else 0)]))
    assert run.state.dtype == np.complex128
    assert run.state.imag[0] > 1e-32


@pytest.mark.parametrize(("batch", "text"), [((), "T=4"), ((3,), "T=4, batch=3")])
def test_repr_is_one_short_line(batch, text):
    run = bptt.unroll(bptt.Elman.random(1, 2), np.zeros((4, *batch, 1)))
    assert repr(run) == f"Run(Elman(input_size=1, hidden_size=2, activation='tanh'), {text})"


def test_a_forward_pass_that_explodes_says_where():
    with pytest.raises(OverflowError, match="at step t = 4 of 9"):
        bptt.unroll(bptt.Elman([[1e100]], activation="relu"), np.ones((9, 1)), [1e8])
