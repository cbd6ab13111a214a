"""The QR method against determinants, exact products in rational arithmetic, and growth rates."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt
from bptt.lyapunov import log_singular_values, lyapunov_exponents


def gaussian_factors(T, n, seed, gain=1.0, batch=()):
    return gain * np.random.default_rng(seed).normal(size=(T, *batch, n, n)) / np.sqrt(n)


factors = st.builds(
    gaussian_factors,
    T=st.integers(1, 30),
    n=st.integers(1, 5),
    seed=st.integers(0, 2**32),
    gain=st.sampled_from([1e-200, 0.3, 1.0, 1e200]),
    batch=st.sampled_from([(), (1,), (3,)]),
)


@settings(deadline=None, max_examples=80)
@given(J=factors)
def test_exponents_and_singular_values_sum_to_the_determinants(J):
    exponents, logs = lyapunov_exponents(J), log_singular_values(J)
    assert exponents.shape == logs.shape == J.shape[1:-1]
    assert (np.diff(exponents, axis=-1) <= 0).all()
    assert (np.diff(logs, axis=-1) <= 0).all()
    determinants = np.linalg.slogdet(J)[1].sum(axis=0)
    slack = 1e-9 + 1e-13 * np.abs(determinants)
    assert (np.abs(len(J) * exponents.sum(axis=-1) - determinants) <= slack).all()
    assert (np.abs(logs.sum(axis=-1) - determinants) <= slack).all()


def logs_with_many_digits(J):
    with mpmath.workdps(400):
        product = mpmath.eye(J.shape[-1])
        for step in J:
            product = mpmath.matrix(step.tolist()) * product
        values = mpmath.svd_r(product, compute_uv=False)
        return np.array([float(mpmath.log(value)) for value in values])


@pytest.mark.parametrize(("T", "n", "seed"), [(1, 4, 0), (10, 3, 1), (60, 4, 2), (40, 6, 3)])
def test_all_singular_values_against_four_hundred_digits(T, n, seed):
    J = gaussian_factors(T, n, seed)
    expected = logs_with_many_digits(J)
    if T >= 40:
        assert expected[0] - expected[-1] > 37  # 1e16: a product in float64 has lost the last one
    logs = log_singular_values(J)
    # Close neighbours, after thirty sweeps, to 0.01, as the docstring says; the others exactly.
    np.testing.assert_allclose(logs, expected, atol=0.01)
    gaps = np.concatenate([[np.inf], -np.diff(expected), [np.inf]])
    alone = (gaps[1:] > 0.6) & (gaps[:-1] > 0.6)
    assert alone.any()
    np.testing.assert_allclose(logs[alone], expected[alone], atol=1e-10)


def test_two_values_that_nearly_coincide():
    # [[1, s], [0, 1]]: σ and 1/σ with σ − 1/σ = s
    for s in (0.0, 1e-6, 1e-3, 0.03, 0.1):
        exact = np.arcsinh(s / 2)
        logs = log_singular_values([[[1.0, s], [0.0, 1.0]]])
        np.testing.assert_allclose(logs, [exact, -exact], atol=0.01)


def test_the_first_singular_value_is_the_norm():
    J = gaussian_factors(200, 8, 0, gain=0.7, batch=(2,))
    norms = bptt.log_lag_norms(J)[-1]
    np.testing.assert_allclose(log_singular_values(J)[..., 0], norms, rtol=1e-4)


@pytest.mark.parametrize("gain", [0.5, 1.5, 3.0])
def test_the_first_exponent_is_the_growth_rate_of_a_network_s_norms(gain):
    T, n = 3000, 6
    rng = np.random.default_rng(0)
    cell = bptt.Elman(gain * rng.normal(size=(n, n)) / np.sqrt(n))
    J = bptt.jacobians(bptt.unroll(cell, 0.5 * rng.normal(size=(T, n))))
    rate = bptt.log_lag_norms(J)[T] / T
    assert lyapunov_exponents(J)[0] == pytest.approx(rate, abs=5 / T)


def test_constant_factors_have_the_logarithms_of_the_moduli_of_eigenvalues():
    W = np.array([[0.9, 5.0], [0.0, 0.4]])
    exponents = lyapunov_exponents(np.tile(W.T, (4000, 1, 1)))
    np.testing.assert_allclose(exponents, np.log([0.9, 0.4]), atol=3e-3)
    rotation = 1.1 * np.array([[0.6, -0.8], [0.8, 0.6]])
    np.testing.assert_allclose(lyapunov_exponents(np.tile(rotation, (7, 1, 1))), np.log([1.1] * 2))


def test_a_direction_that_is_cut_off():
    J = np.tile(np.diag([0.5, 0.0]), (3, 1, 1))
    assert lyapunov_exponents(J).tolist() == [np.log(0.5), -np.inf]
    assert log_singular_values(J).tolist() == [pytest.approx(3 * np.log(0.5)), -np.inf]
    assert (log_singular_values(np.zeros((3, 2, 2))) == -np.inf).all()


def test_complex_factors():
    J = np.tile(np.diag([2j, -0.5]), (1000, 1, 1))
    np.testing.assert_allclose(lyapunov_exponents(J), [np.log(2), -np.log(2)], rtol=1e-13)
    np.testing.assert_allclose(log_singular_values(J), 1000 * np.log([2, 0.5]), rtol=1e-13)


@pytest.mark.parametrize("function", [lyapunov_exponents, log_singular_values])
@pytest.mark.parametrize(
    ("error", "value", "words"),
    [
        (ValueError, np.eye(3), "J must | (T, n, n) | (3, 3)"),
        (ValueError, np.ones((0, 3, 3)), "J must | at least one step | (0, 3, 3)"),
        (ValueError, [[[np.nan]]], "J[0, 0, 0] | nan"),
        (TypeError, None, "J must | numbers | NoneType"),
    ],
)
def test_bad_call(function, error, value, words):
    with pytest.raises(error) as caught:
        function(value)
    for word in words.split(" | "):
        assert word in str(caught.value)
