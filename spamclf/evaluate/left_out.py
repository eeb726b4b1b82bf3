"""Models trained anew: without a family, without some campaigns, with fewer tiers. What is lost?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.errors import ParameterError
from spamclf.evaluate.figures import Interval
from spamclf.evaluate.judged import flags
from spamclf.evaluate.shares import campaign_share, mean_share
from spamclf.evaluate.worlds import check_world, each_world
from spamclf.model import Model
from spamclf.progress import Pace, listener
from spamclf.scoring import Scoring, check_count
from spamclf.simulate.world import World

__all__ = ["TIERS", "leave_campaigns_out", "leave_one_family_out", "tier_price"]

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
Fit = Callable[..., Model]
Say = Callable[[str], None]

#: From a platform that knows registrations alone to one that sees photos and public texts.
TIERS = (("0",), ("0", "1"), ("0", "1", "2"), ("0", "1", "2", "3"))


def leave_one_family_out(
    fit: Fit,
    train: World,
    tests: Sequence[World],
    *,
    families: Iterable[str] | None = None,
    progress: Say | None = None,
    n_jobs: int = -1,
) -> pa.Table:
    """Train without the labels of one automated family after the other, and look for that family in unseen worlds.

    Its accounts are still there, unlabelled, in training as in the unseen worlds: nobody has found out about any.

    Parameters
    ----------
    fit : callable
        Makes a model of a dataset, such as ``functools.partial(train.fit, fpr=0.01)``.
    train : World
    tests : sequence of World
        Of other seeds.
    families : iterable of str, optional
        By default all automated ones of `train`.
    progress : callable, optional
        Called with a line of text when each step begins, such as `print`.
    n_jobs : int, default=-1
        Threads for scoring, in joblib's sense.

    Returns
    -------
    table : pyarrow.Table
        ``family``, ``accounts``; ``value``, ``low``, ``high``, the share flagged by a model that did not know the
        family, as `evaluate` counts it; ``known``, by one that did; ``honest_flagged``, by the former. The last row
        is the mean over families.

    Raises
    ------
    ParameterError
        If there is no world to test on, or a family is none of the automated ones.
    InsufficientDataError
        If a world has no accounts of both kinds that sent; and whatever `fit` raises.
    ModelFileError, SchemaError, DataFileError
        As of `predict.score`.

    Examples
    --------
    >>> from spamclf import evaluate, simulate, train
    >>> usual = {"fpr": 0.1, "confidence": None, "whole_campaigns": False, "max_iter": 5, "n_jobs": 1}
    >>> def fit(dataset):
    ...     return train.fit(dataset, features=["send_rate", "fan_out"], **usual)
    >>> one, other = (simulate.world(200, random_state=seed) for seed in (1, 2))
    >>> evaluate.leave_one_family_out(fit, one, [other], families=["blaster"])["family"].to_pylist()
    ['blaster', 'mean over families']
    """
    say = listener(progress, "leave_one_family_out")
    tests = _checked(train, tests, "leave_one_family_out")
    names = _families(train, families)
    say("training with all families ...")
    known = _Found.by(fit(train.dataset), tests, n_jobs, say)
    rows, parts, honest = [], [], []
    pace = Pace(len(names))
    for done, name in enumerate(names):
        say(f"training without {name}{pace.told(done)} ...")
        model = fit(_unlabelled(train, _of_family(train, name)))
        found = _Found.by(model, tests, n_jobs, say, hidden=[_of_family(made, name) for made in tests])
        mine = found.family == name
        parts.append((found.flagged[mine], found.campaign[mine]))
        honest.append(found.honest_flagged)
        with_it = known.flagged[known.family == name]
        rows.append(
            {"family": name, "known": float(with_it.mean()) if with_it.size else None}
            | _row(campaign_share(*parts[-1]), int(mine.sum()), honest[-1])
        )
    with_it = [row["known"] for row in rows if row["known"] is not None]
    rows.append(
        {"family": "mean over families", "known": float(np.mean(with_it)) if with_it else None}
        | _row(mean_share(parts), sum(row["accounts"] for row in rows), float(np.mean(honest)))
    )
    return _table("family", rows)


def leave_campaigns_out(
    fit: Fit,
    world: World,
    *,
    n_folds: int = 3,
    random_state: int = 0,
    progress: Say | None = None,
    n_jobs: int = -1,
) -> pa.Table:
    """Train without the labels of some campaigns, and look for these in the same world.

    In a world of another seed every campaign is unseen anyway; here the rest of the world is known, too: its other
    campaigns of the same families, and its honest accounts, whose share flagged this flatters.

    Parameters
    ----------
    fit, progress, n_jobs
        As of `leave_one_family_out`.
    world : World
    n_folds : int, default=3
        Each campaign is left out once, with a share of the others; at least 2.
    random_state : int, default=0

    Returns
    -------
    table : pyarrow.Table
        ``campaigns`` left out, ``accounts``, ``value``, ``low``, ``high``, ``honest_flagged``; the last row counts all
        accounts, each as the model found it that did not know its campaign.

    Raises
    ------
    ParameterError
        If `n_folds` is not from 2 to the number of campaigns.
    InsufficientDataError, ModelFileError, SchemaError, DataFileError
        As of `leave_one_family_out`.

    Examples
    --------
    >>> from spamclf import evaluate, simulate, train
    >>> usual = {"fpr": 0.1, "confidence": None, "whole_campaigns": False, "max_iter": 5, "n_jobs": 1}
    >>> def fit(dataset):
    ...     return train.fit(dataset, features=["send_rate", "fan_out"], **usual)
    >>> evaluate.leave_campaigns_out(fit, simulate.world(400, random_state=1), n_folds=2)["campaigns"].to_pylist()
    ['fold 1 of 2', 'fold 2 of 2', 'all campaigns']
    """
    say = listener(progress, "leave_campaigns_out")
    check_world(world, "leave_campaigns_out", "world")
    check_count("leave_campaigns_out", "random_state", random_state, least=0, usual="0")
    automated = world.truth.filter(pc.and_(world.truth["is_automated"], world.truth["campaign"].is_valid()))
    names = pc.unique(automated["campaign"]).sort()
    if not isinstance(n_folds, int | np.integer) or not 2 <= n_folds <= len(names):
        raise ParameterError(
            f"leave_campaigns_out: n_folds must be from 2 to {len(names)}, the number of campaigns; got {n_folds!r}. "
            "Use 3."
        )
    drawn = np.random.default_rng(random_state).permutation(len(names)) % n_folds
    rows, parts, honest = [], [], []
    pace = Pace(n_folds)
    for fold in range(n_folds):
        say(f"training without fold {fold + 1} of {n_folds}{pace.told(fold)} ...")
        mine = pc.is_in(automated["campaign"], names.filter(pa.array(drawn == fold)))
        left_out = automated.filter(mine)["account_id"]
        dataset = _unlabelled(world, left_out)
        found = _Found.by(fit(dataset), [world], n_jobs, say, hidden=[left_out])
        chosen = np.asarray(pc.is_in(found.account_id, left_out.combine_chunks()))
        parts.append((found.flagged[chosen], found.campaign[chosen]))
        honest.append(found.honest_flagged)
        name = f"fold {fold + 1} of {n_folds}"
        rows.append({"campaigns": name} | _row(campaign_share(*parts[-1]), int(chosen.sum()), honest[-1]))
    everybody = campaign_share(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    n_accounts = sum(part[0].size for part in parts)
    rows.append({"campaigns": "all campaigns"} | _row(everybody, n_accounts, float(np.mean(honest))))
    return _table("campaigns", rows)


def tier_price(
    fit: Fit,
    train: World,
    tests: Sequence[World],
    *,
    tiers: Iterable[Sequence[str]] = TIERS,
    progress: Say | None = None,
    n_jobs: int = -1,
) -> pa.Table:
    """Train models that may look at more and more, and tell what each finds in unseen worlds.

    Parameters
    ----------
    fit : callable
        Makes a model of a dataset, and of ``tiers=``, such as ``functools.partial(train.fit, fpr=0.01)``.
    train, tests, progress, n_jobs
        As of `leave_one_family_out`.
    tiers : iterable of sequences of {"0", "1", "2", "3", "F"}, optional
        By default registration alone; with messages; with photos; with texts.

    Returns
    -------
    table : pyarrow.Table
        ``tiers``, ``accounts``; ``value``, ``low``, ``high``, the share of automated accounts flagged;
        ``honest_flagged``.

    Raises
    ------
    ParameterError
        If there is no world to test on, or `fit` knows no such tier.
    InsufficientDataError, ModelFileError, SchemaError, DataFileError
        As of `leave_one_family_out`.

    Examples
    --------
    >>> from spamclf import evaluate, simulate, train
    >>> usual = {"fpr": 0.1, "confidence": None, "whole_campaigns": False, "max_iter": 5, "n_jobs": 1}
    >>> def fit(dataset, tiers):
    ...     return train.fit(dataset, tiers=tiers, memory=False, **usual)
    >>> one, other = (simulate.world(200, random_state=seed) for seed in (1, 2))
    >>> evaluate.tier_price(fit, one, [other], tiers=[("0", "1")])["tiers"].to_pylist()
    ['0,1']
    """
    say = listener(progress, "tier_price")
    tests = _checked(train, tests, "tier_price")
    rows, every = [], list(tiers)
    pace = Pace(len(every))
    for done, allowed in enumerate(every):
        name = ",".join(allowed)
        say(f"training on tiers {name}{pace.told(done)} ...")
        found = _Found.by(fit(train.dataset, tiers=tuple(allowed)), tests, n_jobs, say)
        y = found.is_automated
        share = campaign_share(found.flagged[y], found.campaign[y])
        rows.append({"tiers": name} | _row(share, int(y.sum()), found.honest_flagged))
    return _table("tiers", rows)


class _Found:
    """Accounts of several worlds, and whether a model flags them."""

    def __init__(self, parts: Sequence[tuple[pa.Array, Any, Bools]]) -> None:
        shift = np.cumsum([0, *(int(who.campaign.max()) + 1 for _, who, _ in parts)])
        self.account_id = pa.concat_arrays([ids for ids, _, _ in parts])
        self.is_automated: Bools = np.concatenate([who.is_automated for _, who, _ in parts])
        self.family = np.array([name or "" for _, who, _ in parts for name in who.family], dtype=str)
        self.campaign: Codes = np.concatenate(
            [who.campaign + shift[k] for k, (_, who, _) in enumerate(parts)]
        )
        self.flagged: Bools = np.concatenate([flagged for _, _, flagged in parts])

    @classmethod
    def by(
        cls,
        model: Model,
        worlds: Sequence[World],
        n_jobs: int,
        say: Say,
        hidden: Sequence[pa.ChunkedArray | None] | None = None,
    ) -> _Found:
        """Look at worlds as the model's certificate says; the labels of some accounts of each are `hidden` from it."""
        parts = []
        for made, ids in zip(worlds, hidden or [None] * len(worlds), strict=True):
            dataset = made.dataset if ids is None else _unlabelled(made, ids)
            scoring = Scoring(dataset, model, None, n_jobs, None, where="evaluate")
            who, flagged = flags(scoring, made.truth, say)
            account_id = scoring.ego.account_ids.take(pa.array(who.account)).cast(pa.string())
            parts.append((account_id, who, flagged))
        return cls(parts)

    @property
    def honest_flagged(self) -> float:
        return float(self.flagged[~self.is_automated].mean())


