"""Lay out a notebook as it is stored, text, code and what came out, as a page of Markdown; nothing is run."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def page_of(notebook: str, name: str, folder: Path) -> str:
    """Return the text of a page; pictures are written to a folder beneath the root.

    ``name`` is where the notebook lies, relative to the root and without its ending.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for k, cell in enumerate(json.loads(notebook)["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        else:
            parts += [
                fenced(source, "python"),
                *shown(cell, folder / f"{Path(name).name}-{k}", Path(name).parent),
            ]
    return "\n\n".join(parts) + "\n"


def shown(cell: dict[str, Any], stem: Path, where: Path) -> Iterator[str]:
    """Lay out what came out of a cell of code: the richest form of each output."""
    for k, output in enumerate(cell["outputs"]):
        data = output.get("data", {})
        if "image/png" in data:
            path = stem.with_name(f"{stem.name}-{k}.png")
            path.write_bytes(base64.b64decode("".join(data["image/png"])))
            drawn = re.findall(r"plots\.plot_(\w+)", "".join(cell["source"]))
            told = f"Plot of {drawn[-1].replace('_', ' ')}" if drawn else "A plot"
            yield f"![{told}]({os.path.relpath(path, ROOT / where)})"
        elif "text/html" in data:
            yield fenced(f'<div class="output">{"".join(data["text/html"])}</div>', "{raw} html")
        else:
            yield fenced("".join(output.get("text", data.get("text/plain", []))), "text")


def fenced(text: str, language: str) -> str:
    """Put a fence around text that no line of it can end."""
    longest = max((len(run) for run in re.findall(r"^`{3,}", text, re.M)), default=2)
    return f"{'`' * (longest + 1)}{language}\n{text.rstrip()}\n{'`' * (longest + 1)}"
