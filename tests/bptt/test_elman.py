import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import bptt

ACTIVATIONS = list(bptt.ACTIVATIONS)


def random_step(name, n, d, seed, scale, offset):
    """A cell, an input and a state; ``offset`` drives every unit into saturation."""
    rng = np.random.default_rng(seed)
    cell = bptt.Elman(
        weight_hh=scale * rng.normal(size=(n, n)),
        weight_ih=rng.normal(size=(n, d)),
        bias_ih=rng.normal(size=n),
        bias_hh=offset * rng.choice([-1.0, 1.0], size=n),
        activation=name,
    )
    return cell, rng.normal(size=d), rng.normal(size=n)


steps = st.builds(
    random_step,
    name=st.sampled_from(ACTIVATIONS),
    n=st.integers(1, 6),
    d=st.integers(1, 4),
    seed=st.integers(0, 2**32),
    scale=st.sampled_from([0.0, 0.1, 1.0, 3.0]),
    offset=st.sampled_from([0.0, 0.0, 2.0, 50.0]),
)


@settings(deadline=None, max_examples=120)
@given(step=steps)
def test_one_step_jacobians(step, check_derivative):
    cell, x, h = step
    assume(np.abs(cell.pre_activation(x, h)).min() > 1e-3)  # the kink of the relus
    check_derivative(lambda state: cell.step(x, state), h, cell.jacobian(x, h))
    check_derivative(lambda inputs: cell.step(inputs, h), x, cell.input_jacobian(x, h))


@settings(deadline=None, max_examples=60)
@given(step=steps)
def test_derivative_by_the_weights_goes_through_the_complex_step(step, check_derivative):
    # ∂h_i/∂(W_hh)_{jk} = φ'(a_i) h_k if i = j, else 0.
    cell, x, h = step
    a = cell.pre_activation(x, h)
    assume(np.abs(a).min() > 1e-3)
    slopes = np.diag(cell.activation.derivative(a))
    check_derivative(
        lambda W: dataclasses.replace(cell, weight_hh=W).step(x, h),
        cell.weight_hh,
        slopes[:, :, None] * h,
    )


@settings(deadline=None, max_examples=30)
@given(step=steps, batch=st.integers(1, 3))
def test_a_batch_is_its_rows(step, batch):
    cell, x, h = step
    xs = np.stack([(b + 1) * x for b in range(batch)])
    hs = np.stack([h - b for b in range(batch)])
    for method in (cell.pre_activation, cell.step, cell.jacobian, cell.input_jacobian):
        rows = np.stack([method(*pair) for pair in zip(xs, hs, strict=True)])
        np.testing.assert_allclose(method(xs, hs), rows, rtol=1e-13, atol=1e-13)


def test_jacobian_by_hand():
    # a = (0, ln 3): σ' = (1/4, 3/16), and row i of W_hh is multiplied by slope i.
    cell = bptt.Elman([[1, 2], [3, 4]], activation="sigmoid")
    J = cell.jacobian(x=[0, np.log(3)], state=[0, 0])
    np.testing.assert_allclose(J, [[1 / 4, 2 / 4], [9 / 16, 12 / 16]], rtol=1e-15)


def test_the_transposed_formula_is_another_matrix():
    # W_hᵀ Diag(σ') is square too, so that no shape check catches it: only the numbers do.
    cell = bptt.Elman([[0.0, 2.0], [1.0, 0.0]])
    x, h = [0.0, 0.5], [0.0, 0.0]
    slopes = np.diag(cell.activation.derivative(cell.pre_activation(x, h)))
    transposed = cell.weight_hh.T @ slopes
    np.testing.assert_allclose(transposed, cell.jacobian(x, h).T, rtol=1e-15)
    assert np.abs(transposed - cell.jacobian(x, h)).max() > 0.5


def test_from_outputs_alone():
    cell, x, h = random_step("tanh", 4, 2, seed=3, scale=1.0, offset=0.0)
    out = cell.step(x, h)
    np.testing.assert_allclose(
        cell.jacobian(x, h), (1 - out**2)[:, None] * cell.weight_hh, rtol=1e-12
    )


def test_defaults_add_the_input_as_it_is():
    cell = bptt.Elman([[0.5, 0.0], [0.0, 0.5]], activation="identity")
    assert (cell.input_size, cell.hidden_size) == (2, 2)
    assert cell.step([1, 2], [4, 8]).tolist() == [3, 6]


def test_only_the_sum_of_the_biases_matters():
    W, x, h = [[0.3]], [0.2], [0.1]
    assert bptt.Elman(W, bias_ih=[0.5], bias_hh=[0.25]).step(x, h) == bptt.Elman(
        W, bias_hh=[0.75]
    ).step(x, h)
    assert bptt.Elman(W, bias_ih=[0.5], bias_hh=[0.25]).bias == 0.75


def test_parameters_are_copied_and_locked():
    W = np.array([[0.5]])
    cell = bptt.Elman(W)
    W[0, 0] = 7
    assert cell.weight_hh[0, 0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        cell.weight_hh[0, 0] = 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        cell.weight_hh = W
    cell.to_torch()["weight_hh_l0"][0, 0] = 7
    assert cell.weight_hh[0, 0] == 0.5


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float16, bool])
def test_computed_in_double_precision(dtype):
    cell = bptt.Elman(np.eye(2, dtype=dtype), activation="identity")
    h = cell.step(np.ones(2, dtype), np.ones(2, dtype))
    assert (cell.weight_hh.dtype, h.dtype) == (np.float64, np.float64)
    assert h.tolist() == [2, 2]


@pytest.mark.parametrize("weights", [np.float32, np.float64])
@pytest.mark.parametrize("inputs", [np.float32, np.float64])
def test_single_precision_only_if_weights_and_inputs_are(weights, inputs):
    cell = bptt.Elman(np.eye(2, dtype=weights))
    run = bptt.unroll(cell, np.ones((3, 2), inputs))
    expected = np.float32 if weights == inputs == np.float32 else np.float64
    assert (cell.weight_hh.dtype, run.outputs.dtype) == (weights, expected)
    assert bptt.jacobians(run).dtype == bptt.backward(run, run.outputs)["input"].dtype == expected


def test_complex_stays_complex():
    cell = bptt.Elman(np.array([[0.5 + 1e-30j]]))
    assert cell.weight_hh[0, 0].imag == 1e-30
    assert cell.step([0.0], [1.0]).imag[0] > 0


def test_random_is_pytorchs_initialisation():
    cell = bptt.Elman.random(3, 16, rng=5)
    parameters = np.concatenate([array.ravel() for array in cell.to_torch().values()])
    assert parameters.size == 16 * (16 + 3) + 2 * 16
    assert np.abs(parameters).max() <= 0.25
    # Uniform: the standard deviation is the half-width over √3.
    assert parameters.std() == pytest.approx(0.25 / np.sqrt(3), rel=0.05)


def test_random_is_reproducible():
    def weights(rng):
        return bptt.Elman.random(2, 3, rng=rng, activation="relu").to_torch()["weight_hh_l0"]

    np.testing.assert_array_equal(weights(7), weights(np.random.default_rng(7)))
    assert (weights(7) != weights(8)).all()


def test_to_torch_and_back():
    cell = bptt.Elman.random(2, 3, rng=1)
    again = bptt.Elman.from_torch(cell.to_torch())
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        np.testing.assert_array_equal(getattr(again, name), getattr(cell, name))
