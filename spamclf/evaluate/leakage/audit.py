"""Audit features and a split: what knows something that it must not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spamclf.dataset import Dataset, check_dataset
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.evaluate.leakage.alike import (
    campaigns_apart,
    clusters_apart,
    equal_rows_apart,
    equal_sends_apart,
)
from spamclf.evaluate.leakage.changed import Accounts
from spamclf.evaluate.leakage.disguise import (
    MIN_LABELS,
    KnownLabels,
    check_own_label,
    check_separation,
)
from spamclf.evaluate.leakage.future import check_future, check_repeatable, inner_instants, last_instant
from spamclf.evaluate.leakage.names import check_ids
from spamclf.evaluate.leakage.parts import Parts, accounts_apart, not_looked_at, out_of_time, read_parts
from spamclf.evaluate.leakage.report import KINDS, Finding, LeakageReport
from spamclf.evaluate.leakage.sources import check_label_sources
from spamclf.evaluate.leakage.values import FeatureCode, Features, Values
from spamclf.instants import check_history, to_instant

__all__ = ["audit_leakage"]


def audit_leakage(
    dataset: Dataset,
    features: Features = None,
    *,
    as_of: Any = None,
    n_instants: int = 3,
    split: Any = None,
    history_days: float = 30.0,
    random_state: int = 0,
    n_jobs: int = -1,
) -> LeakageReport:
    """Look for features that know what they must not, and for a split that is none.

    Features are computed again and again while something changes that must not matter, and compared:

    - *the future*: rows at or after the instant are taken away, changed and added, labels turned round; a value that
      differs in any bit is a leak. At `as_of` and at some instants inside the data.
    - *the label*: where labels follow from reports (or evidence, or texts of reports), whatever changes without
      that table is a leak. It is a suspicion where only some labels do, because they come soon after a report more
      often than chance instants of the same lives, or because far more of the automated accounts than of others have so
      many reports by then; the finding says how many, and how many times as many. A value that changes when only the
      account's own label does is a leak. A feature that tells the classes apart alone, with an area under the ROC curve
      of at least 0.98 at the lower end of its interval, is a suspicion.
    - *the id*: ids are dealt out anew among the accounts, rows put into another order. A value of its own for each id
      (the id as a number, its hash, a code from a dictionary, a look-up elsewhere) changes, and what an account did
      does not: a leak where values are others altogether, a suspicion where they change a little or for a few.
    - *the split*: an account in two parts; two accounts or more of a campaign in two parts (of one that the labels
      name, or of a cluster of nearly the same photos, texts or recipient lists that is not mostly honest); one account
      under two ids in two parts, told by its messages or by its values; rows of train not before rows of test.

    A feature that is honest in all this may still be of no use, or hold next year's habits.

    Parameters
    ----------
    dataset : Dataset
    features : sequence of str, callable or mapping of str to callable, optional
        Names of the catalogue or of its families, by default all of it; or your own code: a function of
        ``(dataset, as_of)``, the instant a `datetime` in UTC, that returns a table with ``account_id`` and columns of
        numbers, one row per account. It is called 15 to 36 times, more often the more it reads of labels and reports;
        its result must hang on its arguments alone.
    as_of : str, datetime or int (microseconds since the epoch), optional
        The latest instant to look from; labels at or after it are unseen. By default just after the last row or
        label.
    n_instants : int, default=3
        Further instants inside the data, each that of a message.
    split : mapping, array or dataframe, optional
        The part of each account: a mapping of ids to parts, one part per row of accounts, or a table with
        ``account_id``, ``part`` and perhaps ``as_of``, in which an account may have several rows. Parts called train,
        calibration (validation) and test are expected in this order of time.
    history_days : float, default=30
        Look-back of the catalogue's features in days.
    random_state : int, default=0
        Seed of what is changed. The same arguments give the same report.
    n_jobs : int, default=-1
        Threads, in joblib's sense; of the catalogue.

    Returns
    -------
    report : LeakageReport
        True when nothing was found. `LeakageReport.findings` has them, `LeakageReport.notes` what was not looked at.

    Raises
    ------
    ParameterError
        For an argument out of its range, a split of other accounts, a feature that the catalogue has not.
    SchemaError
        If your code returns no such table.
    InsufficientDataError
        If there is no account, or no instant is given and no row has a time.
    DataFileError
        If a table of the dataset is a file that cannot be read any more.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from spamclf import Dataset, evaluate
    >>> dataset = Dataset(
    ...     accounts={"account_id": ["a", "b"]}, time_unit="s",
    ...     messages={"sender_id": ["a", "b", "a"], "recipient_id": ["b", "a", "b"], "sent_at": [10, 20, 30]},
    ... )
    >>> def sent(dataset, as_of):  # forgets the instant
    ...     table = dataset.messages.group_by("sender_id").aggregate([("sent_at", "count")])
    ...     return table.rename_columns({"sender_id": "account_id", "sent_at_count": "n_sent"})
    >>> report = evaluate.audit_leakage(dataset, sent)
    >>> [(each.kind, each.subject) for each in report.findings]
    [('future', 'n_sent')]
    >>> evaluate.audit_leakage(dataset, ["send_rate"]).ok
    True
    """
    check_dataset(dataset, "audit_leakage")
    check_history(history_days)
    if not isinstance(n_instants, int | np.integer) or not 0 <= n_instants <= 1000:
        raise ParameterError(f"audit_leakage: n_instants must be from 0 to 1,000; got {n_instants!r}. Use 3.")
    if not isinstance(random_state, int | np.integer) or random_state < 0:
        raise ParameterError(
            f"audit_leakage: random_state must be a whole number from 0; got {random_state!r}. Use 0."
        )
    code = FeatureCode(features, history_days, n_jobs)
    accounts = Accounts.of(dataset)
    if not len(accounts):
        raise InsufficientDataError("audit_leakage: dataset must hold accounts; got none. Give some.")
    parts = None if split is None else read_parts(split, dataset, accounts)
    end = _end(dataset, as_of)
    instants = [*inner_instants(dataset, end, n_instants), end]
    rng = np.random.default_rng(random_state)
    labels = KnownLabels.of(dataset, accounts, end)

    values, found = check_repeatable(code, dataset, accounts, end)
    unsteady = {each.subject for each in found}
    names = [name for name in values.names if name not in unsteady]
    notes = _notes(code, labels)
    if names:
        found += check_future(code, dataset, accounts, instants, values, names, rng)
        sources = check_label_sources(code, dataset, accounts, labels, values, names, end)
        if (labels.verdict >= 0).any():
            sources += check_own_label(code, dataset, accounts, labels, values, names, end)
        found += sources
        if labels.enough():
            explained = {each.subject for each in sources}
            others = [name for name in names if name not in explained]
            found += check_separation(accounts, labels, values, others, random_state)
        found += check_ids(code, dataset, accounts, values, names, end, rng)
    if parts is None:
        notes.append("no split was given, so none was looked at")
    else:
        found += _across(parts, dataset, accounts, labels, values, end, n_jobs)
        notes += not_looked_at(parts, accounts)
    return LeakageReport(tuple(_sorted(found)), values.names, tuple(instants), tuple(notes), dataset.frame)


def _end(dataset: Dataset, as_of: Any) -> int:
    if as_of is not None:
        return to_instant(as_of, where="audit_leakage")
    last = last_instant(dataset)
    if last is None:
        raise InsufficientDataError(
            "audit_leakage: as_of must be given when no row has a time; got None. Pass as_of='2026-06-01'."
        )
    return last + 1


def _across(
    parts: Parts,
    dataset: Dataset,
    accounts: Accounts,
    labels: KnownLabels,
    values: Values,
    end: int,
    n_jobs: int,
) -> Iterator[Finding]:
    """Look for whatever stands on several sides of a split."""
    yield from accounts_apart(parts)
    yield from campaigns_apart(parts, dataset, accounts, end)
    yield from clusters_apart(parts, dataset, accounts, labels, end, n_jobs)
    yield from equal_sends_apart(parts, dataset, accounts, end)
    yield from equal_rows_apart(parts, accounts, values)
    yield from out_of_time(parts)


def _notes(code: FeatureCode, labels: KnownLabels) -> list[str]:
    notes = []
    if code.left_out:
        notes.append(f"columns without numbers were left out: {', '.join(sorted(code.left_out))}")
    if not labels.enough():
        n = [int((labels.verdict == each).sum()) for each in (1, 0)]
        what = "features" if n[0] >= MIN_LABELS else "features or reports"
        notes.append(
            f"{n[0]:,} automated and {n[1]:,} honest accounts are labelled; below {MIN_LABELS} of either it is not "
            f"asked how well {what} tell them apart"
        )
    return notes


def _sorted(found: list[Finding]) -> list[Finding]:
    rank = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(found, key=lambda each: (each.severity != "leak", rank[each.kind]))
