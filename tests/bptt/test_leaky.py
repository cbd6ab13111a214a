"""Leaky units, the IRNN and the pre-activation form."""

import numpy as np
import pytest

import bptt


def test_impulse_response_and_time_constant():
    # An accumulator of what comes from outside: α^t, and e^{-1} after −1/ln α steps.
    alpha = 0.98
    cell = bptt.Leaky([[0.0]], activation="identity", alpha=alpha)
    x = np.zeros((100, 1))
    x[0] = 1 / (1 - alpha)
    outputs = bptt.unroll(cell, x).outputs[:, 0]
    np.testing.assert_allclose(outputs, alpha ** np.arange(100), rtol=1e-13)
    steps = -1 / np.log(alpha)
    assert outputs[int(steps)] > np.exp(-1) > outputs[int(steps) + 1]


@pytest.mark.parametrize("alpha", [0.3, [0.0, 0.5, 1.0]])
def test_jacobian_by_its_formula(alpha):
    cell = bptt.Leaky.random(2, 3, alpha=alpha)
    x, h = np.array([0.5, -1.0]), np.array([0.1, 0.2, -0.3])
    slope = 1 - np.tanh(cell.pre_activation(x, h)) ** 2
    keep = np.broadcast_to(alpha, 3)
    expected = np.diag(keep) + np.diag((1 - keep) * slope) @ cell.weight_hh
    np.testing.assert_allclose(cell.jacobian(x, h), expected, rtol=1e-13, atol=1e-16)


def test_without_leak_it_is_elman():
    elman, leaky = bptt.Elman.random(2, 3), bptt.Leaky.random(2, 3, alpha=0.0)
    x = np.random.default_rng(0).normal(size=(9, 2))
    runs = [bptt.unroll(cell, x) for cell in (elman, leaky)]
    np.testing.assert_allclose(runs[0].outputs, runs[1].outputs, rtol=1e-14)
    ours, theirs = (bptt.backward(run, np.ones((9, 3))) for run in runs)
    np.testing.assert_allclose(ours["weight_hh_l0"], theirs["weight_hh_l0"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("alpha", [0.3, [0.2, 0.5, 0.9]])
def test_alpha_can_be_learned(alpha, check_derivative):
    x = np.random.default_rng(0).normal(size=(9, 2, 2))

    def loss(alpha):
        cell = bptt.Leaky.random(2, 3, alpha=alpha)
        return (bptt.unroll(cell, x).outputs ** 2).sum()

    run = bptt.unroll(bptt.Leaky.random(2, 3, alpha=alpha), x)
    gradient = bptt.backward(run, 2 * run.outputs)["alpha_l0"]
    assert gradient.shape == np.shape(alpha)
    check_derivative(loss, alpha, gradient)


def test_learned_leaks_are_gates_that_do_not_look():
    # A forget gate with constant bias is an α: SimplifiedGRU with zero gate weights.
    b = np.array([0.5, -1.0, 2.0])
    gru = bptt.SimplifiedGRU.random(2, 3, rng=1)
    W_hh, W_ih, bias = (np.array(p) for p in (gru.weight_hh, gru.weight_ih, gru.bias))
    W_hh[:3], W_ih[:3], bias[:3] = 0.0, 0.0, b
    gru = bptt.SimplifiedGRU(W_hh, W_ih, bias)
    leaky = bptt.Leaky(W_hh[3:], W_ih[3:], bias[3:], alpha=1 - 1 / (1 + np.exp(-b)))
    x = np.random.default_rng(0).normal(size=(9, 2))
    np.testing.assert_allclose(
        bptt.unroll(gru, x).outputs, bptt.unroll(leaky, x).outputs, rtol=1e-13
    )


def test_irnn_keeps_the_gradient_of_active_units():
    cell = bptt.Elman.irnn(2, 16, rng=0)
    assert cell.activation.name == "relu"
    assert (cell.weight_hh == np.eye(16)).all()
    assert not cell.bias.any()
    h_0 = np.where(np.arange(16) < 8, 1.0, -1.0)
    run = bptt.unroll(cell, np.random.default_rng(0).normal(size=(100, 2)), h_0)
    J = bptt.products(bptt.jacobians(run)[:50])[-1, 0]
    np.testing.assert_array_equal(J, np.diag((h_0 > 0).astype(float)))


def test_pre_activations_are_another_view_of_elman():
    elman = bptt.Elman.random(2, 4, rng=1)
    other = bptt.PreActivationElman.from_torch(elman.to_torch())
    rng = np.random.default_rng(0)
    x, s_0 = rng.normal(size=(9, 2)), rng.normal(size=4)
    a, s = bptt.unroll(elman, x, np.tanh(s_0)), bptt.unroll(other, x, s_0)
    np.testing.assert_allclose(s.outputs, a.pre_activations, rtol=1e-13)
    np.testing.assert_allclose(np.tanh(s.outputs), a.outputs, rtol=1e-13)
    # diag(φ'_T) W … W diag(φ'_1) W, cut at other places: one factor changes sides.
    J_a, J_s = bptt.jacobians(a), bptt.jacobians(s)
    last, first = (np.diag(1 - np.tanh(v) ** 2) for v in (s.outputs[-1], s_0))
    np.testing.assert_allclose(
        bptt.products(J_a)[-1, 0] @ first, last @ bptt.products(J_s)[-1, 0], rtol=1e-10, atol=1e-18
    )


def test_the_printed_transpose_is_another_matrix():
    cell = bptt.PreActivationElman([[0.0, 2.0], [1.0, 0.0]])
    s = np.array([0.0, 0.5])
    slopes = np.diag(1 - np.tanh(s) ** 2)
    J = cell.jacobian([0.0, 0.0], s)
    np.testing.assert_allclose(J, cell.weight_hh @ slopes, rtol=1e-14)
    assert np.abs(J - cell.weight_hh.T @ slopes).max() > 0.5
