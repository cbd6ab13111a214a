import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bptt
from bptt.flow import log_product_norms, product_norms

NAN = float("nan")


def random_run(name, T, n, d, batch, seed, gain, size):
    rng = np.random.default_rng(seed)
    cell = bptt.Elman(
        gain * rng.normal(size=(n, n)), rng.normal(size=(n, d)), rng.normal(size=n), activation=name
    )
    some = () if batch is None else (batch,)
    x = size * rng.normal(size=(T, *some, d))
    return bptt.unroll(cell, x, rng.normal(size=(*some, n)))


runs = st.builds(
    random_run,
    name=st.sampled_from(list(bptt.ACTIVATIONS)),
    T=st.integers(1, 6),
    n=st.integers(1, 4),
    d=st.integers(1, 3),
    batch=st.sampled_from([None, 1, 2]),
    seed=st.integers(0, 2**32),
    gain=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
    size=st.sampled_from([0.0, 1.0, 50.0]),  # nothing comes in; the usual; saturation
)
matrices = hnp.arrays(float, st.integers(1, 5).map(lambda n: (n, n)), elements=st.floats(-1e3, 1e3))


@settings(deadline=None, max_examples=80)
@given(run=runs)
def test_products_are_the_derivatives_of_later_states_by_earlier_ones(run, check_derivative):
    assume(np.abs(run.pre_activations).min() > 1e-3)  # the kink of the relus
    J = bptt.jacobians(run)
    P = bptt.products(J)
    T = len(J)
    batched = run.outputs.ndim == 3
    states = np.concatenate([run.initial_state[None], run.outputs])
    for k in range(T):
        # With a batch: the last sequence of it.
        inputs, h = (run.inputs[k:, -1], states[k, -1]) if batched else (run.inputs[k:], states[k])
        block = P[k + 1 :, k, -1] if batched else P[k + 1 :, k]
        factors = np.linalg.norm(J[k:], axis=(-2, -1)).max(axis=tuple(range(1, J.ndim - 2)))
        check_derivative(
            lambda state, inputs=inputs: bptt.unroll(run.cell, inputs, state).outputs,
            h,
            block,
            scale=np.cumprod(factors).max(),
        )


@settings(deadline=None, max_examples=40)
@given(run=runs)
def test_products_on_and_above_the_diagonal(run):
    J = bptt.jacobians(run)
    T, n = len(J), J.shape[-1]
    P = bptt.products(J)
    assert P.shape == (T + 1, T + 1, *J.shape[1:])
    for t in range(T + 1):
        np.testing.assert_array_equal(P[t, t], np.broadcast_to(np.eye(n), J.shape[1:]))
        assert not P[t, t + 1 :].any()
    for t in range(1, T + 1):
        np.testing.assert_array_equal(P[t, t - 1], J[t - 1])


def test_products_have_the_latest_factor_on_the_left():
    A, B = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    np.testing.assert_array_equal(bptt.products([A, B])[2, 0], B @ A)


@settings(deadline=None, max_examples=60)
@given(run=runs)
def test_lag_norms_are_the_norms_of_the_last_row_of_products(run):
    J = bptt.jacobians(run)
    last = bptt.products(J)[-1][::-1]
    expected = np.linalg.norm(last, ord=2, axis=(-2, -1))
    norms = bptt.lag_norms(J)
    scale = np.cumprod(np.linalg.norm(J[::-1], axis=(-2, -1)), axis=0)
    error = np.abs(norms - expected)
    assert norms.shape == (len(J) + 1, *J.shape[1:-2])
    assert (error[0] <= 1e-15).all()
    # 1e-300: a product taken without rescaling loses its digits as it underflows.
    assert (error[1:] <= 1e-13 * scale + 1e-300).all()


@settings(deadline=None, max_examples=60)
@given(run=runs)
def test_logarithms_agree_with_the_norms(run):
    J = bptt.jacobians(run)
    norms, logs = bptt.lag_norms(J), bptt.log_lag_norms(J)
    # A logarithm below this belongs to a norm that underflows, to 0 in the end.
    in_range = logs > np.log(1e-300)
    np.testing.assert_allclose(np.exp(logs[in_range]), norms[in_range], rtol=1e-12)
    assert (norms[~in_range] <= 1e-300).all()


@settings(deadline=None, max_examples=80)
@given(run=runs)
def test_the_bound_is_never_violated(run):
    W, phi = run.cell.weight_hh, run.cell.activation
    J = bptt.jacobians(run)
    lags = np.arange(len(J) + 1)
    some = (slice(None), *[None] * (J.ndim - 3))
    tiny = 1e-13 * (1 + lags)
    assert (bptt.log_lag_norms(J) <= (bptt.log_bound(W, phi, lags) + tiny)[some]).all()
    assert (bptt.lag_norms(J) <= (bptt.bound(W, phi, lags) * np.exp(tiny))[some]).all()


