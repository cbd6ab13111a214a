"""What sympy derives is what numpy computes; what the documents claim is proved symbolically."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt
from bptt import derive
from bptt.derive import Sigmoid

UNITS = [1, 2]
SEEDS = range(3)


def values_for(derivation, seed):
    """Random numbers for every argument of a derivation, in its shape."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(size=(len(m),) if m.shape[1] == 1 and name[0] != "W" else m.shape)
        for name, m in derivation.arguments.items()
    }


def agree(symbolic, numeric):
    np.testing.assert_allclose(symbolic, numeric, rtol=0, atol=1e-14 * (1 + np.abs(numeric).max()))


def is_zero(matrix):
    """Whether a matrix of polynomials in σ(…) and tanh(…) is zero: expanded, nothing is left."""
    names = {}
    for atom in sorted(matrix.atoms(Sigmoid, sympy.tanh), key=sympy.count_ops, reverse=True):
        names[atom] = sympy.Dummy()
    return all(entry.subs(names).expand() == 0 for entry in matrix)


def stacked(values, letters, kind):
    return np.concatenate([values[f"{kind}{q}"] for q in letters])


def lstm_cell(values):
    return bptt.LSTM(
        weight_hh=stacked(values, "ifgo", "W_h"),
        weight_ih=stacked(values, "ifgo", "W_x"),
        bias_ih=stacked(values, "ifgo", "b_"),
    )


class TestSigmoid:
    def test_it_is_the_logistic_function(self):
        a = sympy.Symbol("a")
        assert Sigmoid(a).rewrite(sympy.exp) == 1 / (1 + sympy.exp(-a))
        both = (Sigmoid(a).diff(a).rewrite(sympy.exp), (1 / (1 + sympy.exp(-a))).diff(a))
        assert sympy.simplify(both[0] - both[1]) == 0
        assert Sigmoid(0) == sympy.Rational(1, 2)

    def test_it_prints_as_in_the_book(self):
        a = sympy.Symbol("a")
        assert str(Sigmoid(a)) == "σ(a)"
        assert sympy.latex(Sigmoid(a)) == r"\sigma\left(a\right)"
        assert sympy.latex(Sigmoid(a) ** 2) == r"\sigma^{2}\left(a\right)"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", UNITS)
@pytest.mark.parametrize("activation", ["identity", "tanh", "sigmoid"])
class TestElmanAndLeaky:
    def test_elman(self, n, activation, seed):
        found = derive.elman(n, activation)
        v = values_for(found, seed)
        cell = bptt.Elman(v["W_hh"], v["W_ih"], v["b"], activation=activation)
        agree(found.function("h_t")(**v)[:, 0], cell.step(v["x"], v["h"]))
        agree(found.function("jacobian")(**v), cell.jacobian(v["x"], v["h"]))
        agree(found.function("input_jacobian")(**v), cell.input_jacobian(v["x"], v["h"]))

    def test_leaky(self, n, activation, seed):
        found = derive.leaky(n, activation)
        v = values_for(found, seed)
        v["alpha"] = np.random.default_rng(seed).uniform(size=n)
        cell = bptt.Leaky(v["W_hh"], v["W_ih"], v["b"], activation=activation, alpha=v["alpha"])
        agree(found.function("h_t")(**v)[:, 0], cell.step(v["x"], v["h"]))
        agree(found.function("jacobian")(**v), cell.jacobian(v["x"], v["h"]))


def test_the_elman_jacobian_is_not_its_transpose():
    J = derive.elman(2)["jacobian"]
    W = derive.elman(2).arguments["W_hh"]
    h_t = derive.elman(2)["h_t"]
    slopes = sympy.diag(*(1 - entry**2 for entry in h_t))
    assert is_zero(J - slopes * W)
    assert not is_zero(J - W.T * slopes)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", UNITS)
