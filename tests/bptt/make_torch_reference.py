"""Writes what PyTorch computes, for the tests and the chapter.

    python tests/bptt/make_torch_reference.py        # needs torch==2.13.0

It writes tests/bptt/reference/*.json, one file for each kind of network, and the few numbers of
them that a chapter shows, book/data/elman-torch.json. Everything is float64 and written with all
its digits, and a second run writes the same files. Without a batch axis nothing is stored: one
sequence is the batch of 1.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

HERE = Path(__file__).parent
CHAPTER = HERE.parents[1] / "book" / "data" / "elman-torch.json"

KINDS = ("rnn-tanh", "rnn-relu", "lstm", "gru")
CASES = (
    {"batch": 1, "seed": 1},
    {"batch": 3, "seed": 2},
    # Weights and biases four times as large: units saturate (a relu dies, or grows).
    {"batch": 2, "seed": 3, "gain": 4.0},
)


def network(kind: str, d: int, n: int) -> Any:
    """A network of d inputs and n units with PyTorch's default weights, in float64.

    The weights are drawn in float32, so that they are short to write and exact in both.
    """
    import torch

    if kind == "lstm":
        return torch.nn.LSTM(d, n).double()
    if kind == "gru":
        return torch.nn.GRU(d, n).double()
    return torch.nn.RNN(d, n, nonlinearity=kind.removeprefix("rnn-")).double()


def reference(
    kind: str, batch: int, seed: int, gain: float = 1.0, d: int = 2, n: int = 3, T: int = 5
) -> dict[str, Any]:
    """One random network and all that PyTorch computes of it, by autograd.

    A state is a mapping, {"h": ...} or {"h": ..., "c": ...}, each part (batch, n). Where the state
    is one vector s, in the Jacobians, c comes after h.

    Returns:
      The arguments, and: ``state_dict``, ``x`` (T, batch, d) and ``initial_state``; ``outputs``
      (T, batch, n) and the final ``state``; ``jacobians`` (T, batch, s, s), of which
      ``jacobians[t - 1]`` is ∂s_t/∂s_{t−1}, and ``jacobian_T_0`` (batch, s, s), ∂s_T/∂s_0;
      ``R`` (T, batch, n), ``Q`` (as a state) and ``gradients``. ``gradients["outputs"]`` are those
      of the loss Σ R ⊙ outputs, ``gradients["outputs and state"]`` those of that loss + Σ Q ⊙ state
      with the final state; each by PyTorch's names of the parameters, "input" (x) and "state"
      (the initial one).
    """
    import torch

    torch.manual_seed(seed)
    net = network(kind, d, n)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter *= gain
    parts = ("h", "c") if kind == "lstm" else ("h",)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64)

    def run(x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The outputs and the final state; PyTorch wants (h, c) of an LSTM and h of the others."""
        outputs, final = net(x, state if len(parts) == 2 else state[0])
        return outputs, final if len(parts) == 2 else (final,)

    def jacobian(x: Tensor, state: Tensor) -> Tensor:
        """∂s/∂s_0 of one sequence x (T, d) that starts in s_0 = ``state``, a vector."""

        def last(s: Tensor) -> Tensor:
            return torch.cat(run(x, tuple(s[None].split(n, dim=1)))[1], dim=1)[0]

        return torch.autograd.functional.jacobian(last, state)

    x = random(T, batch, d).requires_grad_()
    initial = tuple(random(1, batch, n).requires_grad_() for _ in parts)
    R, Q = random(T, batch, n), tuple(random(batch, n) for _ in parts)
    outputs, final = run(x, initial)

    sources = {**dict(net.named_parameters()), "input": x}
    losses = {"outputs": (R * outputs).sum()}
    losses["outputs and state"] = losses["outputs"] + sum(
        (q * part[0]).sum() for q, part in zip(Q, final, strict=True)
    )
    gradients = {}
    for name, loss in losses.items():
        found = torch.autograd.grad(loss, (*sources.values(), *initial), retain_graph=True)
        by_state = found[len(sources) :]
        gradients[name] = {
            **{key: g.tolist() for key, g in zip(sources, found, strict=False)},
            "state": {key: g[0].tolist() for key, g in zip(parts, by_state, strict=True)},
        }

    # s_0 … s_T, each (batch, s): the state after every single step.
    states = [initial]
    for t in range(T):
        states.append(run(x[t : t + 1], states[-1])[1])
    vectors = [torch.cat(state, dim=2)[0].detach() for state in states]
    inputs = x.detach()

    def named(state: tuple[Tensor, ...]) -> dict[str, object]:
        return {key: part.tolist() for key, part in zip(parts, state, strict=True)}

    return {
        "kind": kind,
        "batch": batch,
        "seed": seed,
        "gain": gain,
        "state_dict": {name: value.tolist() for name, value in net.state_dict().items()},
        "x": x.tolist(),
        "initial_state": named(tuple(part[0] for part in initial)),
        "outputs": outputs.tolist(),
        "state": named(tuple(part[0] for part in final)),
        "jacobians": [
            [jacobian(inputs[t : t + 1, b], vectors[t][b]).tolist() for b in range(batch)]
            for t in range(T)
        ],
        "jacobian_T_0": [jacobian(inputs[:, b], vectors[0][b]).tolist() for b in range(batch)],
        "R": R.tolist(),
        "Q": named(Q),
        "gradients": gradients,
    }


def for_the_chapter(kind: str, batch: int, seed: int) -> dict[str, object]:
    """What the chapter on the Elman Jacobian shows of a reference."""
    case = reference(kind, batch, seed)
    return {
        "activation": kind.removeprefix("rnn-"),
        "batch": batch,
        "seed": seed,
        "state_dict": case["state_dict"],
        "x": case["x"],
        "initial_state": case["initial_state"]["h"],
        "outputs": case["outputs"],
        "state": case["state"]["h"],
        "jacobian_1_0": case["jacobians"][0],
        "jacobian_T_0": case["jacobian_T_0"],
    }


def document(cases: list[dict[str, Any]]) -> str:
    """The text of a file: as JSON is indented, but with every row of numbers on one line."""
    import torch

    content = {
        "made by": "tests/bptt/make_torch_reference.py",
        "torch": torch.__version__,
        "dtype": "float64",
        "layout": "numerator: jacobian[i][j] is the derivative of output i by input j",
        "cases": cases,
    }
    text = json.dumps(content, indent=1)
    return re.sub(r"\[[^][{}\"]*\]", lambda row: re.sub(r"\s+", " ", row.group()), text) + "\n"


def documents() -> dict[Path, str]:
    """Every file and what belongs into it."""
    return {
        **{
            HERE / "reference" / f"{kind}.json": document(
                [reference(kind, **case) for case in CASES]
            )
            for kind in KINDS
        },
        CHAPTER: document(
            [
                for_the_chapter(kind, batch, seed)
                for kind in ("rnn-tanh", "rnn-relu")
                for batch, seed in ((1, 1), (2, 2))
            ]
        ),
    }


def main() -> None:
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
