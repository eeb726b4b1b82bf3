"""What an audit found: findings, and what could not be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from spamclf.instants import iso
from spamclf.tables.frames import to_native

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Finding", "Kind", "LeakageReport", "Severity"]

Kind = Literal[
    "future", "unrepeatable", "label_source", "own_label", "separates", "id", "row_order",
    "account_in_parts", "campaign_in_parts", "duplicate_rows", "time_order",
]  # fmt: skip
Severity = Literal["leak", "suspicion"]

_LINES = 20  # findings that are printed

#: The kinds of findings in the order of a report, and what each means.
KINDS: dict[Kind, str] = {
    "future": "a value changes when rows at or after its instant change",
    "unrepeatable": "a value changes though nothing changed, so nothing else could be tried on it",
    "label_source": "a value is read from the table that made the labels, or some of them",
    "own_label": "a value changes when the account's own label changes",
    "separates": "one feature alone tells the classes apart almost without error",
    "id": "a value hangs on what an account is called",
    "row_order": "a value hangs on where rows stand in their table",
    "account_in_parts": "an account has rows in several parts of the split",
    "campaign_in_parts": "a campaign has accounts in several parts of the split",
    "duplicate_rows": "accounts of different parts sent the same messages, or have nearly the same values",
    "time_order": "rows to learn from are later than rows to test on",
}


@dataclass(frozen=True)
class Finding:
    """One thing that an audit found.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    severity : {"leak", "suspicion"}
        A leak was seen to happen; a suspicion has an innocent explanation too, and wants somebody to look.
    subject : str
        The feature, the campaign or the kind of cluster.
    n : int
        How many accounts (of `time_order` rows) it concerns.
    n_tried : int
        Of how many that were looked at.
    sentence : str
        The finding in words; no account id and no text stands in it.

    Examples
    --------
    >>> print(Finding("own_label", "leak", "risk", 8, 8, "it changes with the account's own label"))
    leak       own_label          risk: it changes with the account's own label (8 of 8)
    """

    kind: Kind
    severity: Severity
    subject: str
    n: int
    n_tried: int
    sentence: str

    def __str__(self) -> str:
        head = f"{self.severity:<10} {self.kind:<18} {self.subject}"
        return f"{head}: {self.sentence} ({self.n:,} of {self.n_tried:,})"


@dataclass(frozen=True)
class LeakageReport:
    """What `audit_leakage` found. It is true when nothing was found, so that ``assert report, report`` reads right.

    Attributes
    ----------
    findings : tuple of Finding
        Leaks first, then suspicions; each in the order of `KINDS`.
    features : tuple of str
        The features that were looked at.
    instants : tuple of int
        The instants at which they were computed, microseconds since the epoch; the last is the audit's `as_of`.
    notes : tuple of str
        What was not looked at, and why.
    frame : str
        The dataframe library that the dataset came in.

    Examples
    --------
    >>> report = LeakageReport((), ("fan_out_strangers",), (1780272000000000,), ())
    >>> report.ok
    True
    >>> print(report)
    nothing found: 1 feature, 1 instant up to 2026-06-01T00:00:00Z
    """

    findings: tuple[Finding, ...]
    features: tuple[str, ...]
    instants: tuple[int, ...]
    notes: tuple[str, ...]
    frame: str = "pyarrow"

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found, neither a leak nor a suspicion."""
        return not self.findings

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """The findings that are no mere suspicions."""
        return tuple(each for each in self.findings if each.severity == "leak")

    def __bool__(self) -> bool:
        return self.ok

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """Return the findings of a kind.

        Parameters
        ----------
        kind : str
            As of `Finding`.

        Returns
        -------
        findings : tuple of Finding
            In the order of `findings`.
        """
        return tuple(each for each in self.findings if each.kind == kind)

    def to_arrow(self) -> pa.Table:
        """Return one row per finding: kind, severity, subject, n, n_tried, sentence."""
        types = {"n": pa.int64(), "n_tried": pa.int64()}
        names = ("kind", "severity", "subject", "n", "n_tried", "sentence")
        return pa.table(
            {
                name: pa.array([getattr(each, name) for each in self.findings], types.get(name, pa.string()))
                for name in names
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the same as a pandas dataframe."""
        return self.to_arrow().to_pandas()  # type: ignore[no-any-return]

    def to_native(self) -> Any:
        """Return the same as a dataframe of the kind that the dataset came in."""
        return to_native(self.to_arrow(), self.frame)

    def __str__(self) -> str:
        n_leaks = len(self.leaks)
        n_others = len(self.findings) - n_leaks
        found = (
            f"{_count(n_leaks, 'leak')}, {_count(n_others, 'suspicion')}"
            if self.findings
            else "nothing found"
        )
        head = (
            f"{found}: {_count(len(self.features), 'feature')}, {_count(len(self.instants), 'instant')} "
            f"up to {iso(self.instants[-1])}"
        )
        lines = [head, *map(str, self.findings[:_LINES])]
        if len(self.findings) > _LINES:
            lines.append(f"... and {len(self.findings) - _LINES:,} more: see findings")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
