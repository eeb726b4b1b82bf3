"""What a model was made from: counts, data, versions."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.instants import iso
from spamclf.labelled import PARTS, LabelledRows

__all__ = ["counts_of", "data_info", "name_of", "versions"]


def counts_of(rows: LabelledRows) -> dict[str, dict[str, int]]:
    return {
        name: {
            "automated": rows.n_accounts(part, automated=True),
            "honest": rows.n_accounts(part, automated=False),
            "rows": int((rows.part == part).sum()),
        }
        for part, name in enumerate(PARTS)
    }


def data_info(dataset: Dataset, ego: EgoLog, end: int) -> dict[str, Any]:
    """Say which data a model saw: sizes, the span before `end`, and a fingerprint of the whole ordered log."""
    digest = hashlib.sha256()
    arrays = (ego.offsets, ego.time, ego.peer, ego.flag, ego.typed_s, *ego.labels, *ego.reports)
    for array in (*arrays, *vars(ego.facts).values()):
        digest.update(np.ascontiguousarray(array).data)
    sent = dataset.messages["sent_at"]
    seen = sent.filter(pc.less(sent, pa.scalar(end, sent.type)))
    first, last = (pc.min_max(seen)[what].cast("int64").as_py() for what in ("min", "max"))
    return {
        "accounts": dataset.accounts.num_rows,
        "messages": len(seen),
        "duplicates": ego.n_duplicates,
        "quarantined": len(dataset.quarantine),
        "first_message": None if first is None else iso(first),
        "last_message": None if last is None else iso(last),
        "fingerprint": digest.hexdigest(),
    }


def name_of(info: dict[str, Any], names: tuple[str, ...], history_days: float) -> str:
    """Return a short name of data and settings."""
    keys = ("as_of", "data", "random_state", "boosting", "fpr")
    settings = [[info[key] for key in keys], names, history_days]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {package: version(package) for package in ("numpy", "scikit-learn")}