class TestLSTM:
    def test_one_step(self, n, seed):
        found = derive.lstm(n)
        v = values_for(found, seed)
        cell = lstm_cell(v)
        h_t, c_t = cell.step(v["x"], (v["h"], v["c"]))
        agree(found.function("h_t")(**v)[:, 0], h_t)
        agree(found.function("c_t")(**v)[:, 0], c_t)
        S = cell.jacobian(v["x"], (v["h"], v["c"]))
        agree(found.function("S")(**v), S)
        # The determinant: that of F times that of O.
        F, O = (found.function(part)(**v) for part in "FO")
        assert np.linalg.det(S) == pytest.approx(np.linalg.det(F) * np.linalg.det(O), rel=1e-9)

    def test_the_four_terms_against_their_closed_forms(self, n, seed):
        found = derive.lstm_abcd(n)
        v = values_for(found, seed)
        o, c = v["o"], v["c"]
        h = o * np.tanh(c)

        def pre_activation(q):
            return v[f"W_x{q}"] @ v["x"] + v[f"W_h{q}"] @ h + v[f"b_{q}"]

        sigma = bptt.activation("sigmoid")
        i, f, g = (
            sigma(pre_activation("i")),
            sigma(pre_activation("f")),
            np.tanh(pre_activation("g")),
        )
        T = np.diag(o * (1 - np.tanh(c) ** 2))
        terms = {
            "A": np.diag(c * f * (1 - f)) @ v["W_hf"] @ T,
            "B": np.diag(f),
            "C": np.diag(g * i * (1 - i)) @ v["W_hi"] @ T,
            "D": np.diag(i * (1 - g**2)) @ v["W_hg"] @ T,
        }
        for term, closed in terms.items():
            agree(found.function(term)(**v), closed)
        agree(found.function("K")(**v), sum(terms.values()))

    def test_two_steps(self, n, seed):
        found = derive.lstm_two_steps(n)
        v = values_for(found, seed)
        cell = lstm_cell(v)
        # Through the whole state: ∂(h_1, c_1)/∂c_1 = (T_1, I), then S_2 and S_3.
        h_1 = v["o_1"] * np.tanh(v["c_1"])
        run = bptt.unroll(cell, np.stack([v["x_2"], v["x_3"]]), (h_1, v["c_1"]))
        T_1 = np.diag(v["o_1"] * (1 - np.tanh(v["c_1"]) ** 2))
        exact = (bptt.products(bptt.jacobians(run))[2, 0] @ np.vstack([T_1, np.eye(n)]))[n:]
        agree(found.function("exact")(**v), exact)
        parts = [found.function(part)(**v) for part in ("product", "excursion")]
        agree(sum(parts), exact)
        assert np.abs(parts[1]).max() > 1e-6

    def test_the_named_parts_of_a_run(self, n, seed):
        step, two = derive.lstm_abcd(n), derive.lstm_two_steps(n)
        v = values_for(derive.lstm(n), seed)
        cell = lstm_cell(v)
        x = np.random.default_rng(seed).normal(size=(3, 1))
        run = bptt.unroll(cell, x, (v["h"], v["c"]))
        p = bptt.parts(run)
        one = derive.lstm(n).function
        for part in "FMTO":
            agree(one(part)(**v | {"x": x[0]}), getattr(p, part)[0])
        # o_1, the output gate of the first step, and its c_1 are where the second starts.
        o_1, c_1 = one("o")(**v | {"x": x[0]})[:, 0], run.cell_states[0]
        w = {name: v[name] for name in step.arguments if name[:2] in ("W_", "b_")}
        for part in "ABCDK":
            agree(step.function(part)(x=x[1], o=o_1, c=c_1, **w), getattr(p, part)[1])
        w = {name: v[name] for name in two.arguments if name[:2] in ("W_", "b_")}
        starts = {"x_2": x[1], "x_3": x[2], "o_1": o_1, "c_1": c_1}
        agree(two.function("product")(**starts, **w), p.K[2] @ p.K[1])
        agree(two.function("excursion")(**starts, **w), bptt.dropped_term(p)[2])
        agree(two.function("exact")(**starts, **w), bptt.cell_derivative(p, 3, 1))

    def test_without_the_output_gate_s_recurrence_the_product_is_exact(self, n, seed):
        found = derive.lstm_two_steps(n)
        v = values_for(found, seed)
        v["W_ho"] = np.zeros((n, n))
        assert not found.function("excursion")(**v).any()
        agree(found.function("product")(**v), found.function("exact")(**v))


