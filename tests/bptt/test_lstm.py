"""The LSTM and its variants: their equations, the terms of their Jacobians, and what is exact."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt

OPTIONS = {
    "2000": {},
    "1997": {"forget": "none", "squashing": "1997"},
    "no forget gate": {"forget": "none"},
    "peepholes": {"peepholes": True},
    "coupled": {"forget": "coupled"},
    "coupled, peepholes": {"forget": "coupled", "peepholes": True},
    "1997, peepholes": {"forget": "none", "peepholes": True},
    "no output gate": {"output_gate": False},
    "everything": {
        "forget": "coupled",
        "peepholes": True,
        "output_gate": False,
        "squashing": "1997",
    },
}


def sigma(a):
    return 1 / (1 + np.exp(-a))


def by_hand(cell, x, h, c):
    """One step written out, gate by gate."""
    n = cell.hidden_size
    b = cell.bias_ih + cell.bias_hh

    def z(gate):
        rows = slice(*(n * (cell.blocks.index(gate) + k) for k in (0, 1)))
        return cell.weight_ih[rows] @ x + cell.weight_hh[rows] @ h + b[rows]

    def p(gate):
        if cell.peepholes is None:
            return 0.0
        return cell.peepholes.reshape(-1, n)[cell.blocks.replace("g", "").index(gate)]

    old = cell.squashing == "1997"
    g = 4 * sigma(z("g")) - 2 if old else np.tanh(z("g"))
    f = 1.0 if cell.forget == "none" else sigma(z("f") + p("f") * c)
    i = 1 - f if cell.forget == "coupled" else sigma(z("i") + p("i") * c)
    c_new = f * c + i * g
    o = sigma(z("o") + p("o") * c_new) if cell.output_gate else 1.0
    return o * (2 * sigma(c_new) - 1 if old else np.tanh(c_new)), c_new


@pytest.fixture(params=list(OPTIONS))
def cell(request):
    return bptt.LSTM.random(2, 4, rng=3, **OPTIONS[request.param])


def sequence(cell, T=7, batch=(), seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(T, *batch, cell.input_size))
    state = tuple(rng.normal(size=(*batch, cell.hidden_size)) for _ in range(2))
    return bptt.unroll(cell, x, state)


def test_the_equations(cell):
    rng = np.random.default_rng(0)
    x, h, c = rng.normal(size=2), rng.normal(size=4), rng.normal(size=4)
    for ours, theirs in zip(cell.step(x, (h, c)), by_hand(cell, x, h, c), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("options", "blocks"),
    [({}, "ifgo"), ({"forget": "none"}, "igo"), ({"forget": "coupled"}, "fgo")],
)
def test_blocks_and_shapes(options, blocks):
    cell = bptt.LSTM.random(3, 5, peepholes=True, **options)
    k = len(blocks)
    assert cell.blocks == blocks
    assert cell.weight_hh.shape == (5 * k, 5)
    assert cell.weight_ih.shape == (5 * k, 3)
    assert cell.peepholes.shape == (5 * (k - 1),)
    without = bptt.LSTM.random(3, 5, output_gate=False, **options)
    assert without.blocks == blocks[:-1]


def test_the_forget_bias_is_added_to_the_forget_gate():
    zero, three = (bptt.LSTM.random(2, 3, forget_bias=b) for b in (0.0, 3.0))
    np.testing.assert_allclose(three.bias - zero.bias, [0] * 3 + [3] * 3 + [0] * 6, atol=1e-15)
    np.testing.assert_array_equal(three.weight_hh, zero.weight_hh)
    assert np.abs(zero.bias_ih).max() <= 3**-0.5


def test_initialisations_by_name():
    cell = bptt.LSTM.random(2, 4, init="orthogonal")
    for block in cell.weight_hh.reshape(4, 4, 4):
        np.testing.assert_allclose(block @ block.T, np.eye(4), atol=1e-14)
    chrono = bptt.LSTM.random(2, 400, init="chrono", T_max=50)
    i, f, g, o = chrono.bias.reshape(4, 400)
    np.testing.assert_array_equal(i, -f)
    assert not g.any()
    assert not o.any()
    assert 2 <= (1 + np.exp(f)).min() <= 3
    assert 49 <= (1 + np.exp(f)).max() <= 50
    coupled = bptt.LSTM.random(2, 4, init="chrono", T_max=50, forget="coupled")
    assert (coupled.bias[:4] > 0).all()


def test_names_on_a_run():
    run = sequence(bptt.LSTM.random(2, 4), batch=(3,))
    h, c = run.state
    np.testing.assert_array_equal(h, run.outputs[-1])
    np.testing.assert_array_equal(c, run.cell_states[-1])
    assert run.pre_activations.shape == (7, 3, 16)
    elman = bptt.unroll(bptt.Elman.random(2, 3), np.ones((4, 2)))
    with pytest.raises(AttributeError, match="there is no c"):
        _ = elman.cell_states


# The terms of the Jacobian


@settings(deadline=None, max_examples=15)
@given(
    name=st.sampled_from(list(OPTIONS)),
    n=st.integers(1, 4),
    seed=st.integers(0, 2**32),
    gain=st.sampled_from([0.5, 3.0]),
)
def test_every_term_is_the_derivative_it_is_said_to_be(name, n, seed, gain, check_derivative):
    cell = bptt.LSTM.random(2, n, rng=seed, **OPTIONS[name])
    cell = dataclasses.replace(cell, weight_hh=gain * cell.weight_hh)
    rng = np.random.default_rng(seed)
    x, h, c = rng.normal(size=2), rng.normal(size=n), rng.normal(size=n)
    p = bptt.parts(bptt.unroll(cell, [x], (h, c)))
    check_derivative(lambda c: cell.step(x, (h, c))[1], c, p.F[0])
    check_derivative(lambda h: cell.step(x, (h, c))[1], h, p.M[0])
    # ∂h_t/∂h_{t−1} with c_t fixed, and the S made of the four.
    check_derivative(
        lambda h: cell.step(x, (h, c))[0], h, p.O[0] + p.T[0] @ p.M[0], np.abs(p.M[0]).max()
    )
    S = np.block([[p.O + p.T @ p.M, p.T @ p.F], [p.M, p.F]])
    np.testing.assert_allclose(p.S, S, rtol=1e-13, atol=1e-15)


def with_o_fixed(cell, xs, h, c, o):
    """∂c_2 by c_1 with the output gate o_1 fixed, as a function of c_1: h_1 = o_1 ⊙ tanh(c_1)."""
    inner = 0.5 if cell.squashing == "1997" else 1.0
    return cell.step(xs, (o * np.tanh(inner * c), c))[1]


@pytest.mark.parametrize("name", [name for name in OPTIONS if "peep" not in name])
def test_the_sum_holds_the_output_gate_fixed(name, check_derivative):
    cell = bptt.LSTM.random(2, 4, rng=3, **OPTIONS[name])
    if cell.peepholes is not None:
        cell = dataclasses.replace(cell, peepholes=None)
    run = sequence(cell)
    p, c = bptt.parts(run), run.cell_states[2]
    o = 1 / (1 + np.exp(-run.pre_activations[2, -4:])) if cell.output_gate else 1.0
    check_derivative(lambda c: with_o_fixed(cell, run.inputs[3], None, c, o), c, p.K[3])


def test_with_a_peephole_o_sees_c(check_derivative):
    cell = bptt.LSTM.random(2, 4, rng=3, peepholes=True)
    run = sequence(cell)
    p, c = bptt.parts(run), run.cell_states[2]
    p_o = cell.peepholes[-4:]
    z = run.pre_activations[2, -4:] - p_o * c  # what o_t sees of x_t and h_{t−1} stays fixed
    sigmoid = bptt.activation("sigmoid")
    check_derivative(
        lambda c: with_o_fixed(cell, run.inputs[3], None, c, sigmoid(z + p_o * c)), c, p.K[3]
    )


@pytest.mark.parametrize("batch", [(), (3,)])
def test_four_terms_make_the_sum(cell, batch):
    p = bptt.parts(sequence(cell, batch=batch))
    assert all(part.shape == (7, *batch, 4, 4) for part in p[:-1])
    assert p.S.shape == (7, *batch, 8, 8)
    np.testing.assert_allclose(p.A + p.B + p.C + p.D, p.K, rtol=1e-12, atol=1e-15)
    # At the first step h_0 is given: only what is diagonal stays.
    np.testing.assert_array_equal(p.K[0], p.F[0])
    np.testing.assert_array_equal(p.S, bptt.jacobians(sequence(cell, batch=batch)))


def test_the_four_terms_by_their_formulas():
    cell = bptt.LSTM.random(2, 4, rng=3)
    run = sequence(cell)
    p = bptt.parts(run)
    t = 4
    i, f, o = (sigma(run.pre_activations[t].reshape(4, 4)[q]) for q in (0, 1, 3))
    g, c_before = np.tanh(run.pre_activations[t, 8:12]), run.cell_states[t - 1]
    o_before = sigma(run.pre_activations[t - 1, 12:])
    W_i, W_f, W_g, W_o = cell.weight_hh.reshape(4, 4, 4)
    T_before = np.diag(o_before * (1 - np.tanh(c_before) ** 2))
    c = run.cell_states[t]
    expected = {
        "A": np.diag(c_before * f * (1 - f)) @ W_f @ T_before,
        "B": np.diag(f),
        "C": np.diag(g * i * (1 - i)) @ W_i @ T_before,
        "D": np.diag(i * (1 - g**2)) @ W_g @ T_before,
        "F": np.diag(f),
        "T": np.diag(o * (1 - np.tanh(c) ** 2)),
        "O": np.diag(np.tanh(c) * o * (1 - o)) @ W_o,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(p, name)[t], value, rtol=1e-13, atol=1e-16)


def test_without_forget_gate_the_factor_is_the_identity():
    p = bptt.parts(sequence(bptt.LSTM.random(2, 4, forget="none")))
    np.testing.assert_array_equal(p.F, np.tile(np.eye(4), (7, 1, 1)))
    assert not p.A.any()


def test_determinant(cell):
    # det S = det F · det O: the (h, c) step can be undone iff W_ho can.
    p = bptt.parts(sequence(cell))
    product = np.linalg.det(p.F) * np.linalg.det(p.O)
    np.testing.assert_allclose(np.linalg.det(p.S), product, rtol=1e-8, atol=1e-17)


def test_the_change_of_coordinates(cell):
    p = bptt.parts(sequence(cell))
    eye, zero = np.broadcast_to(np.eye(4), p.F.shape), np.zeros_like(p.F)
    S = np.block([[p.F, p.M], [p.T @ p.F, p.O + p.T @ p.M]])  # in the order (c, h)
    P = np.block([[eye, zero], [p.T, eye]])
    P_before = np.concatenate([np.eye(8)[None], P[:-1]])
    np.testing.assert_allclose(
        bptt.cell_coordinates(p), np.linalg.inv(P) @ S @ P_before, rtol=1e-11, atol=1e-15
    )


def test_two_steps_exactly(cell):
    p = bptt.parts(sequence(cell))
    dropped = bptt.dropped_term(p)
    for t in range(2, 8):
        exact = bptt.cell_derivative(p, t, t - 2)
        np.testing.assert_allclose(
            exact, p.K[t - 1] @ p.K[t - 2] + dropped[t - 1], rtol=1e-11, atol=1e-15
        )
    assert not dropped[:2].any()
    assert dropped[2:].any() == cell.output_gate


def products_of(run):
    """Exact ∂c_T/∂c_1, ∏K and ∏diag f, from the first c that a step made."""
    p = bptt.parts(run)
    return (
        bptt.cell_derivative(p, len(p.K), 1),
        bptt.products(p.K)[-1, 1],
        bptt.products(p.B)[-1, 1],
    )


@pytest.mark.parametrize("options", [{}, {"forget": "none"}, {"forget": "coupled"}], ids=str)
def test_the_product_of_sums_is_exact_if_o_ignores_h(options):
    cell = bptt.LSTM.random(2, 5, rng=1, **options)
    W = np.array(cell.weight_hh)
    W[-5:] = 0.0
    exact, of_K, of_f = products_of(sequence(dataclasses.replace(cell, weight_hh=W), T=12))
    np.testing.assert_allclose(of_K, exact, rtol=1e-12, atol=1e-15)
    assert np.abs(of_f - exact).max() > 1e-2 * np.abs(exact).max()


def test_the_product_of_sums_is_not_exact_otherwise():
    exact, of_K, _ = products_of(sequence(bptt.LSTM.random(2, 5, rng=1), T=12))
    assert np.abs(of_K - exact).max() > 1e-4 * np.abs(exact).max()


def test_one_step_of_the_sum_is_exact(cell):
    p = bptt.parts(sequence(cell))
    for t in range(1, 8):
        exact = bptt.cell_derivative(p, t, t - 1)
        np.testing.assert_allclose(p.K[t - 1], exact, rtol=1e-12, atol=1e-15)
        assert (bptt.cell_derivative(p, t, t) == np.eye(4)).all()


def test_the_gradient_by_c_is_the_exact_product():
    # h_0 fixed: ∂c_T/∂c_0, row by row, is what backward gives.
    cell = bptt.LSTM.random(2, 4, rng=2)
    run = sequence(cell)
    exact = bptt.cell_derivative(bptt.parts(run), 7, 0)
    for j, row in enumerate(np.eye(4)):
        gradient = bptt.backward(run, np.zeros((7, 4)), (np.zeros(4), row))["state"][1]
        np.testing.assert_allclose(gradient, exact[j], rtol=1e-11, atol=1e-15)
