"""The dataset contract, written once as data; checking, the dictionary and the simulator all read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TABLES", "Column", "ColumnType", "Table"]

#: What a column may hold: opaque ids, strings, instants, truth values, numbers, signatures of 128 numbers.
ColumnType = Literal["id", "string", "time", "bool", "float", "signature"]


@dataclass(frozen=True)
class Column:
    """One column of the contract.

    Attributes
    ----------
    name, meaning : str
    type : {"id", "string", "time", "bool", "float", "signature"}
        ``id`` is an opaque string (or an integer, when every id of the dataset is one); ``time`` is an
        instant, ``timestamp[us, UTC]``; ``float`` is a float64; ``signature`` is a list of MinHash values.
    nullable : bool
        Whether null is a legal value; a nullable column may also be left out.
    unit : str
        Unit of a ``float``; empty otherwise.
    choices : tuple of str
        The legal values, where there are only a few.
    minimum : float or None
        The least legal value of a ``float``.
    pattern : str
        The regular expression that a whole value must match; empty: any.

    Examples
    --------
    >>> TABLES["messages"].column("typed_s").unit
    's'
    """

    name: str
    type: ColumnType
    nullable: bool
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    pattern: str = ""


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    Attributes
    ----------
    name, meaning : str
    columns : tuple of Column
    required : bool
        Whether a dataset without this table is refused.
    key : tuple of str
        Columns that identify a row; a second row with the same key goes to quarantine. Empty: none.
    time : str
        The column that says when a row came into being: the row is unseen at and before that instant.
    known : tuple of str
        Id columns whose account must appear in ``accounts`` or as a sender of ``messages``.
    distinct : tuple of str
        Two id columns that must differ within a row.

    Examples
    --------
    >>> [table.name for table in TABLES.values() if table.required]
    ['accounts', 'messages']
    """

    name: str
    columns: tuple[Column, ...]
    meaning: str
    time: str
    required: bool = False
    key: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """Return the column called `name`.

        Parameters
        ----------
        name : str

        Returns
        -------
        column : Column
        """
        return next(column for column in self.columns if column.name == name)


_ACCOUNT = Column("account_id", "id", False, "the account; opaque, never parsed as a number")

#: The seven tables of a dataset by name: the contract that every row is checked against.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "accounts",
            (
                _ACCOUNT,
                Column("registered_at", "time", True, "when the account was registered; unknown is null"),
                Column("is_business", "bool", True, "declared business or API account"),
                Column("country", "string", True, "country of the number"),
                Column("network_country", "string", True, "country of the network seen at registration"),
                Column("network", "string", True, "opaque id of the network prefix or ASN at registration"),
                Column("device", "string", True, "opaque id of the device at registration"),
            ),
            "one row per account: what its registration tells",
            time="registered_at",
            required=True,
            key=("account_id",),
        ),
        Table(
            "messages",
            (
                Column("sender_id", "id", False, "who wrote"),
                Column("recipient_id", "id", False, "to whom; the group's id where is_group"),
                Column("sent_at", "time", False, "when"),
                Column("is_group", "bool", True, "written to a group"),
                Column("in_contacts", "bool", True, "the recipient had the sender in its address book then"),
                Column(
                    "typed_s",
                    "float",
                    True,
                    "how long the typing indicator was on before; 0 is never",
                    "s",
                    minimum=0.0,
                ),
                Column("delivered", "bool", True, "false hints at a block or a number that does not exist"),
            ),
            "one row per message: who wrote to whom and when, never what",
            time="sent_at",
            required=True,
            distinct=("sender_id", "recipient_id"),
        ),
        Table(
            "photos",
            (
                _ACCOUNT,
                Column("set_at", "time", False, "when the profile photo was set"),
                Column("photo", "string", True, "path of an image file, relative to the dataset folder"),
                Column(
                    "photo_hash",
                    "string",
                    True,
                    "64 hex digits: a 256-bit perceptual hash made elsewhere",
                    pattern="[0-9A-Fa-f]{64}",
                ),
            ),
            "profile photos, as everybody sees them",
            time="set_at",
            known=("account_id",),
        ),
        Table(
            "texts",
            (
                _ACCOUNT,
                Column("observed_at", "time", False, "when the text was seen"),
                Column(
                    "source",
                    "string",
                    False,
                    "where it was seen",
                    choices=("name", "about", "description", "reported"),
                ),
                Column(
                    "text", "string", True, "a public profile text, or what a recipient disclosed in a report"
                ),
                Column(
                    "signature", "signature", True, "MinHash values made on the device, instead of the text"
                ),
            ),
            "public profile texts and texts disclosed in reports; no private message",
            time="observed_at",
            known=("account_id",),
        ),
        Table(
            "reports",
            (
                _ACCOUNT,
                Column("reporter_id", "id", False, "who reports"),
                Column("reported_at", "time", False, "when"),
                Column("kind", "string", False, "what the reporter did", choices=("report", "block")),
            ),
            "reports and blocks by recipients",
            time="reported_at",
            known=("account_id",),
            distinct=("account_id", "reporter_id"),
        ),
        Table(
            "labels",
            (
                _ACCOUNT,
                Column("is_automated", "bool", False, "the verdict of a review"),
                Column(
                    "labelled_at", "time", False, "when the verdict was reached; it exists for nobody before"
                ),
                Column("campaign", "string", True, "known operation, for campaign-held-out evaluation"),
            ),
            "what is known to be automated or not, for training",
            time="labelled_at",
            known=("account_id",),
        ),
        Table(
            "evidence",
            (
                _ACCOUNT,
                Column("observed_at", "time", False, "when it was seen"),
                Column("kind", "string", False, "where it was seen", choices=("off_platform", "on_platform")),
                Column("operator", "string", True, "who is behind the account"),
                Column("source", "string", True, "what was seen: an address, a case number"),
            ),
            "accounts tied to an operator by something seen elsewhere",
            time="observed_at",
            known=("account_id",),
        ),
    )
}
