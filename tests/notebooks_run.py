"""Execute the notebooks and store them with what they show: ``python tests/notebooks_run.py``.

They run in a copy of ``notebooks/`` and ``data/sample``, so that nothing they write stays, and are stored without
times, machine names or anything else that would change from one run to the next.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Return the notebook as it comes out of a run from top to bottom in a copy of its surroundings."""
    notebook = nbformat.read(path, as_version=4)
    if not (folder / "data").exists():
        shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample")
    (folder / "notebooks").mkdir(exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how often a cell's prints are flushed is a matter of speed
        resources={"metadata": {"path": str(folder / "notebooks")}},
    )
    # One thread: OpenMP threads that spin beside another busy process make boosting ten times slower.
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "LOKY_MAX_CPU_COUNT": "1",
        "OMP_NUM_THREADS": "1",
    }
    client.execute(env=environment)
    return notebook


def tidied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook without what differs between two runs."""
    notebook.metadata = nbformat.from_dict(_METADATA)
    for place, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = nbformat.from_dict({}), f"cell-{place:02d}"
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
    return notebook


def stderr_of(notebook: nbformat.NotebookNode) -> str:
    """Return what the cells wrote to stderr: warnings, or that kernels were compiled for the first time."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.get("name") == "stderr")


def main() -> int:
    """Store each notebook with its outputs, in place; complain if one still warns when run a second time."""
    for path in NOTEBOOKS:
        for _ in range(2):  # a first run in a fresh environment tells that it compiles
            with tempfile.TemporaryDirectory() as folder:
                notebook = execute(path, Path(folder))
            if not stderr_of(notebook):
                break
        else:
            print(f"{path.name}: must run without warnings; got:\n{stderr_of(notebook)}", file=sys.stderr)
            return 1
        nbformat.write(tidied(notebook), path)
        print(f"stored {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
