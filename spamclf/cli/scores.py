"""What ``score`` prints, from scores in one table or in many parts, and how it fills a folder of them."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spamclf.wording import counted

if TYPE_CHECKING:
    from spamclf.dataset import Dataset

__all__ = ["Told", "doubt", "is_folder", "line", "score_folder", "terminal_width"]

_LOGGED_EVERY_S = 60.0
_LONGEST_ID = 64  # letters shown
_LEAST_SEEN = 0.01  # share of the messages that a look-back should hold


@dataclass
class Told:
    """What is printed of scores: the highest, and counts of all.

    Attributes
    ----------
    top : int
        How many accounts to print.
    highest : list of dict
        Rows of these, highest scores first.
    """

    top: int
    highest: list[dict[str, Any]] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    n_messages: int = 0
    model: str = ""
    as_of: Any = None
    thresholds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, parts: Iterable[Any], top: int) -> Told:
        """Go through the parts, one in memory at a time."""
        told = cls(top)
        for part in parts:
            if part.num_rows:
                told._add(part)
        return told

    def _add(self, part: Any) -> None:
        import pyarrow.compute as pc

        judged = part.filter(pc.not_equal(part["verdict"], "insufficient_data"))
        ranked = judged.sort_by([("score", "descending"), ("account_id", "ascending")])
        rows = self.highest + ranked.slice(0, self.top).to_pylist()
        self.highest = sorted(rows, key=lambda row: (-row["score"], row["account_id"]))[: self.top]
        for entry in part["verdict"].value_counts().to_pylist():
            self.verdicts[entry["values"]] += entry["counts"]
        self.n_messages += pc.sum(part["n_messages"]).as_py()
        self.model, self.as_of = (part[name][0].as_py() for name in ("model", "as_of"))
        ends = [each.as_py() for each in pc.min_max(part["threshold"]).values()]
        self.thresholds = [min([*self.thresholds, *ends]), max([*self.thresholds, *ends])]

    def text(self, *, all_reasons: bool = False, width: int | None = None) -> str:
        """Lay out the highest scores as a table with the top reason of each; then counts of all.

        Parameters
        ----------
        all_reasons : bool, default=False
            Whether the other reasons follow, a line each.
        width : int, optional
            Longer lines of the table are cut; by default none is.
        """
        if not self.verdicts:
            return "no accounts"
        lines = self._table(self.highest, all_reasons=all_reasons, width=width) if self.highest else []
        lines.append(
            f"{self.verdicts.total():,} accounts as of {self.as_of.replace(tzinfo=None).isoformat(' ')} UTC: "
            + ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(self.verdicts.items()))
            + f" (model {self.model}, {self._thresholds()})"
        )
        return "\n".join(lines)

    @staticmethod
    def _table(rows: list[dict[str, Any]], *, all_reasons: bool, width: int | None) -> list[str]:
        names = [_printable(row["account_id"]) for row in rows]
        wide = max(len("account"), *map(len, names))
        lines = [f"{'score':>7}  {'verdict':<13}  {'messages':>8}  {'account':<{wide}}  top reason"]
        for name, row in zip(names, rows, strict=True):
            first, *others = [reason["sentence"] for reason in row["reasons"]] or [""]
            told = f"{row['score']:7.4f}  {row['verdict']:<13}  {row['n_messages']:>8,}  {name:<{wide}}  "
            lines.append((told + first).rstrip())
            if all_reasons:
                lines += [f"{'':{len(told)}}{sentence}" for sentence in others]
        return lines if width is None else [_cut(line, width) for line in lines]

    def _thresholds(self) -> str:
        """Say which thresholds are in force: with a certificate they may be higher in some segments."""
        low, high = self.thresholds
        return f"threshold {low:.4f}" if low == high else f"thresholds {low:.4f} to {high:.4f}, by segment"

    def doubt(self, n_messages: int, first_us: int | None, last_us: int | None) -> None:
        """Say on stderr what makes a run suspect though every row of it is in order."""
        _doubt(self.n_messages, n_messages, first_us, last_us)


def doubt(dataset: Dataset, as_of: int | None, history_days: float) -> None:
    """Do as `Told.doubt` where there are no scores to tell from: count the messages that a look-back holds."""
    from spamclf.facts import instants_of
    from spamclf.instants import DAY_US

    sent_at = instants_of(dataset.messages, "sent_at")
    if as_of is None or not sent_at.size:
        return
    seen = int(((sent_at >= as_of - round(history_days * DAY_US)) & (sent_at < as_of)).sum())
    _doubt(seen, sent_at.size, int(sent_at.min()), int(sent_at.max()))


def _doubt(n_seen: int, n_messages: int, first_us: int | None, last_us: int | None) -> None:
    from spamclf.instants import iso

    if first_us is None or last_us is None or n_seen >= _LEAST_SEEN * n_messages:
        return
    first, last = (iso(each).replace("T", " ")[:16] for each in (first_us, last_us))
    click.echo(
        f"Warning: the look-back holds {n_seen:,} of {n_messages:,} messages, which run from {first} to "
        f"{last} UTC. Are --as-of and --time-unit right?",
        err=True,
    )


def _printable(account_id: Any) -> str:
    """Show an id so that no character of it moves a terminal's cursor or colours; of a long one the beginning."""
    text = _cut(str(account_id), _LONGEST_ID + 1)
    return text if text.isprintable() else repr(text)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: max(width - 1, 0)]}…"


def terminal_width(*, all_reasons: bool) -> int | None:
    """Return how long a line may be at a terminal; what goes to a file, or is asked for in full, is never cut."""
    return None if all_reasons or not sys.stdout.isatty() else shutil.get_terminal_size().columns


def is_folder(out: str) -> bool:
    """Tell whether an output's name is that of a folder: it is one, or has no ending as files have it."""
    return Path(out).is_dir() or re.fullmatch(r"\.[A-Za-z]+", Path(out).suffix) is None


def score_folder(
    folder: str, out: str, model: str | None, top: int, *, all_reasons: bool, **settings: Any
) -> None:
    """Score a dataset into a folder of parts, and print what was found."""
    import pyarrow.parquet as pq

    from spamclf import batch
    from spamclf.batch.publish import MANIFEST, read_json
    from spamclf.describe import balance_of
    from spamclf.tables.quarantine import RowCounts

    try:
        with line() as say:
            target = batch.score(folder, out, model, progress=say, **settings)
    except KeyboardInterrupt:
        click.echo("Interrupted. The same command goes on from here.", err=True)
        raise SystemExit(130) from None
    manifest = read_json(target / MANIFEST)
    told = Told.of((pq.read_table(target / part["file"]) for part in manifest["parts"]), top)
    click.echo(told.text(all_reasons=all_reasons, width=terminal_width(all_reasons=all_reasons)))
    counts = {name: RowCounts(**each) for name, each in manifest["tables"].items()}
    told.doubt(counts["messages"].rows_used, manifest["first_message_us"], manifest["last_message_us"])
    click.echo(balance_of(counts.values(), manifest["n_duplicates"]))
    parts = counted(len(manifest["parts"]), "part")
    click.echo(f"{manifest['n_accounts']:,} scores written to {out} in {parts}")


@contextlib.contextmanager
def line() -> Iterator[Callable[[str], None]]:
    """Write each text over the one before at a terminal; into a log, one a minute."""
    seen, told = sys.stderr.isatty(), time.monotonic()

    def say(text: str) -> None:
        nonlocal told
        if seen:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
        elif text and time.monotonic() - told >= _LOGGED_EVERY_S:
            told = time.monotonic()
            click.echo(text, err=True)

    try:
        yield say
    finally:
        say("")
