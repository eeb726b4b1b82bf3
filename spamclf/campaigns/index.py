"""The memory of campaigns: who showed which fingerprint when, and what was found out about whom. It travels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.index_folder import arrays_of, memory_of, read_index, schemes_of, write_index
from spamclf.campaigns.sightings import Kind, Sightings
from spamclf.campaigns.standing import standing_clusters
from spamclf.campaigns.verdicts import Evidence, Instants, Labels, Pseudonyms
from spamclf.errors import ParameterError
from spamclf.instants import to_instant
from spamclf.wording import counted

__all__ = ["CampaignIndex"]

_KINDS: Mapping[str, Kind] = {"photos": "photo", "texts": "text", "lists": "list"}


@dataclass(frozen=True, eq=False, repr=False)
class CampaignIndex:
    """What is remembered of photos, texts and recipient lists, so that a known campaign is recognised at once.

    It never changes; what adds to it or takes from it returns another one. It is a set: the same sightings, labels and
    evidence give the same index, byte for byte when saved, in whatever order and batches they came.

    It holds no id, no text, no picture and no name of an operator: accounts and operators are known by pseudonyms,
    contents by fingerprints. **That is no anonymity.** A pseudonym is eight bytes of an unkeyed hash: whoever can list
    the possible ids (all telephone numbers of a country take minutes) finds the account behind each and, of a recipient
    list, up to 128 of the recipients; and with a candidate text or photo in hand anybody can test whether it was seen,
    by whom and when. The file is personal data: keep it as you would keep the tables it was made from, `forget` what is
    older than you may hold, and leave it out of a model that you hand on: ``dataclasses.replace(model, memory=None)``.

    Parameters
    ----------
    photos, texts, lists : Sightings, optional
        The scheme of one without sightings is ``""``, whatever it was before; `add` therefore accepts the first ones
        of any scheme.
    labels : Labels, optional
    evidence : Evidence, optional

    Raises
    ------
    ParameterError
        If sightings are of another kind than their place.

    Examples
    --------
    >>> monday = Sightings.of("photo", "pdq", [7, 5], [20, 10], np.array([[1, 0, 0, 2]] * 2))
    >>> tuesday = Sightings.of("photo", "pdq", [9], [30], np.array([[1, 0, 0, 3]]))
    >>> index = CampaignIndex().add(tuesday).add(monday, labels=Labels.of([7], [25], [True]))
    >>> index
    <CampaignIndex: 3 accounts; 2 photos, 0 texts, 0 lists, 1 label>
    >>> index.before(25)
    <CampaignIndex: 2 accounts; 1 photo, 0 texts, 0 lists, 0 labels>
    >>> index.forget(20).photos.account
    array([7, 9], dtype=uint64)
    """

    photos: Sightings = field(default_factory=lambda: Sightings.empty("photo", ""))
    texts: Sightings = field(default_factory=lambda: Sightings.empty("text", ""))
    lists: Sightings = field(default_factory=lambda: Sightings.empty("list", ""))
    labels: Labels = field(default_factory=lambda: Labels.of([], [], []))
    evidence: Evidence = field(default_factory=lambda: Evidence.of([], [], []))

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            seen: Sightings = getattr(self, name)
            _check_type(seen, Sightings, name, "CampaignIndex")
            if seen.kind != kind:
                raise ParameterError(
                    f"CampaignIndex: {name} must be sightings of kind '{kind}'; got '{seen.kind}'. Swap them."
                )
            if not len(seen):  # nothing seen is nothing seen, in any scheme
                object.__setattr__(self, name, Sightings.empty(kind, ""))
        _check_type(self.labels, Labels, "labels", "CampaignIndex")
        _check_type(self.evidence, Evidence, "evidence", "CampaignIndex")

    @classmethod
    def empty(cls) -> CampaignIndex:
        """Return an index that remembers nothing."""
        return cls()

    def __len__(self) -> int:
        """Count the different accounts that anything is known of."""
        return int(np.unique(np.concatenate([account for account, _ in self._traces()])).size)

    def __bool__(self) -> bool:
        """Tell whether anything is known."""
        return any(account.size for account, _ in self._traces())

    def __repr__(self) -> str:
        sizes = {name: len(getattr(self, name).words) for name in _KINDS} | {"labels": len(self.labels)}
        accounts, *rest = (counted(n, name[:-1]) for name, n in {"accounts": len(self), **sizes}.items())
        return f"<CampaignIndex: {accounts}; {', '.join(rest)}>"

    @property
    def sightings(self) -> tuple[Sightings, Sightings, Sightings]:
        """The photos, the texts and the lists."""
        return self.photos, self.texts, self.lists

    # ---- sets ----------------------------------------------------------------------------------------------------

    def add(
        self, *sightings: Sightings, labels: Labels | None = None, evidence: Evidence | None = None
    ) -> CampaignIndex:
        """Return an index that remembers these, too.

        Parameters
        ----------
        *sightings : Sightings
            Of any kind each.
        labels : Labels, optional
        evidence : Evidence, optional

        Returns
        -------
        index : CampaignIndex
            A new one; this one stays as it is.

        Raises
        ------
        SchemaError
            If fingerprints were made by another scheme than those of the index: they cannot be compared.
        ParameterError
            If something else than sightings, labels or evidence is given.
        """
        for seen in sightings:
            _check_type(seen, Sightings, "sightings", "CampaignIndex.add")
        if labels is not None:
            _check_type(labels, Labels, "labels", "CampaignIndex.add")
        if evidence is not None:
            _check_type(evidence, Evidence, "evidence", "CampaignIndex.add")
        photos, texts, lists = (
            _joined([mine, *(seen for seen in sightings if seen.kind == mine.kind)])
            for mine in self.sightings
        )
        labels = self.labels if labels is None else Labels.join(self.labels, labels)
        evidence = self.evidence if evidence is None else Evidence.join(self.evidence, evidence)
        return CampaignIndex(photos, texts, lists, labels, evidence)

    def merge(self, *others: CampaignIndex) -> CampaignIndex:
        """Return an index that remembers what any of these does.

        Of two verdicts on one account at one instant the milder one stands, as everywhere.

        Parameters
        ----------
        *others : CampaignIndex

        Returns
        -------
        index : CampaignIndex

        Raises
        ------
        SchemaError
            If their fingerprints were made by different schemes: they cannot be compared.
        ParameterError
            If one of them is something else.
        """
        for other in others:
            _check_type(other, CampaignIndex, "others", "CampaignIndex.merge")
        return self.add(
            *(seen for other in others for seen in other.sightings),
            labels=Labels.join(self.labels, *(other.labels for other in others)),
            evidence=Evidence.join(self.evidence, *(other.evidence for other in others)),
        )

    def before(self, instant: Any) -> CampaignIndex:
        """Return what was known before an instant: sightings, labels and evidence of earlier ones.

        Parameters
        ----------
        instant : str, datetime or int
            As of `spamclf.instants.to_instant`.

        Returns
        -------
        index : CampaignIndex

        Raises
        ------
        ParameterError
            If the instant is none.
        """
        until = to_instant(instant, name="instant", where="CampaignIndex.before")
        return self._where([instant < until for _, instant in self._traces()])

    def forget(self, before: Any) -> CampaignIndex:
        """Return an index without the accounts last seen before an instant, and without all that is known of them.

        An account that showed no fingerprint at all is judged by its latest label or evidence. A later label does not
        keep an account that showed some: it is being watched for what it does. Merge first, then forget: an account
        that is old in one index may be young in another.

        Parameters
        ----------
        before : str, datetime or int
            As of `spamclf.instants.to_instant`.

        Returns
        -------
        index : CampaignIndex

        Raises
        ------
        ParameterError
            If the instant is none.
        """
        limit = to_instant(before, name="before", where="CampaignIndex.forget")
        traces = self._traces()
        seen, last_seen = _latest(traces[:3])
        known, last_known = _latest(traces[3:])
        unseen = ~np.isin(known, seen)
        gone = np.concatenate([seen[last_seen < limit], known[unseen & (last_known < limit)]])
        return self._where([np.isin(account, gone, invert=True) for account, _ in traces])

    def _traces(self) -> list[tuple[Pseudonyms, Instants]]:
        return [
            *((seen.account, seen.instant) for seen in self.sightings),
            (self.labels.account, self.labels.labelled_at),
            (self.evidence.account, self.evidence.observed_at),
        ]

    def _where(self, chosen: list[npt.NDArray[np.bool_]]) -> CampaignIndex:
        """Return some of the rows, by one mask for each of `_traces`."""
        *seen, labels, evidence = chosen
        photos, texts, lists = (mine.where(rows) for mine, rows in zip(self.sightings, seen, strict=True))
        return CampaignIndex(photos, texts, lists, self.labels.where(labels), self.evidence.where(evidence))

    # ---- clusters ------------------------------------------------------------------------------------------------

    def clusters(
        self,
        as_of: Any,
        *,
        history_days: float | None = None,
        leaving_out: Any = None,
        min_accounts: int = 1,
        n_jobs: int = -1,
    ) -> pa.Table:
        """Return the clusters of what was known before an instant.

        Nothing at or after the instant changes them: what links two clusters later does not merge the past. Whether an
        account existed at the instant the index does not know: it holds what those showed who did when it was made.
        Of photos it holds the hashes as they were shown: turned or mirrored copies are clusters of their own here.

        Parameters
        ----------
        as_of : str, datetime or int
            As of `spamclf.instants.to_instant`.
        history_days : float, optional
            Look-back in days; sightings, labels and evidence before it are not seen. By default all are.
        leaving_out : str, int or several, optional
            Ids of accounts whose sightings are not seen, so that what is said of an account need not be its own doing.
        min_accounts : int, default=1
            Smaller clusters are left out.
        n_jobs : int, default=-1
            Threads, in joblib's sense. The result does not depend on it.

        Returns
        -------
        clusters : pyarrow.Table
            One row per cluster, in the order, with the names and under the numbers of a listing (`Campaigns.table`):
            most accounts first, then the earlier one, then the lesser content:

            - ``kind`` (photo, text, list) and ``campaign``, its number among those of its kind, from 1. The numbers of
              another instant are others;
            - ``n_accounts``, ``n_fingerprints``: different accounts, different fingerprints;
            - ``first_seen``, ``last_seen``, and ``age_s``, seconds from the first sighting to the instant;
            - ``growth_24h``: accounts first seen in it in the last 24 hours;
            - ``n_labelled``, ``n_automated``, ``automated_share``: by each account's latest label; the share is null
              where nobody is labelled;
            - ``n_evidence``: accounts tied to a named operator by evidence;
            - ``fingerprint``: the hash of a photo cluster's medoid, 64 hex digits; null for texts and lists.

        Raises
        ------
        ParameterError
            For an argument out of its range.

        Examples
        --------
        >>> seen = Sightings.of("photo", "pdq", [7, 5], [20, 10], np.array([[1, 0, 0, 2]] * 2))
        >>> index = CampaignIndex().add(seen, labels=Labels.of([7], [25], [True]))
        >>> index.clusters(30).select(["n_accounts", "n_automated", "age_s"]).to_pylist()
        [{'n_accounts': 2, 'n_automated': 1, 'age_s': 2e-05}]
        >>> index.clusters(20)["n_accounts"].to_pylist()
        [1]
        """
        return standing_clusters(
            self.sightings,
            self.labels,
            self.evidence,
            as_of=as_of,
            history_days=history_days,
            leaving_out=leaving_out,
            min_accounts=min_accounts,
            n_jobs=n_jobs,
        )

    # ---- files ---------------------------------------------------------------------------------------------------

    @property
    def schemes(self) -> dict[str, str]:
        """How the fingerprints of each kind that was seen were made."""
        return schemes_of(self.sightings)

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All numbers by name, as `from_arrays` takes them.

        Raises
        ------
        ParameterError
            If the index is not sound: it was put together by hand, and nobody could load it.
        """
        return arrays_of(self.sightings, self.labels, self.evidence)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], schemes: Any) -> CampaignIndex:
        """Audit arrays and schemes that nobody vouches for, and construct the index.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            As of `arrays`, of the right names, dtypes and shapes.
        schemes : dict of str to str
            As of `schemes`.

        Returns
        -------
        index : CampaignIndex

        Raises
        ------
        ParameterError
            If they are no sound index (see ``spamclf.campaigns.audit``).
        """
        (photos, texts, lists), labels, evidence = memory_of(arrays, schemes)
        return cls(photos, texts, lists, labels, evidence)

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the index to a folder; readers see the former one or this one, never half of one.

        A model takes it along only as its ``memory``: ``train.fit(..., memory=index)``, or
        ``dataclasses.replace(model, memory=index)``. Personal data (see `CampaignIndex`). A different text or list
        takes 512 bytes, a photo 32, a sighting 20.

        Parameters
        ----------
        folder : path-like
            Made if missing.
        overwrite : bool, default=False
            Whether an index that is already there may be replaced.

        Raises
        ------
        OutputError
            If one is there already, the folder is a model's, another run holds it, or a write fails.
        ParameterError
            If it would take more than 4 GiB (`forget` something), or is not sound.
        """
        write_index(folder, (self.sightings, self.labels, self.evidence), overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> CampaignIndex:
        """Read an index that `save` wrote: read, audit, construct.

        Parameters
        ----------
        folder : path-like

        Returns
        -------
        index : CampaignIndex

        Raises
        ------
        ModelFileError
            If the folder is damaged, forged, of a later format, or no index at all.

        Examples
        --------
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> CampaignIndex().add(Sightings.of("photo", "pdq", [7], [20], np.array([[1, 0, 0, 2]]))).save(folder)
        >>> CampaignIndex.load(folder)
        <CampaignIndex: 1 account; 1 photo, 0 texts, 0 lists, 0 labels>
        """
        (photos, texts, lists), labels, evidence = read_index(folder)
        return cls(photos, texts, lists, labels, evidence)


def _check_type(value: Any, kind: type, name: str, where: str) -> None:
    if not isinstance(value, kind):
        raise ParameterError(
            f"{where}: {name} must be {kind.__name__}; got {type(value).__name__}. Make it with {kind.__name__}.of, "
            "or read it from a dataset."
            if kind is not CampaignIndex
            else f"{where}: {name} must be campaign indexes; got {type(value).__name__}. Use CampaignIndex.load."
        )


def _joined(parts: list[Sightings]) -> Sightings:
    filled = [part for part in parts if len(part)]
    if len(filled) > 1:
        return Sightings.join(filled)
    return filled[0] if filled else parts[0]


def _latest(traces: list[tuple[Pseudonyms, Instants]]) -> tuple[Pseudonyms, Instants]:
    """Return the different accounts, and the latest instant of each."""
    account, place = np.unique(np.concatenate([account for account, _ in traces]), return_inverse=True)
    latest = np.full(account.size, -1, np.int64)
    np.maximum.at(latest, place, np.concatenate([instant for _, instant in traces]))
    return account, latest
