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
    "messages", "live", "batch", "spark", "forest", "training", "certificate", "daily_looks", "label_noise",
    "start", "report", "signatures", "clusters", "photos", "co_target", "wikipedia_bans", "honest_traffic", "realism",
    "plain_baseline", "shipped", "left_out", "evasion",
)  # fmt: skip
_PACKAGES = (
    "numpy", "numba", "pyarrow", "scikit-learn", "datasketch", "duckdb", "faiss-cpu", "lightgbm",
    "opencv-python-headless", "pandas", "pdqhash", "polars", "shap",
)  # fmt: skip
RESULTS = Path(__file__).with_name("RESULTS.md")


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next(
            (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown"
        )


def _kept() -> dict[str, str]:
    """Return the sections of RESULTS.md by the bench that printed them."""
    _, *sections = RESULTS.read_text(encoding="utf-8").split("\n## ")
    return {name: f"## {text.strip()}" for text in sections for name in BENCHES if f"benches.{name}`" in text}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="keep the tables in tests/benches/RESULTS.md")
    parser.add_argument(
        "only", nargs="*", choices=[[], *BENCHES], help="run only these, keep the others' tables"
    )
    options = parser.parse_args()
    today = f"{datetime.date.today():%Y-%m-%d}"
    sections = _kept() if options.only else {}
    for name in options.only or BENCHES:
        command = [sys.executable, "-m", f"tests.benches.{name}"]
        print(f"== {name}", flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        if done.returncode:
            sys.exit(f"bench {name} failed")
        sections[name] = section(name, done.stdout, today)
    if options.write:
        write(sections)


def section(name: str, printed: str, day: str) -> str:
    """Return what a bench printed, under the command that prints it."""
    return f"## `python -m tests.benches.{name}`\n\nMeasured {day}.\n\n{printed.strip()}"


def write(sections: dict[str, str]) -> None:
    """Write RESULTS.md: the machine, then the sections in the order of the benches."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    head = (
        "# Results\n\n"
        "Every figure here is printed by `make bench` (each section by the command in its heading, those on real logs\n"
        "with `SPAMCLF_PUBLIC_DATA`). Figures of one table were measured side by side in one run, on a virtual\n"
        "machine whose speed drifts with its neighbours: trust ratios, not seconds.\n\n"
        f"Machine: {os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}; {versions}."
    )
    text = [head, *(sections[name] for name in BENCHES if name in sections)]
    RESULTS.write_text("\n\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
