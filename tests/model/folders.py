"""Models on disk, and their forgeries."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray
from safetensors.numpy import load, save

from spamclf.errors import ModelFileError
from spamclf.model import load_model
from spamclf.sealed.form import seal


def arrays_file(folder: Path, stem: str = "trees") -> Path:
    (path,) = folder.glob(f"{stem}-*.safetensors")
    return path


def reseal(
    folder: Path, change: Callable[[dict[str, Any]], object], data: bytes | None = None, stem: str = "trees"
) -> None:
    """Forge a manifest whose digests are right, as an attacker would; optionally with other arrays."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    if data is not None:
        arrays_file(folder, stem).unlink()
        digest = hashlib.sha256(data).hexdigest()
        described = manifest["arrays" if stem == "trees" else stem]
        described |= {"file": f"{stem}-{digest[:16]}.safetensors", "sha256": digest, "size": len(data)}
        (folder / described["file"]).write_bytes(data)
    change(manifest)
    manifest.pop("sha256", None)
    (folder / "manifest.json").write_bytes(seal(manifest))


def forge_arrays(
    folder: Path, change: Callable[[dict[str, NDArray[Any]]], object], stem: str = "trees", **sizes: int
) -> None:
    """Change arrays and every digest of them; `sizes` are what the manifest says of the part from then on."""
    arrays = {name: array.copy() for name, array in load(arrays_file(folder, stem).read_bytes()).items()}
    change(arrays)
    part = "arrays" if stem == "trees" else stem
    reseal(folder, lambda manifest: manifest[part].update(sizes), _canonical(arrays), stem)


def _canonical(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Lay arrays out as safetensors does, which may order those of one dtype otherwise than they came."""
    return save(dict(sorted(arrays.items())))


def refuse(folder: Path, match: str = "load_model: ") -> None:
    """Demand a refusal, and little memory for it."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=match):
            load_model(folder)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


def set_in(*keys: Any, to: Any) -> Callable[[dict[str, Any]], object]:
    """Set one value of a manifest."""

    def change(manifest: dict[str, Any]) -> None:
        inner: Any = manifest
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = to

    return change
