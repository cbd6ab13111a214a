"""The documents' claims on gradients of shared weights and of gated cells, recomputed.

The table of ∂c_T/∂c_0 comes out to its two printed digits with seed 1 of ``bptt.LSTM.random`` and
T counted from step 20, when little is left of the zeros at the start. The figures of one seed are
no more than that: what is said in words is held against every one of SEEDS, by orders of magnitude.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest

import bptt
from bptt import initialise

SEEDS = range(5)


def frobenius(matrix):
    return float(np.linalg.norm(matrix))


class TestSumAndMean:
    """ "Average the weights over the copies": the derivative is the *sum* over the copies."""

    COPIES = 10

    @pytest.fixture
    def network(self):
        rng = np.random.default_rng(0)
        cell = bptt.Elman(initialise.gaussian((4, 4), rng), rng.normal(size=(4, 2)))
        return cell, rng.normal(size=(self.COPIES, 2)), rng.normal(size=4)

    @staticmethod
    def loss(network, weights):
        """½ |h_T − y|², where each step may have a W_hh of its own."""
        cell, x, y = network
        h = np.zeros(4, dtype=weights[0].dtype)
        for W, x_t in zip(weights, x, strict=True):
            h = dataclasses.replace(cell, weight_hh=W).step(x_t, h)
        return 0.5 * ((h - y) ** 2).sum()

    @staticmethod
    def copies(network, W=None):
        """The gradient by every copy of W_hh, and by the one W_hh that they are."""
        cell, x, y = network
        run = bptt.unroll(cell if W is None else dataclasses.replace(cell, weight_hh=W), x)
        at_the_end = np.zeros_like(run.outputs)
        at_the_end[-1] = run.state - y
        return (
            bptt.copy_gradients(run, at_the_end)["weight_hh_l0"],
            bptt.backward(run, at_the_end)["weight_hh_l0"],
        )

    def differences(self, network, moved):
        """Central differences by W_hh, of the copies that ``moved`` selects."""
        W, step = network[0].weight_hh, 1e-5
        result = np.zeros_like(W)
        for entry in np.ndindex(W.shape):
            change = np.zeros_like(W)
            change[entry] = step
            up, down = (
                self.loss(network, [W + sign * change * moved(s) for s in range(self.COPIES)])
                for sign in (1.0, -1.0)
            )
            result[entry] = (up - down) / (2 * step)
        return result

    def test_each_copy_has_its_gradient(self, network):
        by_copy, _ = self.copies(network)
        for s in range(self.COPIES):
            expected = self.differences(network, lambda other, s=s: float(other == s))
            np.testing.assert_allclose(by_copy[s], expected, rtol=0, atol=1e-9)
        assert (np.abs(by_copy[1:]).max(axis=(1, 2)) > 1e-4).all()

    def test_the_derivative_is_the_sum_and_not_the_mean(self, network):
        by_copy, gradient = self.copies(network)
        derivative = self.differences(network, lambda _: 1.0)
        np.testing.assert_allclose(by_copy.sum(axis=0), derivative, rtol=0, atol=2e-9)
        np.testing.assert_allclose(gradient, derivative, rtol=0, atol=2e-9)
        error = np.abs(by_copy.mean(axis=0) - derivative).max()
        assert error == pytest.approx(0.9 * np.abs(derivative).max(), rel=1e-6)
        assert error > 0.5

    def descend(self, network, optimiser, averaged, rate=0.05, steps=5):
        """W_hh after some steps; each copy has a state of its own if they are ``averaged``."""
        W, state = network[0].weight_hh, None
        for t in range(1, steps + 1):
            by_copy, gradient = self.copies(network, W)
            move, state = optimiser(by_copy if averaged else gradient, state, t)
            W = (W - rate * move).mean(axis=0) if averaged else W - rate * move
        return W

    @staticmethod
    def plain(gradient, state, t):
        return gradient, state

    @staticmethod
    def momentum(gradient, state, t):
        velocity = gradient + (0.0 if state is None else 0.9 * state)
        return velocity, velocity

    @staticmethod
    def adam(gradient, state, t, b_1=0.9, b_2=0.999):
        first, second = state or (0.0, 0.0)
        first = b_1 * first + (1 - b_1) * gradient
        second = b_2 * second + (1 - b_2) * gradient**2
        corrected = first / (1 - b_1**t), second / (1 - b_2**t)
        return corrected[0] / (np.sqrt(corrected[1]) + 1e-8), (first, second)

    @pytest.mark.parametrize("optimiser", ["plain", "momentum"])
    def test_averaging_divides_the_step_where_the_step_is_linear(self, network, optimiser):
        # Heavy-ball momentum too, though each copy has a velocity of its own: it is linear.
        step = getattr(self, optimiser)
        averaged = self.descend(network, step, averaged=True)
        smaller = self.descend(network, step, averaged=False, rate=0.05 / self.COPIES)
        np.testing.assert_allclose(averaged, smaller, rtol=0, atol=1e-14)
        full = self.descend(network, step, averaged=False)
        assert np.abs(averaged - full).max() > 0.01

    def test_with_adam_it_is_no_step_of_another_size(self, network):
        W = network[0].weight_hh
        averaged = self.descend(network, self.adam, averaged=True, steps=1) - W
        shared = self.descend(network, self.adam, averaged=False, steps=1) - W
        # The first step of Adam is the sign of the gradient. Of ten copies one, the first, has none
        # as h_0 = 0: nine signs leave an odd number, and not the same for every entry.
        np.testing.assert_allclose(np.abs(shared), 0.05, rtol=1e-4)
        signs = averaged / shared * self.COPIES
        np.testing.assert_allclose(signs, np.round(signs), rtol=0, atol=0.01)
        assert (np.round(signs) % 2 == 1).all()
        assert np.ptp(np.round(signs)) >= 2


class TestOneTermOfTheSum:
    """A+B+C+D eq. 3 has the path to c_1 alone. It vanishes; the gradient does not."""

    @pytest.fixture(params=SEEDS)
    def lags(self, request):
        """|∂E_60/∂(W_hh, W_ih)| by lag, its total, and the term s = 1 by hand."""
        rng = np.random.default_rng(request.param)
        W, W_ih = initialise.gaussian((32, 32), rng, 0.6), initialise.gaussian((32, 8), rng)
        run = bptt.unroll(bptt.Elman(W, W_ih), rng.normal(size=(60, 8)))
        at_the_end = np.zeros((60, 32))
        at_the_end[-1] = run.state  # E_60 = ½ |h_60|²
        by_lag = bptt.lag_contributions(run, at_the_end)
        names = ("weight_hh_l0", "weight_ih_l0")
        at_1 = bptt.products(bptt.jacobians(run))[60, 1].T @ run.state
        # ∂⁺h_1/∂W is φ'(a_1) times [h_0; x_1].
        immediate = np.outer(at_1 * (1 - run.outputs[0] ** 2), run.inputs[0])
        full = bptt.backward(run, at_the_end)
        return (
            np.array(
                [np.hypot(*(frobenius(by_lag[name][k]) for name in names)) for k in range(60)]
            ),
            np.hypot(*(frobenius(full[name]) for name in names)),
            immediate,
            by_lag["weight_ih_l0"][59],
        )

    def test_the_total_does_not_vanish_and_the_term_does(self, lags):
        by_lag, total, _, _ = lags
        assert 1 < total < 20
        assert 1e-27 < by_lag[59] < 1e-20
        assert by_lag[0] > 0.7 * total

    def test_that_term_by_hand(self, lags):
        _, _, by_hand, last = lags
        np.testing.assert_allclose(last, by_hand, rtol=1e-9, atol=1e-12 * np.abs(by_hand).max())

    def test_each_lag_of_ten_costs_orders_of_magnitude(self, lags):
        by_lag, *_ = lags
        assert (by_lag[10::10] < 1e-2 * by_lag[:50:10]).all()
        assert by_lag[40] < 1e-13


LAGS = (2, 10, 50, 100)

# Shift of the forget bias and gain of W_hh, and the spectral norms of exact, ∏K, ∏diag f.
TABLE = {
    (0, 1): {
        10: (2.2e-2, 2.2e-2, 3.9e-3),
        50: (4.3e-10, 4.4e-10, 3.6e-13),
        100: (9.4e-20, 9.2e-20, 1.6e-25),
    },
    (1, 1): {
        10: (0.395, 0.395, 0.102),
        50: (1.34e-3, 1.36e-3, 7.5e-6),
        100: (9.7e-7, 9.6e-7, 5.9e-11),
    },
    (3, 1): {10: (2.06, 2.02, 0.82), 50: (6.8, 6.8, 0.34), 100: (9.2, 8.5, 0.075)},
    (5, 1): {10: (2.5, 2.5, 0.98), 50: (14, 14, 0.88), 100: (63, 62, 0.78)},
    (1, 4): {10: (7.2, 7.1, 0.76), 50: (40, 76, 1.7e-4), 100: (280, 473, 4.6e-9)},
}


def lstm_run(shift, gain, seed, steps, through_o=True):
    """PyTorch's initialisation, n = 64, d = 8, inputs from N(0, 1), zero initial state."""
    rng = np.random.default_rng(seed)
    cell = bptt.LSTM.random(8, 64, rng, forget_bias=shift)
    W = gain * cell.weight_hh
    if not through_o:
        W[3 * 64 :] = 0.0
    cell = dataclasses.replace(cell, weight_hh=W)
    return bptt.unroll(cell, rng.normal(size=(steps, 8)))


