"""Who belongs to an operation: what evidence says of accounts, and what accounts share with these.

What is known is kept apart from what is inferred. An account is *known* to belong where a row of evidence says so. It
is *inferred* to belong where it shares a photo, a text, a recipient list or a device with the core of the operation,
and what is shared sets the operation apart. Honest people share pictures, sayings, phones and carriers, too; so what is
shared infers nothing unless it `counts`, and an account that a review found not to be automated is never inferred.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.operations import LEAST_SHARED, LEAST_TIED
from spamclf.campaigns.table import Campaigns
from spamclf.campaigns.tally import Known, Members
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.existence import row_seen_from
from spamclf.facts import column_of
from spamclf.ids import IdBook

__all__ = ["MEASURED", "RULE", "Shared", "counts", "shared_by", "shared_registrations"]

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]

#: Share of the labelled accounts that must be labelled automated. On five simulated worlds this rule inferred 115
#: accounts, all of them rightly; with a half instead, and networks used as well, 165 of 625.
LEAST_AUTOMATED = 0.8
#: The rule of `counts` in words.
RULE = (
    "A photo, a text, a recipient list or a device is used to infer that accounts belong together only where at least "
    f"{LEAST_TIED:.0%} of the accounts that share it are of the core of the operation, at least {LEAST_SHARED} are of "
    f"the core or labelled automated, and at least {LEAST_AUTOMATED:.0%} of those with a label are labelled automated. "
    "A network is never used: people share it with strangers. An account whose latest label says not automated is not "
    "inferred to belong, whatever it shares."
)
#: How often what is inferred was right: worlds of seeds 1401 to 1406 (1,000 to 2,000 accounts, 20 days), which the rule
#: was not chosen on, 106 operators; the interval draws operators, not accounts. ``tests/dossier/test_inferred.py``
#: measures it anew.
MEASURED = (
    "How often such an inference is right was measured on simulated accounts alone: of 130 accounts that it named, "
    "125 were the operator's (95 % interval 91 to 100 %), 4 another operator's and 1 an honest person's."
)


@dataclass(frozen=True, eq=False)
class Shared:
    """Something that accounts have in common, one of them at least of the core or of a campaign joined with its.

    Attributes
    ----------
    kind : {"photo", "text", "list", "device", "network"}
    name : str
        Its number among campaigns, or the opaque id of the device or network.
    members : ndarray of shape (n_accounts,), dtype int32
        Codes of all accounts that share it.
    n_core, n_labelled, n_automated : int
        Of the core; labelled at all; labelled automated, of its accounts.
    used : bool
        Whether it infers that its accounts belong to the operation.
    campaign : dict or None
        The row of `Campaigns.table`.
    """

    kind: str
    name: str
    members: Codes
    n_core: int
    n_labelled: int
    n_automated: int
    used: bool
    campaign: dict[str, Any] | None = None

    @property
    def label(self) -> str:
        """Kind and name, for instance ``photo 3``."""
        return f"{self.kind} {self.name}"


def counts(kind: str, n_accounts: int, n_core: int, n_labelled: int, n_automated: int) -> bool:
    """Tell whether what accounts share sets an operation apart (`RULE`).

    `LEAST_SHARED` and `LEAST_TIED` are those by which campaigns are joined with the accounts of an operator
    (`spamclf.campaigns.operations.join_campaigns`).

    Examples
    --------
    >>> counts("text", 12, 1, 11, 4), counts("text", 3, 1, 3, 3), counts("network", 3, 1, 3, 3)
    (False, True, False)
    >>> counts("photo", 5, 2, 0, 0), counts("photo", 5000, 2, 0, 0)
    (True, False)
    """
    enough = n_core >= LEAST_TIED * n_accounts and max(n_core, n_automated) >= LEAST_SHARED
    return kind != "network" and bool(enough and n_automated >= LEAST_AUTOMATED * n_labelled)


def shared_by(found: Campaigns, book: IdBook, core: Bools, asked: tuple[str, int] | None) -> list[Shared]:
    """Return the campaigns of the operations that accounts of the core are in; the one asked for is used in any case.

    Parameters
    ----------
    found : Campaigns
    book : IdBook
        Numbers the accounts.
    core : ndarray of shape (n_accounts,), dtype bool
    asked : (kind, number) or None
    """
    members = found.members()
    codes = book.encode(column_of(members, "account_id"))
    operation = np.asarray(members["operation"])
    wanted = np.isin(operation, np.unique(operation[core[codes]]))
    kinds, numbers = members["kind"].to_pylist(), members["campaign"].to_pylist()
    rows: dict[tuple[str, int], list[int]] = {}
    for place in np.flatnonzero(wanted).tolist():
        rows.setdefault((kinds[place], numbers[place]), []).append(place)
    shared = []
    for row in found.table.to_pylist():
        key = row["kind"], row["campaign"]
        if key in rows:
            of = codes[rows[key]].astype(np.int32)
            known = int(core[of].sum()), row["n_labelled"], row["n_automated"]
            used = key == asked or counts(row["kind"], of.size, *known)
            shared.append(Shared(row["kind"], str(row["campaign"]), of, *known, used, row))
    return shared


def shared_registrations(
    dataset: Dataset, ego: EgoLog, core: Bools, known: Known, until: int
) -> Iterator[Shared]:
    """Yield the devices and the networks on which two accounts or more were registered, one of the core among them."""
    seen = row_seen_from(dataset, ego.n_accounts) < until
    for kind in ("device", "network"):
        column = column_of(dataset.accounts, kind)
        place = np.flatnonzero(seen[: len(column)] & np.asarray(column.is_valid(), np.bool_)).astype(np.int32)
        coded = column.take(pa.array(place)).cast(pa.string()).dictionary_encode()
        group = np.asarray(coded.indices, np.int32)
        size = np.bincount(group, minlength=len(coded.dictionary))
        held = np.bincount(group[core[place]], minlength=size.size) > 0
        wanted = held[group] & (size[group] > 1)
        instant = np.zeros(int(wanted.sum()), np.int64)
        members = Members.of(group[wanted], place[wanted], instant, instant, size.size)
        n_core, n_labelled, n_automated = (
            members.sizes(flag) for flag in (core, known.labelled, known.automated)
        )
        for number in sorted(
            set(group[wanted].tolist()), key=lambda each: (-size[each], coded.dictionary[each].as_py())
        ):
            told = int(n_core[number]), int(n_labelled[number]), int(n_automated[number])
            of = members.account[members.group == number]
            yield Shared(kind, coded.dictionary[number].as_py(), of, *told, counts(kind, of.size, *told))