def test_the_bound_is_attained_by_a_normal_matrix_without_non_linearity():
    W = np.diag([0.5, -1.2])
    norms = bptt.lag_norms(np.tile(W, (20, 1, 1)))
    np.testing.assert_allclose(norms, bptt.bound(W, "identity", range(21)), rtol=1e-14)


def test_the_bound_of_a_sigmoid_is_attained_where_its_slope_is_a_quarter():
    # w = 4, b = −2: h = 1/2 is a fixed point with a = 0, and every step multiplies by 4 · 1/4.
    cell = bptt.Elman([[4.0]], bias_ih=[-2.0], activation="sigmoid")
    norms = bptt.lag_norms(bptt.jacobians(bptt.unroll(cell, np.zeros((30, 1)), [0.5])))
    assert (norms == 1).all()
    assert (bptt.bound(cell.weight_hh, "sigmoid", range(31)) == 1).all()


@settings(deadline=None, max_examples=100)
@given(W=matrices)
def test_radius_is_at_most_the_norm(W):
    assert bptt.spectral_radius(W) <= bptt.spectral_norm(W) * (1 + 1e-12)


@settings(deadline=None, max_examples=60)
@given(W=matrices)
def test_radius_is_the_norm_of_a_symmetric_matrix(W):
    S = W + W.T
    assert bptt.spectral_radius(S) == pytest.approx(bptt.spectral_norm(S), rel=1e-10)


def test_radius_takes_the_modulus_of_complex_eigenvalues():
    assert bptt.spectral_radius([[0, -2], [2, 0]]) == pytest.approx(2, rel=1e-15)


def test_norm_of_one_direction():
    # ‖u vᵀ‖ = ‖u‖ ‖v‖
    assert bptt.spectral_norm(np.outer([3, 4], [5, 12])) == pytest.approx(65, rel=1e-15)


class TestFarBeyondFloatingPoint:
    """Products whose norms float64 cannot hold, against what is known of them on paper."""

    def test_a_norm_of_1e_minus_5000_is_a_number(self):
        J = np.full((5000, 1, 1), 0.1)
        np.testing.assert_allclose(
            bptt.log_lag_norms(J), -np.arange(5001) * np.log(10), rtol=1e-12, atol=0
        )
        assert bptt.lag_norms(J)[-1] == 0

    def test_a_norm_of_1e5000_is_a_number(self):
        J = np.full((5000, 1, 1), -10.0)
        assert bptt.log_lag_norms(J)[-1] == pytest.approx(5000 * np.log(10), rel=1e-12)
        assert bptt.lag_norms(J)[-1] == np.inf

    def test_an_exactly_zero_product_is_minus_infinity(self):
        J = np.array([np.eye(2), np.zeros((2, 2)), np.eye(2)])
        assert bptt.log_lag_norms(J).tolist() == [0, 0, -np.inf, -np.inf]
        assert bptt.lag_norms(J).tolist() == [1, 1, 0, 0]

    def test_a_tiny_row_survives_beside_a_large_one(self):
        # 1 and 1e-1000, and then the large one is cut off.
        J = np.array([np.diag([0.0, 1.0])] + [np.diag([1.0, 1e-10])] * 100)
        logs = bptt.log_lag_norms(J)
        assert logs[100] == 0
        assert logs[101] == pytest.approx(-1000 * np.log(10), rel=1e-12)

    @pytest.mark.parametrize("size", [5e-324, 1e-310, 1e300, 1.7e308])
    def test_extreme_entries(self, size):
        # ‖size · [[1, 1], [1, 1]]‖ = 2 size, to the power of the lag
        J = np.full((4, 2, 2), size)
        expected = np.arange(5) * (np.log(size) + np.log(2))
        np.testing.assert_allclose(bptt.log_lag_norms(J), expected, rtol=1e-13)

    def test_a_batch_does_not_mix(self):
        J = np.stack([np.full((50, 1, 1), 1e-20), np.full((50, 1, 1), 1e20)], axis=1)
        logs = bptt.log_lag_norms(J)
        np.testing.assert_allclose(logs[:, 0], -logs[:, 1], rtol=1e-13)
        np.testing.assert_allclose(logs[:, 1], np.arange(51) * np.log(1e20), rtol=1e-13)

    def test_the_bound(self):
        assert bptt.log_bound([[10.0]], "tanh", 5000) == pytest.approx(5000 * np.log(10))
        assert bptt.bound([[10.0]], "tanh", 5000) == np.inf
        assert bptt.log_bound([[0.0]], "tanh", [0, 1]).tolist() == [0, -np.inf]
        assert bptt.bound([[0.0]], "tanh", [0, 1]).tolist() == [1, 0]

    def test_products_say_so(self):
        with pytest.raises(OverflowError, match="log_lag_norms"):
            bptt.products(np.full((400, 1, 1), 10.0))