class Flow(NamedTuple):
    """∂c_{start+ℓ}/∂c_start with o_start fixed, by lag ℓ: exact, ∏K and ∏diag f."""

    exact: dict
    terms: dict
    gates: dict

    def norms(self, lag):
        return tuple(bptt.spectral_norm(part[lag]) for part in self)

    def errors(self, lag):
        """Of ∏K and ∏diag f, relative to the exact matrix, as vectors of entries."""
        exact = self.exact[lag]
        return tuple(
            frobenius(part[lag] - exact) / frobenius(exact) for part in (self.terms, self.gates)
        )


def flow(run, start):
    parts = bptt.parts(run)
    of_K = of_f = np.eye(64)
    found = Flow({}, {}, {})
    for lag in range(1, len(run) - start + 1):
        of_K, of_f = parts.K[start + lag - 1] @ of_K, parts.B[start + lag - 1] @ of_f
        if lag in LAGS:
            found.exact[lag] = bptt.cell_derivative(parts, start + lag, start)
            found.terms[lag], found.gates[lag] = of_K, of_f
    return found


@pytest.fixture(scope="module")
def flows():
    """For each row of the table and each seed, from step 20."""
    return {row: [flow(lstm_run(*row, seed, 120), 20) for seed in SEEDS] for row in TABLE}


