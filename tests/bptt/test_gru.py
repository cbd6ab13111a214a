"""The GRU's two forms, the cells with one gate, and how they are related."""

import dataclasses

import numpy as np
import pytest

import bptt


def sigma(a):
    return 1 / (1 + np.exp(-a))


def blocks_of(cell, x, h):
    """W_x x, W_h h, b_x and b_h, a row for each gate."""
    k, n = len(cell.blocks), cell.hidden_size
    parts = (cell.weight_ih @ x, cell.weight_hh @ h, cell.bias_ih, cell.bias_hh)
    return [part.reshape(k, n) for part in parts]


def by_hand(cell, x, h):
    """One step written out."""
    W_x, W_h, b_x, b_h = blocks_of(cell, x, h)
    if isinstance(cell, bptt.SimplifiedGRU):
        u, n = sigma((W_x + W_h + b_x + b_h)[0]), np.tanh((W_x + W_h + b_x + b_h)[1])
        return u * n + (1 - u) * h
    if isinstance(cell, bptt.JANET):
        s, n = (W_x + W_h + b_x + b_h)[0], np.tanh((W_x + W_h + b_x + b_h)[1])
        return sigma(s) * h + (1 - sigma(s - cell.beta)) * n
    r, z = sigma((W_x + W_h + b_x + b_h)[:2])
    if isinstance(cell, bptt.ResetBeforeGRU):
        W_hn = cell.weight_hh[2 * cell.hidden_size :]
        n = np.tanh(W_x[2] + b_x[2] + b_h[2] + W_hn @ (r * h))
    else:
        n = np.tanh(W_x[2] + b_x[2] + r * (W_h[2] + b_h[2]))
    return (1 - z) * n + z * h


GATED = [bptt.GRU, bptt.ResetBeforeGRU, bptt.SimplifiedGRU, bptt.JANET]


@pytest.fixture(params=GATED, ids=lambda kind: kind.__name__)
def cell(request):
    return request.param.random(2, 4, rng=3)


def test_the_equations(cell):
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=2), rng.normal(size=4)
    np.testing.assert_allclose(cell.step(x, h), by_hand(cell, x, h), rtol=1e-13)


@pytest.mark.parametrize(
    ("kind", "gate", "bias"),
    [
        (bptt.GRU, 1, 50.0),  # z = 1 keeps, as in PyTorch
        (bptt.ResetBeforeGRU, 1, 50.0),
        (bptt.SimplifiedGRU, 0, -50.0),  # u = 1 writes, as with Ng
        (bptt.JANET, 0, 60.0),
    ],
)
def test_what_keeps(kind, gate, bias):
    cell = kind.random(2, 4)
    b = np.array(cell.bias_ih)
    b[4 * gate : 4 * gate + 4] = bias
    keeps = dataclasses.replace(cell, bias_ih=b)
    h = np.array([0.3, -0.5, 0.7, 0.0])
    np.testing.assert_allclose(keeps.step([1.0, -1.0], h), h, atol=1e-15)
    np.testing.assert_allclose(keeps.jacobian([1.0, -1.0], h), np.eye(4), atol=1e-15)
    b[4 * gate : 4 * gate + 4] = -bias
    forgets = dataclasses.replace(cell, bias_ih=b)
    assert np.abs(forgets.step([1.0, -1.0], h)).max() < 1
    assert np.abs(np.diag(forgets.jacobian([1.0, -1.0], h))).max() < 0.9


