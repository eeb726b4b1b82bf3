"""A memory of campaigns as arrays, and as a folder of files: what `CampaignIndex` is kept in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.campaigns.audit import PART, check_memory, check_schemes
from spamclf.campaigns.sightings import WIDTHS, Sightings
from spamclf.campaigns.verdicts import Evidence, Labels
from spamclf.errors import ModelFileError, OutputError, ParameterError
from spamclf.sealed import Form, read_sealed, write_sealed

__all__ = ["Memory", "arrays_of", "memory_of", "read_index", "schemes_of", "write_index"]

#: Photos, texts and lists; labels; evidence.
Seen = tuple[Sightings, Sightings, Sightings]
Memory = tuple[Seen, Labels, Evidence]
Arrays = Mapping[str, npt.NDArray[Any]]

_COLUMNS = ("account", "instant", "group", "words")
_FORM = Form(
    name="spamclf-campaigns",
    noun="a campaign index",
    writer="CampaignIndex.save",
    reader="CampaignIndex.load",
    remedy="Copy the index again from where it came, or build it again.",
    remake="build the index again",
    versions={1: {"arrays": PART}},
    manifest="campaigns.json",
)
_OF_A_MODEL = "manifest.json"


def arrays_of(sightings: Seen, labels: Labels, evidence: Evidence) -> dict[str, Any]:
    """Return all numbers of a memory by name.

    Raises
    ------
    ParameterError
        If it is not sound: it was put together by hand, and nobody could load it.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        f"{seen.kind}_{name}": getattr(seen, name) for seen in sightings for name in _COLUMNS
    }
    arrays |= {"label_account": labels.account, "labelled_at": labels.labelled_at}
    arrays |= {"is_automated": labels.is_automated.view(np.uint8)}
    arrays |= {"evidence_account": evidence.account, "observed_at": evidence.observed_at}
    arrays |= {"operator": evidence.operator}
    _check(arrays, schemes_of(sightings))
    return arrays


def schemes_of(sightings: Seen) -> dict[str, str]:
    """Return how the fingerprints of each kind that was seen were made."""
    return {seen.kind: seen.scheme for seen in sightings if len(seen)}


def memory_of(arrays: Arrays, schemes: Any) -> Memory:
    """Audit arrays and schemes that nobody vouches for, and construct what they say.

    Raises
    ------
    ParameterError
        If they are no sound memory (see ``spamclf.campaigns.audit``).
    """
    _check(arrays, schemes)
    photos, texts, lists = (
        Sightings(kind, schemes.get(kind, ""), *(arrays[f"{kind}_{name}"] for name in _COLUMNS))
        for kind in WIDTHS
    )
    labels = Labels(arrays["label_account"], arrays["labelled_at"], arrays["is_automated"].view(np.bool_))
    evidence = Evidence(arrays["evidence_account"], arrays["observed_at"], arrays["operator"])
    return (photos, texts, lists), labels, evidence


def write_index(folder: Any, memory: Memory, *, overwrite: bool) -> None:
    """Write a memory to a folder; see `spamclf.campaigns.index.CampaignIndex.save`."""
    path = _path(folder, _FORM.writer)
    if os.path.lexists(path / _OF_A_MODEL):
        raise OutputError(
            f"{_FORM.writer}: folder must be no model's; got '{path.name}', which holds {_OF_A_MODEL}: a model there "
            "would not know this index. Give it to the model itself, dataclasses.replace(model, memory=index), and "
            "save that; or choose another folder."
        )
    seen, *_ = memory
    write_sealed(
        path, _FORM, {"schemes": schemes_of(seen)}, {"arrays": arrays_of(*memory)}, overwrite=overwrite
    )


def read_index(folder: Any) -> Memory:
    """Read, audit and construct a memory; see `spamclf.campaigns.index.CampaignIndex.load`."""
    path = _path(folder, _FORM.reader)
    if os.path.lexists(path / _OF_A_MODEL) and not os.path.lexists(path / _FORM.manifest):
        raise ModelFileError(
            f"{_FORM.reader}: folder must hold a campaign index; got '{path.name}', a model's. Use "
            "spamclf.load_model(folder).memory."
        )
    manifest, parts = read_sealed(path, _FORM)
    arrays = parts["arrays"]
    assert arrays is not None  # it is not optional
    keys = {"arrays", "format", "format_version", "schemes", "sha256"}
    if manifest.keys() != keys:
        _FORM.refuse(_FORM.manifest, f"of the keys {', '.join(sorted(keys))}", "others")
    try:
        return memory_of(arrays, manifest["schemes"])
    except ParameterError as error:
        raise ModelFileError(f"{_FORM.reader}: {error}") from error


def _path(folder: Any, where: str) -> Path:
    try:
        return Path(folder)
    except TypeError:
        raise ParameterError(
            f"{where}: folder must be a path; got {type(folder).__name__}. Pass the name of a folder."
        ) from None


def _check(arrays: Any, schemes: Any) -> None:
    if not isinstance(arrays, Mapping) or not all(
        isinstance(arrays.get(name), np.ndarray) for name in PART.arrays
    ):
        raise ParameterError(
            f"campaigns: arrays must be those of CampaignIndex.arrays by name; got {type(arrays).__name__} without "
            "some of them. Build the index again from the datasets."
        )
    check_schemes(schemes, {kind: arrays[f"{kind}_instant"].size for kind in WIDTHS})
    check_memory(arrays)
