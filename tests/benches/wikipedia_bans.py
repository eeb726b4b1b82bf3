"""Bans on Wikipedia by the published protocol: ``python -m tests.benches.wikipedia_bans``.

Users write to pages; every user is an account, registered at its first edit in the log and known from then on. Each
edit is a row: features of the user's log strictly before it plus the edit itself; positive if the user was banned
after it. The first 70 % of edits in time train, the last 15 % are scored. Settings were chosen by time-ordered folds
inside the first 85 % (``--folds`` prints them); the last part is looked at once for each design below.

Designs: ``catalogue`` has the library's features alone; ``+ page side`` adds what happens on the pages
(`tests.benches.page_side`); ``+ answers`` adds the catalogue once more over the log read in another way, in which an
edit is a message to the one who edited the page before.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from spamclf import Dataset, evaluate
from spamclf.ego import EgoLog
from spamclf.features.extract import measure, resolve_features
from spamclf.model.classifier import SpamClassifier
from tests.benches import page_side, public_data
from tests.benches.public_data import Edits, Integers, instants

HISTORY_DAYS = 31.0  # the whole log
FAMILIES = ("account", "send_rate", "fan_out", "replies", "rhythm")  # the log tells nothing of the others
SEEDS = range(5)
MEMBERS = 6  # forests of one seed, each with another draw of the negatives
NEGATIVES = 0.15  # share of the negatives that each forest sees
SETTINGS = {
    "learning_rate": 0.05,
    "max_iter": 150,
    "max_leaf_nodes": 4,
    "min_samples_leaf": 30,
    "l2_regularization": 10.0,
    "max_features": 0.3,
    "early_stopping": False,
}
FIGURES = (roc_auc_score, average_precision_score)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def catalogue(edits: Edits, sender: Integers, recipient: Integers, sent_at: Integers) -> dict[str, Floats]:
    """Return the catalogue's features at each edit, of a log of messages."""
    users, first = np.unique(edits.user, return_index=True)
    dataset = Dataset(
        accounts=pa.table({"account_id": users, "registered_at": instants(edits.instant[first])}),
        messages=pa.table({"sender_id": sender, "recipient_id": recipient, "sent_at": instants(sent_at)}),
    )
    ego = EgoLog.build(dataset, n_jobs=2)
    if ego.n_duplicates or len(dataset.messages) != sender.size:
        raise AssertionError("every edit must be in the log")
    names = resolve_features(FAMILIES)
    code = np.searchsorted(users, edits.user)  # accounts are coded in the order of their table
    slices = ego.slices(code, edits.instant + 1, history_days=HISTORY_DAYS)
    values = measure(ego, slices, names, n_jobs=2)
    told = [k for k, column in enumerate(values) if np.unique(column[~np.isnan(column)]).size > 1]
    return {names[k]: values[k] for k in told}


def answers(edits: Edits) -> dict[str, Floats]:
    """Return the catalogue over the other reading: each edit is a message to the page's last editor."""
    order = np.argsort(edits.page, kind="stable")
    before = np.full(order.size, -1)
    same = edits.page[order][1:] == edits.page[order][:-1]
    before[order[1:][same]] = order[:-1][same]
    to = np.where(before >= 0, edits.user[before], -1)
    kept = (to >= 0) & (to != edits.user)
    found = catalogue(edits, edits.user[kept], to[kept], edits.instant[kept])
    return {f"answers_{name}": column for name, column in found.items() if not name.startswith("account_")}


def parts(second: Integers) -> tuple[Bools, Bools, Bools]:
    """Cut at the 0.70 and 0.85 quantiles of time: train, validation, test."""
    low, high = np.quantile(second, [0.70, 0.85])
    return second <= low, (second > low) & (second <= high), second > high


def folds(second: Integers) -> Iterator[tuple[Bools, Bools]]:
    """Yield (train, scored) rows, all in the first 85 % of time."""
    cuts = np.quantile(second, [0.35, 0.45, 0.55, 0.70, 0.85])
    for low, high in itertools.pairwise(cuts.tolist()):
        yield second <= low, (second > low) & (second <= high)


