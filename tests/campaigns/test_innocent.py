"""What spamclf knows to be innocent is what we drew; a list of the user's is read, or refused without a word of it."""

from __future__ import annotations

import numpy as np
import pytest

from spamclf.campaigns.innocent import Innocent
from spamclf.campaigns.photos import fingerprint, to_hex
from spamclf.errors import DataFileError
from spamclf.simulate.photos import picture, picture_name
from tests.campaigns.naive_photos import distance, encoded, silhouettes

pytest.importorskip("PIL.Image")
SOME = "0F" * 32


def test_the_shipped_hashes_are_of_our_own_drawings():
    drawn = [picture(picture_name(0, 0))]
    drawn += [encoded(each, "PNG") for side in (96, 256) for each in silhouettes(side)]
    hashes = [fingerprint(content).words[0] for content in drawn]
    np.testing.assert_array_equal(Innocent.default().photos, hashes)


def test_stock_pictures_are_none_of_them():
    known = Innocent.default().photos
    for design in range(1, 12):
        words = fingerprint(picture(picture_name(design, 0))).words[0]
        assert min(distance(words, each) for each in known) > 31


def test_larger_copies_of_a_silhouette_are_known():
    known = Innocent.default().photos
    for side in (200, 400, 640):
        for each in silhouettes(side):
            words = fingerprint(encoded(each, quality=70)).words
            assert min(distance(words[0], other) for other in known) <= 31


def test_a_list_is_read(tmp_path):
    path = tmp_path / "innocent.csv"
    lines = [
        "\ufeff# ours",
        f"photo,{SOME}",
        "",
        "text,At home, as ever",
        'text,"a ""b"""',
        f" photo , {'a' * 64}",
    ]
    path.write_bytes("\r\n".join([*lines, "text,é"]).encode())
    got = Innocent.read(path)
    assert to_hex(got.photos) == [SOME.lower(), "a" * 64]
    assert got.texts == ("At home, as ever", 'a "b"', "é")


@pytest.mark.parametrize(
    "line",
    ["photo,SECRET", f"photo,{SOME}0", "text,", "SECRET", f"photos,{SOME}", f"photo,{'٣' * 64}", 'text,""'],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, line):
    path = tmp_path / "innocent.csv"
    path.write_text(f"# one\ntext,two\n{line}\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="line 3") as caught:
        Innocent.read(path)
    assert "SECRET" not in str(caught.value)


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "latin").write_bytes(b"text,\xe9")
    for name in ("latin", "nothing", "."):
        with pytest.raises(DataFileError, match="UTF-8"):
            Innocent.read(tmp_path / name)
    (tmp_path / "empty").write_bytes(b"")
    empty = Innocent.read(tmp_path / "empty")
    assert empty.photos.shape == (0, 4)
    assert empty.texts == ()


def test_extending_keeps_each_once():
    known = Innocent.default()
    other = Innocent(np.concatenate([known.photos[:1], np.ones((1, 4), np.uint64)]), ("Busy", "new"))
    both = known.extended(other)
    assert len(both.photos) == len(known.photos) + 1
    assert both.texts == (*known.texts, "new")
    np.testing.assert_array_equal(both.photos[: len(known.photos)], known.photos)
