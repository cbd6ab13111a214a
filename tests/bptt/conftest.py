"""The one checker through which every derivative goes, and random networks to check."""

from __future__ import annotations

import numpy as np
import pytest

import bptt


def _check_derivative(function, at, derivative, scale=0.0):
    """Assert that ``derivative`` is that of ``function`` at ``at``, column by column.

    Numerator layout: derivative[i, j] = ∂ function(at)[i] / ∂ at[j], with as many i and j axes as
    the two have. Two independent witnesses:

    * the complex step Im f(x + ih)/h with h = 1e-30, which subtracts nothing: to 1e-13 of the
      largest entry (or of ``scale``, if larger: a product of matrices that cancel is only as exact
      as its factors are large);
    * central differences with step 6e-6: to 1e-7 of the same, plus 1e-10 of the value for what the
      subtraction costs.
    """
    at = np.asarray(at, dtype=float)
    value = np.asarray(function(at))
    derivative = np.asarray(derivative)
    assert derivative.shape == value.shape + at.shape
    assert np.isfinite(derivative).all()
    complex_step, central = np.empty_like(derivative), np.empty_like(derivative)
    for j in np.ndindex(at.shape):
        direction = np.zeros(at.shape)
        direction[j] = 1.0
        complex_step[..., *j] = np.imag(function(at + 1e-30j * direction)) / 1e-30
        step = 6e-6 * direction
        central[..., *j] = (function(at + step) - function(at - step)) / 12e-6
    size = max(np.abs(derivative).max(), scale)
    assert np.abs(complex_step - derivative).max() <= 1e-13 * size
    assert np.abs(central - derivative).max() <= 1e-7 * size + 1e-10 * np.abs(value).max()


@pytest.fixture(scope="session")
def check_derivative():
    return _check_derivative


# Every cell there is, as a function of (input_size, hidden_size, rng).
CELLS = {
    "elman": bptt.Elman.random,
    "elman-relu": lambda d, n, rng: bptt.Elman.random(d, n, rng, "relu"),
    "elman-sigmoid": lambda d, n, rng: bptt.Elman.random(d, n, rng, "sigmoid"),
    "pre-activation": bptt.PreActivationElman.random,
    "leaky": lambda d, n, rng: bptt.Leaky.random(d, n, rng, alpha=0.8),
    "leaky-per-unit": lambda d, n, rng: bptt.Leaky.random(
        d, n, rng, "sigmoid", alpha=np.linspace(0.1, 1.0, n)
    ),
    "lstm": bptt.LSTM.random,
    "lstm-1997": lambda d, n, rng: bptt.LSTM.random(d, n, rng, forget="none", squashing="1997"),
    "lstm-peepholes": lambda d, n, rng: bptt.LSTM.random(d, n, rng, peepholes=True),
    "lstm-coupled": lambda d, n, rng: bptt.LSTM.random(d, n, rng, forget="coupled", peepholes=True),
    "lstm-no-output-gate": lambda d, n, rng: bptt.LSTM.random(
        d, n, rng, output_gate=False, peepholes=True
    ),
    "simplified-gru": bptt.SimplifiedGRU.random,
    "janet": bptt.JANET.random,
    "gru": bptt.GRU.random,
    "gru-reset-before": bptt.ResetBeforeGRU.random,
}


@pytest.fixture(scope="session", params=list(CELLS))
def cell_kind(request):
    """Each of the cells, by name."""
    return request.param


def _make_cell(kind, d, n, seed=0, gain=1.0, offset=0.0):
    """A random cell: ``gain`` scales the weights, ``offset`` drives every gate into saturation."""
    rng = np.random.default_rng(seed)
    parameters = CELLS[kind](d, n, rng).parameters()
    options = CELLS[kind](d, n, rng)._options()
    for name in ("weight_hh", "weight_ih"):
        parameters[name] = gain * parameters[name]
    signs = rng.choice([-1.0, 1.0], size=parameters["bias_ih"].shape)
    parameters["bias_ih"] = parameters["bias_ih"] + offset * signs
    return type(CELLS[kind](d, n, 0))(**parameters, **options)


@pytest.fixture(scope="session")
def make_cell():
    return _make_cell
