"""What an evaluation found: tables, and how they are told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from spamclf.errors import ParameterError
from spamclf.evaluate.figures import Interval
from spamclf.model.promise import BROKEN, NOT_PROMISED, UNSURE, enough_to_tell, promise_verdict

__all__ = ["UNLABELLED", "Evaluation"]

#: The model on a platform that has labelled nobody yet.
UNLABELLED = "nobody labelled"

_TABLES = ("overall", "promise", "by_family", "by_segment", "cold_start", "strangers")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate` found. ``str()`` prints it; each table is an Arrow table.

    Attributes
    ----------
    model : str
        Name of the model.
    fpr : float
        The share of honest accounts that its certificate bounds.
    counts : dict of str to int
        Accounts that are ``automated``, ``honest`` and, left out of all tables, those that ``never_sent``; and
        ``honest_looks``, at the honest accounts, of those that the certificate speaks of; and those ``remembered``, of
        whom the model's memory has a label.
    overall : pyarrow.Table
        ``what``, ``of`` (model, nobody labelled, one rule, tree of depth 3), ``value``, ``low``, ``high``,
        ``accounts``. Each account counts with the highest score of its looks.
    by_family, by_segment : pyarrow.Table
        ``family`` or ``segment``, ``is_automated``, ``accounts``; ``value``, ``low``, ``high`` of the share flagged.
    cold_start : pyarrow.Table
        ``look``, ``is_automated``, ``accounts``, and the share that this single look flags.
    strangers : pyarrow.Table
        ``threshold``, ``honest_flagged``, ``family``, ``accounts`` that wrote to strangers, ``never_flagged`` of them,
        and of the strangers that these accounts wrote to before the flag, or in all, ``quantile``, ``value``, ``low``,
        ``high``.
    accounts : pyarrow.Table
        One row per account: ``account_id``, ``is_automated``, ``family``, ``score`` (the highest), ``flagged``;
        ``caught``, by a watcher; and, null for the honest, whether it ``wrote`` to strangers and the ``strangers`` that
        it wrote to before it was caught, or in all.
    promise : pyarrow.Table
        ``segment``: ``all accounts``, then each one of the certificate; honest ``accounts``, the share flagged as
        ``value``, ``low``, ``high``, and the ``verdict`` on the promise of at most `fpr`: ``kept`` if the interval lies
        at or below it, ``broken`` if above it, else ``cannot tell``; ``not promised`` in a pooled segment, which the
        overall bound alone speaks for. No rows without a certificate.
    retrained : dict of str to pyarrow.Table
        What models that were trained anew found, as `leave_one_family_out` tells it, if the caller puts it there.
    """

    model: str
    fpr: float
    counts: Mapping[str, int]
    overall: pa.Table
    by_family: pa.Table
    by_segment: pa.Table
    cold_start: pa.Table
    strangers: pa.Table
    accounts: pa.Table
    promise: pa.Table
    retrained: Mapping[str, pa.Table] = field(default_factory=dict)

    def figure(self, what: str, of: str = "model") -> Interval:
        """Return a figure of `overall`.

        Parameters
        ----------
        what : {"roc_auc", "average_precision", "recall", "recall_cut_here", "honest_flagged"}
        of : {"model", "nobody labelled", "one rule", "tree of depth 3"}, default="model"

        Returns
        -------
        figure : Interval
            The value, and its interval of 95 %.

        Raises
        ------
        ParameterError
            If there is none of this name.
        """
        for row in self.overall.to_pylist():
            if (row["what"], row["of"]) == (what, of):
                return Interval(row["value"], row["low"], row["high"])
        raise ParameterError(
            f"Evaluation: what and of must name one of its figures; got {what!r} of {of!r}. See evaluation.overall."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all tables but that of single accounts, as rows: plain Python, fit for JSON."""
        told: dict[str, Any] = {"model": self.model, "fpr": self.fpr, "counts": dict(self.counts)}
        told |= {name: getattr(self, name).to_pylist() for name in _TABLES}
        told["retrained"] = {name: table.to_pylist() for name, table in self.retrained.items()}
        found: dict[str, Any] = json.loads(json.dumps(told))
        return found

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(found: Evaluation) -> Iterator[str]:
    """Lay all tables out."""
    counts = found.counts
    yield (
        f"model {found.model} on {counts['automated']:,} automated and {counts['honest']:,} honest accounts that sent; "
        f"{counts['never_sent']:,} never did"
    )
    looks = counts["honest_looks"] / counts["honest"]
    yield f"flagged: by one of the looks that the certificate speaks of, {looks:.1f} at an honest account"
    yield from _promise(found)
    if counts["remembered"]:
        yield (
            f"the model learned from these data: its memory has labels of {counts['remembered']:,} of these accounts, "
            "and what is said here flatters it"
        )
    rows = found.overall.to_pylist()
    whose = list(dict.fromkeys(row["of"] for row in rows))
    yield f"  {'':<19}" + "".join(f"{of:<25}" for of in whose).rstrip()
    for what in dict.fromkeys(row["what"] for row in rows):
        cells = [f"{_told(row):<25}" for row in rows if row["what"] == what]
        yield f"  {what.replace('_', ' '):<19}" + "".join(cells).rstrip()
    yield "  (nobody labelled: the same model where no label and no evidence of the platform is known yet)"
    yield "  (rule and tree are fitted on half of these accounts, and cut on the honest ones that they judge;"
    yield "  recall cut here: of the model, too, so that they compare)"
    for title, table in (
        ("by family", found.by_family),
        ("by segment", found.by_segment),
        ("cold start: flagged by this look alone", found.cold_start),
    ):
        yield title
        for row in table.to_pylist():
            name, kind = row[table.column_names[0]], "automated" if row["is_automated"] else "honest"
            yield f"  {name:<32}{kind:<10}{row['accounts']:>8,}  {_told(row)}"
    yield "strangers written to before the flag (in all, of those never flagged),"
    yield "watched after each of the first 20 sends, then less often"
    threshold = None
    for row in found.strangers.to_pylist():
        if row["threshold"] != threshold:
            threshold = row["threshold"]
            yield f"  threshold: {threshold}; {row['honest_flagged']:.3%} of honest accounts are ever flagged so"
        yield (
            f"    {row['family']:<18}{row['quantile']:<8}{row['value']:>6.0f} [{row['low']:.0f}, {row['high']:.0f}]"
            f"   {row['never_flagged']:,} of {row['accounts']:,} never flagged"
        )
    for name, table in found.retrained.items():
        yield f"models trained anew: {name}"
        for row in table.to_pylist():
            known = "" if row.get("known") is None else f"  with it {row['known']:.4f}"
            yield (
                f"  {row[table.column_names[0]]:<32}{row['accounts']:>8,}  {_told(row)}{known}"
                f"  honest flagged {row['honest_flagged']:.4f}"
            )


def _promise(found: Evaluation) -> Iterator[str]:
    """Say whether the certificate kept its word; of a pooled segment only where more than that are flagged."""
    if not found.promise.num_rows:
        yield f"promised: nothing, for want of a certificate; {found.fpr:g} of the honest accounts is an estimate"
        return
    everybody, *segments = found.promise.to_pylist()
    need = ""
    if everybody["verdict"] == UNSURE:
        need = f"it takes {enough_to_tell(found.fpr):,} of whom none is flagged"
    elif everybody["verdict"] == BROKEN:
        need = "train.certify sets the threshold by honest accounts of your own"
    yield (
        f"promised: at most {found.fpr:g} of the honest accounts: {everybody['verdict']}, {_told(everybody)} of "
        f"{everybody['accounts']:,}"
    )
    if need:
        yield f"  {need}"
    for row in segments:
        share = f"{_told(row)} of {row['accounts']:,}"
        if row["verdict"] != NOT_PROMISED:
            yield f"  {row['segment']:<19}{row['verdict']}, {share}"
        elif promise_verdict(row["low"], row["high"], found.fpr) == BROKEN:
            yield f"  {row['segment']:<19}more than that, {share}; nothing was promised of it alone (pooled)"


def _told(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "none"
    return f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"