class TestGatedProducts:
    """What reaches c_0: the exact ∂c_T/∂c_0, the product of A+B+C+D, that of the forget gates."""

    @pytest.mark.parametrize("row", TABLE, ids=str)
    def test_the_table(self, row, flows):
        # Two digits: half a unit of the second is 5 % at most.
        for lag, printed in TABLE[row].items():
            assert flows[row][1].norms(lag) == pytest.approx(printed, rel=0.05)

    @pytest.mark.parametrize("row", [(1, 1), (1, 4)], ids=str)
    def test_exact_means_the_derivative(self, row, flows):
        """By the complex step, with nothing but unroll: c_20 moves, and h_20 with it as o stays."""
        run = lstm_run(*row, 1, 120)
        h, c = run.outputs[19], run.cell_states[19]
        moved = c + 1e-30j * np.eye(64)  # a batch of 64 directions
        state = h / np.tanh(c) * np.tanh(moved), moved
        for lag in (10, 100):
            x = np.repeat(run.inputs[20 : 20 + lag, None], 64, axis=1)
            by_direction = np.imag(bptt.unroll(run.cell, x, state).state[1]) / 1e-30
            exact = flows[row][1].exact[lag]
            np.testing.assert_allclose(
                exact, by_direction.T, rtol=0, atol=1e-10 * np.abs(exact).max()
            )

    @pytest.mark.parametrize("row", [(0, 1), (1, 1), (3, 1), (5, 1)], ids=str)
    def test_other_seeds_agree_in_the_order_of_magnitude(self, row, flows):
        for (lag, printed), factor in zip(TABLE[row].items(), (1.5, 6, 15), strict=True):
            for one in flows[row]:
                for found, expected in zip(one.norms(lag)[:2], printed[:2], strict=True):
                    assert expected / factor < found < expected * factor

    def test_at_gain_four_a_seed_speaks_for_itself_alone(self, flows):
        norms = {lag: [one.norms(lag)[0] for one in flows[1, 4]] for lag in LAGS}
        assert 2 < min(norms[10]) < max(norms[10]) < 20
        assert max(norms[100]) > 5 * min(norms[100])

    def test_the_default_bias_vanishes(self, flows):
        for one in flows[0, 1]:
            assert one.norms(50)[0] < 1e-8
            assert one.norms(100)[0] < 1e-15

    def test_a_forget_bias_of_one_puts_it_off(self, flows):
        for one, default in zip(flows[1, 1], flows[0, 1], strict=True):
            assert 1e-4 < one.norms(50)[0] < 1e-2
            assert one.norms(100)[0] > 1e10 * default.norms(100)[0]

    @pytest.mark.parametrize("row", [(3, 1), (5, 1), (1, 4)], ids=str)
    def test_with_open_forget_gates_or_large_weights_it_grows(self, row, flows):
        for one in flows[row]:
            exact = [one.norms(lag)[0] for lag in LAGS]
            assert 1 < exact[0] < exact[1]
            assert exact[3] > 5
            # ∏diag f cannot know: it is 1 at most.
            assert all(one.norms(lag)[2] < 1 for lag in LAGS)

    def test_the_largest_bias_grows_all_the_way(self, flows):
        for one in flows[5, 1]:
            exact = [one.norms(lag)[0] for lag in LAGS]
            assert (np.diff(exact) > 0).all()
            assert 20 < exact[3] < 200
            assert 0.6 < one.norms(100)[2] < 0.9

    def test_from_the_first_step_it_grows_more(self, flows):
        # While c is small nothing is saturated: |∂c_100/∂c_0| is above |∂c_120/∂c_20|.
        ratios = []
        for seed, one in enumerate(flows[5, 1]):
            from_zero = flow(lstm_run(5, 1, seed, 100), 0).norms(100)[0]
            assert from_zero > 100
            ratios.append(from_zero / one.norms(100)[0])
        assert min(ratios) > 1.2
        assert np.exp(np.mean(np.log(ratios))) > 2

    @pytest.mark.parametrize(("row", "printed", "least"), [((1, 1), 180, 50), ((0, 1), 1200, 250)])
    def test_forget_gates_alone_are_too_small(self, row, printed, least, flows):
        # By two orders of magnitude and more after 50 steps; which number it is, is the seed's.
        too_small = []
        for one in flows[row]:
            exact, _, of_f = one.norms(50)
            too_small.append(exact / of_f)
        assert too_small[1] == pytest.approx(printed, rel=0.05)
        assert min(too_small) > least
        assert np.median(too_small) > 2 * least

    @pytest.mark.parametrize("row", [(0, 1), (1, 1), (3, 1), (5, 1)], ids=str)
    def test_at_gain_one_the_four_terms_are_a_good_approximation(self, row, flows):
        for one in flows[row]:
            for lag in LAGS:
                exact, of_K, _ = one.norms(lag)
                assert of_K == pytest.approx(exact, rel=0.5)
                assert one.errors(lag)[0] < 0.5

    def test_at_gain_four_they_are_not(self, flows):
        for one in flows[1, 4]:
            assert one.errors(2)[0] > 0.1
            assert one.errors(100)[0] > 0.5

    @pytest.mark.parametrize(
        ("row", "of_K", "of_f"),
        [
            ((1, 1), (0.01, 0.04, 0.10, 0.14), (0.33, 0.91, 1.00, 1.00)),
            ((1, 4), (0.16, 0.41, 2.12, 1.89), (0.68, 0.99, 1.00, 1.00)),
        ],
        ids=str,
    )
    def test_what_is_dropped(self, row, of_K, of_f, flows):
        # In the Frobenius norm, to the printed percent.
        errors = np.transpose([flows[row][1].errors(lag) for lag in LAGS])
        np.testing.assert_allclose(errors, [of_K, of_f], rtol=0, atol=0.0055)

    def test_what_is_dropped_from_the_first_two_steps_on(self, flows):
        for one in flows[1, 1]:
            errors = [one.errors(lag)[0] for lag in LAGS]
            assert 0.005 < errors[0] < 0.02 < errors[1] < 0.06
            assert 0.04 < errors[2] < errors[3] < 0.3

    @pytest.mark.parametrize("gain", [1, 4])
    def test_the_four_terms_are_exact_if_the_output_gate_does_not_see_h(self, gain):
        for seed in SEEDS:
            one = flow(lstm_run(1, gain, seed, 120, through_o=False), 20)
            for lag in LAGS:
                of_K, of_f = one.errors(lag)
                assert of_K < 1e-13
                assert of_f > 0.2


