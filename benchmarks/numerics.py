"""`bptt` against its peers and its aims: everything of the bench that needs no browser.

Every ratio is taken in one interleaved run: absolute times mean nothing on another day.
"""

import os
import time

# Read once, when numpy and its peers are imported: one thread for all of them.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import forward_backward
import growth
import imports
import jacobians
import memory
from peers import ABSENT, PEERS

REPORTS = (forward_backward, jacobians, imports, growth, memory)


def report() -> None:
    start = time.perf_counter()
    here = ", ".join(f"{name} {peer.VERSION}" for name, peer in PEERS.items()) or "no peer"
    print(f"bptt is compared with: {here}; not installed here: {', '.join(ABSENT) or 'none'}")
    print(
        "one thread; CPU milliseconds, medians; a ratio is the median of ours / theirs in turns\n"
    )
    for module in REPORTS:
        module.report()
        print()
    print(f"all of this took {time.perf_counter() - start:.0f} s\n")


if __name__ == "__main__":
    report()
