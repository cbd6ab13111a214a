"""The models with and without memory against brute force: companion matrices, Gaussian
conditioning on everything at once, and the sum over all paths."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt
from bptt.memory import (
    AutoRegression,
    HiddenMarkovModel,
    LinearDynamicalSystem,
    Window,
    delays,
)

NAN = float("nan")
seeds = st.integers(0, 2**32)


class TestMemoryless:
    @settings(deadline=None, max_examples=50)
    @given(T=st.integers(1, 9), p=st.integers(1, 12), d=st.sampled_from([None, 1, 3]), seed=seeds)
    def test_delays(self, T, p, d, seed):
        x = np.random.default_rng(seed).normal(size=(T,) if d is None else (T, d))
        windows = delays(x, p)
        assert windows.shape == (T, p, *x.shape[1:])
        for t, i in itertools.product(range(1, T + 1), range(1, p + 1)):
            expected = x[t - i - 1] if t - i >= 1 else np.zeros(x.shape[1:])
            np.testing.assert_array_equal(windows[t - 1, i - 1], expected)

    @settings(deadline=None, max_examples=40)
    @given(p=st.integers(1, 5), seed=seeds)
    def test_a_fit_finds_the_coefficients_of_a_sequence_without_noise(self, p, seed):
        rng = np.random.default_rng(seed)
        a = rng.normal(size=p)
        a *= 0.9 / np.abs(a).sum()
        x = np.concatenate([rng.normal(size=p), np.zeros(p + 1)])
        for t in range(p, len(x)):
            x[t] = sum(a[i] * x[t - 1 - i] for i in range(p))
        model = AutoRegression.fit(x, p)
        np.testing.assert_allclose(model.predict(x)[p:], x[p:], atol=1e-12)

    def test_the_residuals_of_a_fit_are_orthogonal_to_its_windows(self):
        x = np.random.default_rng(0).normal(size=200)
        residual = (x - AutoRegression.fit(x, 4).predict(x))[4:]
        assert np.abs(residual @ delays(x, 4)[4:]).max() < 1e-12

    @pytest.mark.parametrize("lag", [2, 7])
    def test_an_echo_needs_a_window_as_long_as_its_lag(self, lag):
        rng = np.random.default_rng(0)
        x = np.concatenate([rng.normal(size=lag), np.zeros(3000)])
        for t in range(lag, len(x)):
            x[t] = 0.9 * x[t - lag] + 0.1 * rng.normal()
        errors = {}
        for p in range(1, lag + 3):
            errors[p] = (x - AutoRegression.fit(x, p).predict(x))[lag + 3 :].std()
        assert min(errors[p] for p in range(1, lag)) > 0.95 * x.std()
        assert max(errors[p] for p in range(lag, lag + 3)) == pytest.approx(0.1, rel=0.05)

    @settings(deadline=None, max_examples=40)
    @given(p=st.integers(1, 5), steps=st.integers(1, 12), seed=seeds)
    def test_the_impulse_response_against_powers_of_the_companion_matrix(self, p, steps, seed):
        a = np.random.default_rng(seed).normal(size=p)
        companion = np.eye(p, k=-1)
        companion[0] = a
        expected = [np.linalg.matrix_power(companion, t)[0, 0] for t in range(steps)]
        response = AutoRegression(a).impulse_response(steps)
        np.testing.assert_allclose(response, expected, rtol=1e-12, atol=1e-12)

    @settings(deadline=None, max_examples=30)
    @given(seed=seeds, name=st.sampled_from(["identity", "tanh", "sigmoid"]), p=st.integers(1, 3))
    def test_a_window_and_its_derivatives(self, seed, name, p, check_derivative):
        rng = np.random.default_rng(seed)
        net = Window(rng.normal(size=(p, 4, 2)), rng.normal(size=(3, 4)), rng.normal(size=4), name)
        x = rng.normal(size=(6, 2))
        jacobians = net.jacobians(x)
        # All of ∂y_t/∂x_s, most of it zero: nothing before the window, nothing of the future.
        whole = np.zeros((6, 3, 6, 2))
        for t, i in itertools.product(range(6), range(1, p + 1)):
            if t - i >= 0:
                whole[t, :, t - i] = jacobians[t, i - 1]
        check_derivative(net.outputs, x, whole)


def random_system(seed, n=3, d=2, q=2):
    rng = np.random.default_rng(seed)
    noise, error = rng.normal(size=(n, n)), rng.normal(size=(q, q))
    return LinearDynamicalSystem(
        A=0.5 * rng.normal(size=(n, n)),
        B=rng.normal(size=(n, d)),
        C=rng.normal(size=(q, n)),
        Q=noise @ noise.T,
        R=error @ error.T + 0.1 * np.eye(q),
    )


def conditioned_on_everything(system, x, y, mean, covariance):
    """Mean and covariance of h_T given y_1 … y_T, from the joint Gaussian of all of them."""
    T, n, q = len(x), len(system.A), len(system.C)
    # s = (h_0, w_1, …, w_T, v_1, …, v_T) are independent; h_T and all y are linear in them.
    size = n + T * n + T * q
    S = np.zeros((size, size))
    S[:n, :n] = covariance
    offset, move = mean, np.zeros((n, size))
    move[:, :n] = np.eye(n)
    rows, centres = [], []
    for t in range(T):
        w, v = n + t * n, n + T * n + t * q
        S[w : w + n, w : w + n], S[v : v + q, v : v + q] = system.Q, system.R
        offset, move = system.A @ offset + system.B @ x[t], system.A @ move
        move[:, w : w + n] += np.eye(n)
        row = system.C @ move
        row[:, v : v + q] += np.eye(q)
        rows.append(row)
        centres.append(system.C @ offset)
    Y = np.concatenate(rows)
    gain = move @ S @ Y.T @ np.linalg.inv(Y @ S @ Y.T)
    surprise = np.concatenate(y) - np.concatenate(centres)
    return offset + gain @ surprise, move @ S @ move.T - gain @ Y @ S @ move.T


class TestLinearDynamicalSystem:
    @settings(deadline=None, max_examples=40)
    @given(seed=seeds, T=st.integers(1, 6))
    def test_the_kalman_filter_against_conditioning_on_everything(self, seed, T):
        system = random_system(seed)
        rng = np.random.default_rng(seed)
        x, y, mean = rng.normal(size=(T, 2)), rng.normal(size=(T, 2)), rng.normal(size=3)
        for covariance in (np.zeros((3, 3)), np.diag([1.0, 2.0, 0.5])):
            found = system.filter(x, y, mean, covariance)
            m, P = conditioned_on_everything(system, x, y, mean, covariance)
            np.testing.assert_allclose(found.means[-1], m, rtol=1e-7, atol=1e-8)
            np.testing.assert_allclose(found.covariances[-1], P, rtol=1e-7, atol=1e-8)

    @settings(deadline=None, max_examples=40)
    @given(seed=seeds)
    def test_the_jacobians_of_the_filter_carry_an_error_in_the_first_mean(self, seed):
        system = random_system(seed)
        rng = np.random.default_rng(seed)
        x, y, error = rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), rng.normal(size=3)
        right, wrong = system.filter(x, y), system.filter(x, y, mean=error)
        P = bptt.products(right.jacobians)
        np.testing.assert_allclose(wrong.means - right.means, P[1:, 0] @ error, atol=1e-10)

    def test_covariances_stay_covariances(self):
        found = random_system(0).filter(np.zeros((500, 2)), np.zeros((500, 2)))
        np.testing.assert_allclose(
            found.covariances, found.covariances.swapaxes(-2, -1), rtol=0, atol=1e-12
        )
        assert np.linalg.eigvalsh(found.covariances).min() > 0
        # It settles, whatever is observed: the Riccati equation.
        np.testing.assert_allclose(found.covariances[-1], found.covariances[-2], rtol=1e-10)

    @settings(deadline=None, max_examples=30)
    @given(seed=seeds)
    def test_means_are_the_linear_recurrent_network(self, seed):
        system = random_system(seed)
        rng = np.random.default_rng(seed)
        x, h = rng.normal(size=(7, 2)), rng.normal(size=3)
        run = bptt.unroll(bptt.Elman(system.A, system.B, activation="identity"), x, h)
        np.testing.assert_allclose(system.means(x, h), run.outputs, rtol=1e-12, atol=1e-13)

    def test_the_impulse_response_is_the_output_after_one_impulse(self):
        system = random_system(1)
        for j in range(2):
            x = np.zeros((8, 2))
            x[0, j] = 1.0
            expected = system.means(x) @ system.C.T
            np.testing.assert_allclose(system.impulse_response(8)[:, :, j], expected, atol=1e-13)


def random_chain(seed, N=3, M=3):
    rng = np.random.default_rng(seed)
    return HiddenMarkovModel(
        rng.dirichlet(np.ones(N), size=N), rng.dirichlet(np.ones(M), size=N), rng.dirichlet([1] * N)
    )


def by_all_paths(model, symbols):
    """p(s_T | symbols) by summing the probability of every path s_0 … s_T."""
    N = len(model.initial)
    total = np.zeros(N)
    for path in itertools.product(range(N), repeat=len(symbols) + 1):
        probability = model.initial[path[0]]
        for before, after, symbol in zip(path, path[1:], symbols, strict=False):
            probability *= model.transition[before, after] * model.emission[after, symbol]
        total[path[-1]] += probability
    return total / total.sum()


class TestHiddenMarkovModel:
    @settings(deadline=None, max_examples=30)
    @given(seed=seeds, T=st.integers(1, 4))
    def test_the_filter_against_the_sum_over_all_paths(self, seed, T):
        model = random_chain(seed)
        symbols = np.random.default_rng(seed).integers(3, size=T)
        beliefs = model.filter(symbols)
        np.testing.assert_allclose(beliefs.sum(axis=1), 1, rtol=1e-14)
        np.testing.assert_allclose(beliefs[-1], by_all_paths(model, symbols), rtol=1e-10)

    @settings(deadline=None, max_examples=30)
    @given(seed=seeds)
    def test_the_jacobians_are_the_derivatives_of_the_recursion(self, seed, check_derivative):
        model = random_chain(seed)
        symbols = np.random.default_rng(seed).integers(3, size=4)

        def last(alpha):
            for symbol in symbols:
                alpha = model.emission[:, symbol] * (alpha @ model.transition)
                alpha = alpha / alpha.sum()
            return alpha

        np.testing.assert_allclose(last(model.initial), model.filter(symbols)[-1], rtol=1e-12)
        J = model.jacobians(symbols)
        scale = np.linalg.norm(J, axis=(-2, -1)).max() ** 4
        check_derivative(last, model.initial, bptt.products(J)[4, 0], scale=max(scale, 1))

    def test_a_mixing_chain_forgets_exponentially_where_it_started(self):
        model = random_chain(0)
        symbols = np.random.default_rng(0).integers(3, size=300)
        logs = bptt.log_lag_norms(model.jacobians(symbols)[::-1])  # from the first step on
        rates = np.diff(logs[[0, 100, 200, 300]]) / 100
        assert (rates < -0.2).all()
        assert rates.max() - rates.min() < 0.3
        start = np.eye(3)
        ends = [
            HiddenMarkovModel(model.transition, model.emission, alpha).filter(symbols)[-1]
            for alpha in start
        ]
        np.testing.assert_allclose(ends[0], ends[1], atol=1e-12)
        np.testing.assert_allclose(ends[0], ends[2], atol=1e-12)

    def test_a_chain_that_cannot_leave_its_state_never_forgets(self):
        model = HiddenMarkovModel(np.eye(2), [[0.5, 0.5], [0.5, 0.5]], [0.3, 0.7])
        np.testing.assert_allclose(model.filter([0, 1] * 500)[-1], [0.3, 0.7], rtol=1e-12)
        # Along a difference of beliefs, whose entries sum to 0.
        J = model.jacobians([0, 1] * 500)
        np.testing.assert_allclose(bptt.products(J[:20])[20, 0] @ [1, -1], [1, -1], rtol=1e-12)

    def test_a_long_sequence_does_not_underflow(self):
        model = HiddenMarkovModel([[0.5, 0.5]] * 2, [[1e-30, 1 - 1e-30]] * 2, [0.5, 0.5])
        assert np.isfinite(model.filter([0] * 2000)).all()

    def test_bits(self):
        assert random_chain(0, N=4).bits == 2
        assert HiddenMarkovModel(np.eye(64), np.ones((64, 1)), np.ones(64) / 64).bits == 6


ar = AutoRegression([0.5, 0.2])
net = Window(np.ones((2, 3, 1)), np.ones((1, 3)), np.zeros(3))
lds = LinearDynamicalSystem([[0.5]], [[1.0, 0.0]], [[1.0]], [[0.0]], [[1.0]])
hmm = HiddenMarkovModel([[0.9, 0.1], [0.2, 0.8]], [[1, 0, 0], [0, 0.5, 0.5]], [1, 0])

BAD_CALLS = [
    (ValueError, lambda: delays(np.ones((2, 2, 2)), 1), "x must | (T,) or (T, d) | (2, 2, 2)"),
    (ValueError, lambda: delays([1.0], 0), "order | at least 1 | 0"),
    (TypeError, lambda: delays([1.0], 1.0), "order | integer | 1.0"),
    (ValueError, lambda: AutoRegression([]), "coefficients | (T,) | (0,)"),
    (ValueError, lambda: AutoRegression([NAN]), "coefficients[0] | nan"),
    (ValueError, lambda: AutoRegression.fit([1, 2, 3], 2), "x must | 2 order = 4 | got 3"),
    (ValueError, lambda: ar.predict(np.ones((3, 1))), "x must | (T,) | (3, 1)"),
    (TypeError, lambda: ar.predict("abc"), "x must | numbers | str"),
    (ValueError, lambda: ar.impulse_response(0), "steps | at least 1 | 0"),
    (ValueError, lambda: Window(np.ones((3, 1)), [[1]], [0]), "weight_in | (p, m, d) | (3, 1)"),
    (
        ValueError,
        lambda: Window(np.ones((2, 3, 1)), np.ones((1, 2)), np.zeros(3)),
        "weight_out | (q, 3) | m = 3 | (1, 2)",
    ),
    (
        ValueError,
        lambda: Window(np.ones((2, 3, 1)), np.ones((1, 3)), [0]),
        "bias | (3,) | hidden units | (1,)",
    ),
    (ValueError, lambda: Window([[[1]]], [[1]], [0], "ReLU"), "activation | 'ReLU' | relu"),
    (ValueError, lambda: net.outputs(np.ones((5, 2))), "x must | (T, 1) | (5, 2)"),
    (ValueError, lambda: net.jacobians(np.ones(5)), "x must | (T, 1) | (5,)"),
    (
        ValueError,
        lambda: LinearDynamicalSystem([[1, 2]], [[1]], [[1]], [[1]], [[1]]),
        "A must | square | (1, 2)",
    ),
    (
        ValueError,
        lambda: LinearDynamicalSystem([[1]], [[1], [1]], [[1]], [[1]], [[1]]),
        "B must | (1, d) | n = 1 | (2, 1)",
    ),
    (
        ValueError,
        lambda: LinearDynamicalSystem([[1]], [[1]], [[1, 2]], [[1]], [[1]]),
        "C must | (q, 1) | (1, 2)",
    ),
    (
        ValueError,
        lambda: LinearDynamicalSystem([[1]], [[1]], [[1]], [[-1]], [[1]]),
        "Q must | covariance | no negative | -1",
    ),
    (
        ValueError,
        lambda: LinearDynamicalSystem([[1]], [[1]], [[1]], [[1]], [[0]]),
        "R must | covariance | positive eigenvalues | is 0",
    ),
    (
        ValueError,
        lambda: LinearDynamicalSystem(np.eye(2), [[1], [1]], [[1, 1]], [[1, 1], [0, 1]], [[1]]),
        "Q must | not symmetric",
    ),
    (
        TypeError,
        lambda: LinearDynamicalSystem([[1j]], [[1]], [[1]], [[1]], [[1]]),
        "A must | real numbers | complex",
    ),
    (ValueError, lambda: lds.means([[1.0]]), "x must | (T, 2) | columns of B | (1, 1)"),
    (ValueError, lambda: lds.means([[1.0, 0.0]], [0, 0]), "state | (1,) | n = 1 | (2,)"),
    (ValueError, lambda: lds.filter(np.ones((3, 2)), np.ones((2, 1))), "x and y | 3 and 2"),
    (ValueError, lambda: lds.filter(np.ones((3, 2)), np.ones((3, 2))), "y must | (T, 1) | (3, 2)"),
    (
        ValueError,
        lambda: lds.filter(np.ones((3, 2)), np.ones((3, 1)), covariance=[[-1]]),
        "covariance must | no negative | -1",
    ),
    (
        ValueError,
        lambda: HiddenMarkovModel([[0.9, 0.2], [0, 1]], [[1], [1]], [1, 0]),
        "transition | sum to 1 | 1.1",
    ),
    (
        ValueError,
        lambda: HiddenMarkovModel(np.eye(2), [[1.5, -0.5], [1, 0]], [1, 0]),
        "emission | probabilities | -0.5",
    ),
    (
        ValueError,
        lambda: HiddenMarkovModel(np.eye(2), [[1], [1]], [1]),
        "initial | (2,) | N = 2 | (1,)",
    ),
    (TypeError, lambda: HiddenMarkovModel([[1j]], [[1]], [1]), "transition | real | complex"),
    (ValueError, lambda: hmm.filter([0, 3]), "symbols | from 0 to 2 | with a 3"),
    (ValueError, lambda: hmm.filter([[0]]), "symbols | vector | (1, 1)"),
    (ValueError, lambda: hmm.filter([]), "symbols | at least one | (0,)"),
    (ValueError, lambda: hmm.filter([0.5]), "symbols | whole numbers | 0.5"),
    (
        ValueError,
        lambda: HiddenMarkovModel(np.eye(2), [[1, 0], [0, 1]], [1, 0]).jacobians([0, 0, 1]),
        "symbols | possible | symbol 1 | t = 3 | probability 0",
    ),
]


@pytest.mark.parametrize(("error", "call", "words"), BAD_CALLS, ids=[row[2] for row in BAD_CALLS])
def test_bad_call(error, call, words):
    with pytest.raises(error) as caught:
        call()
    for word in words.split(" | "):
        assert word in str(caught.value)
