"""Features that are the label in disguise: read from the account's own label, or too good to be anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.evaluate.figures import roc_auc
from spamclf.evaluate.leakage.changed import Accounts, with_labels
from spamclf.evaluate.leakage.future import differ
from spamclf.evaluate.leakage.report import Finding
from spamclf.evaluate.leakage.values import FeatureCode, Values, plain_ids
from spamclf.facts import Instants, column_of, instants_of
from spamclf.model.baselines import rule_scores

__all__ = ["MIN_LABELS", "KnownLabels", "check_own_label", "check_separation"]

Bools = npt.NDArray[np.bool_]

#: Labels of either class without which nothing is said of how features and labels hang together.
MIN_LABELS = 20
#: An area that no feature of behaviour was seen to reach alone: in simulated worlds the best one has 0.87.
_SEPARATES = 0.98
_MOST_ROWS = 20_000  # labelled accounts that the areas are measured on
_N_ALONE = 8  # accounts whose own label is changed, one after the other, if these are enough


@dataclass(frozen=True, eq=False)
class KnownLabels:
    """The latest label before an instant of each account, by code.

    Attributes
    ----------
    verdict : ndarray of shape (n,), dtype int8
        1 automated, 0 honest, -1 unknown.
    labelled_at : ndarray of shape (n,), dtype int64
        The instant of the verdict; for an unknown one the instant of looking.
    rows : ndarray of shape (n_labels,), dtype int64
        Whose label each row of the table is, -1 for one that is not known yet.
    """

    verdict: npt.NDArray[np.int8]
    labelled_at: Instants
    rows: npt.NDArray[np.int64]

    @classmethod
    def of(cls, dataset: Dataset, accounts: Accounts, end: int) -> KnownLabels:
        """Read them from a dataset; of two at once the milder stands."""
        labels = dataset.labels
        when = instants_of(labels, "labelled_at")
        rows = accounts.codes(plain_ids(column_of(labels, "account_id"), dataset))
        rows = np.where(when < end, rows, -1)
        automated = np.asarray(column_of(labels, "is_automated"), np.bool_)
        order = np.lexsort((~automated, when))
        order = order[rows[order] >= 0]
        verdict, labelled_at = np.full(len(accounts), -1, np.int8), np.full(len(accounts), end)
        verdict[rows[order]] = automated[order]
        labelled_at[rows[order]] = when[order]
        return cls(verdict, labelled_at, rows)

    def enough(self) -> bool:
        """Tell whether there are `MIN_LABELS` of either class."""
        return all((self.verdict == each).sum() >= MIN_LABELS for each in (0, 1))


# ---- the own label -------------------------------------------------------------------------------------------


def check_own_label(
    code: FeatureCode,
    dataset: Dataset,
    accounts: Accounts,
    labels: KnownLabels,
    values: Values,
    names: Sequence[str],
    end: int,
) -> list[Finding]:
    """Turn an account's own label round, or take it away, and see whether its own value changes.

    First with all labels at once: what changes nobody's own value then is not looked at account by account.
    A value that is unknown as long as the account is labelled gives nothing away, whatever it is without the label.
    """
    before = values.of(accounts.ids, names)
    labelled = (labels.verdict >= 0) & ~np.isnan(before)
    changes = (partial(_turned, labels), partial(_taken, labels))
    concerned = np.zeros_like(labelled)
    for change in changes:
        after = code(with_labels(dataset, partial(change, labels.verdict >= 0)), end)
        concerned |= differ(before, after.of(accounts.ids, names)) & labelled
    tried = _few(concerned)
    changed = np.zeros_like(concerned)
    asked = np.flatnonzero(concerned.any(axis=1))
    only = [names[row] for row in asked.tolist()]
    for account in tried:
        alone = np.arange(len(accounts)) == account
        for change in changes:
            after = code(with_labels(dataset, partial(change, alone)), end, only)
            changed[asked, account] |= differ(before[asked], after.of(accounts.ids, only))[:, account]
    changed &= concerned
    sentence = "it changes when nothing but the account's own label is changed or taken away"
    return [
        Finding("own_label", "leak", name, int(row.sum()), int(seen[tried].sum()), sentence)
        for name, row, seen in zip(names, changed, concerned, strict=True)
        if row.any()
    ]


def _turned(labels: KnownLabels, whose: Bools, table: pa.Table) -> pa.Table:
    mine = pa.array(whose[labels.rows] & (labels.rows >= 0))
    verdict = table["is_automated"].combine_chunks()
    place = table.column_names.index("is_automated")
    return table.set_column(place, "is_automated", pc.if_else(mine, pc.invert(verdict), verdict))


def _taken(labels: KnownLabels, whose: Bools, table: pa.Table) -> pa.Table:
    return table.filter(pa.array(~(whose[labels.rows] & (labels.rows >= 0))))


def _few(concerned: Bools) -> list[int]:
    """Choose accounts so that each feature that changed for anybody changed for one of them, better for three."""
    chosen: list[int] = []
    for wanted, most in ((1, concerned.shape[1]), (3, _N_ALONE)):
        missing = np.minimum(concerned.sum(axis=1), wanted) - concerned[:, chosen].sum(axis=1)
        while (missing > 0).any() and len(chosen) < most:
            gain = concerned[missing > 0].sum(axis=0)
            gain[chosen] = 0
            chosen.append(int(gain.argmax()))
            missing = missing - concerned[:, chosen[-1]]
    return chosen


# ---- too good ------------------------------------------------------------------------------------------------


def check_separation(
    accounts: Accounts, labels: KnownLabels, values: Values, names: Sequence[str], random_state: int
) -> list[Finding]:
    """Find features that tell the classes apart alone, by their values or by being unknown."""
    rows = np.flatnonzero(labels.verdict >= 0)
    if rows.size > _MOST_ROWS:
        rows = np.random.default_rng(random_state).choice(rows, _MOST_ROWS, replace=False)
    y = labels.verdict[rows] == 1
    found = []
    for name, column in zip(names, values.of(accounts.ids, names)[:, rows], strict=True):
        unknown = np.isnan(column).astype(np.float64)
        readings = (rule_scores(column, 1), rule_scores(column, -1), unknown, 1 - unknown)
        scores = max(readings, key=lambda each: roc_auc(y, each, n_bootstrap=1).value)
        if roc_auc(y, scores, n_bootstrap=1).value < _SEPARATES:
            continue
        area = roc_auc(y, scores, random_state=random_state)
        if area.low >= _SEPARATES:
            sentence = (
                f"alone it tells automated from honest accounts with an area of {area}: is it the label?"
            )
            found.append(Finding("separates", "suspicion", name, int(y.sum()), y.size, sentence))
    return found