def test_janet_without_beta_is_the_simplified_gru():
    gru = bptt.SimplifiedGRU.random(2, 4, rng=5)
    signs = np.repeat([-1.0, 1.0], 4)  # u = 1 − f: σ(−a) = 1 − σ(a)
    janet = bptt.JANET(
        signs[:, None] * gru.weight_hh,
        signs[:, None] * gru.weight_ih,
        signs * gru.bias_ih,
        signs * gru.bias_hh,
        beta=0.0,
    )
    x = np.random.default_rng(0).normal(size=(9, 3, 2))
    runs = [bptt.unroll(cell, x) for cell in (gru, janet)]
    np.testing.assert_allclose(runs[0].outputs, runs[1].outputs, rtol=1e-13)
    np.testing.assert_allclose(*(bptt.jacobians(run) for run in runs), rtol=1e-12, atol=1e-16)
    ours, theirs = (bptt.backward(run, np.ones((9, 3, 4))) for run in runs)
    np.testing.assert_allclose(ours["input"], theirs["input"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        ours["bias_hh_l0"], signs * theirs["bias_hh_l0"], rtol=1e-12, atol=1e-15
    )


def test_the_two_resets_agree_only_without_a_reset():
    after = bptt.GRU.random(2, 4, rng=5)
    before = bptt.ResetBeforeGRU(*(getattr(after, f.name) for f in dataclasses.fields(after)))
    x, h = np.ones(2), np.full(4, 0.5)
    assert np.abs(after.step(x, h) - before.step(x, h)).max() > 1e-3
    b = np.array(after.bias_ih)
    b[:4] = 50.0  # r = 1
    open_ones = [dataclasses.replace(cell, bias_ih=b) for cell in (after, before)]
    np.testing.assert_allclose(*(cell.step(x, h) for cell in open_ones), rtol=1e-14)


def test_the_candidates_two_biases_are_not_interchangeable():
    cell = bptt.GRU.random(2, 4, rng=5)
    swapped = dataclasses.replace(cell, bias_ih=cell.bias_hh, bias_hh=cell.bias_ih)
    x, h = np.ones(2), np.full(4, 0.5)
    assert np.abs(cell.step(x, h) - swapped.step(x, h)).max() > 1e-3
    before = bptt.ResetBeforeGRU.random(2, 4, rng=5)
    swapped = dataclasses.replace(before, bias_ih=before.bias_hh, bias_hh=before.bias_ih)
    np.testing.assert_allclose(before.step(x, h), swapped.step(x, h), rtol=1e-14)


@pytest.mark.parametrize("batch", [(), (3,)])
def test_the_parts_sum_to_the_jacobian(cell, batch):
    x = np.random.default_rng(0).normal(size=(6, *batch, 2))
    run = bptt.unroll(cell, x)
    p = bptt.parts(run)
    assert all(part.shape == (6, *batch, 4, 4) for part in p)
    np.testing.assert_array_equal(p.J, bptt.jacobians(run))
    np.testing.assert_allclose(p.keep + p.update + p.new + p.reset, p.J, rtol=1e-12, atol=1e-15)
    assert p.reset.any() == isinstance(cell, bptt.GRU)


def test_the_parts_by_their_formulas(cell):
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=2), rng.normal(size=4)
    p = bptt.parts(bptt.unroll(cell, [x], h))
    W_x, W_h, b_x, b_h = blocks_of(cell, x, h)
    a = W_x + W_h + b_x + b_h
    W = cell.weight_hh.reshape(-1, 4, 4)
    if isinstance(cell, bptt.JANET):
        f, f_beta, n = sigma(a[0]), sigma(a[0] - cell.beta), np.tanh(a[1])
        keep, write = f, 1 - f_beta
        update = np.diag(h * f * (1 - f) - n * f_beta * (1 - f_beta)) @ W[0]
        new, reset = np.diag(write * (1 - n**2)) @ W[1], np.zeros((4, 4))
    elif isinstance(cell, bptt.SimplifiedGRU):
        u, n = sigma(a[0]), np.tanh(a[1])
        keep, update = 1 - u, np.diag((n - h) * u * (1 - u)) @ W[0]
        new, reset = np.diag(u * (1 - n**2)) @ W[1], np.zeros((4, 4))
    else:
        r, keep = sigma(a[:2])
        m = W_h[2] + b_h[2]
        if isinstance(cell, bptt.ResetBeforeGRU):
            n = np.tanh(W_x[2] + b_x[2] + b_h[2] + W[2] @ (r * h))
            through = W[2] @ np.diag(r), W[2] @ np.diag(h * r * (1 - r)) @ W[0]
        else:
            n = np.tanh(W_x[2] + b_x[2] + r * m)
            through = np.diag(r) @ W[2], np.diag(m * r * (1 - r)) @ W[0]
        update = np.diag((h - n) * keep * (1 - keep)) @ W[1]
        new, reset = (np.diag((1 - keep) * (1 - n**2)) @ way for way in through)
    for ours, theirs in zip(p, (np.diag(keep), update, new, reset), strict=False):
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-12, atol=1e-16)


def test_a_product_of_one_state_is_exact(cell, check_derivative):
    x = np.random.default_rng(0).normal(size=(6, 2))
    h = np.linspace(-1.0, 1.0, 4)
    P = bptt.products(bptt.jacobians(bptt.unroll(cell, x, h)))
    check_derivative(lambda h: bptt.unroll(cell, x, h).state, h, P[6, 0], scale=1.0)


def test_elman_has_no_parts():
    with pytest.raises(TypeError, match="has no gates"):
        bptt.parts(bptt.unroll(bptt.Elman.random(2, 3), np.ones((4, 2))))
