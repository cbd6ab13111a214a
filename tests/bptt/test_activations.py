import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt

NAMES = ["identity", "tanh", "sigmoid", "relu", "leaky_relu"]
# Away from the kink of the relus, which has no derivative.
moderate = st.floats(-50, 50).filter(lambda a: abs(a) > 1e-4)


def test_these_and_no_others():
    assert list(bptt.ACTIVATIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_lookup_returns_the_same_object_for_name_and_object(name):
    phi = bptt.activation(name)
    assert phi.name == name
    assert bptt.activation(phi) is phi


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=60)
@given(a=moderate)
def test_derivative(name, a, check_derivative):
    phi = bptt.activation(name)
    check_derivative(phi, a, phi.derivative(a))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("a", [-300.0, -50.0, -20.0, -1.0, 1.0, 20.0, 50.0, 300.0])
def test_derivative_keeps_its_digits_when_saturated(name, a, check_derivative):
    phi = bptt.activation(name)
    check_derivative(phi, a, phi.derivative(a))


@pytest.mark.parametrize("a", [20.0, 50.0, 300.0])
def test_saturated_slopes_against_the_standard_library(a):
    # For such a, tanh' = 4 e^{−2a} and σ' = e^{−a}, but for a few e^{−a}.
    tanh, sigmoid = bptt.activation("tanh"), bptt.activation("sigmoid")
    for sign in (1, -1):
        assert tanh.derivative(sign * a) == pytest.approx(4 * math.exp(-2 * a), rel=1e-14)
        assert sigmoid.derivative(sign * a) == pytest.approx(math.exp(-a), rel=1e-8)


@pytest.mark.parametrize(
    ("name", "at_minus_1000", "at_0", "at_1000"),
    [
        ("identity", -1000, 0, 1000),
        ("tanh", -1, 0, 1),
        ("sigmoid", 0, 0.5, 1),
        ("relu", 0, 0, 1000),
        ("leaky_relu", -10, 0, 1000),
    ],
)
def test_values_at_the_extremes(name, at_minus_1000, at_0, at_1000):
    values = bptt.activation(name)([-1000.0, 0.0, 1000.0])
    assert values.tolist() == [at_minus_1000, at_0, at_1000]


@pytest.mark.parametrize(
    ("name", "slopes"),
    [
        ("identity", [1, 1, 1]),
        ("tanh", [0, 1, 0]),
        ("sigmoid", [0, 0.25, 0]),
        ("relu", [0, 0, 1]),
        ("leaky_relu", [0.01, 0.01, 1]),
    ],
)
def test_slopes_at_the_extremes(name, slopes):
    assert bptt.activation(name).derivative([-1000.0, 0.0, 1000.0]).tolist() == slopes


def test_sigmoid_at_50():
    sigmoid = bptt.activation("sigmoid")
    assert sigmoid(50.0) == 1.0
    assert sigmoid(-50.0) == pytest.approx(math.exp(-50), rel=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_largest_slope_is_reached_and_never_exceeded(name):
    phi = bptt.activation(name)
    slopes = phi.derivative(np.linspace(-60, 60, 12001))
    assert slopes.max() == phi.sup_derivative
    assert slopes.min() >= 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", ["function", "derivative"])
def test_shapes_and_types(name, part):
    function = getattr(bptt.activation(name), part)
    for dtype in (float, complex):
        for shape in [(), (3,), (2, 0), (4, 2, 3)]:
            assert np.shape(function(np.full(shape, 0.3, dtype))) == shape
    assert isinstance(function(0.3), float)
    assert isinstance(function(2), float)


def test_an_activation_of_ones_own(check_derivative):
    sigmoid = bptt.activation("sigmoid")
    softplus = bptt.Activation("softplus", lambda a: np.log(1 + np.exp(a)), sigmoid, 1)
    check_derivative(softplus, 0.7, softplus.derivative(0.7))
    assert bptt.Elman([[1.0]], activation=softplus).step([0.0], [0.0]) == pytest.approx(math.log(2))
