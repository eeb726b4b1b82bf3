"""The tables behind the curves: beside scikit-learn's, and beside the figures that they are drawn with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from spamclf import evaluate
from spamclf.errors import InsufficientDataError, ParameterError
from tests.evaluate.common import found

RNG = np.random.default_rng(5)
Y = RNG.random(500) < 0.3
SCORES = np.round(np.clip(0.3 * Y + 0.7 * RNG.random(500), 0, 1), 2)  # with many ties


def test_flagging_is_what_scikit_learn_counts():
    curve = evaluate.flagging_curve(Y, SCORES)
    fall_out, recall, cuts = roc_curve(Y, SCORES, drop_intermediate=False)
    np.testing.assert_array_equal(curve["threshold"], cuts[1:])
    np.testing.assert_allclose(curve["honest_flagged"], fall_out[1:])
    np.testing.assert_allclose(curve["recall"], recall[1:])
    precision, recall, cuts = precision_recall_curve(Y, SCORES)
    np.testing.assert_array_equal(curve["threshold"], cuts[::-1])
    np.testing.assert_allclose(curve["precision"], precision[:-1][::-1])


def test_bins_of_the_calibration_add_up_to_its_error():
    for n_bins in (1, 4, 10):
        curve = evaluate.calibration_curve(Y, SCORES, n_bins=n_bins)
        error = evaluate.calibration_error(Y, SCORES, n_bins=n_bins, n_bootstrap=5)
        mean, n, share = (np.asarray(curve[name]) for name in ("mean_score", "accounts", "value"))
        assert (n.sum(), len(n)) == (500, error.n_bins)
        assert (n * np.abs(mean - share)).sum() / n.sum() == pytest.approx(error.value)
        assert (np.diff(mean) > 0).all()
        assert (np.asarray(curve["low"]) <= share).all()
        assert (share <= np.asarray(curve["high"])).all()


def test_strangers_are_counted_among_those_that_wrote_to_some():
    rows = [row for row in found().accounts.to_pylist() if row["is_automated"] and row["wrote"]]
    curve = evaluate.strangers_curve(found())
    for row in curve.to_pylist():
        by_then = sum(each["caught"] and each["strangers"] <= row["strangers"] for each in rows)
        assert row["flagged"] == pytest.approx(by_then / len(rows))
    assert curve["flagged"][-1].as_py() == pytest.approx(sum(each["caught"] for each in rows) / len(rows))


def test_what_cannot_be_counted_is_refused_in_words():
    with pytest.raises(InsufficientDataError, match=r"^flagging_curve: y must hold both classes"):
        evaluate.flagging_curve([1, 1], [0.1, 0.2])
    with pytest.raises(ParameterError, match=r"^calibration_curve: scores must be between 0 and 1"):
        evaluate.calibration_curve([0, 1], [0.1, 2.0])
    with pytest.raises(ParameterError, match=r"^calibration_curve: n_bins must be at least 1"):
        evaluate.calibration_curve([0, 1], [0.1, 0.2], n_bins=0)
    place = found().accounts.column_names.index("wrote")
    nobody = found().accounts.set_column(place, "wrote", pa.nulls(found().accounts.num_rows, pa.bool_()))
    with pytest.raises(ParameterError, match=r"^strangers_curve: evaluation must hold automated accounts"):
        evaluate.strangers_curve(replace(found(), accounts=nobody))
