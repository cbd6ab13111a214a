"""Every number PyTorch can give of a network: stored once, and live wherever torch is installed."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt

SCRIPT = Path(__file__).with_name("make_torch_reference.py")
STORED = Path(__file__).with_name("reference")
CHAPTER = Path(__file__).parents[2] / "book" / "data" / "elman-torch.json"

FROM_TORCH = {
    "rnn-tanh": lambda weights: bptt.Elman.from_torch(weights, activation="tanh"),
    "rnn-relu": lambda weights: bptt.Elman.from_torch(weights, activation="relu"),
    "lstm": lambda weights: bptt.LSTM.from_torch(weights),
    "gru": lambda weights: bptt.GRU.from_torch(weights),
}
# The row blocks of PyTorch's stacked weights and biases.
GATES = {"rnn-tanh": "h", "rnn-relu": "h", "lstm": "ifgo", "gru": "rzn"}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def named(case):
    return f"{case['kind']}-batch{case['batch']}-gain{case['gain']:g}"


FILES = {path.stem: read(path) for path in sorted(STORED.glob("*.json"))}
CASES = [case for file in FILES.values() for case in file["cases"]]


def disagreements(kind, ours, theirs, scale=0.0):
    """Where two mappings of arrays differ by more than 1e-13 of an array's largest number.

    Or of ``scale``, if larger. A line for every array, at its worst entry; for the stacked
    parameters it says of which gate.
    """
    assert set(ours) == set(theirs)
    for name, expected in theirs.items():
        found, expected = np.asarray(ours[name]), np.asarray(expected)
        if found.shape != expected.shape:
            yield f"{name}: shape {found.shape}, PyTorch {expected.shape}"
            continue
        error = np.abs(found - expected)
        if error.max() <= 1e-13 * max(np.abs(expected).max(), scale):
            continue
        worst = np.unravel_index(error.argmax(), error.shape)
        stacked = name.removesuffix("_l0") != name
        gate = f" (gate {GATES[kind][len(GATES[kind]) * worst[0] // len(found)]})"
        yield (
            f"{name}{[int(i) for i in worst]}{gate if stacked else ''}: "
            f"{found[worst]}, PyTorch {expected[worst]}"
        )


def parts(name, state):
    """A state, h or (h, c), as PyTorch's numbers are stored: by name."""
    both = state if isinstance(state, tuple) else (state,)
    return {f"{name} {part}": value for part, value in zip("hc", both, strict=False)}


def start(case, alone=False, key="initial_state"):
    """What ``unroll`` takes: h, or (h, c)."""
    state = tuple(np.array(part)[0 if alone else ...] for part in case[key].values())
    return state if len(state) == 2 else state[0]


def run(case, alone=False):
    """The case through bptt; ``alone`` drops the batch axis of a batch of 1."""
    x = np.array(case["x"])
    cell = FROM_TORCH[case["kind"]](case["state_dict"])
    return bptt.unroll(cell, x[:, 0] if alone else x, start(case, alone))


def forward(case, alone=False):
    """Outputs and final state: ours, PyTorch's."""
    ran = run(case, alone)
    ours = {"outputs": ran.outputs, **parts("state", ran.state)}
    return ours, {"outputs": case["outputs"], **parts("state", start(case, key="state"))}


def jacobians(case, alone=False):
    """Every ∂s_t/∂s_{t−1} and ∂s_T/∂s_0, s = h or (h, c): ours, PyTorch's."""
    J = bptt.jacobians(run(case, alone))
    ours = {f"jacobian {t + 1}": J[t] for t in range(len(J))}
    theirs = {f"jacobian {t + 1}": step for t, step in enumerate(case["jacobians"])}
    return (
        {**ours, "jacobian T 0": bptt.products(J)[-1, 0]},
        {**theirs, "jacobian T 0": case["jacobian_T_0"]},
    )


def gradients(case, alone=False, loss="outputs", **d_state):
    """The gradient of Σ R ⊙ outputs by everything: ours, PyTorch's."""
    R = np.array(case["R"])
    ours = bptt.backward(run(case, alone), R[:, 0] if alone else R, **d_state)
    theirs = case["gradients"][loss]
    return flat(ours, ours["state"]), flat(theirs, tuple(theirs["state"].values()))


def flat(gradients, state):
    """Gradients with the parts of the state as arrays of their own."""
    rest = {name: value for name, value in gradients.items() if name != "state"}
    return {**rest, **parts("state", state)}


