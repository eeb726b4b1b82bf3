"""What a folder says of honest scores, their reference and the certificate, forged with every digest right."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spamclf.errors import ModelFileError
from spamclf.model import load_model
from tests.model.folders import arrays_file, forge_arrays, refuse, reseal, set_in
from tests.model.honests import certified_model

Arrays = dict[str, NDArray[Any]]


def swapped(arrays: Arrays, name: str, place: int) -> None:
    """Exchange two different neighbours from a place on."""
    values = arrays[name]
    place += int(np.flatnonzero(values[place + 1 :] != values[place:-1])[0])
    values[[place, place + 1]] = values[[place + 1, place]]


def put(name: str, place: int, value: float) -> Callable[[Arrays], object]:
    return lambda arrays: arrays[name].__setitem__(place, value)


HONEST_FORGERIES: dict[str, tuple[str, Callable[[Arrays], object]]] = {
    "unsorted": ("values must be rising", lambda arrays: swapped(arrays, "values", 3)),
    "unsorted in a segment": (
        "values must be (rising|those of segments)",
        lambda arrays: swapped(arrays, "values", int(arrays["offsets"][1])),
    ),
    "NaN": ("values must be between 0 and 1", put("values", 3, np.nan)),
    "NaN at the end": ("values must be between 0 and 1", put("values", -1, np.nan)),
    "above 1": ("values must be between 0 and 1", put("values", -1, 1.5)),
    "infinite": ("values must be between 0 and 1", put("values", 0, -np.inf)),
    "below 0": ("values must be between 0 and 1", put("values", 0, -1e-300)),
    "offsets fall": ("offsets must be rising", put("offsets", 2, 1)),
    "offsets beyond": ("offsets must be", put("offsets", -1, 2**62)),
    "offsets below": ("offsets must be", put("offsets", 0, -1)),
    "overflowing offsets": ("offsets must be rising", put("offsets", 1, -(2**63))),
    "higher in a segment": ("segments of the accounts", lambda arrays: arrays["values"][:150].fill(0.0)),
    "all certain": ("certificate: ", lambda arrays: arrays["values"].fill(1.0)),
    "all halved": ("certificate: ", lambda arrays: arrays["values"].__imul__(0.5)),
}


@pytest.mark.parametrize("forgery", HONEST_FORGERIES)
def test_forged_honest_scores_are_refused(certified_folder: Path, forgery: str) -> None:
    says, change = HONEST_FORGERIES[forgery]
    if (
        forgery == "one account moved up"
    ):  # what lies above the threshold may move, and supports as much as before
        change = put("values", 0, 0.0)
        forge_arrays(
            certified_folder, lambda arrays: arrays["values"].__setitem__(slice(0, 150), 1.0), "honest"
        )
    else:
        forge_arrays(certified_folder, change, "honest")
    refuse(certified_folder, says)


REFERENCE_FORGERIES: dict[str, tuple[str, Callable[[Arrays], object]]] = {
    "counts fall": ("rising in each column", lambda arrays: swapped(arrays, "counts", 3)),
    "counts stand": ("rising in each column", lambda arrays: put("counts", 4, arrays["counts"][3])(arrays)),
    "no count": ("numbers of rows", put("counts", 0, 0)),
    "negative counts": ("numbers of rows", put("counts", 0, -5)),
    "huge counts": ("numbers of rows", put("counts", -1, 2**60)),
    "cuts fall": ("rising in each column", lambda arrays: swapped(arrays, "cuts", 3)),
    "NaN": ("cuts must be finite", put("cuts", 3, np.nan)),
    "score above 1": ("values must be between 0 and 1", put("score_values", 149, 1.5)),
    "score unknown": ("values must be between 0 and 1", put("score_values", 3, np.nan)),
    "scores fall": ("values must be rising in each list", lambda arrays: swapped(arrays, "score_values", 3)),
    "scores of a segment higher": (
        "those of segments",
        lambda arrays: arrays["score_values"][:150].fill(0.0),
    ),
    "scores of other lists": ("offsets must be rising", put("score_offsets", 1, 2**40)),
    "other rows": ("of 150 rows each", lambda arrays: arrays["missing"].__iadd__([1, 0])),
    "negative missing": ("numbers of rows", put("missing", 1, -1)),
    "offsets fall": ("offsets must be rising", put("offsets", 1, 2**40)),
    "offsets below": ("offsets must be rising", put("offsets", 0, -1)),
}


@pytest.mark.parametrize("forgery", REFERENCE_FORGERIES)
def test_a_forged_reference_is_refused(certified_folder: Path, forgery: str) -> None:
    says, change = REFERENCE_FORGERIES[forgery]
    forge_arrays(certified_folder, change, "reference")
    refuse(certified_folder, says)


def test_lists_of_other_lengths_are_refused(certified_folder: Path) -> None:
    def fewer(arrays: Arrays) -> None:
        arrays["values"] = arrays["values"][:-1]

    n = len(load_model(certified_folder).honest.values)  # type: ignore[union-attr]
    for sizes in (
        {"n_values": 2**40}, {"n_values": -1}, {"n_lists": 0}, {"n_lists": 10**6}, {"n_values": n + 1},
    ):  # fmt: skip
        forge_arrays(certified_folder, lambda _: None, "honest", **({"n_values": n, "n_lists": 7} | sizes))
        refuse(certified_folder, r"honest\.(n_values|n_lists|size) must be")
    forge_arrays(certified_folder, fewer, "honest", n_values=n, n_lists=7)
    refuse(certified_folder, r"honest\.size must be [0-9,]+, that of safetensors")
    forge_arrays(certified_folder, lambda _: None, "honest", n_values=n - 1)
    refuse(certified_folder, "offsets must be those of 7 lists")


@pytest.mark.parametrize("stem", ["honest", "reference"])
@pytest.mark.parametrize("data", [(16 << 30).to_bytes(8, "little") + bytes(100), bytes(8), pickle.dumps({})])
def test_honest_scores_with_a_lying_header_are_refused(
    certified_folder: Path, stem: str, data: bytes
) -> None:
    reseal(certified_folder, lambda _: None, data, stem)
    refuse(certified_folder, rf"{stem}\.size must be")


MANIFESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "certificate without honest scores": lambda manifest: manifest.update(
        honest=None, reference=None, calibrated_on=None
    ),
    "honest scores of nobody knows whom": set_in("calibrated_on", to=None),
    "no honest scores": set_in("honest", to=None),
    "no reference": set_in("reference", to=None),
    "no certificate key": lambda manifest: manifest.pop("certificate"),
    "an earlier format": set_in("format_version", to=2),
    "threshold lowered in both places": lambda manifest: (
        set_in("threshold", to=0.01)(manifest),
        set_in("certificate", "threshold", to=0.01)(manifest),
    ),
    "threshold lowered in one": set_in("threshold", to=0.01),
    "threshold an integer": set_in("certificate", "threshold", to=0),
    "more accounts": set_in("certificate", "n_accounts", to=151),
    "bound raised": set_in("certificate", "bound", to=0.05),
    "smaller share": set_in("certificate", "fpr", to=0.04),
    "more confidence": set_in("certificate", "confidence", to=0.99),
    "confidence 1": set_in("certificate", "confidence", to=1.0),
    "segment's threshold lowered": set_in("certificate", "segments", 1, "threshold", to=0.2),
    "segment renamed": set_in("certificate", "segments", 1, "name", to="busy"),
    "segment renamed in both places": lambda manifest: (
        set_in("certificate", "segments", 1, "name", to="new")(manifest),
        set_in("calibrated_on", "segments", 1, to="new")(manifest),
    ),
    "segments left out": set_in("certificate", "segments", to=[]),
    "segment of more keys": set_in("certificate", "segments", 0, "more", to=1),
    "window of lists": set_in("certificate", "window", to=[[1], {}]),
    "window of one": set_in("calibrated_on", "window", to=["2026-05-01"]),
    "windows of numbers": lambda manifest: (
        set_in("certificate", "window", to=[1, 2])(manifest),
        set_in("calibrated_on", "window", to=[1, 2])(manifest),
    ),
    "other window": set_in("calibrated_on", "window", to=["2026-05-01", "2026-12-01"]),
    "fewer segments": set_in("calibrated_on", "segments", to=["new"]),
    "segments in another order": lambda manifest: manifest["calibrated_on"]["segments"].reverse(),
    "segments a word": set_in("calibrated_on", "segments", to="abcd"),
    "segments of lists": set_in("calibrated_on", "segments", to=[[], [], [], [], [], []]),
    "segments that move the cursor": set_in("calibrated_on", "segments", 0, to="\x1b[2J"),
    "columns twice": set_in("calibrated_on", "reference", "columns", to=["a", "a"]),
    "more columns": set_in("calibrated_on", "reference", "columns", to=["a", "b", "c"]),
    "columns of numbers": set_in("calibrated_on", "reference", "columns", to=[1, 2]),
    "a column called score": set_in("calibrated_on", "reference", "columns", 0, to="score"),
    "columns a word": set_in("calibrated_on", "reference", "columns", to="ab"),
    "more segments compared": set_in("calibrated_on", "reference", "segments", to=["a", "b", "c"]),
    "segments compared twice": set_in("calibrated_on", "reference", "segments", to=["a", "a"]),
    "segments compared of numbers": set_in("calibrated_on", "reference", "segments", to=[1, 2]),
    "a reference of nobody knows whom": set_in("calibrated_on", "reference", to=None),
    "a country pooled": set_in("certificate", "segments", 2, "name", to="country=FR"),
    "knots that fall": set_in("calibration", "log_odds", to=[-3.0, 2.0, 0.3]),
    "knots that stand": set_in("calibration", "raw", to=[-2.0, -2.0, 3.0]),
    "knots of words": set_in("calibration", "raw", to=["a", "b", "c"]),
    "a knot too few": set_in("calibration", "raw", to=[-2.0, 3.0]),
    "no slope": set_in("calibration", "slope", to=0.0),
    "knots without end": set_in("calibration", "raw", to=[0.0] * 3000),
    "a knot beyond any": set_in("calibration", "raw", to=[-2.0, 0.1, 10**400]),
}


@pytest.mark.parametrize("forgery", MANIFESTS)
def test_a_forged_certificate_is_refused(certified_folder: Path, forgery: str) -> None:
    reseal(certified_folder, MANIFESTS[forgery])
    refuse(certified_folder)


def test_a_calibration_without_a_certificate_is_taken_with_its_window_alone(certified_folder: Path) -> None:
    reseal(certified_folder, set_in("certificate", to=None))
    assert load_model(certified_folder).certificate is None
    reseal(certified_folder, set_in("calibrated_on", "window", to=[{}, 7]))
    refuse(certified_folder, "window must be")


def test_the_certificate_of_another_model_is_refused(certified_folder: Path, tmp_path: Path) -> None:
    other = certified_model(np.random.default_rng(9))
    other.save(tmp_path / "other")
    stolen = json.loads((tmp_path / "other" / "manifest.json").read_bytes())
    keys = ("certificate", "threshold", "calibrated_on")
    reseal(certified_folder, lambda manifest: manifest.update({key: stolen[key] for key in keys}))
    refuse(certified_folder, "what the honest scores give")


def test_a_certificate_is_checked_without_scipy(certified_folder: Path) -> None:
    code = (
        "import sys; from spamclf.model import load_model\n"
        f"assert load_model({str(certified_folder)!r}).certificate.fpr == 0.05\n"
        "assert not {'scipy', 'sklearn', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def check_sealed_flips_of_honest_scores(folder: Path, n: int) -> None:
    """The same for honest scores and reference: what still loads promises what its own scores support."""
    rng = np.random.default_rng(1)
    promised = load_model(folder).certificate
    for stem in ("honest", "reference"):
        data = arrays_file(folder, stem).read_bytes()
        n_loaded = 0
        for _ in range(n // 2):
            changed = bytearray(data)
            place = int(rng.integers(0, 300 if rng.random() < 0.3 else len(data)))
            changed[place] ^= int(rng.integers(1, 256))
            reseal(folder, lambda _: None, bytes(changed), stem)
            try:
                model = load_model(folder)
            except ModelFileError:
                continue
            n_loaded += 1
            assert model.certificate == promised
            assert model.honest is not None
            assert model.honest.certify(fpr=0.05, confidence=0.9) == promised
            assert model.certificate is not None
            model.certificate.check(rng.random(30))
        assert n_loaded < n // 2
        reseal(folder, lambda _: None, data, stem)


def test_flipped_bytes_with_matching_digests_never_promise_more(certified_folder: Path) -> None:
    check_sealed_flips_of_honest_scores(certified_folder, 300)


@pytest.mark.slow
def test_many_flipped_bytes_with_matching_digests_never_promise_more(certified_folder: Path) -> None:
    check_sealed_flips_of_honest_scores(certified_folder, 10_000)
