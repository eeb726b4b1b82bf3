"""The number of values that a column will unpack to is found without unpacking it, whoever wrote the file."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spamclf.tables.pages import unpacked_size

LISTS = [None if k % 7 == 0 else list(range(k % 5 * 32)) for k in range(20_000)]
TABLE = pa.table({"a": ["x"] * len(LISTS), "signature": pa.array(LISTS, pa.list_(pa.uint64()))})
N_VALUES = sum(len(each or "-") for each in LISTS)  # a null or an empty list takes a place too
ARROW = (
    {}, {"data_page_version": "2.0"}, {"use_dictionary": False, "compression": "none"}, {"data_page_size": 500},
    {"write_page_checksum": True, "write_page_index": True}, {"version": "1.0", "row_group_size": 999},
    {"use_dictionary": False, "column_encoding": {"signature.list.element": "DELTA_BINARY_PACKED"}},
)  # fmt: skip


@pytest.mark.parametrize("settings", ARROW, ids=str)
def test_pyarrow(tmp_path, settings):
    pq.write_table(TABLE, tmp_path / "t.parquet", **settings)
    assert unpacked_size(tmp_path / "t.parquet", [1], 2)[0] == N_VALUES
    assert unpacked_size(tmp_path / "t.parquet", [0], 2)[0] == len(LISTS)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_duckdb(tmp_path, version):
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "t.parquet"
    with duckdb.connect() as connection:
        connection.register("t", TABLE)
        connection.execute(
            f"COPY t TO '{path}' (FORMAT parquet, PARQUET_VERSION {version}, ROW_GROUP_SIZE 5000)"
        )
    assert unpacked_size(path, [1], 2)[0] == N_VALUES


def test_polars(tmp_path):
    polars = pytest.importorskip("polars")
    polars.from_arrow(TABLE).write_parquet(tmp_path / "t.parquet", row_group_size=3000)
    assert unpacked_size(tmp_path / "t.parquet", [1], 2)[0] == N_VALUES


def test_an_empty_table(tmp_path):
    pq.write_table(TABLE.slice(0, 0), tmp_path / "t.parquet")
    assert unpacked_size(tmp_path / "t.parquet", [1], 2)[0] == 0


def test_cut_off_files(tmp_path):
    pq.write_table(TABLE.slice(0, 500), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for size in (0, 7, 12, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.parquet").write_bytes(whole[:size])
        with pytest.raises(ValueError, match="damaged headers"):
            unpacked_size(tmp_path / "cut.parquet", [1], 2)


def test_nested_without_end(tmp_path):
    """Structs in structs, as deep as the file is long: no recursion without a bound."""
    footer = b"\x1c" * 100_000
    (tmp_path / "t.parquet").write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ValueError, match="too deep"):
        unpacked_size(tmp_path / "t.parquet", [0], 1)