def gradients_with_state(case, alone=False):
    """The gradient of Σ R ⊙ outputs + Σ Q ⊙ (final state): ours, PyTorch's."""
    return gradients(case, alone, loss="outputs and state", d_state=start(case, alone, "Q"))


ALL = (forward, jacobians, gradients, gradients_with_state)


@pytest.mark.parametrize("numbers", ALL, ids=lambda numbers: numbers.__name__)
@pytest.mark.parametrize("case", CASES, ids=named)
def test_equals_stored_torch(case, numbers):
    found = list(disagreements(case["kind"], *numbers(case)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("numbers", ALL, ids=lambda numbers: numbers.__name__)
@pytest.mark.parametrize("case", [case for case in CASES if case["batch"] == 1], ids=named)
def test_without_a_batch_axis(case, numbers):
    ours, theirs = numbers(case, alone=True)
    # No other axis of a stored array is of length 1.
    theirs = {name: np.squeeze(value) for name, value in theirs.items()}
    found = list(disagreements(case["kind"], ours, theirs))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_weights_in_float32_are_computed_with_in_float64(case):
    # The stored weights are exact in float32, as those of a PyTorch network usually come.
    weights = {name: np.float32(value) for name, value in case["state_dict"].items()}
    for name, value in case["state_dict"].items():
        np.testing.assert_array_equal(weights[name], value)
    for numbers in ALL:
        found = list(disagreements(case["kind"], *numbers({**case, "state_dict": weights})))
        assert not found, "\n".join(found)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_to_torch_and_back(case):
    weights = FROM_TORCH[case["kind"]](case["state_dict"]).to_torch()
    assert set(weights) == set(case["state_dict"])
    for name, value in case["state_dict"].items():
        np.testing.assert_array_equal(weights[name], value, strict=True)
    again = FROM_TORCH[case["kind"]](weights).to_torch()
    for name, value in weights.items():
        np.testing.assert_array_equal(again[name], value, strict=True)


# The stored numbers themselves, without any cell of bptt: a wrong reference must not slip in.


def test_what_is_stored():
    assert set(FILES) == set(FROM_TORCH)
    for file in (*FILES.values(), read(CHAPTER)):
        assert file["torch"].split("+")[0] == "2.13.0"
    for kind, file in FILES.items():
        described = [(case["kind"], case["batch"], case["gain"]) for case in file["cases"]]
        assert described == [(kind, 1, 1), (kind, 3, 1), (kind, 2, 4)]
    for case in CASES:
        gates, batch, s = len(GATES[case["kind"]]), case["batch"], 6 if "c" in case["state"] else 3
        assert np.shape(case["state_dict"]["weight_hh_l0"]) == (3 * gates, 3)
        assert np.shape(case["state_dict"]["weight_ih_l0"]) == (3 * gates, 2)
        assert np.shape(case["x"]) == (5, batch, 2)
        assert np.shape(case["outputs"]) == (5, batch, 3)
        assert np.shape(case["jacobians"]) == (5, batch, s, s)
        assert np.shape(case["jacobian_T_0"]) == (batch, s, s)
        assert np.abs(case["jacobian_T_0"]).max() > 0
        for gradients in case["gradients"].values():
            assert set(gradients) == {*case["state_dict"], "input", "state"}


@pytest.mark.parametrize("case", CASES, ids=named)
def test_stored_weights_saturate_the_units_if_they_are_scaled(case):
    # The largest pre-activation of any unit or gate; beyond 6 a gate is within 0.3 % of 0 or 1.
    weights = {name: np.array(value) for name, value in case["state_dict"].items()}
    h = np.concatenate([[case["initial_state"]["h"]], case["outputs"][:-1]])
    a = case["x"] @ weights["weight_ih_l0"].T + h @ weights["weight_hh_l0"].T
    a += weights["bias_ih_l0"] + weights["bias_hh_l0"]
    assert (np.abs(a).max() > 6) == (case["gain"] == 4)
    if case["kind"] == "rnn-relu":
        assert np.abs(a).min() > 1e-2  # away from the kink
        assert (a < 0).any()
        assert (a > 0).any()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_stored_numbers_agree_with_each_other(case):
    J = np.array(case["jacobians"])
    size = np.linalg.norm(J, axis=(2, 3)).prod(axis=0).max()
    R, Q = np.array(case["R"]), np.concatenate(list(case["Q"].values()), axis=1)
    from_start = np.broadcast_to(np.eye(J.shape[-1]), J.shape[1:])
    by_outputs = np.zeros(Q.shape)
    for t in range(len(J)):
        from_start = J[t] @ from_start  # ∂s_t/∂s_0
        by_outputs += np.einsum("bij,bi->bj", from_start[:, : R.shape[2]], R[t])
    by_state = by_outputs + np.einsum("bij,bi->bj", from_start, Q)
    stored = {
        "jacobian T 0": case["jacobian_T_0"],
        **{
            loss: np.concatenate(list(gradients["state"].values()), axis=1)
            for loss, gradients in case["gradients"].items()
        },
    }
    chained = {"jacobian T 0": from_start, "outputs": by_outputs, "outputs and state": by_state}
    found = list(disagreements(case["kind"], chained, stored, scale=size))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "case", read(CHAPTER)["cases"], ids=lambda case: f"{case['activation']}-batch{case['batch']}"
)
def test_the_numbers_of_the_chapter(case):
    cell = bptt.Elman.from_torch(case["state_dict"], activation=case["activation"])
    ran = bptt.unroll(cell, case["x"], case["initial_state"])
    J = bptt.jacobians(ran)
    ours = {
        "outputs": ran.outputs,
        "state": ran.state,
        "jacobian_1_0": J[0],
        "jacobian_T_0": bptt.products(J)[-1, 0],
    }
    found = list(disagreements("rnn-tanh", ours, {name: case[name] for name in ours}))
    assert not found, "\n".join(found)


if importlib.util.find_spec("torch"):
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    @settings(deadline=None, max_examples=40)
    @given(
        kind=st.sampled_from(list(FROM_TORCH)),
        batch=st.integers(1, 4),
        seed=st.integers(0, 2**32),
        gain=st.sampled_from([0.25, 1.0, 4.0]),
        d=st.integers(1, 4),
        n=st.integers(1, 5),
        T=st.integers(1, 8),
    )
    def test_equals_live_torch(kind, batch, seed, gain, d, n, T):
        case = script.reference(kind, batch, seed, gain, d, n, T)
        # PyTorch takes tanh' as 1 − tanh², exact to 1e-16 of 1 but not of itself: in a small
        # saturated network every derivative may be less exact than 1e-13 of the largest of them.
        weight = max(np.abs(value).max() for value in case["state_dict"].values())
        for numbers in ALL:
            ours, theirs = numbers(case)
            scale = max(weight, *(np.abs(value).max() for value in theirs.values()))
            found = list(disagreements(kind, ours, theirs, scale))
            assert not found, "\n".join(found)

    @pytest.mark.parametrize("kind", list(FROM_TORCH))
    def test_torch_state_dict_as_it_is(kind):
        # The tensors of a network in float32, its inputs in float64: all of it in float64, as
        # PyTorch has it after ``double()``. Both states start at zero.
        import torch

        torch.manual_seed(0)
        net = script.network(kind, 2, 3).float()
        cell = FROM_TORCH[kind](net.state_dict())
        weights = {name: torch.from_numpy(array) for name, array in cell.to_torch().items()}
        net.double().load_state_dict(weights)
        x = torch.ones(4, 2, dtype=torch.float64, requires_grad=True)
        outputs, state = net(x)
        outputs.sum().backward()

        ran = bptt.unroll(cell, x.detach())
        ours = {"outputs": ran.outputs, **parts("state", ran.state)}
        ours |= bptt.backward(ran, np.ones((4, 3)))
        theirs = {name: parameter.grad for name, parameter in net.named_parameters()}
        theirs |= {"outputs": outputs.detach(), "input": x.grad}
        final = state if kind == "lstm" else (state,)
        theirs |= parts("state", tuple(part[0].detach() for part in final))
        del ours["state"]  # PyTorch has no gradient by a state it was not given
        found = list(disagreements(kind, ours, theirs))
        assert not found, "\n".join(found)

    def test_the_script_writes_the_stored_files():
        # Twice the same text; that of the stored files up to the last digits, which may be the
        # processor's.
        documents = script.documents()
        assert documents == script.documents()
        assert set(documents) == {CHAPTER, *STORED.iterdir()}
        for path, text in documents.items():
            rest, floats = without_floats(text)
            stored_rest, stored_floats = without_floats(path.read_text(encoding="utf-8"))
            assert {**rest, "torch": None} == {**stored_rest, "torch": None}
            np.testing.assert_allclose(floats, stored_floats, rtol=1e-12, atol=1e-14)

    def without_floats(text):
        """A JSON document with None for every float, and the floats."""
        floats = []
        rest = json.loads(text, parse_float=lambda digits: floats.append(float(digits)))
        return rest, floats
