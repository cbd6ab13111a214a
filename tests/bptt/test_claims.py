"""What the documents claim, and what is true: the book's examples, with the figures it prints.

A tolerance is the last digit printed, unless it says otherwise.
"""

import dataclasses

import numpy as np
import pytest

import bptt
from bptt import initialise
from bptt.lyapunov import log_singular_values, lyapunov_exponents
from bptt.spectrum import singular_values


def slope_at_the_fixed_point(w, name, b=0.0):
    """w φ'(a) where h = φ(w h + b) has settled, starting from 0.9."""
    phi = bptt.activation(name)
    h = np.full(np.shape(w), 0.9)
    for _ in range(2000):
        h = phi(w * h + b)
    return w * phi.derivative(w * h + b)


def scalar_gradient(w, name, lag, h_0=0.5):
    """∂h_lag/∂h_0 of one unit that gets no input."""
    run = bptt.unroll(bptt.Elman([[w]], activation=name), np.zeros((lag, 1)), [h_0])
    return float(bptt.lag_norms(bptt.jacobians(run))[lag])


class TestOnAverage:
    """ "f' > 1 on average explodes": the average is geometric."""

    def test_an_arithmetic_mean_above_one_that_vanishes(self):
        factors = np.tile([2.5, 0.1], 25)
        assert factors.mean() == pytest.approx(1.3, rel=1e-14)
        J = factors.reshape(50, 1, 1)
        assert bptt.lag_norms(J)[50] == pytest.approx(8.88e-16, rel=1e-3)
        assert lyapunov_exponents(J)[0] == pytest.approx(np.log(0.25) / 2, rel=1e-13)

    def test_an_arithmetic_mean_below_one_always_vanishes(self):
        # Jensen: E ln|f'| ≤ ln E|f'| < 0.
        for seed in range(20):
            factors = np.random.default_rng(seed).exponential(size=2000)
            factors *= 0.99 / factors.mean()
            assert lyapunov_exponents(factors.reshape(-1, 1, 1))[0] < np.log(0.99)


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

    @pytest.mark.parametrize("n", [64, 200])
    @pytest.mark.parametrize("gain", [0.55, 0.6, 0.7, 0.8])
    def test_linear_with_a_gaussian_matrix(self, n, gain):
        # ρ ≈ gain and σ_max ≈ 2 gain: between 1/2 and 1 the bound explodes and the gradient dies,
        # like gain^100 up to what the eigenvectors, which are far from orthogonal, put on top.
        W = initialise.gaussian((n, n), rng=0, gain=gain)
        assert bptt.spectral_radius(W) == pytest.approx(gain, rel=0.1)
        assert bptt.spectral_norm(W) == pytest.approx(2 * gain, rel=0.1)
        assert bptt.bound(W, "identity", 100) > 1e3
        gradient = powers(W, 100)[100]
        assert gradient < 1e-6
        assert np.log10(gradient) == pytest.approx(100 * np.log10(gain), abs=4)

    def test_how_far_below_one_the_gain_must_be_for_that(self):
        # Close to 1 a hundred steps are not enough: the gradient vanishes later.
        W = initialise.gaussian((64, 64), rng=0)
        W *= 0.97 / bptt.spectral_radius(W)
        norms = powers(W, 1000)
        assert norms[100] > 0.1
        assert norms[1000] < 1e-10

    def test_tanh_with_a_gaussian_matrix(self):
        rng = np.random.default_rng(0)
        W = rng.normal(size=(64, 64))
        W *= 7e23**0.01 / bptt.spectral_norm(W)
        run = bptt.unroll(bptt.Elman(W), 0.3 * rng.normal(size=(100, 64)))
        assert bptt.bound(W, "tanh", 100) == pytest.approx(7e23, rel=1e-9)
        assert bptt.lag_norms(bptt.jacobians(run))[100] < 1e-7

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


