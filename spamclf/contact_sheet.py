"""A contact sheet: the pictures of the largest photo campaigns on one page, for a person to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.given import path_of
from spamclf.campaigns.images import (
    RAW_MODES,
    Picture,
    RefusedPicture,
    read_picture,
    resolve,
    use_picture,
)
from spamclf.campaigns.table import Campaigns
from spamclf.dataset import Dataset, check_dataset
from spamclf.drawing import AUTOMATED, HONEST, INK
from spamclf.errors import ParameterError
from spamclf.files import atomic_write
from spamclf.instants import iso
from spamclf.output import check_output
from spamclf.wording import counted

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["check_sheet", "contact_sheet", "thumbnail"]

_WIDTH, _MARGIN, _GAP = 1200, 28, 8
_PICTURES = 8  # in a row
_SIDE = (_WIDTH - 2 * _MARGIN - (_PICTURES - 1) * _GAP) // _PICTURES
_HEAD, _CAPTION, _FOOT = 92, 34, 40  # heights: of the page's head, above the pictures of a row, below them
_SOFT, _LINE, _BOX = "#6B6B6B", "#E0E0E0", "#D9D9D9"


def check_sheet(path: str | os.PathLike[str], kinds: Sequence[str] | None = None) -> Path:
    """Return the path of a sheet if it can be one: a PNG (see `spamclf.output.check_output`), of photos.

    Parameters
    ----------
    path : path-like
        Where the sheet is to be written; ends in ``.png``.
    kinds : sequence of str, optional
        Kinds of the campaigns that are listed, ``photo``, ``text`` or ``list``; by default all.

    Returns
    -------
    path : Path

    Raises
    ------
    ParameterError, OutputError
        If it has another ending, cannot be written, or no photos are among the kinds of campaigns that are listed.

    Examples
    --------
    >>> check_sheet("sheet.png", ["list"])
    Traceback (most recent call last):
    ...
    spamclf.errors.ParameterError: sheet: the kinds must include photo, for a sheet shows photos only; got list. ...
    """
    if kinds is not None and "photo" not in kinds:
        raise ParameterError(
            f"sheet: the kinds must include photo, for a sheet shows photos only; got {', '.join(kinds)}. "
            "Add photo, or leave the sheet out."
        )
    return check_output(path, (".png",), name="sheet")


def contact_sheet(
    campaigns: Campaigns, dataset: Dataset, path: str | os.PathLike[str], *, top: int = 20
) -> int:
    """Draw the largest photo campaigns as a PNG, 1,200 pixels wide.

    One row per campaign: the medoid in a frame, then up to 7 other different pictures of most accounts; where only a
    hash is known, or a file cannot be opened, a grey box. Only JPEG, PNG, WebP and GIF of at most 40 megapixels inside
    the dataset's folder are opened. The same campaigns give the same pixels under the same version of Pillow.

    Parameters
    ----------
    campaigns : Campaigns
    dataset : Dataset
        The one that the campaigns were listed from.
    path : path-like
        Ends in ``.png``.
    top : int, default=20
        Rows at most, from 1 to 200.

    Returns
    -------
    n_rows : int
        Campaigns on the sheet; 0 for a page that says that there are none.

    Raises
    ------
    ParameterError
        For another ending, a `top` out of its range, or campaigns of another dataset.
    OutputError
        If it cannot be written; what stood there before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> from spamclf import read_dataset
    >>> from spamclf.campaigns import list_campaigns
    >>> dataset = read_dataset("data/sample")
    >>> campaigns = list_campaigns(dataset, kinds=["photo"])
    >>> contact_sheet(campaigns, dataset, Path(tempfile.mkdtemp()) / "sheet.png", top=2)
    2
    """
    out = check_sheet(path_of(path, "contact_sheet", "path"))
    check_dataset(dataset, "contact_sheet")
    if not isinstance(campaigns, Campaigns):
        raise ParameterError(
            f"contact_sheet: campaigns must be Campaigns; got {type(campaigns).__name__}. Pass what find.campaigns "
            "returns."
        )
    if not campaigns.are_of(dataset):
        raise ParameterError(
            "contact_sheet: dataset must be the one that the campaigns were listed from; got another one. List its "
            "campaigns anew."
        )
    if not isinstance(top, int | np.integer) or isinstance(top, bool) or not 1 <= top <= 200:
        raise ParameterError(f"contact_sheet: top must be a whole number from 1 to 200; got {top!r}. Use 20.")
    rows = _rows(campaigns, dataset, int(top))
    total = pc.sum(pc.equal(campaigns.table["kind"], "photo")).as_py() or 0
    with atomic_write(out) as temporary:
        _page(rows, total, campaigns.as_of, dataset.folder).save(temporary, "PNG", optimize=True)
    return len(rows)


@dataclass(frozen=True)
class _Row:
    """A campaign, and its pictures: path or None, hash or None, number of accounts."""

    campaign: dict[str, Any]
    pictures: list[tuple[str | None, str | None, int]]


def _rows(campaigns: Campaigns, dataset: Dataset, top: int) -> list[_Row]:
    """Choose the campaigns and their pictures."""
    table = campaigns.table.filter(pc.equal(campaigns.table["kind"], "photo")).slice(0, top)
    prints = campaigns.fingerprints()
    prints = prints.filter(pc.equal(prints["kind"], "photo"))
    number = np.asarray(prints["campaign"])
    chosen: list[_Row] = []
    n_joined = np.bincount(np.asarray(campaigns.table["operation"], np.int64), minlength=1)
    for campaign in table.to_pylist():
        campaign["n_joined"] = int(n_joined[campaign["operation"]])
        place = np.flatnonzero(number == campaign["campaign"])[:_PICTURES]
        mine = prints.take(pa.array(place))
        photos = dataset.photos.select(["photo", "photo_hash"]).take(mine["row"])
        chosen.append(
            _Row(
                campaign,
                list(
                    zip(
                        photos["photo"].to_pylist(),
                        photos["photo_hash"].to_pylist(),
                        mine["n_accounts"].to_pylist(),
                        strict=True,
                    )
                ),
            )
        )
    return chosen


def _page(rows: list[_Row], total: int, as_of: int, folder: Path | None) -> Image:
    """Draw the whole page."""
    from PIL import Image, ImageDraw

    height = _HEAD + len(rows) * (_CAPTION + _SIDE + _FOOT) + _MARGIN // 2
    page = Image.new("RGB", (_WIDTH, height), "white")
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, 22), f"Photo campaigns as of {iso(as_of)[:16].replace('T', ' ')} UTC", INK, _font(24))
    draw.text((_MARGIN, 56), _subtitle(len(rows), total), _SOFT, _font(15))
    for k, row in enumerate(rows):
        top = _HEAD + k * (_CAPTION + _SIDE + _FOOT)
        draw.line([(_MARGIN, top - 8), (_WIDTH - _MARGIN, top - 8)], _LINE)
        across = float(_MARGIN)
        for words, colour in _caption(row.campaign):
            draw.text((across, top + 3), words, colour, _font(17))
            across += draw.textlength(words, _font(17))
        for n, (photo, digest, n_accounts) in enumerate(row.pictures):
            left = _MARGIN + n * (_SIDE + _GAP)
            _place(page, draw, (left, top + _CAPTION), folder, photo, digest)
            if n == 0:
                corner = (left + _SIDE + 1, top + _CAPTION + _SIDE + 1)
                draw.rectangle([(left - 2, top + _CAPTION - 2), corner], outline=INK, width=3)
            below = (left + _SIDE // 2, top + _CAPTION + _SIDE + 6)
            draw.text(below, counted(n_accounts, "account"), _SOFT, _font(13), anchor="ma")
        more = row.campaign["n_fingerprints"] - len(row.pictures)
        if more:
            corner = (_WIDTH - _MARGIN, top + 6)
            draw.text(corner, f"{more:,} more not shown", _SOFT, _font(13), anchor="ra")
    return page


def _place(
    page: Image,
    draw: ImageDraw,
    corner: tuple[int, int],
    folder: Path | None,
    photo: str | None,
    digest: str | None,
) -> None:
    """Put one picture into its square, or a grey box that says why there is none."""
    picture = thumbnail(folder, photo)
    if picture is not None:
        left, top = (at + (_SIDE - size) // 2 for at, size in zip(corner, picture.size, strict=True))
        page.paste(picture, (left, top))
        return
    end = (corner[0] + _SIDE - 1, corner[1] + _SIDE - 1)
    draw.rectangle([corner, end], _BOX)
    words = f"{digest[:8]}\nhash only" if digest else "cannot be\nopened"
    middle = (corner[0] + _SIDE // 2, corner[1] + _SIDE // 2)
    draw.multiline_text(middle, words, _SOFT, _font(15), anchor="mm", align="center", spacing=6)


def thumbnail(folder: Path | None, photo: str | None, side: int = _SIDE) -> Image | None:
    """Open a picture of a dataset and fit it into a square, what is transparent in white.

    Parameters
    ----------
    folder : Path or None
        The dataset's.
    photo : str or None
        The picture's path in it. Only JPEG, PNG, WebP and GIF of at most 40 megapixels inside the folder are opened.
    side : int, default=136
        Pixels of the square.

    Returns
    -------
    picture : PIL.Image.Image or None
        None where it cannot be opened.

    Examples
    --------
    >>> thumbnail(Path("data/sample"), "photos/00000-00.png", 64).size
    (64, 64)
    >>> thumbnail(Path("data/sample"), "../secret.png") is None
    True
    """
    if folder is None or photo is None:
        return None
    try:
        return use_picture(read_picture(resolve(folder, photo)), lambda picture: _fitted(picture, side))
    except RefusedPicture:
        return None


def _fitted(picture: Picture, side: int) -> Image:
    """Fit a picture into its square; of a large one take every so many pixels, band by band, to copy little."""
    from PIL import Image, ImageOps

    step, top, rows = max(max(picture.width, picture.height) // (4 * side), 1), 0, []
    for band in picture.bands():
        pixels = band.reshape(len(band), picture.width, -1)
        rows.append(pixels[-top % step :: step, ::step].copy())
        top += len(band)
    taken = np.concatenate(rows)
    size, raw = (taken.shape[1], taken.shape[0]), RAW_MODES[picture.mode]
    image = Image.frombytes(picture.mode, size, taken.tobytes(), "raw", raw).convert("RGB")
    return ImageOps.contain(image, (side, side), Image.Resampling.LANCZOS)


def _subtitle(n_rows: int, total: int) -> str:
    if not n_rows:
        return "There are none: no picture is shared by enough accounts."
    which = f"All {total:,}" if n_rows == total else f"The {n_rows:,} largest of {total:,}"
    return (
        f"{which}. Framed: the picture at the centre; then other pictures of the campaign, most used first."
    )


def _caption(campaign: dict[str, Any]) -> list[tuple[str, str]]:
    """Say in one line how large a campaign is, when it was seen and what is known of its accounts, in colours."""
    begin, end = (f"{campaign[name]:%Y-%m-%d}" for name in ("first_seen", "last_seen"))
    labelled, share = campaign["n_labelled"], campaign["automated_share"]
    grown = f" (+{campaign['growth_24h']:,} in 24 h)" if campaign["growth_24h"] else ""
    known = f"{campaign['n_automated']:,} of {labelled:,} labelled automated" if labelled else "none labelled"
    parts = [
        (f"Photo {campaign['campaign']}", INK),
        (f"{counted(campaign['n_accounts'], 'account')}{grown}", INK),
        (counted(campaign["n_fingerprints"], "picture"), INK),
        (begin if begin == end else f"{begin} to {end}", INK),
        (known, _SOFT if not labelled else AUTOMATED if share >= 0.5 else HONEST),
    ]
    if campaign["n_evidence"]:
        parts.append((f"{campaign['n_evidence']:,} tied to an operator", INK))
    if campaign["n_joined"] > 1:
        parts.append((f"in operation {campaign['operation']} ({campaign['n_joined']:,} campaigns)", _SOFT))
    return [(f"{'    ' if k else ''}{words}", colour) for k, (words, colour) in enumerate(parts)]


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
