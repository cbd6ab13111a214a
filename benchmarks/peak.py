"""`peak.py WHAT …` prints the peak memory of one call, in MB, and its CPU seconds.

It runs in a process of its own, which imports nothing but what is measured. The kernel's account of
the process is read, not ru_maxrss, which starts with what the process's parent once had.
"""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tasks import ours, task

from bptt.flow import product_norms

STATUS = Path("/proc/self/status")


def measure(small: Callable[[], Any], full: Callable[[], Any]) -> tuple[float, float]:
    """``small`` comes first: whatever a library only allocates once."""
    small()
    before, start = megabytes("VmRSS"), time.process_time()
    result = full()
    seconds = time.process_time() - start
    peak = megabytes("VmHWM") - before
    del result  # held until here, as its owner would
    return peak, seconds


def megabytes(what: str) -> float:
    (kilobytes,) = re.findall(rf"^{what}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    return int(kilobytes) * 1024 / 1e6


def forward_backward(library: str, kind: str, *size: str) -> tuple[float, float]:
    steps, hidden, batch = map(int, size)
    tasks = [task(kind, T, hidden, batch) for T in (2, steps)]
    if library == "bptt":
        return measure(*(ours(*given) for given in tasks))
    import with_torch

    return measure(*(with_torch.forward_backward(kind, *given) for given in tasks))


def norms(of: str, *size: str) -> tuple[float, float]:
    """The peak with the Jacobians themselves."""
    steps, n = map(int, size)
    gradient = np.ones(n) if of == "gradients" else None
    J = np.random.default_rng(0).normal(size=(steps, n, n)) / n**0.5
    peak, seconds = measure(
        lambda: product_norms(J[:2], gradient), lambda: product_norms(J, gradient)
    )
    return peak + J.nbytes / 1e6, seconds


if __name__ == "__main__":
    work, *arguments = sys.argv[1:]
    print(*{"forward_backward": forward_backward, "norms": norms}[work](*arguments))