@pytest.mark.parametrize("n", UNITS)
class TestIdentities:
    """True for all numbers: sympy is left with nothing."""

    def test_the_blocks_of_the_state_s_jacobian(self, n):
        found = derive.lstm(n)
        F, M, T, O, S = (found[part] for part in "FMTOS")
        assert is_zero(S[:n, :n] - (O + T * M))
        assert is_zero(S[:n, n:] - T * F)
        assert is_zero(S[n:, :n] - M)
        assert is_zero(S[n:, n:] - F)
        assert F.is_diagonal()
        assert T.is_diagonal()

    def test_the_whole_is_the_sum_of_the_four(self, n):
        found = derive.lstm_abcd(n)
        assert is_zero(found["K"] - (found["A"] + found["B"] + found["C"] + found["D"]))

    def test_two_steps(self, n):
        found = derive.lstm_two_steps(n)
        assert is_zero(found["exact"] - found["product"] - found["excursion"])
        assert not is_zero(found["excursion"])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", UNITS)
@pytest.mark.parametrize(("reset", "kind"), [("after", bptt.GRU), ("before", bptt.ResetBeforeGRU)])
def test_gru(n, seed, reset, kind):
    found = derive.gru(n, reset)
    v = values_for(found, seed)
    zero = np.zeros(n)
    cell = kind(
        weight_hh=stacked(v, "rzn", "W_h"),
        weight_ih=stacked(v, "rzn", "W_x"),
        bias_ih=np.concatenate([v["b_r"], v["b_z"], v["b_xn"]]),
        bias_hh=np.concatenate([zero, zero, v["b_hn"]]),
    )
    agree(found.function("h_t")(**v)[:, 0], cell.step(v["x"], v["h"]))
    agree(found.function("jacobian")(**v), cell.jacobian(v["x"], v["h"]))
    named = bptt.parts(bptt.unroll(cell, v["x"][None], v["h"]))
    agree(found.function("jacobian")(**v), named.J[0])


class TestScalarLinear:
    @pytest.mark.parametrize("T", [1, 2, 5])
    def test_powers_and_their_sum(self, T):
        found = derive.scalar_linear(T)
        w = found.arguments["w"][0]
        assert list(found["by_state"]) == [w ** (T - k) for k in range(T)]
        assert (found["by_weight"] - found["by_weight_summed"]).expand() == sympy.zeros(1)

    @settings(deadline=None, max_examples=20)
    @given(seed=st.integers(0, 2**32), T=st.integers(1, 6))
    def test_against_the_cell_and_its_gradient(self, seed, T):
        found = derive.scalar_linear(T)
        v = {"w": [[0.0]], **values_for(found, seed)}
        cell = bptt.Elman(
            np.reshape(v["w"], (1, 1)), np.reshape(v["u"], (1, 1)), activation="identity"
        )
        run = bptt.unroll(cell, v["x"][:, None], v["h"])
        agree(found.function("states")(**v), run.outputs)
        P = bptt.products(bptt.jacobians(run))
        agree(found.function("by_state")(**v)[0], P[T, :T, 0, 0])
        last = np.zeros((T, 1))
        last[-1] = 1.0
        agree(found.function("by_weight")(**v), bptt.backward(run, last)["weight_hh_l0"])


class TestLargestSlope:
    @pytest.mark.parametrize(("name", "supremum"), [("sigmoid", sympy.Rational(1, 4)), ("tanh", 1)])
    def test_one_stationary_point_and_both_ends(self, name, supremum):
        found = derive.largest_slope(name)
        assert found.stationary == [0]
        assert found.values == [supremum]
        assert found.limits == (0, 0)
        assert found.supremum == supremum
        assert float(supremum) == bptt.activation(name).sup_derivative
        slope = sympy.lambdify(found.argument, found.derivative.rewrite(sympy.exp))
        a = np.linspace(-5, 5, 101)
        np.testing.assert_allclose(slope(a), bptt.activation(name).derivative(a), atol=1e-15)

    @pytest.mark.parametrize("name", ["sigmoid", "tanh"])
    def test_the_second_derivative_vanishes_there(self, name):
        found = derive.largest_slope(name)
        second = found.derivative.diff(found.argument).rewrite(sympy.exp)
        assert sympy.simplify(second.subs(found.argument, 0)) == 0
        assert second.subs(found.argument, 1) < 0 < second.subs(found.argument, -1)


