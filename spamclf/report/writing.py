"""Put a report together: scores, reasons, campaigns and statements, each from the module that computes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.given import path_of
from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.explain.known_labels import KnownLabel, known_labels
from spamclf.facts import column_of, instants_of
from spamclf.features.extract import last_look
from spamclf.files import atomic_write
from spamclf.find import campaigns as find_campaigns
from spamclf.model import Model
from spamclf.output import check_output
from spamclf.progress import SlowPace, listener
from spamclf.report.cases import cases_of
from spamclf.report.crowds import crowds_of
from spamclf.report.page import page_of
from spamclf.report.pictures import Pictures
from spamclf.report.quality import quality_of
from spamclf.report.summary import summary_of
from spamclf.report.words import Words
from spamclf.scoring import ScoreTables, Scoring, as_model, check_count
from spamclf.wording import counted

__all__ = ["Written", "write", "written"]

_N_REASONS = 5
_BATCH = 50_000  # accounts whose features are in memory at once


@dataclass(frozen=True)
class Written:
    """What is on a page.

    Attributes
    ----------
    n_accounts : int
        Accounts on the page.
    n_cleared : int
        Flagged accounts whose latest label says not automated, left out because it was asked for.
    n_unheard : int
        Labels at or after the report's instant.
    """

    n_accounts: int
    n_cleared: int
    n_unheard: int


def write(
    dataset: Dataset,
    out: str | os.PathLike[str],
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    n_changes: int = 10,
    n_pictures: int = 500,
    max_accounts: int = 5_000,
    leave_out_cleared: bool = False,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Write the flagged accounts of a dataset as one HTML page that needs no network.

    A summary, a table of flagged accounts, a case file for each (timeline, reasons, campaigns, photo and public texts,
    statement of reasons), a section per campaign, how good the scores are where labels are known by then, and buttons
    to decide; decisions leave the page as JSON or CSV. Open it in a browser. Whoever has the file has what is
    in it: ids, what accounts did and showed. Accounts that are not flagged are counted, never named. How an account
    scored over time is told at up to 12 instants; at fewer, two at least, where more than 400 accounts are shown.
    Whoever has a label already has it beside the score, which it is no part of.

    Parameters
    ----------
    dataset : Dataset
    out : path-like
        Ends in ``.html``.
    model, as_of
        As of `predict.score`.
    n_changes : int, default=10
        For how many accounts, those closest to their threshold, to search a change that clears them and to tell what
        speaks against the flag: about a tenth of a second each, and more where scores are high.
    n_pictures : int, default=500
        How many pictures to show at most, about 3 kB each; campaigns come before single accounts.
    max_accounts : int, default=5_000
        How many flagged accounts to show at most, the highest scores first; the page says how many it leaves out.
    leave_out_cleared : bool, default=False
        Leave out whoever the latest label known by then says is not automated; the page says how many these are. Their
        campaigns still count them as flagged.
    n_jobs : int, default=-1
        Threads, in joblib's sense.
    ego : EgoLog, optional
        The dataset's log, if it was built before.
    progress : callable, optional
        Takes a line of text on how the work goes on, for instance ``print``.

    Returns
    -------
    n_accounts : int
        Accounts on the page.

    Raises
    ------
    ParameterError
        For an argument out of its range, or another ending.
    OutputError
        If it cannot be written; what stood there before is untouched.
    ModelFileError, InsufficientDataError, SchemaError, DataFileError
        As of `predict.score`.

    Examples
    --------
    >>> import tempfile
    >>> from spamclf import read_dataset, report
    >>> out = os.path.join(tempfile.mkdtemp(), "report.html")
    >>> report.write(read_dataset("data/sample"), out, n_changes=0, n_pictures=0, max_accounts=20)
    20
    """
    return written(
        dataset,
        out,
        model,
        as_of=as_of,
        n_changes=n_changes,
        n_pictures=n_pictures,
        max_accounts=max_accounts,
        leave_out_cleared=leave_out_cleared,
        n_jobs=n_jobs,
        ego=ego,
        progress=progress,
    ).n_accounts


