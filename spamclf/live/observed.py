"""All that was observed, by the number of each person: logs, registrations and the rows of the other tables."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.entries import flags_of, typed_of
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.facts import column_of, instants_of
from spamclf.live.arguments import listed
from spamclf.live.intake import worth_telling
from spamclf.live.logs import Logs, Messages, message_rows
from spamclf.live.notes import NOTED, Notes
from spamclf.live.people import People
from spamclf.live.register import Register
from spamclf.wording import counted

__all__ = ["Observed"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Observed:
    """Takes in checked rows of all tables.

    Parameters
    ----------
    history, lateness : int
        In microseconds: look-back, and how far behind the newest message before its batch a message may come.
    limit : int, optional
        Bytes that the messages may take.
    notes : Notes

    Attributes
    ----------
    people : People
    register : Register
    logs : Logs
    notes : Notes
    newest_message : int or None
        The instant of the newest message.
    n_late : int
        Messages that came too late, and are not in.
    """

    def __init__(self, history: int, lateness: int, limit: int | None, notes: Notes) -> None:
        self.lateness, self._history = lateness, history
        self.people, self.register, self.logs, self.notes = People(), Register(), Logs(history, limit), notes
        self.newest_message: int | None = None
        self.n_late = 0

    def take(self, table: str, rows: pa.Table) -> Ints:
        """Take in rows of a table; return the places of those that are set aside.

        Those are messages that come too late, and rows of accounts that had another one already. If it raises, nothing
        has changed.
        """
        if table == "messages":
            return self._take_messages(rows)
        codes = self.people.encode(column_of(rows, "account_id"))
        if table == "accounts":
            self.make_room()
            aside = self.register.add(rows, codes)
            self.notes.touch(codes)
            return aside
        if table == "reports":
            self.people.encode(column_of(rows, "reporter_id"))
        self.make_room()
        self.notes.add(table, rows, codes, self.register.room)
        if self.logs.kept_since is not None:
            self.notes.forget(self.logs.kept_since)
        return np.empty(0, np.int64)

    def _take_messages(self, messages: pa.Table) -> Ints:
        """Put messages into the logs, but those that come too late; return the places of these."""
        late = np.empty(0, np.int64)
        if messages.num_rows and self.newest_message is not None:
            is_late = instants_of(messages, "sent_at") < self.newest_message - self.lateness
            late = np.flatnonzero(is_late)
            messages = messages.filter(pa.array(~is_late)) if late.size else messages
        self._warn_of_late(late.size)
        if not messages.num_rows:
            self.n_late += late.size
            return late
        n_people = len(self.people)
        batch = self._numbered(messages)
        newest = max(int(batch.sent_at.max()), self.newest_message or 0)
        least = newest - self._history - self.lateness
        try:
            self.logs.add(batch, len(self.people), least - self._history, least)
        except InsufficientDataError:
            self.people.forget_from(n_people)
            raise
        self.make_room()
        sender = batch.sender.astype(np.int64)
        fresh = sender[~self.register.has_sent[sender]]
        if fresh.size:
            self.notes.touch(fresh[~self.register.has_row[fresh]])
            self.register.has_sent[fresh] = True
        self.newest_message = newest
        self.n_late += late.size
        return late

    def _warn_of_late(self, n: int) -> None:
        """Warn of messages that come too late: of the first, of the tenth, the hundredth and so on."""
        after = self.n_late + n
        if worth_telling(self.n_late, after):
            warnings.warn(
                f"observe: messages must be at most {self.lateness / 1e6:g} s behind the newest one; got "
                f"{counted(after, 'message')} so far that are, and are set aside. Observe in order of time, or raise "
                "lateness_s.",
                stacklevel=5,
            )

    def _numbered(self, messages: pa.Table) -> Messages:
        """Number the people and groups of messages."""
        from spamclf.kernels._common import GROUP

        flags, people = flags_of(messages), self.people
        sender = people.encode(column_of(messages, "sender_id"))
        recipients, to_group = column_of(messages, "recipient_id"), (flags & GROUP) != 0
        recipient = np.empty(flags.size, np.int64)
        for groups, chosen in ((False, ~to_group), (True, to_group)):
            if chosen.any():
                rows = recipients if chosen.all() else recipients.filter(pa.array(chosen))
                recipient[chosen] = people.encode(rows, groups=groups)
        sent_at = instants_of(messages, "sent_at")
        return Messages(
            sender.astype(np.int32), recipient.astype(np.int32), sent_at, flags, typed_of(messages)
        )

    def make_room(self) -> None:
        """Let everything grow with the numbers of people."""
        self.register.make_room_for(len(self.people))
        self.logs.make_room_for(len(self.people))

    def are_accounts(self) -> Bools:
        """Tell of each number whether it is an account's: with a row, or with a message sent."""
        return self.register.has_row | self.register.has_sent

    def are_known(self, codes: Ints) -> Bools:
        """Tell the same of some numbers."""
        known: Bools = self.register.has_row[codes] | self.register.has_sent[codes]
        return known

    def codes_of(self, account_ids: Sequence[Any] | None) -> Ints:
        """Return the numbers of accounts, by default of all; refuse who is none."""
        if account_ids is None:
            return np.flatnonzero(self.are_accounts())
        ids = listed(account_ids)
        has_row, has_sent = self.register.has_row, self.register.has_sent
        found = self.people.find(ids)
        unknown = [k for k, code in enumerate(found) if code is None or not (has_row[code] or has_sent[code])]
        if unknown:
            others = self.people.id_type != pa.array(ids[:1]).type and len(self.people)
            hint = f"Their ids are of another type: {self.people.id_type}." if others else ""
            raise ParameterError(
                f"score: account_ids must be accounts that were observed; got {counted(len(unknown), 'account')} with "
                f"neither a row nor a message sent, the first at place {unknown[0]} (from 0). "
                f"{hint or 'Observe its row or a message of it first, or leave it out.'}"
            )
        if len(set(ids)) < len(ids):
            raise ParameterError(
                "score: account_ids must be accounts each once; got one twice. Leave the second out."
            )
        return np.array(found, np.int64)

    def rows(self) -> dict[str, pa.Table]:
        """Return all rows that are kept, by table; and who ever sent a message, as ``senders``."""
        people, register = self.people, self.register
        with_row, senders = np.flatnonzero(register.has_row), np.flatnonzero(register.has_sent)
        tables = {
            "accounts": register.rows(with_row, people.take(with_row)),
            "senders": pa.table({"account_id": people.take(senders)}),
            "messages": message_rows(self.logs, people),
        }
        for name in NOTED:
            rows = self.notes.table(name)[0]
            if rows is not None:
                tables[name] = rows
        return tables

    def note_senders(self, account_ids: pa.Array) -> None:
        """Note who ever sent a message, though none of it may be kept."""
        senders = self.people.encode(account_ids)
        self.make_room()
        self.register.has_sent[senders] = True
