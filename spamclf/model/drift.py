"""What a comparison of new accounts with the calibration accounts says about a certificate."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LEVEL", "PSI_LIMITS", "ColumnDrift", "DriftReport", "ThresholdCount"]

#: Population stability index from which a column drifts, and from which it has moved: the usual limits.
PSI_LIMITS = (0.1, 0.25)
#: Chance of any alarm at all where nothing changed: over all columns, over all thresholds, over all honest counts.
LEVEL = 0.01


@dataclass(frozen=True)
class ColumnDrift:
    """How far a column has moved.

    Attributes
    ----------
    name : str
        ``score`` or a feature.
    psi : float
        Population stability index over ten quantile bins and the missing values.
    ks : float
        Largest distance of the two cumulative shares, missing values counted first.
    p_value : float
        Chance of so large a `ks` where nothing changed; two-sample Kolmogorov-Smirnov, on the safe side for ties.
    level : {"steady", "drifting", "moved"}
        By `psi` (0.1, 0.25), where `p_value` times the number of columns is at most 1 %; else steady.
    """

    name: str
    psi: float
    ks: float
    p_value: float
    level: str


@dataclass(frozen=True)
class ThresholdCount:
    """How many accounts reach a threshold, and whether that is chance.

    Attributes
    ----------
    name : str
        ``all accounts``, or a segment.
    n_accounts, n_reaching : int
    expected : float
        How many were to be expected: as many as of the calibration accounts, or as the bound allows.
    n_limit : int or None
        From how many on they are too many for an accident; None if all would be none.
    p_value : float
        Chance of so many where nothing changed, or where the bound holds exactly.
    """

    name: str
    n_accounts: int
    n_reaching: int
    expected: float
    n_limit: int | None
    p_value: float

    @property
    def too_many(self) -> bool:
        """Whether so many are no accident."""
        return self.n_limit is not None and self.n_reaching >= self.n_limit

    def __str__(self) -> str:
        limit = "any may be chance" if self.n_limit is None else f"too many from {self.n_limit:,} on"
        expected = f"{self.expected:,.0f}" if self.expected >= 10 else f"{self.expected:.2g}"
        return (
            f"{self.name}: {self.n_reaching:,} of {self.n_accounts:,}, {expected} expected, {limit} "
            f"(p {self.p_value:.2g})"
        )


@dataclass(frozen=True)
class DriftReport:
    """What `Certificate.check` found.

    Attributes
    ----------
    columns : tuple of ColumnDrift
        The score first, then the features that were given.
    n_rows : int
        New accounts.
    least_rows : int or None
        With fewer, even a large shift (KS distance 0.2) may stay unseen; None if the reference is too small for any.
    reaching : tuple of ThresholdCount
        New accounts that reach the threshold, beside the calibration accounts that did: of all, then of each segment
        with a bound of its own, at its threshold.
    honest : tuple of ThresholdCount
        Newly labelled honest accounts that were ever flagged, beside what was promised, likewise; if any were given.
    """

    columns: tuple[ColumnDrift, ...]
    n_rows: int
    least_rows: int | None
    reaching: tuple[ThresholdCount, ...] = ()
    honest: tuple[ThresholdCount, ...] = ()

    @property
    def status(self) -> str:
        """One of ``expired``, ``watch``, ``unsure`` and ``holds``.

        Expired: the scores moved, more accounts reach a threshold than did, or more honest ones are flagged than the
        bound allows. Watch: the scores drift, or a feature moved. Unsure: too few new accounts to tell.
        """
        score, *features = self.columns
        if score.level == "moved" or any(count.too_many for count in (*self.reaching, *self.honest)):
            return "expired"
        if score.level == "drifting" or any(column.level == "moved" for column in features):
            return "watch"
        return "unsure" if self.least_rows is None or self.n_rows < self.least_rows else "holds"

    @property
    def holds(self) -> bool | None:
        """Whether nothing speaks against the certificate; None if there are too few new accounts to tell."""
        return {"expired": False, "unsure": None}.get(self.status, True)

    @property
    def moved(self) -> tuple[str, ...]:
        """Names of the columns that drift or moved, the farthest first."""
        found = [column for column in self.columns if column.level != "steady"]
        return tuple(column.name for column in sorted(found, key=lambda column: -column.psi))

    @property
    def advice(self) -> str:
        """What to do."""
        enough = (
            f"at least {self.least_rows:,} accounts" if self.least_rows else "a reference of more accounts"
        )
        return {
            "expired": "Do not rely on the certificate: label later honest accounts and certify again, or train again.",
            "watch": "Look at what moved; label later honest accounts, give their scores as `honest`, and check again.",
            "unsure": f"Check again with {enough}.",
            "holds": "Nothing to do. Check again as accounts come in.",
        }[self.status]

    def __str__(self) -> str:
        lines = [f"certificate: {self.status}, by {self.n_rows:,} new accounts. {self.advice}"]
        lines += [f"  reach the threshold, {count}" for count in self.reaching]
        lines += [f"  honest, yet flagged, {count}" for count in self.honest]
        for column in self.columns:
            figures = f"PSI {column.psi:.3f}  KS {column.ks:.3f}  p {column.p_value:.2g}"
            lines.append(f"  {column.name:<32} {figures}  {column.level}")
        return "\n".join(lines)
