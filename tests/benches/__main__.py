"""``make bench``: every bench in turn; ``--write`` also keeps what they print in RESULTS.md."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

BENCHES = (
    "messages", "forest", "training", "certificate", "start", "signatures", "clusters", "photos", "co_target",
    "wikipedia_bans", "honest_traffic",
)  # fmt: skip
_PACKAGES = (
    "numpy", "numba", "pyarrow", "scikit-learn", "datasketch", "duckdb", "faiss-cpu", "lightgbm",
    "opencv-python-headless", "pandas", "pdqhash", "polars", "shap",
)  # fmt: skip


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next(
            (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="keep the tables in tests/benches/RESULTS.md")
    parser.add_argument("only", nargs="*", choices=[[], *BENCHES], help="run only these")
    options = parser.parse_args()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    text = [
        "# Results",
        "",
        "Every figure here is printed by `make bench` (each section by the command in its heading), measured side by",
        "side in one run. Ratios mean something; absolute times are this machine's.",
        "",
        f"Machine: {os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}; {versions}.",
        f"Measured {datetime.date.today():%Y-%m-%d}.",
    ]
    for name in options.only or BENCHES:
        command = [sys.executable, "-m", f"tests.benches.{name}"]
        print(f"== {name}", flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        if done.returncode:
            sys.exit(f"bench {name} failed")
        text += ["", f"## `python -m tests.benches.{name}`", "", done.stdout.strip()]
    if options.write:
        Path(__file__).with_name("RESULTS.md").write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
