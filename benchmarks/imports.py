"""What `import bptt` costs, against `import numpy`: each in a fresh interpreter, in turns."""

import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

ROUNDS = 15
AIM = 1.3
# The start of the interpreter itself is not counted.
TIMED = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"


def report() -> None:
    with TemporaryDirectory() as cache:
        # Both come from bytecode, written by the first round, wherever they are installed.
        environment = os.environ | {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        taken = [
            (seconds("bptt", environment), seconds("numpy", environment)) for _ in range(ROUNDS + 1)
        ][1:]
    ratio = median(ours / numpys for ours, numpys in taken)
    ours, numpys = (1000 * median(column) for column in zip(*taken, strict=True))
    verdict = "met" if ratio <= AIM else "MISSED"
    print(f"import bptt {ours:.0f} ms, import numpy {numpys:.0f} ms: ratio {ratio:.2f}, ", end="")
    print(f"aim {AIM:g}, {verdict}")


def seconds(module: str, environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", TIMED.format(module)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(ran.stdout)
