"""Gather a dossier: the core of an operation, what its accounts share, what all of them did."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from spamclf import find
from spamclf.campaigns.shown import read_photos, read_texts
from spamclf.campaigns.tally import Known
from spamclf.dataset import Dataset, check_dataset
from spamclf.dossier.case import Case
from spamclf.dossier.contents import contents_of
from spamclf.dossier.dossier import Dossier
from spamclf.dossier.naming import check_named, members_of, tied_to
from spamclf.dossier.pictures import thumbnails_of
from spamclf.dossier.ties import shared_by, shared_registrations
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.existence import Existence
from spamclf.features.extract import last_look
from spamclf.ids import IdBook
from spamclf.instants import iso, to_instant
from spamclf.model import Model
from spamclf.scoring import Scoring, as_model

__all__ = ["gather"]

_WHERE = "dossier"


def gather(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    operator: str | None = None,
    campaign: str | None = None,
    policy_date: Any = None,
    as_of: Any = None,
    history_days: float = 30.0,
    min_accounts: int = 3,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Dossier:
    """Gather everything that ties accounts to one operation, as of an instant.

    The core of the operation is the accounts that evidence ties to the operator, or the members of the campaign.
    Further accounts are inferred to belong by the photos, texts, recipient lists and devices that they share with it
    (`spamclf.dossier.ties`); what is known and what is inferred is told apart. All rows before `as_of` count, and none
    at or after it; photos, texts and lists are compared over `history_days`.

    Parameters
    ----------
    dataset : Dataset
    model : Model or path, optional
        Whose scores are told. By default the model that comes with spamclf.
    operator : str, optional
        A name in the evidence. Either this or `campaign`.
    campaign : str, optional
        A campaign as `find.summary` calls it with the same `as_of`, `history_days` and `min_accounts`: ``"photo 3"``.
    policy_date : str, datetime or int (microseconds since the epoch), optional
        Tell apart what was sent and registered from this instant on.
    as_of : str, datetime or int (microseconds since the epoch), optional
        By default just after the last row of messages, reports, photos, texts and registrations.
    history_days : float, default=30
        Look-back of the campaigns, in days.
    min_accounts : int, default=3
        Campaigns of fewer accounts are not looked at.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The dossier does not depend on it.
    ego : EgoLog, optional
        The dataset's log, if it was built before.

    Returns
    -------
    Dossier

    Raises
    ------
    ParameterError
        For an operator or a campaign that is not known before `as_of`, a policy date after `as_of`, both or none of
        operator and campaign, or an argument out of its range.
    InsufficientDataError
        If an operator is named and the dataset has no table of evidence, or no instant is given and no row has a time.
    ModelFileError, SchemaError, BadRowsError, DataFileError
        As of `predict.score` and `find.campaigns`.

    Examples
    --------
    >>> from spamclf import dossier, read_dataset
    >>> found = dossier.gather(read_dataset("data/sample"), operator="operator-6f3e88f4", policy_date="2026-05-20")
    >>> found.to_dict()["summary"]["n_known"]
    2
    """
    check_dataset(dataset, _WHERE)
    asked = check_named(dataset, operator, campaign)
    model = as_model(model)
    _read_shown(dataset, n_jobs)
    until = last_look(dataset, as_of, model.feature_names, _WHERE, n_jobs=n_jobs)
    policy = _policy(policy_date, until)
    scoring = Scoring(dataset, model, until, n_jobs, ego, where=_WHERE)
    look: dict[str, Any] = {"history_days": history_days, "min_accounts": min_accounts, "n_jobs": n_jobs}
    found = find.campaigns(dataset, as_of=until, ego=scoring.ego, **look)
    book = IdBook(scoring.ego.account_ids)
    core = np.zeros(scoring.ego.n_accounts, np.bool_)
    if operator is not None:
        core[book.encode(tied_to(dataset, operator, until))] = True
    else:
        core[book.encode(members_of(found, asked))] = True
    known = Known.of(dataset, book, Existence(dataset, 0, until))
    shared = [
        *shared_by(found, book, core, asked),
        *shared_registrations(dataset, scoring.ego, core, known, until),
    ]
    case = Case(scoring, found, until, policy, min_accounts, operator, asked, core, tuple(shared), known)
    return Dossier(contents_of(case), thumbnails_of(case))


def _read_shown(dataset: Dataset, n_jobs: int) -> None:
    """Read photos and texts, so that those that cannot be read have left before a row is looked at."""
    if "photos" in dataset.given:
        read_photos(dataset, n_jobs=n_jobs)
    if "texts" in dataset.given:
        read_texts(dataset, n_jobs=n_jobs)


def _policy(policy_date: Any, until: int) -> int | None:
    if policy_date is None:
        return None
    policy = to_instant(policy_date, name="policy_date", where=_WHERE)
    if policy > until:
        raise ParameterError(
            f"{_WHERE}: policy_date must be no later than as_of, {iso(until)}; got {iso(policy)}. Move as_of, or "
            "leave the policy date out: nothing that happened after it would be seen."
        )
    return policy
