"""Writes book/data/elman-torch.json: what PyTorch computes, for the tests and the chapter.

    python tests/bptt/make_torch_reference.py        # needs torch==2.13.0

Everything is float64 and written with all its digits. Without a batch axis nothing is stored: one
sequence is the batch of 1.
"""

import json
import re
from pathlib import Path

TARGET = Path(__file__).parents[2] / "book" / "data" / "elman-torch.json"
INPUT_SIZE, HIDDEN_SIZE, STEPS = 2, 3, 5


def reference(nonlinearity: str, batch: int, seed: int) -> dict[str, object]:
    """One random ``torch.nn.RNN``: weights, a sequence, outputs and Jacobians by autograd.

    ``jacobian_1_0[b]`` is ∂h_1/∂h_0 and ``jacobian_T_0[b]`` ∂h_T/∂h_0 for sequence b of the batch,
    numerator layout.
    """
    import torch

    torch.manual_seed(seed)
    rnn = torch.nn.RNN(INPUT_SIZE, HIDDEN_SIZE, nonlinearity=nonlinearity).double()
    x = torch.randn(STEPS, batch, INPUT_SIZE, dtype=torch.float64)
    h0 = torch.randn(1, batch, HIDDEN_SIZE, dtype=torch.float64)
    outputs, state = rnn(x, h0)

    def jacobian(steps: int) -> list[object]:
        """∂h_steps/∂h_0, one sequence of the batch after the other."""
        return [
            torch.autograd.functional.jacobian(
                lambda h, b=b: rnn(x[:steps, b], h[None])[0][-1], h0[0, b]
            ).tolist()
            for b in range(batch)
        ]

    return {
        "activation": nonlinearity,
        "batch": batch,
        "seed": seed,
        "state_dict": {name: value.tolist() for name, value in rnn.state_dict().items()},
        "x": x.tolist(),
        "initial_state": h0[0].tolist(),
        "outputs": outputs.tolist(),
        "state": state[0].tolist(),
        "jacobian_1_0": jacobian(1),
        "jacobian_T_0": jacobian(STEPS),
    }


def main() -> None:
    import torch

    cases = [
        reference(nonlinearity, batch, seed)
        for nonlinearity in ("tanh", "relu")
        for batch, seed in ((1, 1), (2, 2))
    ]
    content = {
        "made by": "tests/bptt/make_torch_reference.py",
        "torch": torch.__version__,
        "dtype": "float64",
        "layout": "numerator: jacobian[i][j] is the derivative of output i by input j",
        "cases": cases,
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1)
    rows = re.sub(r"\[[^][{}\"]*\]", lambda row: re.sub(r"\s+", " ", row.group()), text)
    TARGET.write_text(rows + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
