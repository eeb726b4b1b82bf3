"""The dossier itself: what was gathered, as data and as a page."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spamclf.dossier.page import page_of
from spamclf.files import atomic_write, hold, make_folder
from spamclf.wording import counted

__all__ = ["DATA", "PAGE", "Dossier"]

DATA, PAGE = "dossier.json", "dossier.html"


@dataclass(frozen=True, eq=False)
class Dossier:
    """All that ties accounts to one operation; `spamclf.dossier.gather` makes it.

    Parameters
    ----------
    contents : mapping
        What JSON can hold; see `to_dict`.
    thumbnails : mapping of str to bytes
        Small JPEG pictures by perceptual hash.

    Examples
    --------
    >>> from spamclf import dossier, read_dataset
    >>> found = dossier.gather(read_dataset("data/sample"), operator="operator-6f3e88f4")
    >>> found
    <Dossier: operator-6f3e88f4, 6 accounts, 2 known by evidence>
    """

    contents: Mapping[str, Any]
    thumbnails: Mapping[str, bytes]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold.

        - ``about``: the operation, the arguments, as_of, the version of spamclf, the model and its digest, and how the
          dataset was read (`Dataset.reading`);
        - ``summary``: counts, and the first and the last send;
        - ``remarks``: what is known, what is inferred and by which rule, what the numbers do not show;
        - ``accounts``: each with what ties it, registration, sends, strangers, labels, score and, where a policy date
          is given, the same since then;
        - ``shared``: photos, texts, lists, devices and networks that accounts share, and whether they were used;
        - ``evidence``, ``photos``, ``texts``: rows about the accounts, each with its hash (`row_hash`);
        - ``days``: sends, senders and new strangers by UTC day, and where a policy date is given the sends since then;
        - ``after_policy``: what continued, or null;
        - ``inputs``: the SHA-256 of each file of the dataset, and of each row about the accounts, by table.

        People who were written to are counted, never named.
        """
        return json.loads(self.to_json())  # type: ignore[no-any-return]

    def to_json(self) -> str:
        """Return `to_dict` as text: the same data, model and arguments give the same bytes."""
        return json.dumps(self.contents, ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    def to_html(self) -> str:
        """Return the page: one file that needs no network, with the SHA-256 of the data in `to_json`."""
        digest = hashlib.sha256(self.to_json().encode()).hexdigest()
        return page_of(self.to_dict(), self.thumbnails, digest)

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write ``dossier.json`` and ``dossier.html`` into a folder, which is made if it is not there.

        Each is written whole or not at all, the data first: a page always tells the hash of data that was written.

        Parameters
        ----------
        folder : path-like

        Returns
        -------
        folder : Path

        Raises
        ------
        OutputError
            If the folder cannot be made or written to, or another run holds it.

        Examples
        --------
        >>> import tempfile
        >>> from spamclf import dossier, read_dataset
        >>> found = dossier.gather(read_dataset("data/sample"), campaign="photo 3")
        >>> sorted(path.name for path in found.write(tempfile.mkdtemp()).glob("*.*"))
        ['.dossier.json.lock', 'dossier.html', 'dossier.json']
        """
        out = make_folder(folder, where="dossier")
        data, page = self.to_json(), self.to_html()
        with hold(out / DATA):
            for name, text in ((DATA, data), (PAGE, page)):
                with atomic_write(out / name) as temporary:
                    temporary.write_text(text, encoding="utf-8", newline="\n")
        return out

    def __repr__(self) -> str:
        summary = self.contents["summary"]
        return (
            f"<Dossier: {self.contents['about']['operation']}, {counted(summary['n_accounts'], 'account')}, "
            f"{summary['n_known']:,} known by evidence>"
        )
