"""The libraries to compare with that are installed, and how time is taken in turns with them."""

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np

Work = Callable[[], Any]

NAMES = ("torch", "jax")
ABSENT = [name for name in NAMES if find_spec(name) is None]
PEERS: dict[str, ModuleType] = {
    name: import_module(f"with_{name}") for name in NAMES if name not in ABSENT
}

FEWEST_ROUNDS = 7
# A turn is several calls where one is short: else what is measured is how cold the caches are that
# the other libraries have left.
TURN = 0.005


def times(works: Sequence[Work], budget: float = 0.8) -> np.ndarray:
    """CPU seconds of one call, (rounds, works): in turns, until ``budget`` seconds have passed."""
    calls = []
    for work in works:
        work()
        calls.append(max(1, round(TURN / seconds(work))))
    rounds: list[list[float]] = []
    start = time.perf_counter()
    while len(rounds) < FEWEST_ROUNDS or time.perf_counter() < start + budget:
        rounds.append([seconds(work, n) for work, n in zip(works, calls, strict=True)])
    return np.array(rounds)


def seconds(work: Work, calls: int = 1) -> float:
    start = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - start) / calls


def compare(label: str, ours: Work, theirs: dict[str, Work], aim: float | None = None) -> None:
    """Print one row: milliseconds, and the ratio to each peer. The aim is one against torch."""
    for name, work in theirs.items():
        same_result(f"{label.strip()} in {name}", ours(), work())
    taken = times([ours, *theirs.values()])
    row = f"{label:44}{1000 * median(taken[:, 0]):9.2f}"
    for name in NAMES:
        if name in theirs:
            column = taken[:, 1 + list(theirs).index(name)]
            ratio = median(taken[:, 0] / column)
            row += f"{1000 * median(column):9.2f}{ratio:7.3f}"
            if name == "torch":
                row += against(ratio, aim)
        elif name in PEERS:
            row += f"{'–':>9}{'–':>7}" + (against(None, aim) if name == "torch" else "")
    print(row.rstrip())


def heading(what: str) -> None:
    row = f"{what:44}{'bptt':>9}"
    for name in PEERS:
        row += f"{name:>9}{'ratio':>7}" + (f"{'aim':>6}{'':7}" if name == "torch" else "")
    print(row.rstrip())


def against(value: float | None, aim: float | None) -> str:
    """The columns of an aim: 13 characters, blank where there is none."""
    if value is None or aim is None:
        return f"{'':13}"
    return f"{aim:6.2f} {'met' if value <= aim else 'MISSED':6}"


def same_result(what: str, ours: Any, theirs: Any) -> None:
    """Times are only compared of things that come out the same."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    tolerance = 1e-3 if ours.dtype == np.float32 else 1e-9
    if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=tolerance, atol=tolerance):
        raise AssertionError(f"{what}: the result is not that of bptt")