def test_norms_of_complex_jacobians():
    # ‖2i · [[1, i], [1, i]]‖ = 4, and [[1, i], [1, i]]² = (1 + i) [[1, i], [1, i]].
    J = np.tile(2j * np.array([[1, 1j], [1, 1j]]), (800, 1, 1))
    lags = np.arange(1, 801)
    logs = lags * np.log(4) - (lags - 1) * np.log(2) / 2
    np.testing.assert_allclose(bptt.log_lag_norms(J)[1:], logs, rtol=1e-13)
    imaginary = bptt.log_lag_norms(np.full((2, 1, 1), 1e300j))
    np.testing.assert_allclose(imaginary, np.arange(3) * np.log(1e300), rtol=1e-13)


def test_complex_jacobians_stay_complex():
    cell = bptt.Elman(np.array([[0.5 + 1e-30j]]))
    P = bptt.products(bptt.jacobians(bptt.unroll(cell, np.zeros((3, 1)))))
    # ∂h_3/∂h_0 = w³, and its derivative by w is 3 w².
    assert P[3, 0, 0, 0].imag / 1e-30 == pytest.approx(3 * 0.5**2, rel=1e-13)


@settings(deadline=None, max_examples=60)
@given(run=runs)
def test_product_norms_are_the_norms_of_products(run):
    J = bptt.jacobians(run)
    P = bptt.products(J)
    norms = product_norms(J)
    T = len(J)
    assert norms.shape == P.shape[:-2]
    expected = np.linalg.norm(P, ord=2, axis=(-2, -1))
    sizes = np.linalg.norm(J, axis=(-2, -1))
    for t in range(T + 1):
        for k in range(T + 1):
            # The scale is that of the factors: a product that cancels is no more exact than they.
            scale = sizes[k:t].prod(axis=0) if k < t else 1.0
            error = np.abs(norms[t, k] - expected[t, k])
            assert (error <= 1e-13 * scale + 1e-300).all()
    np.testing.assert_allclose(norms[-1, ::-1], bptt.lag_norms(J), rtol=1e-12, atol=1e-300)


@settings(deadline=None, max_examples=60)
@given(run=runs, seed=st.integers(0, 2**32))
def test_norms_along_a_gradient(run, seed):
    J = bptt.jacobians(run)
    g = np.random.default_rng(seed).normal(size=J.shape[-1])
    expected = np.linalg.norm(g @ bptt.products(J), axis=-1)
    norms = product_norms(J, gradient=g)
    scale = np.linalg.norm(g) * np.maximum(1, np.linalg.norm(J, axis=(-2, -1)).max()) ** len(J)
    np.testing.assert_allclose(norms, expected, rtol=0, atol=1e-13 * scale + 1e-300)
    np.testing.assert_allclose(
        norms[-1, ::-1], bptt.lag_norms(J, gradient=g), rtol=0, atol=1e-13 * scale + 1e-300
    )
    whole = np.linalg.norm(g) * product_norms(J)
    assert (norms <= whole * (1 + 1e-12) + 1e-13 * scale).all()


@settings(deadline=None, max_examples=40)
@given(run=runs)
def test_logarithms_of_product_norms(run):
    J = bptt.jacobians(run)
    norms, logs = product_norms(J), log_product_norms(J)
    in_range = logs > np.log(1e-300)
    np.testing.assert_allclose(np.exp(logs[in_range]), norms[in_range], rtol=1e-12)
    assert (norms[~in_range] <= 1e-300).all()
    later = np.triu_indices(len(J) + 1, 1)
    assert (logs[later] == -np.inf).all()


