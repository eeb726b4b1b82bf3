"""How soon spamclf starts: imports, a cached run, the first run ever. ``python -m tests.benches.start``."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.benches.timing import markdown

_COMPILE = """
import time, sys
start = time.perf_counter()
from spamclf import kernels
for name in sorted(kernels._MODULES):
    getattr(kernels, name)
print(time.perf_counter() - start)
"""


def wall(command: list[str], rounds: int, **environment: str) -> float:
    """Return the median wall seconds of a command in a fresh process."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    python = sys.executable
    bare = wall([python, "-c", "pass"], 5)
    imported = wall([python, "-c", "import spamclf.predict"], 5)
    numpy = wall([python, "-c", "import numpy, pyarrow"], 5)
    score = [python, "-m", "spamclf", "score", "data/sample"]
    wall(score, 1)
    scored = wall(score, 5)
    with tempfile.TemporaryDirectory() as cache:
        first = subprocess.run(
            [python, "-c", _COMPILE],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"NUMBA_CACHE_DIR": cache},
        )
        cold = wall(score, 1, NUMBA_CACHE_DIR=cache + "/other")
    loaded = subprocess.run(
        [python, "-c", "import spamclf.predict, sys; print('sklearn' in sys.modules)"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    rows = [
        [f"`import spamclf.predict` ({imported:.2f} s whole process; bare Python {bare:.2f} s, with numpy and pyarrow "
         f"{numpy:.2f} s), scikit-learn loaded: {loaded}", f"{imported - bare:.2f} s", "< 0.5 s"],
        ["`spamclf score data/sample`, kernels cached, whole process", f"{scored:.2f} s", "< 3 s"],
        ["all kernels compiled into an empty cache, with numba's import", f"{float(first.stdout):.1f} s", "<= 45 s"],
        ["`spamclf score data/sample`, empty cache: only what it needs is compiled", f"{cold:.1f} s", ""],
    ]  # fmt: skip
    print(markdown(["measure", "figure", "bar"], rows))


if __name__ == "__main__":
    main()
