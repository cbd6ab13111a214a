"""Mean field against another quadrature, closed forms, and the gradient of a real, wide network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt
from bptt import initialise
from bptt.flow import lag_norms
from bptt.mean_field import MeanField, critical_sigma_w, mean_field

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def gauss_hermite(function, q):
    return WEIGHTS @ np.square(function(np.sqrt(q) * NODES))


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("sigma_w", [0.3, 0.8, 1.1])
@pytest.mark.parametrize("input_std", [0.001, 0.1, 0.5])
def test_the_fixed_point_equations_hold_under_gauss_hermite(name, sigma_w, input_std):
    phi = bptt.activation(name)
    found = mean_field(sigma_w, input_std, name)
    q = found.variance
    assert 0 < q < 1  # where 80 nodes are enough
    expected = sigma_w**2 * gauss_hermite(phi, q) + input_std**2
    assert q == pytest.approx(expected, rel=1e-9)
    assert found.chi == pytest.approx(sigma_w**2 * gauss_hermite(phi.derivative, q), rel=1e-9)
    assert found.growth**2 == pytest.approx(found.chi, rel=1e-15)


def test_at_a_large_variance_against_a_fine_riemann_sum():
    found = mean_field(10.0, 1.0)
    q = found.variance
    assert q > 50
    z, dz = np.linspace(-10, 10, 2_000_001, retstep=True)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * dz
    assert 100 * (density @ np.tanh(np.sqrt(q) * z) ** 2) + 1 == pytest.approx(q, rel=1e-11)
    chi = 100 * (density @ np.cosh(np.clip(np.sqrt(q) * z, -300, 300)) ** -4.0)
    assert found.chi == pytest.approx(chi, rel=1e-11)


@settings(deadline=None, max_examples=40)
@given(sigma_w=st.floats(0, 0.99), input_std=st.floats(1e-3, 10))
def test_linear_activations_have_closed_forms(sigma_w, input_std):
    for name, half in (("identity", 1.0), ("relu", 0.5), ("leaky_relu", (1 + 0.01**2) / 2)):
        found = mean_field(sigma_w, input_std, name)
        chi = half * sigma_w**2
        assert found.chi == pytest.approx(chi, rel=1e-13)
        assert found.variance == pytest.approx(input_std**2 / (1 - chi), rel=1e-12)


def test_variances_that_die_out_or_grow_for_ever():
    assert mean_field(0.9, 0).variance == 0
    assert mean_field(0.9, 0).chi == pytest.approx(0.81, rel=1e-14)
    assert mean_field(0, 0.3) == MeanField(variance=pytest.approx(0.09), chi=0.0)
    assert mean_field(1.5, 0.1, "relu").variance == np.inf
    assert mean_field(1.5, 0.1, "relu").chi == pytest.approx(1.5**2 / 2, rel=1e-13)
    # Without an input, a tanh network above 1 still settles at an activity of its own.
    assert mean_field(2.0, 0).variance == pytest.approx(2.1215, abs=1e-4)


@settings(deadline=None, max_examples=30)
@given(input_std=st.floats(0.01, 5), name=st.sampled_from(["tanh", "sigmoid"]))
def test_the_critical_point_is_where_chi_crosses_one(input_std, name):
    sigma_w = critical_sigma_w(input_std, name)
    assert mean_field(sigma_w, input_std, name).chi == pytest.approx(1, abs=1e-8)
    assert mean_field(0.99 * sigma_w, input_std, name).chi < 1
    assert mean_field(1.01 * sigma_w, input_std, name).chi > 1


def test_critical_points_known_on_paper():
    assert critical_sigma_w(0) == pytest.approx(1, abs=1e-7)
    assert critical_sigma_w(0.7, "identity") == pytest.approx(1, rel=1e-14)
    assert critical_sigma_w(0.7, "relu") == pytest.approx(np.sqrt(2), rel=1e-14)
    assert critical_sigma_w(0, "relu") == pytest.approx(np.sqrt(2), rel=1e-14)
    # Small input: 4q³/3 = σ_in² and σ_w² = 1/(1 − 2q + …).
    q = (3e-6 / 4) ** (1 / 3)
    assert critical_sigma_w(0.001) == pytest.approx(1 / np.sqrt(1 - 2 * q), abs=q**2 * 4)


@pytest.mark.parametrize(
    ("name", "sigma_w", "input_std"),
    [
        ("tanh", 0.8, 0.5),
        ("tanh", 1.3, 0.1),
        ("tanh", 2.0, 0.5),
        ("sigmoid", 4.0, 1.0),
        ("relu", 1.2, 0.3),
    ],
)
def test_a_wide_network_obeys(name, sigma_w, input_std):
    n, T, lags = 400, 60, 15
    rng = np.random.default_rng(0)
    W = initialise.gaussian((n, n), rng, gain=sigma_w)
    cell = bptt.Elman(W, activation=name)
    run = bptt.unroll(cell, input_std * rng.normal(size=(T, n)))
    found = mean_field(sigma_w, input_std, name)
    assert (run.pre_activations[-20:] ** 2).mean() == pytest.approx(found.variance, rel=0.1)
    J = bptt.jacobians(run)[-lags:]
    gradients = rng.normal(size=(10, n))
    measured = np.mean([np.log(lag_norms(J, g)[[lags, 0]]) @ [1, -1] / lags for g in gradients])
    assert np.exp(measured) == pytest.approx(found.growth, rel=0.05)


BAD_CALLS = [
    (ValueError, lambda: mean_field(-1, 0.1), "sigma_w | 0 or more | -1"),
    (ValueError, lambda: mean_field(1, np.nan), "input_std | finite | nan"),
    (TypeError, lambda: mean_field([1, 2], 0.1), "sigma_w | real number | [1, 2]"),
    (TypeError, lambda: mean_field(1, 1j), "input_std | real number | 1j"),
    (TypeError, lambda: mean_field("1", 1), "sigma_w | numbers | str"),
    (ValueError, lambda: mean_field(1, 1, "softmax"), "activation | 'softmax' | tanh"),
    (ValueError, lambda: critical_sigma_w(-0.5), "input_std | 0 or more | -0.5"),
    (TypeError, lambda: critical_sigma_w(0.5, np.tanh), "activation | bptt.Activation"),
]


@pytest.mark.parametrize(("error", "call", "words"), BAD_CALLS, ids=[row[2] for row in BAD_CALLS])
def test_bad_call(error, call, words):
    with pytest.raises(error) as caught:
        call()
    for word in words.split(" | "):
        assert word in str(caught.value)
