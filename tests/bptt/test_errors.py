"""A mistake is answered with a sentence that names the argument, what it got and what it wants."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bptt

NAN, INF = float("nan"), float("inf")
cell = bptt.Elman.random(input_size=2, hidden_size=3)
weights = cell.to_torch()
lstm = bptt.LSTM.random(input_size=2, hidden_size=3)
run, lstm_run = bptt.unroll(cell, np.ones((5, 2))), bptt.unroll(lstm, np.ones((5, 4, 2)))


def without(key):
    return {name: value for name, value in weights.items() if name != key}


BAD_CALLS = [
    # activation
    (
        ValueError,
        lambda: bptt.activation("thanh"),
        "activation | 'thanh' | identity, tanh, sigmoid, relu, leaky_relu",
    ),
    (
        TypeError,
        lambda: bptt.activation(np.tanh),
        "activation | tanh | bptt.Activation | derivative",
    ),
    (TypeError, lambda: bptt.activation(None), "activation | None | relu"),
    (TypeError, lambda: bptt.Activation("mine", "tanh", np.tanh, 1.0), "function | 'tanh'"),
    (TypeError, lambda: bptt.Activation("mine", np.tanh, 1.0, 1.0), "derivative | 1.0"),
    (TypeError, lambda: bptt.Activation("mine", np.tanh, np.tanh, "1"), "sup_derivative | '1'"),
    (
        ValueError,
        lambda: bptt.Activation("mine", np.tanh, np.tanh, INF),
        "sup_derivative | finite | inf",
    ),
    (
        ValueError,
        lambda: bptt.Activation("mine", np.tanh, np.tanh, -1),
        "sup_derivative | negative | -1",
    ),
    # Elman
    (ValueError, lambda: bptt.Elman(0.9), "weight_hh | (n, n) | shape () | [[0.9]]"),
    (ValueError, lambda: bptt.Elman([0.9, 0.8]), "weight_hh | square | (2,)"),
    (ValueError, lambda: bptt.Elman(np.ones((3, 2))), "weight_hh | square | (3, 2)"),
    (ValueError, lambda: bptt.Elman(np.ones((0, 0))), "weight_hh | (0, 0)"),
    (ValueError, lambda: bptt.Elman([[1, 2], [3]]), "weight_hh | rectangular"),
    (TypeError, lambda: bptt.Elman([["0.9"]]), "weight_hh | numbers | <U3"),
    (TypeError, lambda: bptt.Elman(None), "weight_hh | numbers | NoneType"),
    (ValueError, lambda: bptt.Elman([[1.0, NAN], [0.0, 1.0]]), "weight_hh[0, 1] | finite | nan"),
    (ValueError, lambda: bptt.Elman([[-INF]]), "weight_hh[0, 0] | -inf"),
    (
        ValueError,
        lambda: bptt.Elman(np.eye(3), weight_ih=np.ones((2, 3))),
        "weight_ih | (3, d) | (2, 3)",
    ),
    (ValueError, lambda: bptt.Elman(np.eye(3), weight_ih=np.ones(3)), "weight_ih | (3, d) | (3,)"),
    (ValueError, lambda: bptt.Elman(np.eye(3), weight_ih=np.ones((3, 0))), "weight_ih | (3, 0)"),
    (ValueError, lambda: bptt.Elman(np.eye(3), bias_ih=[1.0, 2.0]), "bias_ih | (3,) | (2,)"),
    (ValueError, lambda: bptt.Elman(np.eye(3), bias_hh=0.5), "bias_hh | (3,) | ()"),
    (ValueError, lambda: bptt.Elman(np.eye(1), bias_hh=[INF]), "bias_hh[0] | inf"),
    (ValueError, lambda: bptt.Elman([[0.9]], activation="ReLU"), "activation | 'ReLU' | relu"),
    # Elman.from_torch
    (
        TypeError,
        lambda: bptt.Elman.from_torch([1, 2]),
        "state_dict | mapping | list | weight_ih_l0",
    ),
    (
        ValueError,
        lambda: bptt.Elman.from_torch({}),
        "state_dict | missing: weight_ih_l0, weight_hh_l0",
    ),
    (
        ValueError,
        lambda: bptt.Elman.from_torch(without("bias_hh_l0")),
        "missing: bias_hh_l0 | unknown: none | zeros",
    ),
    (
        ValueError,
        lambda: bptt.Elman.from_torch({**without("weight_hh_l0"), "weight_hh": np.eye(3)}),
        "missing: weight_hh_l0 | unknown: weight_hh",
    ),
    (
        ValueError,
        lambda: bptt.Elman.from_torch({**weights, "weight_ih_l1": np.eye(3)}),
        "one layer | unknown: weight_ih_l1",
    ),
    (
        ValueError,
        lambda: bptt.Elman.from_torch({**weights, "weight_ih_l0": np.ones((12, 2))}),
        "weight_ih | (3, d) | (12, 2)",
    ),
    (
        TypeError,
        lambda: bptt.Elman.from_torch({**weights, "bias_ih_l0": ["a", "b", "c"]}),
        "bias_ih | <U1",
    ),
    # Elman.random
    (ValueError, lambda: bptt.Elman.random(0, 3), "input_size | at least 1 | 0"),
    (ValueError, lambda: bptt.Elman.random(2, -1), "hidden_size | at least 1 | -1"),
    (TypeError, lambda: bptt.Elman.random(2, 3.0), "hidden_size | integer | 3.0"),
    (TypeError, lambda: bptt.Elman.random(True, 3), "input_size | integer | True"),
    (
        TypeError,
        lambda: bptt.Elman.random(2, 3, rng="seed"),
        "rng | seed | numpy.random.Generator | 'seed'",
    ),
    (ValueError, lambda: bptt.Elman.random(2, 3, rng=-1), "rng | -1"),
    # one step
    (
        ValueError,
        lambda: cell.step([1.0], [0, 0, 0]),
        "x must | (2,) or (batch, 2) | input_size is 2 | (1,)",
    ),
    (
        ValueError,
        lambda: cell.step([1.0, 2.0], [0, 0]),
        "state | (3,) or (batch, 3) | hidden_size is 3 | (2,)",
    ),
    (
        ValueError,
        lambda: cell.step(np.ones((4, 2)), np.ones(3)),
        "x and state | same batch | (4, 2) | (3,)",
    ),
    (ValueError, lambda: cell.jacobian(np.ones((4, 5, 2)), np.ones(3)), "x must | (4, 5, 2)"),
    (ValueError, lambda: cell.input_jacobian([1.0, NAN], [0, 0, 0]), "x[1] | nan"),
    (TypeError, lambda: cell.pre_activation([1.0, 2.0], "abc"), "state | numbers | str"),
    # unroll
    (
        TypeError,
        lambda: bptt.unroll(bptt.Elman, np.ones((5, 2))),
        "cell | bptt.Elman(weight_hh) | type type",
    ),
    (TypeError, lambda: bptt.unroll(np.eye(3), np.ones((5, 2))), "cell | bptt.Elman | ndarray"),
    (
        ValueError,
        lambda: bptt.unroll(cell, np.ones((0, 2))),
        "x must | (T, 2) | at least one | (0, 2)",
    ),
    (
        ValueError,
        lambda: bptt.unroll(cell, np.ones((5, 0, 2))),
        "x must | (T, batch, 2) | (5, 0, 2)",
    ),
    (ValueError, lambda: bptt.unroll(cell, np.ones(5)), "x must | (T, 2) | (5,)"),
    (
        ValueError,
        lambda: bptt.unroll(cell, np.ones((5, 4, 3))),
        "x must | input_size is 2 | (5, 4, 3)",
    ),
    (ValueError, lambda: bptt.unroll(cell, np.ones((1, 5, 4, 2))), "x must | (1, 5, 4, 2)"),
    (ValueError, lambda: bptt.unroll(cell, [[0, 0], [0, INF]]), "x[1, 1] | finite | inf"),
    (TypeError, lambda: bptt.unroll(cell, np.array([["a", "b"]])), "x must | <U1"),
    (TypeError, lambda: bptt.unroll(cell, np.ones((5, 2), object)), "x must | object"),
    (ValueError, lambda: bptt.unroll(cell, np.ones((5, 2)), np.ones(2)), "state | (3,) | (2,)"),
    (
        ValueError,
        lambda: bptt.unroll(cell, np.ones((5, 4, 2)), np.ones(3)),
        "state | (4, 3) | batch | (3,)",
    ),
    (
        ValueError,
        lambda: bptt.unroll(cell, np.ones((5, 4, 2)), np.ones((1, 4, 3))),
        "state | (4, 3) | (1, 4, 3)",
    ),
    (ValueError, lambda: bptt.unroll(cell, np.ones((5, 2)), [0, NAN, 0]), "state[1] | nan"),
    # gated cells
    (
        ValueError,
        lambda: bptt.LSTM(np.ones((3, 3))),
        "weight_hh | (4 n, n) | i, f, g, o | (3, 3)",
    ),
    (ValueError, lambda: bptt.LSTM(np.ones((8, 2)), forget="none"), "(3 n, n) | i, g, o | (8, 2)"),
    (ValueError, lambda: bptt.GRU(np.ones(6)), "weight_hh | (3 n, n) | r, z, n | (6,)"),
    (
        ValueError,
        lambda: bptt.LSTM(np.ones((8, 2)), np.ones((2, 5))),
        "weight_ih | (8, d) | 4 blocks | (2, 5)",
    ),
    (ValueError, lambda: bptt.GRU(np.ones((6, 2)), bias_hh=[1.0, 2.0]), "bias_hh | (6,) | (2,)"),
    (
        ValueError,
        lambda: bptt.LSTM(np.ones((8, 2)), peepholes=np.ones(8)),
        "peepholes | (6,) | i, f, o | (8,)",
    ),
    (ValueError, lambda: bptt.LSTM(np.ones((8, 2)), forget="never"), "forget | 'gate' | 'never'"),
    (ValueError, lambda: bptt.LSTM(np.ones((8, 2)), output_gate=1), "output_gate | True | got 1"),
    (ValueError, lambda: bptt.LSTM.random(2, 3, squashing=1997), "squashing | '1997' | got 1997"),
    (ValueError, lambda: bptt.LSTM.random(2, 3, init="xavier"), "init | 'orthogonal' | 'xavier'"),
    (ValueError, lambda: bptt.LSTM.random(2, 3, init="chrono"), "chrono | T_max | None"),
    (
        ValueError,
        lambda: bptt.LSTM.random(2, 3, init="chrono", T_max=9, forget="none"),
        "chrono | forget gate | 'none'",
    ),
    (TypeError, lambda: bptt.LSTM.random(2, 3, forget_bias="1"), "forget_bias | numbers | str"),
    (TypeError, lambda: bptt.LSTM.random(2, 3, forget_bias=[1.0]), "forget_bias | real number"),
    (ValueError, lambda: bptt.JANET(np.ones((4, 2)), beta=INF), "beta | finite | inf"),
    (
        ValueError,
        lambda: bptt.LSTM.from_torch(bptt.GRU.random(2, 3).to_torch()),
        "weight_hh | (4 n, n) | (9, 3)",
    ),
    (
        ValueError,
        lambda: bptt.GRU.from_torch({**bptt.GRU.random(2, 3).to_torch(), "weight_hr_l0": 1}),
        "missing: none | unknown: weight_hr_l0",
    ),
    (TypeError, lambda: bptt.Leaky(np.eye(2)), "alpha"),
    (ValueError, lambda: bptt.Leaky(np.eye(2), alpha=1.5), "alpha | between 0 and 1 | 1.5"),
    (ValueError, lambda: bptt.Leaky(np.eye(2), alpha=[0.5]), "alpha | (2,) | (1,)"),
    (ValueError, lambda: bptt.Elman.irnn(0, 3), "input_size | at least 1 | 0"),
    (TypeError, lambda: lstm.step([1.0, 2.0], [0, 0, 0, 0]), "state | pair (h, c) | length 4"),
    (TypeError, lambda: lstm.step([1.0, 2.0], np.zeros(3)), "state | pair (h, c) | ndarray"),
    (ValueError, lambda: lstm.step([1.0, 2.0], ([0, 0, 0], [0, 0])), "state[1] | (3,) | (2,)"),
    (
        TypeError,
        lambda: bptt.unroll(lstm, np.ones((5, 2)), np.zeros(3)),
        "state | pair (h, c) | ndarray",
    ),
    (
        ValueError,
        lambda: bptt.unroll(lstm, np.ones((5, 2)), (np.zeros(3), [0, NAN, 0])),
        "state[1][1] | nan",
    ),
    # backward
    (TypeError, lambda: bptt.backward(cell, np.ones((5, 3))), "run | bptt.unroll | Elman"),
    (ValueError, lambda: bptt.backward(run, np.ones((5, 2))), "d_outputs | (5, 3) | (5, 2)"),
    (ValueError, lambda: bptt.backward(run, np.ones(3)), "d_outputs | run.outputs | (3,)"),
    (ValueError, lambda: bptt.backward(run, np.full((5, 3), NAN)), "d_outputs[0, 0] | nan"),
    (TypeError, lambda: bptt.backward(run, None), "d_outputs | numbers | NoneType"),
    (ValueError, lambda: bptt.backward(run, run.outputs, [1.0]), "d_state | (3,) | (1,)"),
    (
        TypeError,
        lambda: bptt.backward(lstm_run, lstm_run.outputs, np.zeros((4, 3))),
        "d_state | pair (h, c) | ndarray",
    ),
    (
        ValueError,
        lambda: bptt.backward(lstm_run, lstm_run.outputs, (np.zeros((4, 3)), np.zeros(3))),
        "d_state[1] | (4, 3) | (3,)",
    ),
    (ValueError, lambda: bptt.backward(run, run.outputs, truncate=-1), "truncate | 0 | -1"),
    (TypeError, lambda: bptt.backward(run, run.outputs, truncate=2.0), "truncate | integer | 2.0"),
    (
        ValueError,
        lambda: bptt.backward(run, run.outputs, through_h=False),
        "through_h=False | Elman | no c",
    ),
    (ValueError, lambda: bptt.backward(run, run.outputs, through_h=0), "through_h | True | got 0"),
    (TypeError, lambda: bptt.lag_contributions(None, 1.0), "run | NoneType"),
    (ValueError, lambda: bptt.copy_gradients(run, 1.0), "d_outputs | (5, 3) | ()"),
    (ValueError, lambda: bptt.rtrl(run, 1.0), "d_outputs | (5, 3) | ()"),
    (TypeError, lambda: bptt.immediate_derivatives(cell), "run | Elman"),
    # parts
    (TypeError, lambda: bptt.parts(cell), "run | bptt.unroll | Elman"),
    (TypeError, lambda: bptt.parts(run), "run | gated | Elman | no gates"),
    (TypeError, lambda: bptt.dropped_term(lstm_run), "parts | bptt.parts | Run"),
    (TypeError, lambda: bptt.cell_coordinates(None), "parts | NoneType"),
    (
        ValueError,
        lambda: bptt.cell_derivative(bptt.parts(lstm_run), 2, 3),
        "k ≤ t ≤ T = 5 | t = 2, k = 3",
    ),
    (ValueError, lambda: bptt.cell_derivative(bptt.parts(lstm_run), 6, 3), "t = 6, k = 3"),
    (TypeError, lambda: bptt.cell_derivative(bptt.parts(lstm_run), 1.0, 0), "t must | 1.0"),
    # clipping
    (ValueError, lambda: bptt.clip_by_norm([1.0], 0.0), "threshold | above 0 | 0.0"),
    (TypeError, lambda: bptt.clip_by_value([1.0], None), "threshold | numbers | NoneType"),
    (ValueError, lambda: bptt.clip_by_norm({"w": [NAN]}, 1.0), "gradients['w'][0] | nan"),
    (TypeError, lambda: bptt.gradient_norm("abc"), "gradients | numbers | str"),
    # flow
    (TypeError, lambda: bptt.jacobians(np.ones((5, 3, 3))), "run | bptt.unroll | ndarray"),
    (ValueError, lambda: bptt.products(np.eye(3)), "J must | (T, n, n) | (3, 3)"),
    (ValueError, lambda: bptt.products(np.ones((5, 3, 2))), "J must | square | (5, 3, 2)"),
    (
        ValueError,
        lambda: bptt.products(np.ones((0, 3, 3))),
        "J must | at least one step | (0, 3, 3)",
    ),
    (ValueError, lambda: bptt.lag_norms([[[NAN]]]), "J[0, 0, 0] | nan"),
    (TypeError, lambda: bptt.log_lag_norms("J"), "J must | numbers | str"),
    (ValueError, lambda: bptt.spectral_radius(np.ones((2, 3))), "W must | square | (2, 3)"),
    (ValueError, lambda: bptt.spectral_norm([[INF]]), "W[0, 0] | inf"),
    (ValueError, lambda: bptt.bound(np.ones(3), "tanh", 1), "W must | square | (3,)"),
    (ValueError, lambda: bptt.bound(np.eye(3), "softmax", 1), "activation | 'softmax' | sigmoid"),
    (ValueError, lambda: bptt.bound(np.eye(3), "tanh", [0, -1]), "lags | 0 or more | got -1"),
    (ValueError, lambda: bptt.log_bound(np.eye(3), "tanh", 0.5), "lags | whole | 0.5"),
    (ValueError, lambda: bptt.bound(np.eye(3), "tanh", 1j), "lags | whole | 1j"),
    (TypeError, lambda: bptt.bound(np.eye(3), "tanh", None), "lags | numbers | NoneType"),
]


@pytest.mark.parametrize(("error", "call", "words"), BAD_CALLS, ids=[row[2] for row in BAD_CALLS])
def test_bad_call(error, call, words):
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    for word in words.split(" | "):
        assert word in str(caught.value)
    assert str(caught.value)[-1] not in ".\n"
    assert len(str(caught.value)) < 260


class Unreadable:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach() first")


def test_what_refuses_to_become_an_array_is_named_too():
    with pytest.raises(TypeError, match=r"weight_hh must be .*call detach\(\) first"):
        bptt.Elman(Unreadable())


def test_importing_takes_nothing_but_numpy_and_the_standard_library():
    source = Path(bptt.__file__).parents[1]
    code = "import sys; before = set(sys.modules); import bptt; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    packages = {module.split(".")[0] for module in done.stdout.split()}
    assert {"bptt", "numpy"} <= packages
    assert packages - set(sys.stdlib_module_names) == {"bptt", "numpy"}