class TestRetention:
    """How long a constant forget gate f = σ(b) remembers."""

    @pytest.mark.parametrize(
        ("b", "gate", "half_life", "time_constant"),
        [
            (0.0, 0.5, 1.0, 2.0),
            (1.0, 0.731, 2.2, 3.7),
            (2.0, 0.881, 5.5, 8.4),
            (3.0, 0.953, 14.3, 21.1),
            (np.log(99), 0.99, 69.0, 100.0),
            (4.968, 0.993, 100.0, 144.7),
        ],
    )
    def test_half_lives_and_time_constants(self, b, gate, half_life, time_constant):
        f = float(bptt.activation("sigmoid")(b))
        assert f == pytest.approx(gate, abs=5e-4)
        assert np.log(0.5) / np.log(f) == pytest.approx(half_life, abs=0.05)
        assert 1 / (1 - f) == pytest.approx(1 + np.exp(b), rel=1e-12)
        assert 1 + np.exp(b) == pytest.approx(time_constant, abs=0.05)

    def test_a_cell_with_that_bias_does_so(self):
        # No recurrent weights and no input: ∂c_t/∂c_{t−1} is the forget gate.
        bias = initialise.forget_bias((4,), 0, value=3.0)
        cell = bptt.LSTM(np.zeros((4, 1)), bias_ih=bias)
        run = bptt.unroll(cell, np.zeros((28, 1)), ([0.0], [1.0]))
        kept = bptt.products(bptt.parts(run).K)[:, 0, 0, 0]
        assert kept[14] > 0.5 > kept[15]
        np.testing.assert_allclose(kept, bptt.activation("sigmoid")(3.0) ** np.arange(29.0))

    def test_chrono_in_the_middle_of_its_range(self):
        bias = initialise.chrono((4 * 4001,), 0, T_max=100)[4001:8002]
        assert np.median(bias) == pytest.approx(np.log(50), abs=0.05)
        assert np.median(1 + np.exp(bias)) == pytest.approx(51, abs=2)


class TestSlopes:
    """σ' ≤ 1/4, tanh' ≤ 1, and what a large c does to the gates' terms."""

    def test_the_largest_slopes(self):
        a = np.linspace(-10, 10, 200001)
        assert bptt.activation("sigmoid").derivative(a).max() == 0.25
        assert bptt.activation("tanh").derivative(a).max() == 1.0

    def test_a_large_cell_state_closes_its_own_way_out(self):
        c = np.linspace(0, 5, 5_000_001)
        product = c * bptt.activation("tanh").derivative(c)
        assert product.max() == pytest.approx(0.4477, abs=5e-5)
        assert c[product.argmax()] == pytest.approx(0.7717, abs=5e-5)


class TestCloseToTheForgetGate:
    """If A + C + D is small, K_t is as harmless as f_t, and for many steps: both bounds hold."""

    def test_two_sided_bound_on_every_step_and_on_the_product(self):
        rng = np.random.default_rng(0)
        cell = bptt.LSTM.random(2, 8, rng=0, forget_bias=4.0)
        cell = dataclasses.replace(cell, weight_hh=0.2 * cell.weight_hh)
        p = bptt.parts(bptt.unroll(cell, rng.normal(size=(100, 2))))
        gates = np.diagonal(p.B, axis1=-2, axis2=-1)
        epsilon = singular_values(p.A + p.C + p.D).max()
        assert 0.01 < epsilon < 0.1
        values = singular_values(p.K)
        assert values.max() <= gates.max() + epsilon
        assert values.min() >= gates.min() - epsilon
        logs = log_singular_values(p.K)
        assert logs[0] <= 100 * np.log(1 + epsilon)
        assert logs[-1] >= 100 * np.log(gates.min() - epsilon)


