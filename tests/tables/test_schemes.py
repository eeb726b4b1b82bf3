"""A dataset says how its hashes and signatures were made, in TOML or in Python: both are held to the same rules."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spamclf.dataset import Dataset
from spamclf.errors import SchemaError
from spamclf.folders import read_dataset
from tests.test_dataset import small
from tests.tiny import two

SIGNED = {"scheme": "affine32", "seed": 1, "n_perm": 128, "hash": "xxh32"}


@pytest.mark.parametrize(
    ("schemes", "says"),
    [
        (
            {"photo_hash": {"scheme": "phash"}},
            r"\[photo_hash\] scheme must be one of pdq, .*; got 'phash'",
        ),
        ({"photo_hash": {}}, r"\[photo_hash\] scheme must be one of"),
        ({"photo_hash": {"scheme": ["pdq"]}}, r"\[photo_hash\] scheme must be one of .*; got list"),
        (
            {"photo_hash": {"schem": "pdq"}},
            r"settings must be among \[photo_hash\] scheme; .*; got \[photo_hash\]",
        ),
        ({"photo_hash": "pdq"}, r"settings must be among .*; got \[photo_hash\]"),
        ({"time": {"unit": "s"}}, r"settings must be among .*; got \[time\]"),
        ("pdq", "settings must be among .*; got str"),
        ({"signature": {"scheme": "affine32"}}, r"\[signature\] must state scheme, seed, n_perm, hash"),
        ({"signature": SIGNED | {"n_perm": 64}}, r"\[signature\] n_perm must be 128; got 64"),
        (
            {"signature": SIGNED | {"hash": "md5"}},
            r"\[signature\] hash must be one of xxh32, sha1; got 'md5'",
        ),
    ],
)
def test_unknown_schemes_are_refused_at_once(tmp_path, schemes, says):
    tables = small()
    place = tables["texts"].num_columns
    signature = pa.array([[7] * 128, None], pa.list_(pa.uint64()))
    tables["texts"] = tables["texts"].add_column(place, "signature", signature)
    with pytest.raises(SchemaError, match=f"schemes: {says}"):
        Dataset(**tables, schemes=schemes)
    if isinstance(schemes, dict) and "time" not in schemes:
        for name, table in tables.items():
            pq.write_table(table, tmp_path / f"{name}.parquet")
        text = "\n".join(
            f"{name} = {{ " + ", ".join(f"{key} = {json.dumps(each)}" for key, each in values.items()) + " }"
            if isinstance(values, dict)
            else f"{name} = {json.dumps(values)}"
            for name, values in schemes.items()
        )
        (tmp_path / "dataset.toml").write_text(text)
        says = says.replace(r"among \[photo_hash\] scheme; .*;", "among .*;")
        with pytest.raises(SchemaError, match=rf"dataset\.toml: {says}"):
            read_dataset(tmp_path)


def test_what_is_said_of_nothing_is_left_out():
    tables = small()
    hashless = tables["photos"].set_column(2, "photo_hash", pa.array([None, None], pa.string()))
    wrong = {"photo_hash": {"scheme": "phash"}, "signature": {"scheme": "affine32"}}
    assert Dataset(**tables | {"photos": hashless}, schemes=wrong).schemes == {}
    assert two(schemes=wrong).schemes == {}
    sound = {"photo_hash": {"scheme": "pdq"}, "signature": SIGNED}
    assert two(schemes=sound).schemes == sound
