"""What the accounts table says of each person, growing; and who is an account at all."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.facts import NAT, Facts, column_of, instants_of
from spamclf.features.registration import Registrations
from spamclf.live.people import grown
from spamclf.schema import TABLES
from spamclf.tables.rules import duplicates

__all__ = ["Register"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
_TEXTS = ("country", "network_country", "network", "device")


class _Names:
    """Numbers of countries, networks or devices in the order in which they come; -1 is an unknown one."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}

    def encode(self, column: pa.Array) -> npt.NDArray[np.int32]:
        """Return the number of each row, numbering those that are new."""
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        told = [self._numbers.setdefault(word, len(self._numbers)) for word in coded.dictionary.to_pylist()]
        self.words += (
            islice(self._numbers, len(self.words), None) if len(self._numbers) > len(self.words) else ()
        )
        numbers: npt.NDArray[np.int32] = np.array([*told, -1], np.int32)[
            np.asarray(coded.indices.fill_null(len(told)))
        ]
        return numbers

    def decode(self, numbers: npt.NDArray[np.int32]) -> pa.Array:
        """Return what numbers stand for."""
        words = self.words
        return pa.array([words[number] if number >= 0 else None for number in numbers.tolist()], pa.string())


class Register:
    """The accounts table by the number of each person.

    Attributes
    ----------
    facts : Facts
        Of all numbers up to `room`; nothing is known of those that are not given yet.
    has_row, has_sent : ndarray of shape (room,), dtype bool
        An account is who has a row or ever sent a message.
    registrations : dict of str to Registrations
        By ``network`` and ``device``.
    """

    def __init__(self) -> None:
        none = np.empty(0, np.int32)
        self.facts = Facts(np.empty(0, np.int64), none, none, none, none, none, np.empty(0))
        self.has_row, self.has_sent = np.empty(0, np.bool_), np.empty(0, np.bool_)
        self.registrations = {"network": Registrations(), "device": Registrations()}
        self._names = {"country": _Names(), "network": _Names(), "device": _Names()}
        self._names["network_country"] = self._names["country"]

    @property
    def room(self) -> int:
        """Numbers that there is room for."""
        return self.has_row.size

    def make_room_for(self, n_people: int) -> None:
        """Let the arrays grow with the numbers, to twice as many."""
        if n_people <= self.room:
            return
        size = max(1024, 2 * n_people)
        facts = self.facts
        fills = {"registered_at": NAT, "filled": np.nan} | dict.fromkeys(("is_business", *_TEXTS), -1)
        longer: dict[str, Any] = {
            name: grown(getattr(facts, name), size, fill) for name, fill in fills.items()
        }
        self.facts = replace(facts, **longer)
        self.has_row, self.has_sent = grown(self.has_row, size, False), grown(self.has_sent, size, False)

    def n_groups(self, kind: str) -> int:
        """Number of different networks or devices."""
        return len(self._names[kind].words)

    def add(self, accounts: pa.Table, codes: Ints) -> Ints:
        """Enter the rows of accounts; return the places of those whose account had another row already.

        Of the two the one stays that claims less.

        Parameters
        ----------
        accounts : pyarrow.Table
            Checked, each account at most once.
        codes : ndarray of shape (n,), dtype int64
        """
        again = self.has_row[codes]
        if not again.any():
            self._enter(accounts, codes)
            return np.empty(0, np.int64)
        self._enter(accounts.filter(pa.array(~again)), codes[~again])
        other = np.flatnonzero(again)[self._differ(accounts.filter(pa.array(again)), codes[again])]
        for row in other.tolist():
            self._replace(accounts.slice(row, 1), codes[row : row + 1])
        return other

    def _differ(self, accounts: pa.Table, codes: Ints) -> Bools:
        """Tell which rows of accounts say something else than those that are there."""
        different: Bools = self.facts.registered_at[codes] != instants_of(accounts, "registered_at")
        business = column_of(accounts, "is_business").cast(pa.int32()).fill_null(-1)
        different |= self.facts.is_business[codes] != np.asarray(business)
        for name in _TEXTS:
            different |= getattr(self.facts, name)[codes] != self._names[name].encode(
                column_of(accounts, name)
            )
        return different

    def _replace(self, new: pa.Table, codes: Ints) -> None:
        """Let the row of an account stay that claims less, the one that is there or a new one."""
        old = self.rows(codes, new["account_id"])
        both = pa.concat_tables([old, new.cast(old.schema)]).combine_chunks()
        columns = {name: column_of(both, name) for name in both.column_names}
        columns["account_id"] = pa.array([0, 0])
        if duplicates(TABLES["accounts"], columns)[0] == 0:
            for name, line in self.registrations.items():
                group, instant = getattr(self.facts, name)[codes[0]], self.facts.registered_at[codes[0]]
                if group >= 0 and instant != NAT:
                    line.remove(int(group), int(instant))
            self._enter(new, codes)

    def _enter(self, accounts: pa.Table, codes: Ints) -> None:
        facts = self.facts
        facts.registered_at[codes] = instants_of(accounts, "registered_at")
        business = column_of(accounts, "is_business").cast(pa.int32()).fill_null(-1)
        facts.is_business[codes] = np.asarray(business)
        filled = sum(
            np.asarray(column_of(accounts, name).is_valid()).astype(float)
            for name in ("registered_at", "is_business", *_TEXTS)
        )
        facts.filled[codes] = filled / 6
        for name in _TEXTS:
            getattr(facts, name)[codes] = self._names[name].encode(column_of(accounts, name))
        names = self._names["country"].words
        if len(names) > len(facts.country_names):
            self.facts = replace(facts, country_names=tuple(names))
        self.has_row[codes] = True
        for name, line in self.registrations.items():
            group = getattr(facts, name)[codes].astype(np.int64)
            dated = (group >= 0) & (facts.registered_at[codes] != NAT)
            line.add(group[dated], facts.registered_at[codes][dated])

    def rows(self, codes: Ints, account_ids: Any) -> pa.Table:
        """Return the rows of some accounts as they were observed."""
        facts = self.facts
        registered_at = facts.registered_at[codes]
        business = facts.is_business[codes]
        columns = {
            "account_id": account_ids,
            "registered_at": pa.array(registered_at, pa.timestamp("us", "UTC"), mask=registered_at == NAT),
            "is_business": pa.array(business == 1, mask=business < 0),
        }
        for name in _TEXTS:
            columns[name] = self._names[name].decode(getattr(facts, name)[codes])
        return pa.table(columns)
