"""How good the scores are where labels are known by the instant of a report, as columns that the page draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.errors import InsufficientDataError
from spamclf.evaluate.curves import calibration_curve, flagging_curve
from spamclf.evaluate.one_look import OneLook, look_once
from spamclf.model.promise import promise_verdict
from spamclf.scoring import Scoring
from spamclf.wording import counted

__all__ = ["quality_of"]

_FEWEST = 20  # labelled accounts of a kind: of fewer a curve shows chance
_POINTS = 120  # of a curve: more cannot be told apart
_BINS = 8
_ENDS = ("value", "low", "high")


def quality_of(scoring: Scoring, scores: pa.Table) -> dict[str, Any]:
    """Return figures and curves of one look at labelled accounts; or a sentence, where labels are too few.

    Parameters
    ----------
    scoring : Scoring
        All accounts at the instant of the report.
    scores : pyarrow.Table
        Their rows of `predict.score`.
    """
    try:
        look = look_once(scoring, scores=scores)
    except InsufficientDataError:
        return {
            "said": ["No account of each kind has a label that was known by then: nothing can be measured."]
        }
    n_automated, n_honest = int(look.y.sum()), int((~look.y).sum())
    if min(n_automated, n_honest) < _FEWEST:
        kinds = (
            f"{counted(n_automated, 'account')} labelled automated and {n_honest:,} labelled not automated"
        )
        return {"said": [f"{kinds} sent something: too few to measure by. It takes {_FEWEST} of each."]}
    promise = _promise(scoring, look)
    calibration = calibration_curve(look.y, look.scores["model"], n_bins=_BINS)
    return {
        "said": [_who(n_automated, n_honest), f"{promise[0].upper()}{promise[1:]}.", _memory(look)],
        "n_automated": n_automated,
        "n_honest": n_honest,
        "fpr": look.fpr,
        "promise": promise,
        "rule": look.rule,
        "figures": [
            [row["what"], "model" if row["of"] == "model" else "rule", *(round(row[end], 4) for end in _ENDS)]
            for row in look.figures.to_pylist()
        ],
        "curves": {
            "model" if of == "model" else "rule": _curves(flagging_curve(look.y, values))
            for of, values in look.scores.items()
        },
        "calibration": [
            [round(each, 4) for each in calibration[name].to_pylist()] for name in ("mean_score", *_ENDS)
        ],
    }


def _who(n_automated: int, n_honest: int) -> str:
    return (
        f"{counted(n_automated, 'account')} labelled automated and {n_honest:,} labelled not automated, by labels "
        "known by then and at one look, now; accounts that were not reviewed do not count. Brackets are 95 % intervals."
    )


def _promise(scoring: Scoring, look: OneLook) -> str:
    """Say whether the certificate kept its word at this look, fewer than the looks that it speaks of."""
    if scoring.model.certificate is None:
        return "nothing is promised, for want of a certificate"
    share = look.figure("honest_flagged")
    verdict = promise_verdict(share.low, share.high, look.fpr)
    return f"promised are at most {100 * look.fpr:g} % over all looks; by this one alone: {verdict}"


def _memory(look: OneLook) -> str:
    """Say whether the model learned from these labels."""
    if look.n_remembered:
        return (
            f"The model learned from labels of {counted(look.n_remembered, 'account')} of these: "
            "what is told here flatters it."
        )
    return (
        "None of these labels is in the model's memory. If it was trained on them nevertheless, what is told here "
        "flatters it."
    )


def _curves(curve: pa.Table) -> dict[str, list[list[float]]]:
    """Return as many points of two curves as can be told apart: found by honest flagged, precision by found."""
    found, hit, precision = (np.asarray(curve[name]) for name in ("recall", "honest_flagged", "precision"))
    last = np.flatnonzero(np.append(np.diff(hit) > 0, True))  # the most that is found for each price
    ranks = np.geomspace(1, last.size, _POINTS)  # few honest accounts flagged are what matters
    few = last[np.unique(ranks.round().astype(np.int64)) - 1]
    even = np.unique(np.linspace(0, found.size - 1, _POINTS).round().astype(np.int64))
    return {"recall": _points(hit, found, few), "precision": _points(found, precision, even)}


def _points(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]
) -> list[list[float]]:
    return [x[rows].round(5).tolist(), y[rows].round(4).tolist()]
