"""The contact sheet shows the pictures of the largest photo campaigns, whatever files it meets."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest

from spamclf import Dataset, contact_sheet
from spamclf.campaigns import list_campaigns
from spamclf.contact_sheet import contact_sheet as draw
from spamclf.errors import OutputError, ParameterError
from spamclf.simulate.photos import picture
from tests.test_output import fail

PIL = pytest.importorskip("PIL.Image")
START = 1_780_000_000_000_000


def dataset(folder, shown, **tables):
    """A dataset whose accounts show pictures: name of a file in the folder, or a hash of 64 digits."""
    who = [f"a{k}" for k in range(len(shown))]
    files = [None if len(each) == 64 else each for each in shown]
    hashes = [each if len(each) == 64 else None for each in shown]
    at = pa.array([START + k * 3_600_000_000 for k in range(len(shown))], pa.timestamp("us", "UTC"))
    photos = {"account_id": who, "set_at": at, "photo": files, "photo_hash": hashes}
    return Dataset(
        accounts={"account_id": who},
        messages={"sender_id": ["a0"], "recipient_id": ["x"], "sent_at": at[:1]},
        photos=photos,
        folder=folder,
        not_after="2040-01-01",
        **tables,
    )


@pytest.fixture
def folder(tmp_path):
    """Two designs, saved again and again."""
    (tmp_path / "photos").mkdir()
    for design, n in ((40, 12), (65, 3)):
        with PIL.open(io.BytesIO(picture(f"photos/{design:05d}-00.jpg"))) as image:
            for k in range(n):
                image.resize((120 + 9 * k, 120 + 9 * k)).save(
                    tmp_path / shown(design, [k])[0], quality=90 - 5 * k
                )
    return tmp_path


def shown(design, copies):
    return [f"photos/{design}-{copy:02d}.jpg" for copy in copies]


def sheet(data, path, **options):
    campaigns = list_campaigns(data, kinds=["photo"], min_accounts=2)
    n = draw(campaigns, data, path, **options)
    with PIL.open(path) as image:
        assert image.format == "PNG"
        return n, np.asarray(image.convert("RGB")).astype(int), campaigns


def square(pixels, row, column):
    """The middle of one picture's square."""
    top = contact_sheet._HEAD + contact_sheet._CAPTION
    top += row * (contact_sheet._CAPTION + contact_sheet._SIDE + contact_sheet._FOOT)
    left = contact_sheet._MARGIN + column * (contact_sheet._SIDE + contact_sheet._GAP)
    return pixels[top + 4 : top + contact_sheet._SIDE - 4, left + 4 : left + contact_sheet._SIDE - 4]


def test_the_medoid_comes_first_then_at_most_seven_others(folder, tmp_path):
    n, pixels, campaigns = sheet(
        dataset(folder, shown(40, range(12)) + shown(65, range(3))), tmp_path / "s.png"
    )
    assert n == len(campaigns) >= 2
    assert pixels.shape[1] == 1200
    with PIL.open(folder / campaigns.table["example"][0].as_py()) as image:
        medoid = np.asarray(image.convert("RGB").resize((128, 128))).astype(int)
    first = np.asarray(PIL.fromarray(square(pixels, 0, 0).astype(np.uint8)).resize((128, 128))).astype(int)
    assert np.abs(first - medoid).mean() < 12
    size = min(8, campaigns.table["n_fingerprints"][0].as_py())
    for column in range(8):
        assert (square(pixels, 0, column).std() > 5) == (column < size)


def test_the_same_pixels_again_and_in_any_order(folder, tmp_path):
    data = dataset(folder, shown(40, range(6)))
    one = sheet(data, tmp_path / "one.png")[1]
    assert np.array_equal(one, sheet(data, tmp_path / "two.png")[1])
    order = np.random.default_rng(0).permutation(6)
    photos = data.photos.take(pa.array(order))
    other = Dataset(accounts=data.accounts, messages=data.messages, photos=photos, folder=folder)
    assert np.array_equal(one, sheet(other, tmp_path / "three.png")[1])