class TestUpdateGateNearZero:
    """ "It is easy to set the update gate to zero": retention is (1 − u)^T."""

    @pytest.mark.parametrize(("u", "kept"), [(0.1, 2.7e-5), (0.01, 0.366), (0.001, 0.905)])
    def test_retention_after_a_hundred_steps(self, u, kept):
        logit = np.log(u / (1 - u))
        cell = bptt.SimplifiedGRU(np.zeros((2, 1)), bias_ih=[logit, 0.0])
        run = bptt.unroll(cell, np.zeros((100, 1)), [1.0])
        assert run.state[0] == pytest.approx(kept, rel=0.02)
        J = bptt.jacobians(run)
        np.testing.assert_allclose(J[:, 0, 0], 1 - u, rtol=1e-12)
        assert bptt.lag_norms(J)[100] == pytest.approx((1 - u) ** 100, rel=1e-11)

    def test_a_closed_gate_is_hard_to_open_again(self):
        u = 0.01
        assert np.log(u / (1 - u)) == pytest.approx(-4.6, abs=0.05)
        slope = bptt.activation("sigmoid").derivative(np.log(u / (1 - u)))
        assert slope == pytest.approx(0.0099, abs=5e-5)
        # The gate's bias has that gradient, times the difference it makes.
        cell = bptt.SimplifiedGRU(np.zeros((2, 1)), bias_ih=[np.log(u / (1 - u)), 50.0])
        run = bptt.unroll(cell, np.zeros((1, 1)), [0.0])
        gradient = bptt.backward(run, np.ones((1, 1)))["bias_ih_l0"]
        assert gradient[0] == pytest.approx(slope, rel=1e-12)


class TestOneUnit:
    """ "Either explodes or approaches zero": not with a unit that saturates."""

    def test_the_linear_unit_does(self):
        for w in (0.9, 1.1, -0.9, -1.1):
            assert scalar_gradient(w, "identity", 50) == pytest.approx(abs(w) ** 50, rel=1e-13)

    @pytest.mark.parametrize(("w", "gradient"), [(1.0, 3e-2), (1.1, 6e-5), (2.0, 2e-38)])
    def test_tanh_after_fifty_steps_from_one_half(self, w, gradient):
        assert scalar_gradient(w, "tanh", 50) == pytest.approx(gradient, rel=0.35)

    def test_tanh_at_one_decays_like_a_power(self):
        run = bptt.unroll(bptt.Elman([[1.0]]), np.zeros((10000, 1)), [0.5])
        J = bptt.jacobians(run)
        t = np.arange(1, 10001)
        logs = np.cumsum(np.log(J[:, 0, 0]))
        exponent = np.polyfit(np.log(t[999:]), logs[999:], 1)[0]
        assert exponent == pytest.approx(-1.5, abs=0.01)

    def test_a_sigmoid_without_bias_vanishes_for_every_weight(self):
        gradients = {w: scalar_gradient(w, "sigmoid", 50) for w in np.arange(0.5, 6.01, 0.1)}
        largest = max(gradients, key=gradients.get)
        assert largest == pytest.approx(1.6, abs=0.05)
        assert gradients[largest] == pytest.approx(2.3e-28, rel=0.02)

    def test_slopes_at_the_fixed_point(self):
        assert slope_at_the_fixed_point(2.0, "tanh") == pytest.approx(0.166, abs=5e-4)
        assert slope_at_the_fixed_point(4.0, "tanh") == pytest.approx(0.0054, abs=5e-5)
        weights = np.arange(0.01, 8.0, 0.01)
        slopes = slope_at_the_fixed_point(weights, "sigmoid")
        assert slopes.max() == pytest.approx(0.278, abs=1e-3)
        assert weights[slopes.argmax()] == pytest.approx(1.63, abs=0.02)
        # The famous 4: with b = −w/2 the unit sits at 1/2, where the slope is w/4.
        phi = bptt.activation("sigmoid")
        assert phi(4.0 * 0.5 - 2.0) == 0.5
        assert 4.0 * phi.derivative(4.0 * 0.5 - 2.0) == 1.0


