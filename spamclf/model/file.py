"""The folder a model is kept in: ``manifest.json`` and the arrays it names. Data, never code.

Reading a folder trusts nothing in it (see ``spamclf.sealed``); what the numbers mean is then audited by ``Forest``,
``CampaignIndex`` and ``Model``, and only what passed is constructed.

How to raise ``FORMAT_VERSION``: keep reading every older version (``tests/model/fixtures/format-<n>`` must
load), write the new one only, and add a fixture for it. Version 2 added the memory of campaigns, version 3 the scores
of honest accounts that certificates are made of.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spamclf.campaigns.audit import PART
from spamclf.model.audit import DTYPES, MAX_NODES
from spamclf.model.score_lists import MAX_SEGMENTS
from spamclf.sealed import Array, Arrays, Form, Part, read_sealed, write_sealed

__all__ = ["FORMAT_VERSION", "MANIFEST", "read_folder", "write_folder"]

_TREES = Part(
    stem="trees",
    sizes={"n_nodes": (1, MAX_NODES), "n_trees": (1, MAX_NODES)},
    arrays={
        name: Array(dtype, ("n_trees",), more=1) if name == "roots" else Array(dtype, ("n_nodes",))
        for name, dtype in DTYPES.items()
    },
    max_bytes=(1 << 14) + MAX_NODES * 48,  # 41 bytes per node, 4 per tree
)
_HONEST = Part(
    stem="honest",
    sizes={"n_values": (0, 2**31 - 1), "n_lists": (1, MAX_SEGMENTS + 1)},
    arrays={"values": Array("float64", ("n_values",)), "offsets": Array("int64", ("n_lists",), more=1)},
    max_bytes=1 << 30,
    optional=True,
)
_REFERENCE = Part(
    stem="reference",
    sizes={
        "n_cuts": (0, 1 << 24),
        "n_columns": (0, 10_000),
        "n_values": (1, 2**31 - 1),
        "n_lists": (1, MAX_SEGMENTS + 1),
    },
    arrays={
        "cuts": Array("float64", ("n_cuts",)),
        "counts": Array("int64", ("n_cuts",)),
        "offsets": Array("int64", ("n_columns",), more=1),
        "missing": Array("int64", ("n_columns",)),
        "score_values": Array("float64", ("n_values",)),
        "score_offsets": Array("int64", ("n_lists",), more=1),
    },
    max_bytes=1 << 30,
    optional=True,
)
_MEMORY = replace(PART, stem="memory", optional=True)
FORM = Form(
    name="spamclf-model",
    noun="a model",
    writer="Model.save",
    reader="load_model",
    remedy="Copy the model again from where it came, or train it again.",
    remake="train the model again",
    versions={
        1: {"arrays": _TREES},
        2: {"arrays": _TREES, "memory": _MEMORY},
        3: {"arrays": _TREES, "memory": _MEMORY, "honest": _HONEST, "reference": _REFERENCE},
    },
    beside=("card.md",),
)
FORMAT_VERSION = max(FORM.versions)
MANIFEST = FORM.manifest


def write_folder(
    folder: str | os.PathLike[str],
    manifest: Mapping[str, Any],
    parts: Mapping[str, Arrays | None],
    *,
    card: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model's folder; readers see the former model or the new one, never half of one.

    Parameters
    ----------
    folder : path-like
        Made if missing.
    manifest : mapping
        What to say about the model, as JSON; format, parts and digest are added here.
    parts : mapping of str to (dict of str to ndarray, or None)
        ``arrays``, the trees, by the names and dtypes of ``audit.DTYPES``; ``memory``, ``honest`` and ``reference`` as
        of the ``arrays`` of `CampaignIndex`, `HonestScores` and `Reference`.
    card : str, optional
        The model card, written as ``card.md``.
    overwrite : bool, default=False
        Whether a model that is already there may be replaced.

    Raises
    ------
    OutputError
        If a model is there already, another run holds the folder, or a write fails.
    ParameterError
        If the manifest would exceed 1 MiB, or the memory 4 GiB.
    """
    beside = {} if card is None else {"card.md": card}
    write_sealed(folder, FORM, manifest, parts, beside=beside, overwrite=overwrite)


def read_folder(folder: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Arrays | None]]:
    """Read and audit the files of a model, without judging yet what their numbers mean.

    Parameters
    ----------
    folder : path-like
        As written by ``write_folder``.

    Returns
    -------
    manifest : dict
        Checked against its own digest.
    parts : dict of str to (dict of str to ndarray, or None)
        As of ``write_folder``: of the right names, dtypes and lengths; writable. None if the model has none.

    Raises
    ------
    ModelFileError
        If anything is missing, damaged, forged, too large, a link, of a later format, or not a model at all.
    """
    return read_sealed(folder, FORM)
