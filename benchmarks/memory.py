"""Peak memory, each time in a process of its own.

It is the peak of the resident memory less what was resident before the call: with the library
imported and warmed up on two steps, and with the inputs made.
"""

import subprocess
import sys

import peak
from peers import PEERS

STEPS, HIDDEN, BATCH = 400, 128, 32
LIMIT = 1000.0  # MB, for the norms of all products at T = 2000, n = 64

# Steps, n, and what the norms are of. With matrices the full size takes too long for the bench.
NORMS = ((2000, 64, "gradients"), (250, 64, "matrices"))


def report() -> None:
    if not peak.STATUS.exists():
        print("peak memory is not measured here: there is no /proc to read it from")
        return
    libraries = ("bptt", "torch") if "torch" in PEERS else ("bptt",)
    print(f"peak memory of forward + BPTT, float64, T = {STEPS}, hidden {HIDDEN}, batch {BATCH}:")
    print("resident MB beyond the library and the inputs")
    print(f"{'cell':8}" + "".join(f"{name:>8}" for name in libraries) + f"{'ratio':>8}")
    for kind in ("Elman", "LSTM", "GRU"):
        peaks = [
            in_a_process("forward_backward", name, kind, STEPS, HIDDEN, BATCH)[0]
            for name in libraries
        ]
        ratio = f"{peaks[0] / peaks[1]:8.2f}" if len(peaks) == 2 else f"{'–':>8}"
        print(f"{kind:8}" + "".join(f"{each:8.0f}" for each in peaks) + ratio)

    print("\npeak memory of product_norms, all t and k: resident MB with the Jacobians")
    print(f"{'norms of':10}{'T':>6}{'n':>5}{'MB':>8}{'seconds':>9}{'limit':>8}")
    for steps, n, of in NORMS:
        megabytes, seconds = in_a_process("norms", of, steps, n)
        row = f"{of:10}{steps:6}{n:5}{megabytes:8.0f}{seconds:9.1f}"
        if steps == 2000:
            print(f"{row}{LIMIT:8.0f} {'met' if megabytes <= LIMIT else 'MISSED'}")
        else:
            print(f"{row}{'–':>8} fewer steps than the limit is for: those take many minutes")


def in_a_process(*arguments: str | int) -> tuple[float, float]:
    """MB and CPU seconds."""
    command = [sys.executable, peak.__file__, *map(str, arguments)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    megabytes, seconds = map(float, ran.stdout.split())
    return megabytes, seconds
