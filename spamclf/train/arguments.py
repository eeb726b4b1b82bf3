"""What `fit` was asked for: refused before any work where it cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.index import CampaignIndex
from spamclf.dataset import Dataset, check_dataset
from spamclf.errors import ParameterError
from spamclf.features.catalogue import CATALOGUE
from spamclf.features.extract import resolve_features
from spamclf.instants import check_history, to_instant
from spamclf.progress import check_progress

__all__ = ["check_arguments", "check_promise", "end_of", "names_of"]

#: What a model looks at unless told otherwise: all but reports.
DEFAULT_TIERS = ("0", "1", "2", "3")
_TOY_ROWS = 40  # enough of either class for all folds that a fit may want to hold out


def check_arguments(
    dataset: Dataset,
    features: Sequence[str] | None,
    tiers: Sequence[str] | None,
    history_days: float,
    fpr: float,
    confidence: float | None,
    whole_campaigns: bool,
    unlabelled: float,
    search: int,
    memory: Any,
    random_state: int,
    boosting: Mapping[str, Any],
    progress: Any = None,
) -> tuple[str, ...]:
    """Refuse wrong arguments before any work, and return the names of the features."""
    check_dataset(dataset, "fit")
    check_history(history_days, "fit")
    if not isinstance(memory, bool | CampaignIndex):
        raise ParameterError(
            f"fit: memory must be True, False or a CampaignIndex; got {type(memory).__name__}. Use False for none."
        )
    check_promise("fit", fpr, 0.95 if confidence is None else confidence)
    if not isinstance(whole_campaigns, bool | np.bool_):
        raise ParameterError(
            f"fit: whole_campaigns must be True or False; got {whole_campaigns!r}. Use True, the usual."
        )
    if not isinstance(unlabelled, Real) or isinstance(unlabelled, bool) or not 0 <= unlabelled <= 1:
        raise ParameterError(
            f"fit: unlabelled must be a weight from 0 to 1; got {unlabelled!r}. Use 0 to leave such accounts out."
        )
    if not isinstance(search, int | np.integer) or isinstance(search, bool) or search < 0:
        raise ParameterError(
            f"fit: search must be a number of settings to try; got {search!r}. Use 27, or 0 for none."
        )
    if not isinstance(random_state, int | np.integer) or not 0 <= random_state < 2**32:
        raise ParameterError(
            f"fit: random_state must be a whole number from 0 to 4,294,967,295; got {random_state!r}. Use 0."
        )
    check_progress(progress, "fit")
    names = names_of(features, tiers)
    _check_boosting(boosting, names)
    return names


def check_promise(where: str, fpr: Any, confidence: Any) -> None:
    """Refuse what is no share or no probability."""
    told = (("fpr", fpr, "0.001 for one in a thousand"), ("confidence", confidence, "0.95"))
    for name, value, usual in told:
        if not isinstance(value, Real) or isinstance(value, bool) or not 1e-9 <= float(value) < 1:
            raise ParameterError(f"{where}: {name} must be between 0 and 1; got {value!r}. Use {usual}.")


def _check_boosting(boosting: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse parameters of boosting that are unknown, or that a fit to a toy table of one tree refuses."""
    from spamclf.model.classifier import SpamClassifier

    unknown = sorted(set(boosting) - set(SpamClassifier().get_params()))
    if unknown:
        raise ParameterError(
            f"fit: boosting must be parameters of SpamClassifier; got {', '.join(unknown)}. See its documentation."
        )
    if not boosting:
        return
    toy = SpamClassifier(**boosting)
    if isinstance(toy.max_iter, int | np.integer) and toy.max_iter > 1:
        toy.set_params(max_iter=1)
    is_second = np.arange(_TOY_ROWS) % 2 == 1
    toy.fit(pa.table(dict.fromkeys(names, is_second.astype(np.float64))), is_second)


def names_of(features: Sequence[str] | None, tiers: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the features that a model may look at."""
    allowed = _allowed(tiers)
    if features is None:
        names = tuple(
            name for name, feature in CATALOGUE.items() if feature.tier in (allowed or DEFAULT_TIERS)
        )
    else:
        names = resolve_features(features)
        outside = [name for name in names if allowed and CATALOGUE[name].tier not in allowed]
        if outside:
            raise ParameterError(
                f"fit: features must be of the tiers {', '.join(allowed)}; got {len(outside)} of others, such as "
                f"{outside[0]} (tier {CATALOGUE[outside[0]].tier}). Leave them out, or allow their tier."
            )
    if not names:
        raise ParameterError(
            "fit: features must be one at least; got none. Leave them out for all but reports."
        )
    return names


def _allowed(tiers: Sequence[str] | None) -> tuple[str, ...]:
    """Return the tiers that a model may look at; nothing where the caller says nothing."""
    if tiers is None:
        return ()
    known = sorted({feature.tier for feature in CATALOGUE.values()})
    allowed = tuple(map(str, tiers)) if isinstance(tiers, Sequence) else ()
    wrong = [tier for tier in allowed if tier not in known]
    if wrong or not allowed:
        raise ParameterError(
            f"fit: tiers must be some of {', '.join(known)}; got {', '.join(wrong) or repr(tiers)}. "
            "Use 0 and 1 for a model that sees no photo and no text."
        )
    return allowed


def end_of(dataset: Dataset, as_of: Any, where: str = "fit") -> int:
    """Return the instant from which on nothing is seen; without a label `labelled_rows` says what is missing."""
    if as_of is not None:
        return to_instant(as_of, where=where)
    labelled = pc.max(dataset.labels["labelled_at"]).cast("int64").as_py()
    return max((each for each in (dataset.last_instant(), labelled) if each is not None), default=-1) + 1
