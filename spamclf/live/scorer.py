"""LiveScorer: the scores of `predict.score`, of a stream."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.ego import NAT, Slices
from spamclf.errors import BadRowsError, DataFileError, InsufficientDataError, ParameterError, SchemaError
from spamclf.facts import column_of
from spamclf.features.extract import FeatureTable, last_look
from spamclf.instants import DAY_US, EARLY_US, LAST_US, check_unit, iso, to_instant
from spamclf.live.arguments import lateness_of, limit_of
from spamclf.live.checkpoint import read_checkpoint, write_checkpoint
from spamclf.live.intake import Intake
from spamclf.live.notes import NOTED, Notes
from spamclf.live.observed import Observed
from spamclf.live.scoring import LiveScoring
from spamclf.live.surroundings import Surroundings
from spamclf.model import Model
from spamclf.model.reasons import Telling
from spamclf.schema import TABLES
from spamclf.scoring import ScoreTables, Scoring, as_model, check_reasons
from spamclf.tables.frames import to_native
from spamclf.tables.quarantine import Quarantine, RowCounts
from spamclf.tables.schemes import check_schemes, check_sections
from spamclf.wording import counted

__all__ = ["LiveScorer"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BATCH = 1000  # accounts whose logs are gathered at a time
_CHUNK = 1_000_000  # messages of a checkpoint that are observed at a time


class LiveScorer:
    """Scores accounts of a stream: observe rows as they come, score anybody as of any instant.

    The scores are, bit for bit, those of `predict.score` on a dataset of all rows that were observed and not set
    aside. Any thread may observe and score; a score sees all of a batch or nothing of it.

    Parameters
    ----------
    model : Model or path, optional
        By default the model that comes with spamclf.
    lateness_s : float, default=86_400
        How far behind the newest message observed before its batch a message may come; later ones are set aside
        (`n_late`, `quarantine`), with a warning. What is older is observed in order of time. Scores as of `watermark`
        or earlier do not change by messages any more.
    memory_limit_mb : float, optional
        Memory that the messages may take, in MB; for a moment, while they move, it is twice as much. The oldest fall
        out first: then instants long ago cannot be scored any more. What one history back from the newest message
        needs is never dropped: `observe` refuses rows rather than forget silently. The tables by person and all other
        rows come on top (`nbytes`).
    tables : sequence of str, optional
        Tables that the platform has, whether a row was observed yet or not: what nobody has is unknown, what is there
        and empty says something. Others count from the first call that names them.
    time_zone, time_unit, max_bad_share, not_after, schemes, innocent
        As of `Dataset`; `max_bad_share` is judged of each batch, and of all that came since the process began.

    Attributes
    ----------
    model : Model

    Notes
    -----
    Messages are kept for two histories back from the newest one: each instant of the last history can be scored.
    Photos are known by their hashes; files are not looked at. Rows about an account that nobody knows yet wait for it.
    An account has one row: of two the one that claims less stays, the other is set aside, for nothing tells when what
    changed did change. `counts` survive a restore, `quarantine` does not.
    Messages and accounts are laid out as they come; photos, texts, reports, labels and evidence all anew at the first
    score after some of them came, which takes seconds for a million rows: observe those in batches.

    Examples
    --------
    >>> from spamclf import predict
    >>> live = predict.LiveScorer(time_unit="s")
    >>> live.observe("accounts", {"account_id": ["a", "b"]})
    >>> live.observe("messages", {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1_780_300_800]})
    >>> live.score(["a"], as_of="2026-06-01T09:00:00Z")["n_messages"].to_pylist()
    [1]
    """

    def __init__(
        self,
        model: Model | str | os.PathLike[str] | None = None,
        *,
        lateness_s: float = 86_400.0,
        memory_limit_mb: float | None = None,
        tables: Sequence[str] = (),
        time_zone: str | None = None,
        time_unit: str | None = None,
        max_bad_share: float = 0.01,
        not_after: Any = None,
        schemes: Any = None,
        innocent: Any = None,
    ) -> None:
        self.model = as_model(model)
        self._telling = Telling(self.model.feature_names)
        self._history = round(self.model.history_days * DAY_US)
        lateness, limit = lateness_of(lateness_s), limit_of(memory_limit_mb)
        stated = {} if schemes is None else schemes
        check_sections(stated, "schemes", ("photo_hash", "signature"))
        check_schemes(stated, "schemes", n_hashes=1, n_signatures=1)
        if unknown := sorted(set(tables) - set(TABLES)):
            raise ParameterError(
                f"LiveScorer: tables must be of {', '.join(TABLES)}; got {unknown[0]!r}. Leave it out."
            )
        until = None if not_after is None else to_instant(not_after, name="not_after", where="LiveScorer")
        self._intake = Intake(time_zone, time_unit, max_bad_share, until)
        self.settings: dict[str, Any] = {
            "lateness_s": float(lateness_s),
            "memory_limit_mb": None if memory_limit_mb is None else float(memory_limit_mb),
            "time_zone": time_zone, "time_unit": time_unit, "max_bad_share": float(max_bad_share),
            "not_after": until, "schemes": schemes,
        }  # fmt: skip
        self._lock, self._writing = threading.RLock(), threading.Lock()
        notes = Notes({"schemes": schemes, "innocent": innocent, "not_after": "9999-01-01"})
        notes.given |= set(tables)
        self._observed = Observed(self._history, lateness, limit, notes)
        self._around = Surroundings(self.model, self._history, self._observed)

    def __repr__(self) -> str:
        n = self.counts["messages"].rows_used
        return f"<LiveScorer: {counted(self.n_accounts, 'account')}, {counted(n, 'message')}, model {self.model.name}>"

    # ---- what comes in

    def observe(self, table: str, rows: Any) -> None:
        """Take in some rows of a table.

        Parameters
        ----------
        table : str
            Its name: messages, accounts, photos, texts, reports, labels or evidence.
        rows : dataframe
            With the columns of the contract, as `Dataset` takes them; in any order.

        Raises
        ------
        SchemaError
            If a column is missing or of another type, ids are strings where they were integers, or integers in one
            column and strings in another.
        BadRowsError
            If too many rows are bad. Whatever is raised, none of the rows is in.
        InsufficientDataError
            If `memory_limit_mb` is too little.
        ParameterError
            For another name.

        Warns
        -----
        UserWarning
            Of the first row of a table that breaks a rule, of the tenth, the hundredth and so on; of messages that come
            too late likewise; of photos that come without a hash.

        Examples
        --------
        See `LiveScorer`.
        """
        if table not in TABLES:
            raise ParameterError(
                f"observe: table must be of {', '.join(TABLES)}; got {table!r}. Use for instance 'messages'."
            )
        with self._lock:
            batch = self._intake.check(table, rows)
            aside = self._observed.take(table, batch.table)
            self._around.meet()
            self._intake.note(table, batch, aside)

    # ---- what goes out

    @property
    def n_accounts(self) -> int:
        """Accounts that can be scored: with a row, or with a message sent."""
        with self._lock:
            return int(self._observed.are_accounts().sum())

    @property
    def n_late(self) -> int:
        """Messages that came too late: they are among those set aside."""
        return self._observed.n_late

    @property
    def counts(self) -> dict[str, RowCounts]:
        """By table: rows that came, that are used and that were set aside."""
        return dict(self._intake.counts)

    @property
    def quarantine(self) -> Quarantine:
        """Which rules the rows broke that were set aside; ten thousand of them are listed, by row of their batch."""
        return self._intake.quarantine

    @property
    def n_duplicates(self) -> int:
        """Repetitions of a message that was there."""
        return self._observed.logs.n_duplicates

    @property
    def watermark(self) -> int | None:
        """The instant, microseconds since the epoch, before which no message can come any more; None at first."""
        newest = self._observed.newest_message
        return None if newest is None else newest - self._observed.lateness

    @property
    def nbytes(self) -> int:
        """Bytes of logs and rows; numbers and layouts come on top."""
        return self._observed.logs.nbytes + self._observed.notes.nbytes

    def score(
        self,
        account_ids: Sequence[Any] | None = None,
        as_of: Any = None,
        *,
        n_reasons: int = 5,
        reasons_for: str = "flagged",
    ) -> Any:
        """Score accounts as of an instant.

        Parameters
        ----------
        account_ids : sequence of str or int, optional
            Each at most once; by default all accounts.
        as_of : str, datetime or int (microseconds since the epoch), optional
            Rows at or after it are unseen. By default just after the last row of messages, reports, photos, texts and
            registrations.
        n_reasons, reasons_for
            As of `predict.score`.

        Returns
        -------
        scores : dataframe of the kind that the first rows came in
            The rows of `predict.score`, in the order asked for.

        Raises
        ------
        ParameterError
            For an account that was never observed, or an argument out of its range.
        InsufficientDataError
            If nothing with a time was observed and no instant is given, or rows of the history before the instant
            have fallen out.
        SchemaError, DataFileError
            As of `predict.score`.

        Examples
        --------
        See `LiveScorer`.
        """
        check_reasons("score", n_reasons, reasons_for)
        with self._lock:
            scoring = self._scoring(account_ids, as_of)
            parts = ScoreTables(scoring, n_reasons, reasons_for).parts(_BATCH)
            return to_native(pa.concat_tables(parts).combine_chunks(), self._intake.frame)

    def features(self, account_ids: Sequence[Any] | None = None, as_of: Any = None) -> Any:
        """Return what the model looks at: the columns of `extract` for its features, of accounts as of an instant.

        Parameters
        ----------
        account_ids, as_of
            As of `score`.

        Returns
        -------
        table : dataframe of the kind that the first rows came in

        Raises
        ------
        ParameterError, InsufficientDataError, SchemaError, DataFileError
            As of `score`.
        """
        with self._lock:
            scoring = self._scoring(account_ids, as_of)
            names = self.model.feature_names
            slices = scoring.slices
            return FeatureTable(
                scoring.account_ids(slices), slices.as_of, tuple(names), scoring.measured(slices, names),
                self.model.history_days, self._intake.frame,
            ).to_native()  # fmt: skip

    # ---- what is kept

    def checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write all that is of use into a folder, from which `restore` goes on.

        A reader, or a process that is started after this one was killed, meets the former checkpoint or this one.
        Rows are written while others may observe and score; what they observe meanwhile is not in it.

        Parameters
        ----------
        path : path-like
            The folder; made if missing.

        Raises
        ------
        OutputError
            If it cannot be written; the former checkpoint is untouched.
        """
        with self._writing:
            with self._lock:
                state, tables = self._state(), self._observed.rows()
            write_checkpoint(path, state, tables)

    @classmethod
    def restore(
        cls,
        path: str | os.PathLike[str],
        model: Model | str | os.PathLike[str] | None = None,
        *,
        innocent: Any = None,
    ) -> LiveScorer:
        """Return a scorer that goes on from a checkpoint: with the rows since then it scores as if it had never ended.

        What came after the checkpoint has to come again (`counts` tells how many rows of each table it has seen);
        messages and accounts that it has seen may, too.

        Parameters
        ----------
        path : path-like
        model : Model or path, optional
            The same model; by default the shipped one.
        innocent : path or spamclf.campaigns.innocent.Innocent, optional
            The same list as before, which is not in the checkpoint.

        Returns
        -------
        live : LiveScorer
            It goes on where the checkpoint was made; rows that came since then are to be observed again.

        Raises
        ------
        DataFileError
            If there is no checkpoint, or it is damaged, forged or of another version.
        ParameterError
            If it was made with another model.
        ModelFileError
            If the model is a path and cannot be loaded.
        SchemaError
            If a table of the checkpoint is not as it was written.
        """
        state, tables = read_checkpoint(path)
        given = "none, so the one that comes with spamclf" if model is None else "another one"
        model = as_model(model)
        if state.get("model") != model.digest:
            raise ParameterError(
                f"restore: model must be the one that the checkpoint was made with; got {given}. Load that one and "
                "give it as model=, or observe the rows anew."
            )
        try:
            live = cls(model, innocent=innocent, **state["settings"])
            live._restore(state, tables)
        except (BadRowsError, SchemaError, ParameterError, pa.ArrowException) as error:
            raise DataFileError(
                f"checkpoint: its rows must keep the contract; got {type(error).__name__}. Restore an older one, or "
                "observe the rows again."
            ) from error
        return live

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.digest,
            "settings": self.settings | {"tables": sorted(self._observed.notes.given)},
            "integer_ids": self._intake.integer_ids,
            "frame": self._intake.frame,
            "newest_message": self._observed.newest_message,
            "kept_since": self._observed.logs.kept_since,
            "n_late": self.n_late,
            "n_duplicates": self.n_duplicates,
            "counts": {name: [each.rows_in, each.rows_used] for name, each in self.counts.items()},
        }

    def _restore(self, state: dict[str, Any], tables: dict[str, pa.Table]) -> None:
        observed, intake = self._observed, self._intake
        lateness, limit = observed.lateness, observed.logs.limit
        self._intake, observed.lateness, observed.logs.limit = intake.trusting(), LAST_US, None
        self.observe("accounts", tables["accounts"])
        messages = tables["messages"].sort_by("sent_at")
        for low in range(0, messages.num_rows, _CHUNK):
            self.observe("messages", messages.slice(low, _CHUNK))
        for name in NOTED:
            if name in tables:
                self.observe(name, tables[name])
        observed.note_senders(column_of(tables["senders"], "account_id"))
        self._intake, observed.lateness, observed.logs.limit = intake, lateness, limit
        intake.integer_ids, intake.frame = state["integer_ids"], str(state["frame"])
        intake.counts = {
            name: RowCounts(int(n), int(used), int(n) - int(used))
            for name, (n, used) in state["counts"].items()
        }
        observed.newest_message, observed.n_late = state["newest_message"], int(state["n_late"])
        observed.logs.kept_since, observed.logs.n_duplicates = state["kept_since"], int(state["n_duplicates"])

    def _scoring(self, account_ids: Sequence[Any] | None, as_of: Any) -> Scoring:
        instant = self._instant(as_of)
        codes = self._observed.codes_of(account_ids)
        everywhere = np.full(codes.size, instant)
        none = np.zeros(codes.size, np.int64)
        slices = Slices(codes, none, none, everywhere, self._history)
        return LiveScoring(self._around, self._observed.people, self.model, self._telling, slices)

    def _instant(self, as_of: Any) -> int:
        if as_of is None:
            return self._last() + 1
        instant: int = to_instant(as_of, where="score")
        if instant < EARLY_US:
            with contextlib.suppress(InsufficientDataError):
                check_unit(as_of, instant, self._last(), "score")
        kept = self._observed.logs.kept_since
        if kept is not None and instant - self._history < kept:
            raise InsufficientDataError(
                f"score: as_of must be {iso(kept + self._history)} or later, for older messages have fallen out; "
                f"got {iso(instant)}. Use predict.score on the tables."
            )
        return instant

    def _last(self) -> int:
        """Return the instant of the last row in use, as `predict.score` looks for it."""
        observed, told = self._observed, self._around.told()
        register = observed.register
        latest = [] if observed.newest_message is None else [observed.newest_message]
        latest += [int(register.facts.registered_at.max(where=register.has_row, initial=NAT))]
        reported_at = observed.notes.instants("reports", observed.are_known)
        latest += [int(reported_at.max(initial=NAT))]
        with contextlib.suppress(InsufficientDataError):
            latest += [last_look(told.dataset, None, self.model.feature_names, "score", n_jobs=1) - 1]
        if max(latest) == NAT:
            raise InsufficientDataError(
                "score: as_of must be given while no row with a time was observed; got None. Pass as_of='2026-06-01'."
            )
        return int(max(latest))