class TestAllPairsFarBeyondFloatingPoint:
    def test_powers_of_a_tenth(self):
        logs = log_product_norms(np.full((1000, 1, 1), 0.1))
        t, k = np.indices(logs.shape)
        expected = np.where(k <= t, -(t - k) * np.log(10), -np.inf)
        np.testing.assert_allclose(logs, expected, rtol=1e-12, atol=0)

    def test_a_sequence_that_vanishes_first_and_explodes_later(self):
        J = np.concatenate(
            [np.tile(1e-30 * np.eye(3), (40, 1, 1)), 1e30 * np.tile(np.eye(3), (40, 1, 1))]
        )
        logs = log_product_norms(J) / np.log(10)
        assert logs[80, 0] == pytest.approx(0, abs=1e-9)
        assert logs[40, 0] == pytest.approx(-1200)
        assert logs[80, 40] == pytest.approx(1200)
        assert product_norms(J)[[40, 80], [0, 40]].tolist() == [0, np.inf]

    def test_a_product_cut_off_in_the_middle(self):
        J = np.tile(np.eye(2), (4, 1, 1))
        J[2] = 0
        assert product_norms(J).tolist() == [
            [1, 0, 0, 0, 0],
            [1, 1, 0, 0, 0],
            [1, 1, 1, 0, 0],
            [0, 0, 0, 1, 0],
            [0, 0, 0, 1, 1],
        ]

    def test_a_tiny_row_survives_beside_a_large_one(self):
        J = np.array([np.diag([0.0, 1.0, 0.0])] + [np.diag([1.0, 1e-10, 1.0])] * 100)
        logs = log_product_norms(J)
        assert logs[101, 1] == 0
        assert logs[101, 0] == pytest.approx(-1000 * np.log(10), rel=1e-12)

    def test_a_gradient_of_extreme_size(self):
        J = np.full((3, 1, 1), 1e-200)
        logs = log_product_norms(J, gradient=[1e-300]) / np.log(10)
        assert logs[3, 0] == pytest.approx(-900)
        assert (bptt.log_lag_norms(J, gradient=[0.0]) == -np.inf).all()

    def test_a_batch_does_not_mix(self):
        J = np.stack([np.full((50, 1, 1), 1e-20), np.full((50, 1, 1), 1e20)], axis=1)
        both = log_product_norms(J)
        for b in range(2):
            np.testing.assert_array_equal(both[..., b], log_product_norms(J[:, b]))


def test_product_norms_of_complex_jacobians():
    # ‖2i · [[1, i], [1, i]]‖ = 4, and [[1, i], [1, i]]² = (1 + i) [[1, i], [1, i]].
    J = np.tile(2j * np.array([[1, 1j], [1, 1j]]), (30, 1, 1))
    lags = np.arange(1, 31)
    logs = lags * np.log(4) - (lags - 1) * np.log(2) / 2
    np.testing.assert_allclose(log_product_norms(J)[30, :30][::-1], logs, rtol=1e-13)


def test_product_norms_need_the_memory_of_one_row_of_products():
    """O(T n²): twice the steps, twice the memory; what T = 2000, n = 64 needs follows."""
    rng = np.random.default_rng(0)
    peaks = []
    for T in (40, 80):
        J = rng.normal(size=(T, 64, 64)) / 8
        tracemalloc.start()
        product_norms(J)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2.2 * peaks[0]
    norms_of_all_pairs = 5 * 8 * 2001**2  # the only part that grows like T²: a few such arrays
    assert 2000 / 80 * peaks[1] + norms_of_all_pairs < 1e9


def test_many_steps_along_a_gradient():
    rng = np.random.default_rng(0)
    J = rng.normal(size=(500, 64, 64)) / 16
    logs = log_product_norms(J, gradient=np.ones(64))
    last = bptt.log_lag_norms(J, np.ones(64))
    np.testing.assert_allclose(logs[-1, ::-1], last, atol=1e-11)
    np.testing.assert_allclose(
        logs[250, 250::-1], bptt.log_lag_norms(J[:250], np.ones(64)), atol=1e-11
    )
    assert last[-1] < -300


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (ValueError, lambda: product_norms(np.eye(3)), "J must | (T, n, n) | (3, 3)"),
        (ValueError, lambda: log_product_norms(np.ones((0, 3, 3))), "J must | at least one step"),
        (ValueError, lambda: product_norms([[[NAN]]]), "J[0, 0, 0] | nan"),
        (TypeError, lambda: product_norms("J"), "J must | numbers | str"),
        (
            ValueError,
            lambda: product_norms(np.ones((5, 3, 3)), [1, 2]),
            "gradient | (3,) | one entry per row | (2,)",
        ),
        (ValueError, lambda: bptt.lag_norms(np.ones((5, 1, 1)), 1.0), "gradient | (1,) | ()"),
        (ValueError, lambda: bptt.lag_norms(np.ones((5, 1, 1)), [NAN]), "gradient[0] | nan"),
    ],
)
def test_bad_call(error, call, words):
    with pytest.raises(error) as caught:
        call()
    for word in words.split(" | "):
        assert word in str(caught.value)