class TestReLU:
    """ "The gradient is propagated as it is": W_hh still multiplies it."""

    def test_the_gain_two_explodes_and_root_two_is_critical(self):
        n, T, seeds = 200, 50, 6
        for gain in (1.0, np.sqrt(2), 2.0):
            logs = []
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                cell = bptt.Elman(initialise.gaussian((n, n), rng, gain), activation="relu")
                run = bptt.unroll(cell, rng.normal(size=(T, n)))
                logs.append(bptt.log_lag_norms(bptt.jacobians(run))[T])
            # (g/√2)^50; a spectral norm is a few times, and a sample up to a hundred times, that.
            assert np.mean(logs) / T == pytest.approx(np.log(gain / np.sqrt(2)), abs=0.12)
        assert np.exp(np.mean(logs)) > 6e7  # the gain 2

    def test_an_identity_passes_everything_or_nothing(self):
        cell = bptt.Elman(initialise.identity((2, 2), 0), activation="relu")
        x = np.zeros((1000, 2))
        x[500, 1] = -10.0  # switches unit 2 off
        run = bptt.unroll(cell, x, [1.0, 1.0])
        np.testing.assert_array_equal(
            bptt.products(bptt.jacobians(run)[:600])[600, 0], np.diag([1, 0])
        )
        assert bptt.lag_norms(bptt.jacobians(run))[1000] == 1

    def test_an_orthogonal_matrix_keeps_half_of_it_at_each_step(self):
        n = 200
        rng = np.random.default_rng(0)
        cell = bptt.Elman(initialise.orthogonal((n, n), rng), activation="relu")
        run = bptt.unroll(cell, rng.normal(size=(3, n)))
        values = singular_values(bptt.jacobians(run))
        assert values.max() == pytest.approx(1, rel=1e-12)
        assert (values > 0.5).mean() == pytest.approx(0.5, abs=0.08)


class TestClipping:
    """Clipping by norm keeps the direction and bounds a step; nothing vanished comes back."""

    def test_the_two_kinds(self):
        np.testing.assert_allclose(bptt.clip_by_norm([100.0, 1.0], 1.0), [1.0, 0.01], atol=5e-4)
        assert bptt.clip_by_value([100.0, 1.0], 1.0).tolist() == [1, 1]
        np.testing.assert_allclose(bptt.clip_by_norm([3.0, 4.0], 1.0), [0.6, 0.8], rtol=1e-15)
        cosine = np.array([100.0, 1.0]) @ [1.0, 1.0] / np.hypot(100, 1) / np.sqrt(2)
        assert np.degrees(np.arccos(cosine)) == pytest.approx(44.4, abs=0.05)

    def test_what_has_vanished_stays_so(self):
        assert bptt.clip_by_norm([1e-12, 0.0], 1.0).tolist() == [1e-12, 0]

    @staticmethod
    def cliff(w, b):
        """∇ of (σ(h_50) − 0.7)² by w and b, for h_t = w σ(h_{t−1}) + b from h_0 = 0."""
        cell = bptt.PreActivationElman([[w]], bias_ih=[b], activation="sigmoid")
        run = bptt.unroll(cell, np.zeros((50, 1)), [0.0])
        sigma = bptt.activation("sigmoid")
        at_the_end = np.zeros((50, 1))
        error = sigma(run.state) - 0.7
        at_the_end[-1] = 2 * error * sigma.derivative(run.state)
        gradients = bptt.backward(run, at_the_end)
        return np.array([gradients["weight_hh_l0"].item(), gradients["bias_ih_l0"].item()])

    def test_on_the_cliff(self):
        # Along b = −w/2 the unit sits at an unstable fixed point, and each step multiplies by w/4.
        steep = self.cliff(8.0, -4.0)
        assert np.linalg.norm(steep) > 2.0**46
        beside = max(np.linalg.norm(self.cliff(8.0, -4.0 + move)) for move in (-0.5, 0.5))
        assert beside < 1
        clipped = bptt.clip_by_norm(steep, 1.0)
        assert np.linalg.norm(0.1 * clipped) == pytest.approx(0.1, rel=1e-12)
        np.testing.assert_allclose(clipped, steep / np.linalg.norm(steep), rtol=1e-12)
