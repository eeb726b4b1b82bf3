"""What becomes of each column when a dataset leaves its platform; and tables for which that was done."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.facts import column_of
from spamclf.pseudonymise.keys import Domain, Key
from spamclf.schema import TABLES

__all__ = ["TREATMENT", "Treatment", "treated"]

#: ``kept`` as it is; ``dropped``: null; ``fingerprint``: of a photo or text; ``recipient``: the pseudonym of a person,
#: or of a group where the message went to one; else the pseudonym of this domain.
Treatment = Literal[
    "kept", "dropped", "fingerprint", "recipient", "person", "network", "device", "campaign", "operator"
]

#: By table and column. What a person typed freely (a source, a path) may name somebody, so it is dropped.
TREATMENT: dict[str, dict[str, Treatment]] = {
    "accounts": {
        "account_id": "person", "registered_at": "kept", "is_business": "kept", "country": "kept",
        "network_country": "kept", "network": "network", "device": "device",
    },
    "messages": {
        "sender_id": "person", "recipient_id": "recipient", "sent_at": "kept", "is_group": "kept",
        "in_contacts": "kept", "typed_s": "kept", "delivered": "kept",
    },
    "photos": {"account_id": "person", "set_at": "kept", "photo": "dropped", "photo_hash": "fingerprint"},
    "texts": {
        "account_id": "person", "observed_at": "kept", "source": "kept", "text": "dropped",
        "signature": "fingerprint",
    },
    "reports": {"account_id": "person", "reporter_id": "person", "reported_at": "kept", "kind": "kept"},
    "labels": {
        "account_id": "person", "is_automated": "kept", "labelled_at": "kept", "campaign": "campaign",
    },
    "evidence": {
        "account_id": "person", "observed_at": "kept", "kind": "kept", "operator": "operator", "source": "dropped",
    },
}  # fmt: skip


def treated(
    name: str, table: pa.Table, key: Key, fingerprints: pa.Array | None = None, *, by_time: bool = False
) -> pa.Table:
    """Return a checked table as it may leave: in another order, for that of the rows may tell who is who.

    Parameters
    ----------
    name : str
        Of the table.
    table : pyarrow.Table
        A column that is missing stays missing.
    key : Key
    fingerprints : pyarrow.Array, optional
        One for each row, of photos and texts.
    by_time : bool, default=False
        Order the rows by their time first (messages), not by whose they are.

    Returns
    -------
    treated : pyarrow.Table
        Ids and words as plain strings.
    """
    columns = {}
    for column, how in TREATMENT[name].items():
        if column not in table.column_names:
            continue
        values = column_of(table, column)
        if how == "fingerprint":
            assert fingerprints is not None
            columns[column] = fingerprints
        elif how == "dropped":
            columns[column] = pa.nulls(len(values), pa.string())
        elif how == "kept":
            columns[column] = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        elif how == "recipient":
            columns[column] = _recipients(values, table, key)
        else:
            columns[column] = key.pseudonyms(cast(Domain, how), values)
    return _in_order(pa.table(columns), TABLES[name].time, by_time)


def _recipients(ids: pa.Array, table: pa.Table, key: Key) -> pa.Array:
    """Give a group's id and a person's different pseudonyms, even if they are called alike."""
    if "is_group" not in table.column_names:
        return key.pseudonyms("person", ids)
    to_group = np.asarray(column_of(table, "is_group").fill_null(False), np.bool_)
    words = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
    people, groups = _only(words, ~to_group), _only(words, to_group)
    return pc.coalesce(key.pseudonyms("person", people), key.pseudonyms("group", groups))


def _only(words: pa.DictionaryArray, mask: npt.NDArray[np.bool_]) -> pa.Array:
    """Return the values of some rows, null elsewhere, over the words that these use."""
    used, place = np.unique(np.asarray(words.indices)[mask], return_inverse=True)
    codes = np.zeros(len(mask), np.int32)
    codes[mask] = place
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=~mask), words.dictionary.take(pa.array(used)))


def _in_order(table: pa.Table, time: str, by_time: bool) -> pa.Table:
    names = [each for each in table.column_names if not pa.types.is_list(table[each].type)]
    if by_time:
        names.sort(key=lambda each: each != time)
    return table.take(pc.sort_indices(table.select(names), [(each, "ascending") for each in names]))
