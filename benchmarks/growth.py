"""How the time of a pass forward and back grows: the exponent p of time ~ size^p."""

import numpy as np
from peers import PEERS, times
from tasks import ours, task

USUAL = {"steps": 100, "hidden": 32, "batch": 32}
SIZES = {
    "steps": (50, 100, 200, 400),
    "hidden": (16, 32, 64, 128),
    "batch": (2, 8, 32, 128),
}
SECONDS = 0.5


def report() -> None:
    usual = ", ".join(f"{name} {size}" for name, size in USUAL.items())
    print(f"growth of forward + BPTT, float64 ({usual} where not varied): fitted exponents")
    libraries = ("bptt", *(name for name in PEERS if name == "torch"))
    print(f"{'cell':7}{'with':8}{'from':>5}{'to':>5}" + "".join(f"{n:>9}" for n in libraries))
    for kind in ("Elman", "LSTM", "GRU"):
        for what, sizes in SIZES.items():
            exponents = "".join(f"{p:9.2f}" for p in fitted(kind, what))
            print(f"{kind:7}{what:8}{sizes[0]:5}{sizes[-1]:5}{exponents}")


def fitted(kind: str, what: str) -> list[float]:
    """The slopes of log time against log size, ours and torch's, all sizes in turns."""
    tasks = [task(kind, **(USUAL | {what: size})) for size in SIZES[what]]
    works = [[ours(*given) for given in tasks]]
    if "torch" in PEERS:
        works.append([PEERS["torch"].forward_backward(kind, *given) for given in tasks])
    taken = np.median(times([work for each in works for work in each], SECONDS), axis=0)
    logs = np.log(taken.reshape(len(works), -1))
    return [float(np.polyfit(np.log(SIZES[what]), log, 1)[0]) for log in logs]