def _unlabelled(made: World, account_ids: pa.ChunkedArray) -> Dataset:
    """Return a world's dataset without the labels of some accounts, right or wrong."""
    labels = made["labels"]
    mine = pc.is_in(labels["account_id"].cast(pa.string()), account_ids.cast(pa.string()).combine_chunks())
    return Dataset(**(made | {"labels": labels.filter(pc.invert(mine))}))


def _of_family(made: World, name: str) -> pa.ChunkedArray:
    return made.truth.filter(pc.equal(made.truth["family"], name))["account_id"]


def _families(made: World, families: Iterable[str] | None) -> list[str]:
    known = sorted(set(made.truth.filter(made.truth["is_automated"])["family"].to_pylist()))
    if families is None:
        return known
    chosen = [families] if isinstance(families, str) else list(families)
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        raise ParameterError(
            f"leave_one_family_out: families must be automated ones of the world to train on, {', '.join(known)}; got "
            f"{repr(unknown[0]) if unknown else 'none'}. Leave it out for all of them."
        )
    return chosen


def _checked(train: Any, tests: Any, where: str) -> list[World]:
    check_world(train, where, "train")
    found = list(each_world(tests, where, "tests"))
    if not found:
        raise ParameterError(
            f"{where}: tests must be one world at least; got none. Simulate one of another seed."
        )
    return found


def _row(share: Interval | None, n_accounts: int, honest_flagged: float) -> dict[str, Any]:
    interval = {name: getattr(share, name, None) for name in ("value", "low", "high")}
    return {"accounts": n_accounts} | interval | {"honest_flagged": honest_flagged}


def _table(first: str, rows: list[dict[str, Any]]) -> pa.Table:
    schema = [(first, pa.string()), ("accounts", pa.int64())]
    schema += [(name, pa.float64()) for name in ("value", "low", "high")]
    schema += [("known", pa.float64())] if first == "family" else []
    return pa.Table.from_pylist(rows, pa.schema([*schema, ("honest_flagged", pa.float64())]))