def boosted(X: Floats, y: Bools, rows: Floats, seed: int) -> Floats:
    """Return scores of `rows` by forests that each see all positives and some of the negatives."""
    total = np.zeros(len(rows))
    for member in range(MEMBERS):
        rng = np.random.default_rng([seed, member])
        chosen = y | (rng.random(y.size) < NEGATIVES)
        forest = SpamClassifier(**SETTINGS, monotonic_cst=None, random_state=1000 * seed + member, n_jobs=1)
        total += forest.fit(X[chosen], y[chosen]).decision_function(rows)
    return total / MEMBERS


def line(name: str, y: Bools, scores: Floats) -> str:
    return f"| {name} | {evaluate.roc_auc(y, scores)} | {evaluate.average_precision(y, scores)} |"


def over_seeds(name: str, X: Floats, y: Bools, train: Bools, test: Bools) -> Iterator[str]:
    """Yield the row of the mean score of all seeds, and the spread of the seeds' own figures."""
    found = [boosted(X[train], y[train], X[test], seed) for seed in SEEDS]
    figures = np.array([[figure(y[test], scores) for figure in FIGURES] for scores in found])
    middle, spread = figures.mean(axis=0), figures.std(axis=0, ddof=1)
    shown = " | ".join(f"{a:.4f} ± {b:.4f}" for a, b in zip(middle, spread, strict=True))
    yield f"| {name}: {len(SEEDS)} seeds, mean ± sd | {shown} |"
    yield line(f"{name}: seed 0", y[test], found[0])


def rules(columns: dict[str, Floats]) -> dict[str, Floats]:
    return {
        "minus (edits so far)": -columns["send_rate_sends"],
        "minus (account age)": -columns["account_age_s"],
    }


def designs(edits: Edits) -> Iterator[tuple[str, dict[str, Floats]]]:
    """Yield each design's columns, one after the other."""
    columns = catalogue(edits, edits.user, edits.page, edits.instant)
    yield "catalogue", columns
    columns = columns | page_side.columns(edits)
    yield "+ page side", columns
    yield "+ answers", columns | answers(edits)


def show_folds(edits: Edits) -> None:
    """Print what the designs reach on folds inside the first 85 %."""
    print(
        "| design | columns | ROC-AUC by fold | mean | average precision by fold | mean |\n|---|---|---|---|---|---|"
    )
    for name, columns in designs(edits):
        X = np.column_stack(list(columns.values()))
        runs = {name: lambda a, b, X=X: boosted(X[a], edits.banned[a], X[b], 0)}
        if name == "catalogue":
            runs |= {rule: lambda a, b, s=s: s[b] for rule, s in rules(columns).items()}
        for run, scored in runs.items():
            found = [(edits.banned[b], scored(a, b)) for a, b in folds(edits.second)]
            cells = []
            for figure in FIGURES:
                values = [figure(y, scores) for y, scores in found]
                cells += [", ".join(f"{value:.3f}" for value in values), f"{np.mean(values):.4f}"]
            print(f"| {run} | {X.shape[1]} | " + " | ".join(cells) + " |", flush=True)


def show_test(edits: Edits) -> None:
    """Print what the designs reach on the last 15 %."""
    train, _, test = parts(edits.second)
    y = edits.banned
    print(
        f"{test.sum():,} edits scored, {y[test].sum()} of them followed by a ban; {y[train].sum()} in training\n"
    )
    print("| | ROC-AUC [95 %] | average precision [95 %] |\n|---|---|---|")
    for name, columns in designs(edits):
        X = np.column_stack(list(columns.values()))
        if name == "catalogue":
            for rule, scores in rules(columns).items():
                print(line(rule, y[test], scores[test]))
            tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=50, random_state=0)
            by_tree = tree.fit(X[train], y[train]).predict_proba(X[test])[:, 1]
            print(line("depth-3 tree, catalogue", y[test], by_tree), flush=True)
        for row in over_seeds(f"boosting, {name} ({X.shape[1]})", X, y, train, test):
            print(row, flush=True)


def main() -> None:
    if public_data.folder() is None:
        print(f"wikipedia_bans: skipped, {public_data.why_not()}.")
        return
    with threadpool_limits(
        1
    ):  # threads that spin on busy cores cost more than they give on such small forests
        (show_folds if "--folds" in sys.argv[1:] else show_test)(public_data.edits())


if __name__ == "__main__":
    main()
