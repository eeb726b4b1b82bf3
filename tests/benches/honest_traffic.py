"""How many honest people the shipped model flags in real logs: ``python -m tests.benches.honest_traffic [MODEL]``.

Nobody in these logs is known to be automated, and they tell nothing but who wrote to whom and when. Each account
is scored every 30 days and at the end; a log that is shorter, every 5 days. What share of the automated accounts of
two simulated worlds it finds stands beside it, since a model that flags nobody is easily had.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from spamclf import Dataset, load_model
from spamclf.ego import DAY_US, EgoLog
from spamclf.features.extract import measure, resolve_features
from spamclf.model import Model
from spamclf.predict import load_shipped_model
from spamclf.simulate import world
from tests.benches import public_data

N_REASONS = 5
FRESH = {"random_state": 1001, "n_accounts": 1500}  # a seed that no training used
FRESH_KNOWN = ((0.15, 0.0), (1.0, 1.0))  # (unknown_share, tick_s)

Floats = npt.NDArray[np.float64]


def instants(dataset: Dataset) -> list[int]:
    """Return the instants at which a log is looked at, the last one just after its last row."""
    sent = public_data.column(dataset.messages, "sent_at")
    step = (30 if sent.max() - sent.min() > 60 * DAY_US else 5) * DAY_US
    end = int(sent.max()) + 1
    return [*range(int(sent.min()) + step, end - step // 2, step), end]


def scored(
    model: Model, dataset: Dataset, when: list[int]
) -> Iterator[tuple[EgoLog, Floats, Floats, Floats]]:
    """Yield the log, features, scores and sends of all accounts at each instant."""
    ego = EgoLog.build(dataset, n_jobs=2)
    names = resolve_features(["send_rate_sends"])
    for instant in when:
        slices = ego.slices(np.arange(ego.n_accounts), instant, history_days=model.history_days)
        X = np.ascontiguousarray(measure(ego, slices, model.feature_names, n_jobs=2).T)
        yield ego, X, model.scores(X), measure(ego, slices, names, n_jobs=2)[0]


def reasons(model: Model, X: Floats) -> str:
    """Return the features that push these rows most: their mean positive contribution to the log odds."""
    if not len(X):
        return ""
    pushed = np.maximum(model.forest.contributions(X)[0], 0).mean(axis=0)
    order = np.argsort(-pushed)[:N_REASONS]
    return ", ".join(f"{model.feature_names[k]} {pushed[k]:.2f}" for k in order)


def flagged_shares(model: Model) -> None:
    """Print a row per log."""
    print("| log | accounts | instants | flagged at the end | rows flagged | ever flagged | pushed by |")
    print("|---|---|---|---|---|---|---|")
    for name in public_data.HONEST:
        dataset = public_data.honest(name)
        looks = list(scored(model, dataset, instants(dataset)))
        sent = np.array([sends > 0 for _, _, _, sends in looks])
        flagged = np.array([scores >= model.threshold for _, _, scores, _ in looks]) & sent
        found = np.concatenate([X[here] for (_, X, _, _), here in zip(looks, flagged, strict=True)])
        shares = (
            share(flagged[-1].sum(), sent[-1].sum()),
            share(flagged.sum(), sent.sum()),
            share(flagged.any(axis=0).sum(), sent.any(axis=0).sum()),
        )
        cells = (name, f"{sent.shape[1]:,}", str(len(looks)), *shares, reasons(model, found))
        print(f"| {' | '.join(cells)} |", flush=True)


def found_shares(model: Model) -> None:
    """Print a row per kind of account of simulated worlds that no training saw."""
    print(
        "\n| simulated family | accounts | "
        + " | ".join(f"unknown_share {u:g}" for u, _ in FRESH_KNOWN)
        + " |"
    )
    print("|---|---|" + "---|" * len(FRESH_KNOWN))
    who = world(**FRESH).truth
    kinds = np.array(who["family"].to_pylist())
    honest = ~np.array(who["is_automated"].to_pylist())
    columns = []
    for unknown, tick in FRESH_KNOWN:
        dataset = world(**FRESH, unknown_share=unknown, tick_s=tick).dataset
        ((_, _, scores, sends),) = scored(model, dataset, [dataset.last_instant() + 1])
        columns.append((scores >= model.threshold, sends > 0))
    groups = [(f"honest: {kind}", kinds == kind) for kind in np.unique(kinds[honest])]
    groups += [("**all honest**", honest)]
    groups += [(f"automated: {kind}", kinds == kind) for kind in np.unique(kinds[~honest])]
    groups += [("**all automated**", ~honest)]
    for title, chosen in groups:
        shown = (share(int((f & s & chosen).sum()), int((s & chosen).sum())) for f, s in columns)
        print(f"| {title} | {int(chosen.sum()):,} | " + " | ".join(shown) + " |")


def share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({100 * part / max(whole, 1):.2f} %)"


def main() -> None:
    if public_data.folder() is None:
        print(f"honest_traffic: skipped, {public_data.why_not()}.")
        return
    model = load_model(sys.argv[1]) if len(sys.argv) > 1 else load_shipped_model()
    print(f"{model}\n")
    flagged_shares(model)
    found_shares(model)


if __name__ == "__main__":
    main()
