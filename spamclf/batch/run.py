"""One run from a dataset's folder to a folder of scores."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spamclf.batch import reading
from spamclf.batch.inputs import begin, digest_of, inputs_of
from spamclf.batch.numbers import Numbers, Shards, number_ids, sender_rows, split_messages
from spamclf.batch.parts import Logs, score_shards, summarise
from spamclf.batch.publish import MANIFEST, publish, read_json, remove, work_folder, write_json, writing
from spamclf.batch.reading import Messages, has_integer_ids, read_messages
from spamclf.dataset import Dataset, check_settings
from spamclf.ego import DAY_US
from spamclf.errors import OutputError, ParameterError, SpamclfError
from spamclf.features.extract import last_look
from spamclf.files import hold, sha256_file
from spamclf.folders import check_folder, read_around, times_of
from spamclf.instants import LAST_US, iso, to_instant
from spamclf.model import Model
from spamclf.progress import Progress, check_progress
from spamclf.schema import TABLES
from spamclf.scoring import as_model, check_count, check_reasons
from spamclf.tables.check import refuse_if_too_many
from spamclf.tables.folder import find_table
from spamclf.tables.pieces import Pieces
from spamclf.tables.times import Reading
from spamclf.threads import n_threads

__all__ = ["score"]

FORMAT = 1
#: What a row costs in each pass, by the row of the first one: measured by ``tests/benches/batch.py``.
_COSTS = {"reading": 1.0, "numbering": 0.4, "ordering": 0.4, "scoring": 2.5}
_ENTRY_BYTES = 48  # of a log entry while its shard is ordered and looked at
_ENTRIES, _USUAL = 1_250_000, 24  # of a shard; shards, where memory does not ask for more
_AT_WORK = 0.4  # share of the memory for shards at work
_KEPT = 0.2  # share of the memory for logs that are made already
_LEAST_GB, _MOST_GB = 0.5, 1_000_000
_MOST_SHARDS = 100_000


def score(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    n_shards: int | None = None,
    memory_gb: float = 4.0,
    n_jobs: int = -1,
    n_reasons: int = 5,
    reasons_for: str = "flagged",
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
    max_bad_share: float = 0.01,
    time_zone: str | None = None,
    time_unit: str | None = None,
    not_after: Any = None,
) -> Path:
    """Score every account of a dataset folder whose messages need not fit in memory.

    The rows are those of `predict.score`, bit for bit. A run that is broken off, however that happens, is resumed by
    the same call: what it had done lies in ``OUT.partial`` beside the output, which appears whole when all is done.

    Parameters
    ----------
    folder : path
        A dataset folder as of `spamclf.read_dataset`. All tables but messages are held in memory.
    out : path
        The folder to come: ``part-00000.parquet`` and so on, one for each shard, and ``_scores.json``, which says what
        they were made from; readers of Parquet folders pass over a name that begins so, but polars, which takes
        ``OUT/*.parquet``.
    model : Model or path, optional
        By default the model that comes with spamclf.
    as_of : str, datetime or int (microseconds since the epoch), optional
        As of `predict.score`.
    n_shards : int, optional
        Parts of the accounts that are looked at one after the other; by default as many as memory asks for.
    memory_gb : float, default=4.0
        Memory to get along with, in gigabytes (10**9 bytes), from 0.5: it decides on the number of shards, and on how
        much of them is kept from pass to pass. What must be known of every account at once comes on top where there are
        millions, and so do the pages of files of its own, which the system takes back when it wants.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The scores do not depend on it.
    n_reasons, reasons_for
        As of `predict.score`.
    overwrite : bool, default=False
        Whether scores that are there already, or a broken run of other inputs, may be replaced.
    progress : callable, optional
        Told from time to time, in a line, how far the run is.
    max_bad_share, time_zone, time_unit, not_after
        As of `spamclf.read_dataset`.

    Returns
    -------
    out : Path

    Raises
    ------
    ParameterError, SchemaError, DataFileError, BadRowsError, ModelFileError, InsufficientDataError
        As of `read_dataset` and `predict.score`.
    OutputError
        If the output is there already, another run holds it, a broken run began with other inputs, or a write fails;
        what stood there before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> from spamclf import batch
    >>> out = batch.score("data/sample", Path(tempfile.mkdtemp()) / "scores", n_shards=2, n_jobs=1)
    >>> sorted(path.name for path in out.iterdir())
    ['_scores.json', 'part-00000.parquet', 'part-00001.parquet']
    """
    folder, out = check_folder(folder), Path(out)
    check_reasons("score", n_reasons, reasons_for)
    if n_shards is not None:
        check_count("score", "n_shards", n_shards, least=1, usual="8")
        if n_shards > _MOST_SHARDS:
            raise ParameterError(
                f"score: n_shards must be at most {_MOST_SHARDS:,}; got {n_shards:,}. Leave it out."
            )
        n_shards = int(n_shards)
    is_number = isinstance(memory_gb, int | float) and not isinstance(memory_gb, bool)
    if not is_number or not _LEAST_GB <= memory_gb <= _MOST_GB:
        raise ParameterError(
            f"score: memory_gb must be a number from {_LEAST_GB} to {_MOST_GB:,}; got {memory_gb!r}. Use 4.0."
        )
    check_settings(*times_of(folder, time_zone, time_unit), max_bad_share)
    check_progress(progress, "score")
    check_out(out, folder, overwrite=overwrite)
    settings = {
        "as_of": None if as_of is None else to_instant(as_of, where="score"),
        "n_shards": n_shards, "memory_gb": float(memory_gb), "n_reasons": int(n_reasons), "reasons_for": reasons_for,
        "max_bad_share": float(max_bad_share), "time_zone": time_zone, "time_unit": time_unit,
        "not_after": None if not_after is None else to_instant(not_after, name="not_after", where="score"),
        "rows": reading.ROWS,
    }  # fmt: skip
    with hold(out):
        run = _Run(
            folder, out, as_model(model), settings, n_threads(n_jobs, "score"), Progress(progress, _COSTS)
        )
        return run.go(overwrite=overwrite)


def check_out(out: Path, folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder of scores that cannot be, before the work."""
    if not out.name or out.resolve() == folder.resolve():
        raise OutputError(
            f"out: scores must have a folder of their own; got {out.name!r}. Use for instance scores."
        )
    if not out.parent.is_dir():
        raise OutputError(
            f"out: its folder must exist; got {out.parent.name!r}, which does not. Make it first."
        )
    if not os.path.lexists(out):
        return
    ours = out.is_dir() and not out.is_symlink() and ((out / MANIFEST).is_file() or not any(out.iterdir()))
    if not ours:
        raise OutputError(
            f"out: it must be a folder of scores; got {out.name!r}, which is none. Choose another name."
        )
    if not overwrite and any(out.iterdir()) and not work_folder(out).exists():
        raise OutputError(
            f"out: the folder must hold no scores yet; got {out.name!r}, which does. "
            "Choose a new folder, or say overwrite=True."
        )


class _Run:
    """The passes, in order; what each needs of the ones before."""

    def __init__(
        self,
        folder: Path,
        out: Path,
        model: Model,
        settings: dict[str, Any],
        n_jobs: int,
        progress: Progress,
    ) -> None:
        self.folder, self.out, self.model, self.settings = folder, out, model, settings
        self.n_jobs, self.progress = n_jobs, progress

    def go(self, *, overwrite: bool) -> Path:
        run = {
            "format": FORMAT, "version": sys.modules["spamclf"].__version__,
            "model": self.model.digest, "inputs": inputs_of(self.folder),
            **self.settings,
        }  # fmt: skip
        self.digest = digest_of(run)
        published = (read_json(self.out / MANIFEST) or {}).get("run") == self.digest
        if published and work_folder(self.out).exists():
            with writing(self.out):
                remove(work_folder(self.out))  # it was published, and the power went before it was tidied up
            return self.out
        check_out_free(self.out, overwrite=overwrite)
        with writing(self.out):
            self.work = begin(self.out, run, overwrite=overwrite)
            self.not_after = self._not_after()
            try:
                self._score()
            except SpamclfError as error:
                if not isinstance(error, OutputError):
                    remove(self.work)  # what was refused cannot be resumed
                raise
            publish(self.work / "scores", self.out)
            remove(self.work)
        return self.out

    def _not_after(self) -> int:
        """Return the latest legal instant: by default a day after the run first began."""
        if self.settings["not_after"] is not None:
            return int(self.settings["not_after"])
        begun = read_json(self.work / "begun.json")
        if begun is None:
            begun = {"at": time.time_ns() // 1000}
            write_json(self.work / "begun.json", begun)
        return int(begun["at"]) + DAY_US

    def _score(self) -> None:
        messages, integer_ids = self._read()
        numbers = number_ids(messages, integer_ids, self.n_jobs)
        dataset = self._dataset(messages, numbers)
        instant = last_look(
            dataset, self.settings["as_of"], self.model.feature_names, "score", n_jobs=self.n_jobs
        )
        shards = self._split(messages, numbers, dataset, instant)
        del numbers
        self.progress.begin("ordering", shards.n_shards)
        days = self.model.history_days
        logs = Logs(shards, _KEPT * self.settings["memory_gb"] * 1e9)
        summary, spans, n_duplicates = summarise(
            logs, instant, days, self.work, self.n_jobs, self.progress.add
        )
        self.progress.begin("scoring", shards.owner.size)
        paths = score_shards(
            logs, summary, spans, self.model, instant, self.settings["n_reasons"], self.settings["reasons_for"],
            self.work / "scores", self.n_jobs, self.progress.add,
        )  # fmt: skip
        write_json(
            self.work / "scores" / MANIFEST, self._manifest(dataset, messages, instant, n_duplicates, paths)
        )

    def _read(self) -> tuple[Messages, bool]:
        path = find_table(self.folder, TABLES["messages"])
        assert path is not None  # a dataset without messages is refused by find_table
        pieces = Pieces.open(path, TABLES["messages"])
        integer_ids = has_integer_ids(self.folder, pieces)
        zone, unit = times_of(self.folder, self.settings["time_zone"], self.settings["time_unit"])
        how = Reading(min(self.not_after, LAST_US - 2 * DAY_US), integer_ids, zone, unit, pieces.text)
        self.progress.begin("reading", pieces.n_rows or 0)
        as_of = self.settings["as_of"]
        messages = read_messages(
            pieces,
            how,
            self.work,
            None if as_of is None else self._window(as_of),
            self.n_jobs,
            self.progress.add,
        )
        where = pieces.loaded().where
        refuse_if_too_many(
            where, messages.rows_in, messages.bad, messages.origin, self.settings["max_bad_share"]
        )
        return messages, integer_ids

    def _window(self, instant: int) -> tuple[int, int]:
        return instant - round(self.model.history_days * DAY_US), instant

    def _dataset(self, messages: Messages, numbers: Numbers) -> Dataset:
        """Return the dataset, of whose messages only the senders are there."""
        reading = {name: self.settings[name] for name in ("max_bad_share", "time_zone", "time_unit")}
        senders = numbers.words.filter(pa.array(numbers.is_sender))
        rows = sender_rows(senders, messages.last, messages.rows_in)
        dataset = read_around(self.folder, rows, not_after=self.not_after, **reading)
        dataset.account_for("messages", messages.rows_in, messages.bad, messages.origin)
        return dataset

    def _split(self, messages: Messages, numbers: Numbers, dataset: Dataset, instant: int) -> Shards:
        n_rows = [len(pack["time"]) for pack in messages.packs()]
        n_shards = self.settings["n_shards"] or _shards_for(
            2 * sum(n_rows), self.settings["memory_gb"], self.n_jobs
        )
        # Another number of threads may resume.
        plan = read_json(self.work / "plan.json") or {"n_shards": n_shards}
        write_json(self.work / "plan.json", plan)
        self.progress.begin("numbering", sum(n_rows))
        return split_messages(
            messages, numbers, dataset, self.model, self._window(instant), plan["n_shards"], self.work, self.n_jobs,
            self.progress.add,
        )  # fmt: skip

    def _manifest(
        self, dataset: Dataset, messages: Messages, instant: int, n_duplicates: int, paths: list[Path]
    ) -> dict[str, Any]:
        parts: list[dict[str, Any]] = []
        verdicts: dict[str, int] = {}
        for path in paths:
            column = pq.read_table(path, columns=["verdict"])["verdict"]
            for entry in column.value_counts().to_pylist():
                verdicts[entry["values"]] = verdicts.get(entry["values"], 0) + entry["counts"]
            parts.append({"file": path.name, "rows": len(column), "sha256": sha256_file(path)})
        return {
            "format": FORMAT, "spamclf": sys.modules["spamclf"].__version__, "run": self.digest,
            "model": {"name": self.model.name, "digest": self.model.digest},
            "as_of": iso(instant), "as_of_us": instant, "n_accounts": sum(part["rows"] for part in parts),
            "verdicts": verdicts, "n_duplicates": n_duplicates,
            "first_message_us": messages.first, "last_message_us": messages.last,
            "tables": {name: asdict(counts) for name, counts in dataset.counts.items()},
            "quarantine": [
                {"table": table, "column": column, "rule": rule, "rows": n}
                for (table, column, rule), n in dataset.quarantine.counts.items()
            ],
            "parts": parts,
        }  # fmt: skip


def check_out_free(out: Path, *, overwrite: bool) -> None:
    """Refuse scores that are there already and were not made by this very run."""
    if not overwrite and os.path.lexists(out / MANIFEST):
        raise OutputError(
            f"out: the folder must hold no scores yet; got {out.name!r}, which does. "
            "Choose a new folder, or say overwrite=True."
        )


def _shards_for(n_entries: int, memory_gb: float, n_jobs: int) -> int:
    """Return how many shards let `n_jobs` of them be in memory at once; a few more keep threads busy."""
    needed = math.ceil(n_entries * _ENTRY_BYTES * n_jobs / (_AT_WORK * memory_gb * 1e9))
    return max(needed, min(math.ceil(n_entries / _ENTRIES), _USUAL), 1)
