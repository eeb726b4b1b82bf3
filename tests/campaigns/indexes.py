"""Indexes to test on: random ones with many ties, their contents as sets, and their forgeries."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spamclf.campaigns.audit import PART
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.sightings import WIDTHS, Kind, Sightings
from spamclf.campaigns.verdicts import Evidence, Labels
from spamclf.errors import ModelFileError
from spamclf.sealed.form import seal

SCHEMES: dict[Kind, str] = {
    "photo": "pdq",
    "text": "affine32 xxh32 seed=1 n_perm=128 chars-5",
    "list": "affine32 xxh32 seed=1 n_perm=128 recipients",
}


def sightings(kind: Kind, rows: list[tuple[int, int, int]]) -> Sightings:
    """Sightings of (account, instant, fingerprint); equal numbers are equal fingerprints."""
    width, dtype = WIDTHS[kind]
    words = np.array([np.random.default_rng(seed).integers(0, 3, width) for _, _, seed in rows], dtype)
    words = words.reshape(-1, width)
    return Sightings.of(kind, SCHEMES[kind], [row[0] for row in rows], [row[1] for row in rows], words)


def random_index(rng: np.random.Generator, n: int = 8) -> CampaignIndex:
    def rows(n_values: int) -> list[tuple[int, int, int]]:
        size = int(rng.integers(0, n + 1))
        columns = (rng.integers(1, 8, size), rng.integers(0, 10, size), rng.integers(0, n_values, size))
        return list(zip(*(column.tolist() for column in columns), strict=True))

    labels, evidence = (np.array(rows(2)).reshape(-1, 3).T for _ in range(2))
    return CampaignIndex(
        *(sightings(kind, rows(5)) for kind in WIDTHS),
        labels=Labels.of(*labels),
        evidence=Evidence.of(*evidence),
    )


def contents(index: CampaignIndex) -> dict[str, set[tuple[Any, ...]]]:
    """Return the rows of an index as sets."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for seen in index.sightings:
        columns = seen.account.tolist(), seen.instant.tolist(), map(tuple, seen.words[seen.group].tolist())
        found[seen.kind] = set(zip(*columns, strict=True))
    labels, evidence = index.labels, index.evidence
    columns = labels.account.tolist(), labels.labelled_at.tolist(), labels.is_automated.tolist()
    found["labels"] = set(zip(*columns, strict=True))
    columns = evidence.account.tolist(), evidence.observed_at.tolist(), evidence.operator.tolist()
    found["evidence"] = set(zip(*columns, strict=True))
    return found


def same(one: CampaignIndex, other: CampaignIndex) -> bool:
    """Tell whether two indexes are the same, byte for byte."""
    mine, yours = one.arrays, other.arrays
    return one.schemes == other.schemes and all(
        mine[name].dtype == yours[name].dtype and np.array_equal(mine[name], yours[name])
        for name in PART.arrays
    )


def arrays_file(folder: Path) -> Path:
    (path,) = folder.glob("campaigns-*.safetensors")
    return path


def reseal(folder: Path, change: Callable[[dict[str, Any]], object], data: bytes | None = None) -> None:
    """Forge a manifest whose digests are right, as an attacker would; optionally with other arrays."""
    manifest = json.loads((folder / "campaigns.json").read_bytes())
    if data is not None:
        arrays_file(folder).unlink()
        digest = hashlib.sha256(data).hexdigest()
        manifest["arrays"] |= {"file": PART.named(digest), "sha256": digest, "size": len(data)}
        (folder / manifest["arrays"]["file"]).write_bytes(data)
    change(manifest)
    manifest.pop("sha256", None)
    (folder / "campaigns.json").write_bytes(seal(manifest))


def forge_arrays(folder: Path, change: Callable[[dict[str, npt.NDArray[Any]]], object]) -> None:
    """Forge numbers, not sizes."""
    manifest = json.loads((folder / "campaigns.json").read_bytes())
    _, places = PART.layout(manifest["arrays"])
    data = bytearray(arrays_file(folder).read_bytes())
    arrays = {
        name: np.frombuffer(data, PART.arrays[name].dtype)[0:0]
        if begin == end
        else np.frombuffer(memoryview(data)[begin:end], PART.arrays[name].dtype).reshape(
            PART.arrays[name].sized(manifest["arrays"])
        )
        for name, (begin, end) in places.items()
    }
    change(arrays)
    reseal(folder, lambda _: None, bytes(data))


def refuse(folder: Path, match: str = r"CampaignIndex\.load: ") -> None:
    """Demand a refusal, and little memory for it."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=match):
            CampaignIndex.load(folder)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
