"""A dossier tells how its data were read, which files were, and how many rows were not used."""

from __future__ import annotations

import pyarrow as pa

from spamclf import Dataset, dossier, read_dataset
from spamclf.dossier.page import page_of
from tests.doors import write_folder
from tests.dossier.common import DAY, START, at

MESSAGES = {"sender_id": ["a", "a"], "recipient_id": ["f", "g"], "sent_at": at([10, 34])}
EVIDENCE = {
    "account_id": ["a"],
    "observed_at": at([0]),
    "kind": ["on_platform"],
    "operator": ["X"],
    "source": ["s"],
}
TABLES = {"accounts": {"account_id": ["a"]}, "messages": MESSAGES, "evidence": EVIDENCE}


def gathered(data, **settings):
    return dossier.gather(data, operator="X", as_of=START + 3 * DAY, n_jobs=1, **settings).to_dict()


def test_how_the_data_were_read(tmp_path):
    contents = gathered(Dataset(**TABLES))
    unstated = {"value": None, "from": "default"}
    assert contents["about"]["reading"] == {
        "time_zone": unstated,
        "time_unit": unstated,
        "max_bad_share": {"value": 0.01, "from": "default"},
        "not_after": unstated,
    }
    naive = MESSAGES | {"sent_at": MESSAGES["sent_at"].cast(pa.timestamp("us"))}
    folder = write_folder(TABLES | {"messages": naive}, tmp_path / "data")
    (folder / "dataset.toml").write_text('[time]\nzone = "Europe/Berlin"\nunit = "s"\n')
    contents = gathered(read_dataset(folder, time_unit="ms", max_bad_share=0.5, not_after="2030-01-01"))
    assert contents["about"]["reading"] == {
        "time_zone": {"value": "Europe/Berlin", "from": "dataset.toml"},
        "time_unit": {"value": "ms", "from": "argument"},
        "max_bad_share": {"value": 0.5, "from": "argument"},
        "not_after": {"value": "2030-01-01T00:00:00Z", "from": "argument"},
    }
    assert contents["summary"]["first_sent"] == "2026-06-01T08:00:00Z"
    page = page_of(contents, {}, "")
    assert "Europe/Berlin (dataset.toml)" in page
    assert "0.5 (argument)" in page


def test_files_that_are_not_read_are_not_listed(tmp_path):
    folder = write_folder(TABLES, tmp_path / "data")
    (folder / "messages").mkdir()
    (folder / "messages.parquet").rename(folder / "messages" / "part-0.parquet")
    (folder / "messages" / "deeper").mkdir()
    for stray in (".reviewed-abc.parquet", "_old.parquet", "deeper/part-1.parquet"):
        (folder / "messages" / stray).write_bytes(b"half")
    files = [each["file"] for each in gathered(read_dataset(folder))["inputs"]["files"]]
    assert files == ["accounts.parquet", "evidence.parquet", "messages/part-0.parquet"]


def test_bad_rows_are_those_of_the_whole_dataset_without_those_too_far_ahead():
    """What lies too far ahead today is a good row another day, and must not change the page."""
    late: dict = {name: list("aaaa") if name == "sender_id" else list("fgfg") for name in MESSAGES}
    late["sent_at"] = at([10, 34, 200, 50_000])
    late["recipient_id"][2] = None
    contents = gathered(Dataset(**TABLES | {"messages": late}, not_after="2030-01-01", max_bad_share=1.0))
    said = "1 row of the whole dataset, those of later dates too, broke its contract and did not count."
    assert any(said in each for each in contents["remarks"]["not_shown"])
