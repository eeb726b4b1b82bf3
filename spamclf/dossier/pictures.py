"""Small pictures of the photos of an operation."""

from __future__ import annotations

import io

from spamclf.contact_sheet import thumbnail
from spamclf.dossier.case import Case

__all__ = ["MOST_PICTURES", "thumbnails_of"]

#: Different pictures that are shown.
MOST_PICTURES = 60
_QUALITY = 80


def thumbnails_of(case: Case) -> dict[str, bytes]:
    """Return a JPEG by perceptual hash of the photos whose files are at hand, those of most rows first."""
    files: dict[str, list[str]] = {}
    for row in case.rows.photos:
        if row["perceptual_hash"] and row["file_sha256"]:
            files.setdefault(row["perceptual_hash"], []).append(row["photo"])
    found: dict[str, bytes] = {}
    for digest in sorted(files, key=lambda each: (-len(files[each]), each))[:MOST_PICTURES]:
        picture = thumbnail(case.dataset.folder, min(files[digest]))
        if picture is not None:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=_QUALITY)
            found[digest] = out.getvalue()
    return found
