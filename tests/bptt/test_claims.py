"""What the documents claim about the eigenvalues of W_h, and what is true: the book's examples."""

import numpy as np
import pytest

import bptt


def powers(W, lags):
    """‖W^ℓ‖ for ℓ = 0 … lags: the gradient of the linear network."""
    return bptt.lag_norms(np.tile(W, (lags, 1, 1)))


class TestLargestEigenvalue:
    """ "Explodes if the largest eigenvalue is above 1": it is the largest *modulus* that counts."""

    def test_a_negative_eigenvalue_explodes(self):
        W = np.diag([0.5, -1.2])
        assert np.linalg.eigvals(W).max() == 0.5
        assert bptt.spectral_radius(W) == 1.2
        assert powers(W, 50)[50] == pytest.approx(1.2**50, rel=1e-13)

    def test_a_rotation_without_real_eigenvalues_explodes(self):
        angle = 0.7
        W = 1.1 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        assert (np.linalg.eigvals(W).imag != 0).all()
        assert bptt.spectral_radius(W) == pytest.approx(1.1, rel=1e-14)
        assert powers(W, 50)[50] == pytest.approx(1.1**50, rel=1e-13)


class TestTransientGrowth:
    """The radius decides the end of the story, not its beginning."""

    def test_at_radius_one_a_jordan_block_grows_like_the_lag(self):
        W = np.array([[1.0, 1.0], [0.0, 1.0]])
        assert bptt.spectral_radius(W) == 1
        assert powers(W, 100)[100] == pytest.approx(100, abs=0.011)

    def test_radius_0_9_grows_nineteenfold_first(self):
        norms = powers(np.array([[0.9, 5.0], [0.0, 0.9]]), 200)
        assert norms.argmax() == 9
        assert norms[9] == pytest.approx(19.4, abs=0.05)
        assert norms[200] < 1e-5

    def test_closed_form_of_the_powers(self):
        rho, s, t = 0.9, 5.0, 9
        closed = [[rho**t, t * s * rho ** (t - 1)], [0, rho**t]]
        P = bptt.products(np.tile([[rho, s], [0, rho]], (t, 1, 1)))
        np.testing.assert_allclose(P[t, 0], closed, rtol=1e-13)

    def test_radius_zero_peaks_at_512(self):
        W = 2 * np.eye(10, k=1)
        norms = powers(W, 12)
        assert bptt.spectral_radius(W) == 0
        assert norms.max() == norms[9] == 512
        assert norms[10] == 0


class TestTheBoundIsOneSided:
    """Above 1 it says nothing: the gradient may vanish all the same."""

    @pytest.mark.parametrize(("gain", "below"), [(0.6, 1e-19), (0.7, 1e-13), (0.8, 1e-7)])
    def test_linear_with_a_gaussian_matrix(self, gain, below):
        # ρ ≈ gain and σ_max ≈ 2 gain: between 1/2 and 1 the bound explodes and the gradient dies.
        W = gain * np.random.default_rng(0).normal(size=(64, 64)) / 8
        assert bptt.spectral_radius(W) == pytest.approx(gain, rel=0.1)
        assert bptt.spectral_norm(W) == pytest.approx(2 * gain, rel=0.1)
        assert bptt.bound(W, "identity", 100) > 1e6
        assert powers(W, 100)[100] < below

    def test_tanh_with_a_gaussian_matrix(self):
        rng = np.random.default_rng(0)
        W = 0.9 * rng.normal(size=(64, 64)) / 8
        run = bptt.unroll(bptt.Elman(W), 0.5 * rng.normal(size=(100, 64)))
        assert bptt.bound(W, "tanh", 100) > 1e23
        assert bptt.lag_norms(bptt.jacobians(run))[100] < 1e-12

    def test_below_one_it_proves_that_the_gradient_vanishes(self):
        rng = np.random.default_rng(0)
        W = rng.normal(size=(16, 16))
        W *= 0.9 / bptt.spectral_norm(W)
        run = bptt.unroll(bptt.Elman(W), 0.01 * rng.normal(size=(200, 16)))
        bound = bptt.bound(W, "tanh", range(201))
        assert bound[200] < 1e-9
        assert (bptt.lag_norms(bptt.jacobians(run)) <= bound).all()


def test_radius_zero_and_a_tanh_the_gradient_explodes():
    # W² = 0, so that the linear gradient is gone after two steps. Input 2 saturates unit 2 and
    # input 1 keeps unit 1 at a = 0: diag(φ') = diag(1, 0), and diag(1, 0) W has the eigenvalue 1.5.
    W = 1.5 * np.array([[1.0, -1.0], [1.0, -1.0]])
    assert (W @ W == 0).all()
    assert bptt.spectral_radius(W) < 1e-7
    run = bptt.unroll(bptt.Elman(W), np.tile([1.5, 40.0], (60, 1)), [0.0, 1.0])
    norms = bptt.lag_norms(bptt.jacobians(run))
    lags = np.arange(1, 61)
    np.testing.assert_allclose(norms[1:], np.sqrt(2) * 1.5**lags, rtol=1e-12)