class TestJordanPower:
    @pytest.mark.parametrize("size", [1, 2, 3, 4])
    def test_by_induction(self, size):
        found = derive.jordan_power(size)
        t = found.arguments["power"][0]
        power, block = found["power"], found["block"]
        assert power.subs(t, 0) == sympy.eye(size)
        step = (power * block - power.subs(t, t + 1)).applyfunc(
            lambda e: sympy.powsimp(sympy.expand(e))
        )
        assert step.applyfunc(sympy.simplify) == sympy.zeros(size)

    @pytest.mark.parametrize("size", [1, 2, 3, 4])
    def test_against_numpy_and_the_norms_of_the_package(self, size):
        power = derive.jordan_power(size).function("power")
        block = 0.9 * np.eye(size) + 5.0 * np.eye(size, k=1)
        norms = bptt.lag_norms(np.tile(block, (30, 1, 1)))
        for t in (0, 1, 9, 30):
            derived = power(eigenvalue=0.9, coupling=5.0, power=t)
            np.testing.assert_allclose(derived, np.linalg.matrix_power(block, t), rtol=1e-12)
            assert norms[t] == pytest.approx(np.linalg.norm(derived, 2), rel=1e-12)


def test_time_constant():
    found = derive.time_constant()
    b = found.arguments["b"][0]
    assert found["time_constant"][0] == 1 + sympy.exp(b)
    sigma = bptt.activation("sigmoid")
    for value in (-3.0, 0.0, 1.0, 4.6):
        f = sigma(value)
        assert found.function("gate")(b=value).item() == pytest.approx(f, rel=1e-15)
        assert found.function("time_constant")(b=value).item() == pytest.approx(
            1 / (1 - f), rel=1e-12
        )
        half = found.function("half_life")(b=value).item()
        assert half == pytest.approx(np.log(0.5) / np.log(f), rel=1e-12)


small = derive.elman(2)
good = values_for(small, 0)

BAD_CALLS = [
    (ValueError, lambda: derive.elman(0), "n must | at least 1 | 0"),
    (TypeError, lambda: derive.lstm(2.0), "n must | integer | 2.0"),
    (ValueError, lambda: derive.elman(1, "relu"), "activation | identity | 'relu'"),
    (ValueError, lambda: derive.gru(1, "during"), "reset | 'after' | 'before' | 'during'"),
    (ValueError, lambda: derive.largest_slope("identity"), "activation | tanh | 'identity'"),
    (ValueError, lambda: derive.jordan_power(-1), "size | at least 1 | -1"),
    (TypeError, lambda: derive.scalar_linear("3"), "T must | integer | '3'"),
    (KeyError, lambda: small["S"], "part | h_t, jacobian, input_jacobian | 'S'"),
    (KeyError, lambda: small.function("J"), "part | jacobian | 'J'"),
    (TypeError, lambda: small.function("h_t")(x=[1.0]), "arguments | x, h, W_ih | got x"),
    (
        ValueError,
        lambda: small.function("h_t")(**good | {"W_hh": np.eye(3)}),
        "W_hh | (2, 2) | (3, 3)",
    ),
    (ValueError, lambda: small.function("h_t")(**good | {"h": 1.0}), "h must | (2,) | ()"),
    (ValueError, lambda: small.function("h_t")(**good | {"x": [np.nan]}), "x[0] | finite | nan"),
]


@pytest.mark.parametrize(("error", "call", "words"), BAD_CALLS, ids=[row[2] for row in BAD_CALLS])
def test_bad_call(error, call, words):
    with pytest.raises(error) as caught:
        call()
    for word in words.split(" | "):
        assert word in str(caught.value)
