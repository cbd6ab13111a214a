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