def test_top_limits_the_rows(folder, tmp_path):
    data = dataset(folder, shown(40, range(4)) + shown(65, range(3)))
    n, pixels, _ = sheet(data, tmp_path / "s.png", top=1)
    assert n == 1
    assert pixels.shape[0] < 400


def test_hashes_get_a_grey_box(folder, tmp_path):
    n, pixels, _ = sheet(dataset(folder, ["0f" * 32] * 2), tmp_path / "s.png")
    assert n == 1
    assert (square(pixels, 0, 0)[0] == 0xD9).all()


def test_files_that_vanish_or_lie_get_a_grey_box(folder, tmp_path):
    """What was readable when it was listed may be gone, or a bomb, when it is drawn."""
    data = dataset(folder, shown(40, [1, 1]) + shown(65, [1, 1, 1]))
    campaigns = list_campaigns(data, kinds=["photo"], min_accounts=2)
    assert len(campaigns) == 2
    (folder / "photos" / "40-01.jpg").unlink()
    out = io.BytesIO()
    PIL.new("1", (20_000, 20_000)).save(out, "PNG")
    (folder / "photos" / "65-01.jpg").write_bytes(out.getvalue())
    assert draw(campaigns, data, tmp_path / "s.png") == 2
    with PIL.open(tmp_path / "s.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert (square(pixels, 0, 0)[0] == 0xD9).all()
    assert (square(pixels, 1, 0)[0] == 0xD9).all()


def test_links_out_of_the_folder_are_not_followed(folder, tmp_path):
    data = dataset(folder, shown(40, [1, 1]))
    campaigns = list_campaigns(data, kinds=["photo"], min_accounts=2)
    outside = tmp_path.parent / f"{tmp_path.name}-outside.jpg"
    outside.write_bytes(picture("photos/00040-00.jpg"))
    inside = folder / "photos" / "40-01.jpg"
    inside.unlink()
    inside.symlink_to(outside)
    draw(campaigns, data, tmp_path / "s.png")
    with PIL.open(tmp_path / "s.png") as image:
        assert (square(np.asarray(image.convert("RGB")).astype(int), 0, 0)[0] == 0xD9).all()
    outside.unlink()


def test_none_at_all(folder, tmp_path):
    n, pixels, _ = sheet(dataset(folder, shown(40, [0])), tmp_path / "s.png")
    assert n == 0
    assert pixels.shape[0] < 150


def test_bad_arguments(folder, tmp_path):
    data = dataset(folder, shown(40, [1, 2, 3]))
    campaigns = list_campaigns(data, kinds=["photo"], min_accounts=2)
    with pytest.raises(ParameterError, match=r"sheet: the file must end in .png; got 's.jpg'. Use s.png"):
        draw(campaigns, data, tmp_path / "s.jpg")
    with pytest.raises(OutputError, match="sheet: its folder must exist"):
        draw(campaigns, data, tmp_path / "none" / "s.png")
    for top in (0, 201, 2.5):
        with pytest.raises(ParameterError, match="top must be a whole number from 1 to 200"):
            draw(campaigns, data, tmp_path / "s.png", top=top)
    for others in ([1], [1, 2, 3]):  # of as many rows, too: the pictures would be the wrong ones
        with pytest.raises(ParameterError, match=r"dataset must be the one .*; got another one"):
            draw(campaigns, dataset(folder, shown(40, others)), tmp_path / "s.png")
    assert not (tmp_path / "s.png").exists()


def test_a_failed_write_leaves_the_old_sheet(folder, tmp_path, monkeypatch):
    data = dataset(folder, shown(40, [1, 2]))
    (tmp_path / "s.png").write_text("old")
    monkeypatch.setattr("spamclf.files.os.replace", fail(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left"):
        sheet(data, tmp_path / "s.png")
    assert (tmp_path / "s.png").read_text() == "old"
