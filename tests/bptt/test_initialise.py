"""Every initialisation has the distribution its name promises, and says what a wrong call got."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt
from bptt import initialise

NAN = float("nan")
sizes = st.integers(1, 8)
seeds = st.integers(0, 2**32)

ALL = [
    (initialise.uniform, (6, 5), {"hidden_size": 5}),
    (initialise.glorot_uniform, (6, 5), {}),
    (initialise.glorot_normal, (6, 5), {}),
    (initialise.orthogonal, (6, 5), {}),
    (initialise.identity, (5, 5), {}),
    (initialise.gaussian, (6, 5), {}),
    (initialise.forget_bias, (20,), {}),
    (initialise.chrono, (20,), {"T_max": 9}),
]
ids = [function.__name__ for function, _, _ in ALL]


def test_the_table_is_complete():
    assert sorted(ids) == sorted(initialise.__all__)


@pytest.mark.parametrize(("function", "shape", "more"), ALL, ids=ids)
def test_shape_type_and_seed(function, shape, more):
    first = function(shape, 3, **more)
    assert first.shape == shape
    assert first.dtype == np.float64
    assert first.flags.writeable
    assert first.flags.c_contiguous
    np.testing.assert_array_equal(function(list(shape), 3, **more), first)
    np.testing.assert_array_equal(function(shape, np.random.default_rng(3), **more), first)


@pytest.mark.parametrize(
    ("function", "shape", "more"),
    [row for row in ALL if row[0] not in (initialise.identity, initialise.forget_bias)],
)
def test_a_generator_moves_on(function, shape, more):
    rng = np.random.default_rng(3)
    assert (function(shape, rng, **more) != function(shape, rng, **more)).any()


def test_uniform_fills_its_interval_evenly():
    W = initialise.uniform((4 * 64, 256), 0, hidden_size=64)
    assert abs(W).max() == pytest.approx(0.125, rel=1e-3)
    assert abs(W).max() <= 0.125
    assert W.var() == pytest.approx(1 / (3 * 64), rel=0.02)
    assert initialise.uniform((12,), 0, hidden_size=3).shape == (12,)


def test_uniform_is_what_the_elman_cell_starts_from():
    rng = np.random.default_rng(5)
    cell = bptt.Elman.random(4, 9, rng=5)
    np.testing.assert_array_equal(initialise.uniform((9, 4), rng, 9), cell.weight_ih)
    np.testing.assert_array_equal(initialise.uniform((9, 9), rng, 9), cell.weight_hh)


def test_glorot_variances():
    shape = (300, 100)
    for W in (initialise.glorot_uniform(shape, 0), initialise.glorot_normal(shape, 0)):
        assert W.var() == pytest.approx(2 / 400, rel=0.03)
    assert abs(initialise.glorot_uniform(shape, 0)).max() <= np.sqrt(6 / 400)
    assert abs(initialise.glorot_normal(shape, 0)).max() > 3 * np.sqrt(2 / 400)  # it has tails


def test_gaussian_has_radius_g_and_norm_2g():
    W = initialise.gaussian((400, 400), 0, gain=1.5)
    assert W.std() == pytest.approx(1.5 / 20, rel=0.02)
    assert bptt.spectral_radius(W) == pytest.approx(1.5, rel=0.06)
    assert bptt.spectral_norm(W) == pytest.approx(3.0, rel=0.03)
    # The fan is the number of columns: a wide W_ih does not drive the units harder.
    assert initialise.gaussian((20, 2000), 0).std() == pytest.approx(1 / np.sqrt(2000), rel=0.02)
    assert not initialise.gaussian((3, 3), 0, gain=0).any()


@settings(deadline=None, max_examples=60)
@given(rows=sizes, columns=sizes, seed=seeds)
def test_orthogonal_is_orthogonal(rows, columns, seed):
    W = initialise.orthogonal((rows, columns), seed)
    singular = np.linalg.svd(W, compute_uv=False)
    np.testing.assert_allclose(singular, np.ones(min(rows, columns)), atol=1e-14)


def test_orthogonal_prefers_no_direction():
    rng = np.random.default_rng(0)
    draws = np.array([initialise.orthogonal((3, 3), rng) for _ in range(2000)])
    # Entries of a uniformly random rotation have mean 0 and variance 1/3; determinants both signs.
    assert abs(draws.mean(axis=0)).max() < 0.05
    np.testing.assert_allclose(draws.var(axis=0), 1 / 3, atol=0.04)
    assert abs(np.linalg.det(draws).mean()) < 0.1


def test_identity():
    np.testing.assert_array_equal(initialise.identity((3, 3), 0), np.eye(3))
    np.testing.assert_array_equal(initialise.identity((2, 2), 0, scale=-0.5), -0.5 * np.eye(2))


def test_forget_bias_is_the_second_of_the_four_blocks():
    blocks = initialise.forget_bias((12,), 0, value=3.0).reshape(4, 3)
    assert blocks.tolist() == [[0] * 3, [3] * 3, [0] * 3, [0] * 3]


def test_chrono_spreads_the_time_constants_evenly():
    n, T_max = 20000, 100
    i, f, g, o = initialise.chrono((4 * n,), 0, T_max=T_max).reshape(4, n)
    np.testing.assert_array_equal(i, -f)
    assert not g.any()
    assert not o.any()
    time_constants = 1 / (1 - bptt.activation("sigmoid")(f))
    quantiles = np.quantile(time_constants, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quantiles, 2 + 98 * np.array([0, 0.25, 0.5, 0.75, 1]), atol=1)
    assert np.median(f) == pytest.approx(np.log(50), abs=0.02)


@settings(deadline=None, max_examples=40)
@given(n=sizes, seed=seeds, T_max=st.floats(2, 1e6))
def test_chrono_stays_in_range(n, seed, T_max):
    f = initialise.chrono((4 * n,), seed, T_max=T_max)[n : 2 * n]
    assert (f >= 0).all()
    assert (1 + np.exp(f) <= T_max * (1 + 1e-12)).all()


BAD_CALLS = [
    (TypeError, lambda: initialise.uniform(64, 0, 64), "shape | tuple | 64"),
    (TypeError, lambda: initialise.gaussian("ab", 0), "shape | tuple | 'ab'"),
    (ValueError, lambda: initialise.uniform((), 0, 64), "shape | at least one | ()"),
    (TypeError, lambda: initialise.gaussian((3, 2.0), 0), "shape[1] | integer | 2.0"),
    (ValueError, lambda: initialise.gaussian((0, 3), 0), "shape[0] | at least 1 | 0"),
    (ValueError, lambda: initialise.gaussian((3,), 0), "shape | (outputs, inputs) | (3,)"),
    (ValueError, lambda: initialise.orthogonal((3, 3, 3), 0), "shape | two sizes | (3, 3, 3)"),
    (ValueError, lambda: initialise.identity((3, 2), 0), "shape | square | (3, 2)"),
    (ValueError, lambda: initialise.forget_bias((10,), 0), "shape | (4n,) | i, f, g, o | (10,)"),
    (ValueError, lambda: initialise.chrono((4, 3), 0, 9), "shape | (4n,) | (4, 3)"),
    (ValueError, lambda: initialise.uniform((3,), 0, 0), "hidden_size | at least 1 | 0"),
    (TypeError, lambda: initialise.uniform((3,), None, 3), "rng | seed | None"),
    (TypeError, lambda: initialise.identity((3, 3), "0"), "rng | Generator | '0'"),
    (TypeError, lambda: initialise.forget_bias((4,), 1.5), "rng | 1.5"),
    (ValueError, lambda: initialise.glorot_normal((3, 3), -1), "rng | 0 or more | -1"),
    (ValueError, lambda: initialise.gaussian((3, 3), 0, gain=-1), "gain | 0 or more | -1"),
    (ValueError, lambda: initialise.gaussian((3, 3), 0, gain=NAN), "gain | finite | nan"),
    (TypeError, lambda: initialise.gaussian((3, 3), 0, gain=[1, 2]), "gain | real number | [1, 2]"),
    (TypeError, lambda: initialise.identity((3, 3), 0, scale=1j), "scale | real number | 1j"),
    (TypeError, lambda: initialise.forget_bias((4,), 0, value="1"), "value | numbers | str"),
    (ValueError, lambda: initialise.chrono((4,), 0, T_max=1.5), "T_max | at least 2 | 1.5"),
    (ValueError, lambda: initialise.chrono((4,), 0, T_max=np.inf), "T_max | finite | inf"),
]


@pytest.mark.parametrize(("error", "call", "words"), BAD_CALLS, ids=[row[2] for row in BAD_CALLS])
def test_bad_call(error, call, words):
    with pytest.raises(error) as caught:
        call()
    for word in words.split(" | "):
        assert word in str(caught.value)