def written(
    dataset: Dataset,
    out: str | os.PathLike[str],
    model: Model | str | os.PathLike[str] | None,
    *,
    as_of: Any,
    n_changes: int,
    n_pictures: int,
    max_accounts: int,
    leave_out_cleared: bool,
    n_jobs: int,
    ego: EgoLog | None = None,
    progress: Callable[[str], None] | None = None,
) -> Written:
    """Do as `write`, and tell also how many accounts were left out, and of how many labels nobody knew."""
    path = check_output(path_of(out, "report", "out"), (".html",))
    check_dataset(dataset, "report")
    check_count("report", "n_changes", n_changes, least=0, usual="10")
    check_count("report", "n_pictures", n_pictures, least=0, usual="500")
    check_count("report", "max_accounts", max_accounts, least=0, usual="5_000")
    if not isinstance(leave_out_cleared, bool):
        raise ParameterError(
            f"report: leave_out_cleared must be True or False; got {str(leave_out_cleared)[:40]!r}. Use True to leave "
            "out whoever a label clears."
        )
    say = listener(progress, "report")
    model = as_model(model)
    instant = last_look(dataset, as_of, model.feature_names, "report", n_jobs=n_jobs)
    scoring = Scoring(dataset, model, instant, n_jobs, ego, where="report")
    scores = _scored(scoring, say)

    flagged = np.flatnonzero(np.asarray(pc.equal(scores["verdict"], "automated")))
    labels = known_labels(scoring.ego, flagged, instant)
    cleared = np.array([leave_out_cleared and _clears(each) for each in labels], np.bool_)
    n_cleared = int(cleared.sum())
    highest = _highest(scores.take(pa.array(flagged)))
    highest = highest[np.argsort(cleared[highest], kind="stable")]  # who is left out comes last
    shown = flagged[highest[: min(max_accounts, flagged.size - n_cleared)]]
    found = find_campaigns(
        dataset,
        as_of=instant,
        history_days=model.history_days,
        n_jobs=n_jobs,
        ego=scoring.ego,
        progress=progress,
    )
    say(f"writing {counted(shown.size, 'case')} ...")
    words, pictures = Words(), Pictures(dataset.folder, n_pictures)
    contents = {
        "format": "spamclf-report",
        "version": 1,
        "summary": summary_of(
            scoring, scores, instant, n_shown=shown.size, n_cleared=n_cleared, n_changes=n_changes
        ),
        "campaigns": crowds_of(found, dataset, scores.take(pa.array(flagged)), shown.size, highest, pictures),
        "quality": quality_of(scoring, scores),
        **cases_of(scoring, scores.take(pa.array(shown)), shown, instant, n_changes, words, pictures, say),
        "words": words.all,
        "pictures": pictures.all,
    }
    page = page_of(contents, title=f"spamclf report as of {contents['summary']['as_of']}")
    with atomic_write(path) as temporary:
        temporary.write_bytes(page)
    unheard = instants_of(dataset.labels, "labelled_at") >= instant
    return Written(int(shown.size), n_cleared, int(unheard.sum()))


def _clears(label: KnownLabel | None) -> bool:
    return label is not None and not label.is_automated


def _highest(scores: pa.Table) -> npt.NDArray[np.int64]:
    """Return the rows in order, highest scores first; equal ones by id, wherever the accounts stand in their table."""
    ids = column_of(scores, "account_id")
    keys = pa.table({"score": scores["score"], "id": ids.cast(getattr(ids.type, "value_type", ids.type))})
    return np.asarray(pc.sort_indices(keys, [("score", "descending"), ("id", "ascending")]), np.int64)


def _scored(scoring: Scoring, say: Callable[[str], None]) -> pa.Table:
    """Score all accounts, the flagged ones with their reasons."""
    n, done = scoring.ego.n_accounts, 0
    say(f"scoring {counted(n, 'account')} ...")
    pace, parts = SlowPace(n, say), []
    for part in ScoreTables(scoring, _N_REASONS, "flagged").parts(_BATCH):
        parts.append(part)
        done += part.num_rows
        pace.tell(f"scored {done:,} of {counted(n, 'account')}", done, "accounts")
    return pa.concat_tables(parts).combine_chunks()
