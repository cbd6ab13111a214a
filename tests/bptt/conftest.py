"""The one checker through which every derivative goes, and random networks to check."""

from __future__ import annotations

import numpy as np
import pytest


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
