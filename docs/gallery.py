"""Run the blocks of docs/gallery.md, and put the picture that a block draws below it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.M | re.S)


def with_pictures(page: str, folder: Path) -> str:
    """Return a page with its pictures, which are written to a folder beneath the root."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, Any] = {"__name__": "gallery"}
    here = os.getcwd()
    os.chdir(ROOT)

    def drawn(block: re.Match[str]) -> str:
        exec(compile(block[1], "docs/gallery.md", "exec"), names)
        if not plt.get_fignums():
            return block[0]
        called = re.findall(r"plots\.(\w+)Display\b", block[1])[-1]
        path = folder / f"{called}.png"
        plt.savefig(path, dpi=110, bbox_inches="tight")
        plt.close("all")
        return f"{block[0]}\n![{called}Display]({os.path.relpath(path, ROOT / 'docs')})\n"

    try:
        return _BLOCK.sub(drawn, page)
    finally:
        os.chdir(here)