class TestTruncation:
    """ "Truncated BPTT is just cheaper": it is another direction, the more so the more is kept."""

    @staticmethod
    def cosines(gain, seed, scale, truncations=(5,)):
        """Between the full gradient by W_hh and the truncated ones, with a loss at every step."""
        rng = np.random.default_rng(seed)
        W_ih = initialise.gaussian((32, 4), rng, scale)
        cell = bptt.Elman(initialise.gaussian((32, 32), rng, gain), W_ih)
        run, R = bptt.unroll(cell, rng.normal(size=(60, 4))), rng.normal(size=(60, 32))
        full = bptt.backward(run, R)["weight_hh_l0"].ravel()
        cosines = []
        for k in truncations:
            part = bptt.backward(run, R, truncate=k)["weight_hh_l0"].ravel()
            cosines.append(full @ part / np.linalg.norm(full) / np.linalg.norm(part))
        return np.array(cosines)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_direction_at_five_steps(self, seed):
        low, middle, high = (self.cosines(gain, seed, 0.3)[0] for gain in (0.5, 0.9, 1.3))
        assert low > 0.9995
        assert 0.9 < middle < 0.995
        assert 0.2 < high < 0.9

    @pytest.mark.parametrize("seed", SEEDS)
    def test_large_inputs_saturate_the_units_and_hide_it(self, seed):
        small, large = (self.cosines(1.3, seed, scale)[0] for scale in (0.3, 1.0))
        assert small < large - 0.03
        assert large < 0.99

    def test_the_whole_sequence_is_the_full_gradient(self):
        few, more, most, all_of_them = self.cosines(1.3, 0, 0.3, (1, 10, 30, 60))
        assert few < more < most < 1
        assert all_of_them == pytest.approx(1, abs=1e-14)
