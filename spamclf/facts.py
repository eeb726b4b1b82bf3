"""What the accounts table says of each account, as arrays by code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.ids import Codes, IdBook

__all__ = ["NAT", "Facts", "Instants", "column_of", "instants_of", "read_facts"]

Instants = npt.NDArray[np.int64]

NAT: int = int(np.iinfo(np.int64).min)  # an unknown instant


@dataclass(frozen=True)
class Facts:
    """What the accounts table says of each scored account, by code; -1 (or `NAT`) is unknown.

    Attributes
    ----------
    registered_at : ndarray of shape (n_accounts,), dtype int64
        Microseconds since the epoch.
    is_business, country, network_country, network, device : ndarray of shape (n_accounts,), dtype int32
        0 or 1; codes of strings, one list for both countries.
    filled : ndarray of shape (n_accounts,), dtype float64
        Share of the row's nullable columns that are filled; NaN for an account without a row.
    country_names : tuple of str
        What each code of a country stands for.
    """

    registered_at: Instants
    is_business: Codes
    country: Codes
    network_country: Codes
    network: Codes
    device: Codes
    filled: npt.NDArray[np.float64]
    country_names: tuple[str, ...] = ()


def read_facts(accounts: pa.Table, n_accounts: int) -> Facts:
    """Read the accounts table; accounts without a row (other senders) get unknown facts."""
    names = ("registered_at", "is_business", "country", "network_country", "network", "device")
    given = [name for name in names if name in accounts.column_names]
    filled = np.full(n_accounts, np.nan)
    filled[: accounts.num_rows] = sum(
        (np.asarray(column_of(accounts, name).is_valid()).astype(float) for name in given),
        np.zeros(accounts.num_rows),
    ) / len(names)

    def codes(*columns: str) -> tuple[list[Codes], IdBook]:
        book = IdBook(pa.array([], pa.string()))
        found = []
        for name in columns:
            values = np.full(n_accounts, -1, np.int32)
            if name in given and accounts.num_rows:
                column = column_of(accounts, name)
                known = np.asarray(column.is_valid(), dtype=np.bool_)
                values[: accounts.num_rows][known] = book.encode(column.drop_null())
            found.append(values)
        return found, book

    registered_at = np.full(n_accounts, NAT, np.int64)
    if "registered_at" in given:
        registered_at[: accounts.num_rows] = instants_of(accounts, "registered_at")
    business = np.full(n_accounts, -1, np.int32)
    if "is_business" in given:
        business[: accounts.num_rows] = np.asarray(
            column_of(accounts, "is_business").cast(pa.int32()).fill_null(-1)
        )
    (country, network_country), countries = codes("country", "network_country")
    (network,), (device,) = codes("network")[0], codes("device")[0]
    names = tuple(countries.ids.to_pylist())
    return Facts(registered_at, business, country, network_country, network, device, filled, names)


def instants_of(table: pa.Table, name: str) -> Instants:
    """Return a time column as int64 microseconds since the epoch; null is `NAT`."""
    return np.array(column_of(table, name).cast(pa.int64()).fill_null(NAT), np.int64)


def column_of(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
