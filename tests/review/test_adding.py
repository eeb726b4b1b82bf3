"""Decisions become labels: in every form of the table, whole, once, and from their instant on; training hears them."""

from __future__ import annotations

import csv
from datetime import timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from spamclf import evaluate, predict, read_dataset, train
from spamclf.ego import EgoLog
from spamclf.errors import BadRowsError, DataFileError, OutputError
from spamclf.instants import to_instant
from spamclf.review import add_labels, adding
from spamclf.splits import latest_labels
from tests import doors
from tests.doors import cli, tables, write_folder
from tests.review.test_decisions import as_csv, as_json, decision

US = pa.timestamp("us", tz="UTC")
EXTRA = ("source", "score_id", "reviewer")


def small(folder, labels, ending="parquet", ids=("a", "b", "c")):
    accounts = {"account_id": pa.array(ids)}
    messages = {
        "sender_id": [ids[0]],
        "recipient_id": [ids[1]],
        "sent_at": pa.array([1_780_000_000_000_000], US),
    }
    made = {"accounts": accounts, "messages": messages} | ({} if labels is None else {"labels": labels})
    return write_folder(made, folder, ending)


def stamps(*texts, kind=US):
    return pa.array([to_instant(text) for text in texts], US).cast(kind)


def found(folder, **reading):
    """The labels that a reader sees: account, verdict, instant."""
    table = read_dataset(folder, **reading).labels
    return sorted(
        zip(*(table[name].to_pylist() for name in ("account_id", "is_automated", "labelled_at")), strict=True)
    )


def told(rows):
    return sorted((account, verdict, pa.scalar(to_instant(at), US).as_py()) for account, verdict, at in rows)


ROWS = [
    decision(
        "a", "2026-06-09T12:00:00.25Z", "automated", score_id="s1-0a", reviewer="Ada", note="secret note"
    ),
    decision("b", "2026-06-09T12:00:00Z", "appeal_accepted", reviewer="=Bob"),
    decision("c", "2026-06-09T12:00:00Z", "unsure"),
]
NEW = [("a", True, "2026-06-09T12:00:00.25Z"), ("b", False, "2026-06-09T12:00:00Z")]
AGAINST = "\n1 of those added say the opposite of the account's label before"
UNTIL = (
    "\nthey are seen as of 2026-06-09T12:00:01Z or later; without as_of, train looks until after the last label, score "
    "and report until after the last message, report, photo, text or registration"
)
OLD = [("b", True, "2026-05-20T00:00:00Z")]


def old(kind=US, **more):
    return pa.table(
        {"account_id": ["b"], "is_automated": [True], "labelled_at": stamps(OLD[0][2], kind=kind), **more}
    )


def parts(folder):
    made = small(folder, None)
    (made / "labels").mkdir()
    pq.write_table(old(), made / "labels" / "part-0.parquet")
    pq.write_table(old().slice(0, 0), made / "labels" / "empty.parquet")
    return made


FOLDERS = {
    "parquet": lambda folder: small(folder, old()),
    "other columns": lambda folder: small(folder, old(team=[5], source=["police"], campaign=["k"])),
    "coded": lambda folder: small(
        folder, old().set_column(0, "account_id", pa.array(["b"]).dictionary_encode())
    ),
    "not null": lambda folder: small(
        folder, old().cast(pa.schema([f.with_nullable(False) for f in old().schema]))
    ),
    "ns": lambda folder: small(folder, old(pa.timestamp("ns", "Europe/Berlin"))),
    "csv": lambda folder: small(folder, old(team=[5]), "csv"),
    "parts": parts,
    "none": lambda folder: small(folder, None),
    "empty": lambda folder: small(folder, old().slice(0, 0)),
}


@pytest.mark.parametrize("form", FOLDERS)
@pytest.mark.parametrize("write", [as_json, as_csv])
def test_labels_are_added_in_every_form_and_once(tmp_path, form, write):
    folder = FOLDERS[form](tmp_path / "d")
    before = [] if form in ("none", "empty") else OLD
    assert found(folder) == told(before)
    path = write(tmp_path / f"decisions.{write.__name__[3:]}", ROWS)
    added = add_labels(folder, path)
    assert (added.n_added, added.n_known, added.n_unsure) == (2, 0, 1)
    against = AGAINST if before else ""  # the appeal
    assert str(added) == f"2 labels added, 0 there already, 1 unsure and so no label{against}{UNTIL}"
    assert found(folder) == told(before + NEW)
    bytes_ = {each: each.read_bytes() for each in folder.rglob("labels*") if each.is_file()}
    again = add_labels(folder, path)
    assert (again.n_added, again.n_known) == (0, 2)
    assert all(each.read_bytes() == content for each, content in bytes_.items())
    more = write(tmp_path / f"more.{write.__name__[3:]}", [*ROWS, ROWS[0], decision("c")])
    assert add_labels(folder, more).n_added == 1
    assert len(found(folder)) == len(before) + 3


@pytest.mark.parametrize("form", FOLDERS)
def test_where_a_label_comes_from_is_told_beside_it(tmp_path, form):
    folder = FOLDERS[form](tmp_path / "d")
    add_labels(folder, as_json(tmp_path / "d.json", ROWS))
    files = sorted((folder / "labels").iterdir()) if form == "parts" else [next(folder.glob("labels.*"))]
    if form == "csv":
        with files[0].open(encoding="utf-8", newline="") as file:
            rows = [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]
        assert rows[-1]["reviewer"] == "'=Bob"  # a spreadsheet would take it for a formula
        rows[-1]["reviewer"] = "=Bob"
    else:
        rows = [row for each in files for row in pq.read_table(each).to_pylist()]
        rows.sort(key=lambda row: row["labelled_at"])
    new = [row for row in rows if row.get("source") in ("review", "appeal")]
    assert sorted(tuple(map(str, (row["account_id"], *(row[name] for name in EXTRA)))) for row in new) == [
        ("a", "review", "s1-0a", "Ada"),
        ("b", "appeal", "None", "=Bob"),
    ]
    assert not any(b"secret note" in each.read_bytes() for each in folder.rglob("*") if each.is_file())
    if form == "other columns":
        assert (rows[0]["team"], rows[0]["source"], rows[0]["campaign"]) == (5, "police", "k")
        assert new[0]["campaign"] is new[0]["team"] is None


@pytest.mark.parametrize(
    ("kind", "unit", "later"),
    [
        (pa.timestamp("ms", "UTC"), None, "2026-06-09T12:00:00.25Z"),
        (pa.int64(), "s", "2026-06-09T12:00:01Z"),
        (pa.int64(), "ns", "2026-06-09T12:00:00.25Z"),
        (pa.date32(), None, "2026-06-10T00:00:00Z"),
        (pa.timestamp("us"), None, "2026-06-09T12:00:00.25Z"),
    ],
    ids=str,
)
def test_a_coarser_column_makes_a_label_later_and_never_earlier(tmp_path, kind, unit, later):
    """A label exists for nobody before its decision."""
    at = stamps(OLD[0][2])
    if pa.types.is_integer(kind):
        at = pa.array([to_instant(OLD[0][2]) // 1_000_000 if unit == "s" else to_instant(OLD[0][2]) * 1000])
    folder = small(tmp_path / "d", old().set_column(2, "labelled_at", at.cast(kind)))
    (folder / "dataset.toml").write_text(
        f'[time]\nzone = "{"UTC" if kind == pa.date32() else "Europe/Berlin"}"\nunit = "{unit or "s"}"\n'
    )
    path = as_json(tmp_path / "d.json", ROWS[:1])
    before = found(folder)
    assert add_labels(folder, path).n_added == 1
    assert set(found(folder)) == {*before, *told([("a", True, later)])}
    assert add_labels(folder, path).n_added == 0


def test_what_a_column_cannot_tell_is_refused_and_the_old_stays(tmp_path):
    """An hour that a clock without a zone shows twice would come out as the first of the two: too early."""
    folder = small(tmp_path / "d", old(pa.timestamp("us")))
    (folder / "dataset.toml").write_text('[time]\nzone = "Europe/Berlin"\n')
    former = (folder / "labels.parquet").read_bytes()
    path = as_json(tmp_path / "d.json", [decision("a", "2025-10-26T01:30:00Z")])
    with pytest.raises(OutputError, match="labelled_at must hold the instants"):
        add_labels(folder, path)
    assert (folder / "labels.parquet").read_bytes() == former
    pq.write_table(old(source=[1.5]), folder / "labels.parquet")
    with pytest.raises(
        OutputError, match="'source' must be of a type that can hold the new labels; got double"
    ):
        add_labels(folder, as_json(tmp_path / "d.json", ROWS))


def test_integer_ids(tmp_path):
    labels = {"account_id": pa.array([2], pa.int32()), "is_automated": pa.array([1], pa.int8())}
    folder = small(tmp_path / "d", pa.table(labels | {"labelled_at": stamps(OLD[0][2])}), ids=(1, 2, 3))
    add_labels(folder, as_json(tmp_path / "d.json", [decision(1), decision("3", what="not_automated")]))
    assert [row[:2] for row in found(folder)] == [(1, True), (2, True), (3, False)]
    assert pq.read_table(folder / "labels.parquet").schema.field("account_id").type == pa.int32()


@pytest.mark.parametrize("form", FOLDERS)
def test_a_failing_write_leaves_the_old_labels(tmp_path, monkeypatch, form):
    folder = FOLDERS[form](tmp_path / "d")
    former = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    path = as_json(tmp_path / "d.json", ROWS)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        f"spamclf.review.stores.{'CsvLabels' if form == 'csv' else 'ParquetLabels'}.write", full
    )
    with pytest.raises(OutputError, match="No space left"):
        add_labels(folder, path)
    monkeypatch.undo()
    with pytest.raises(BadRowsError):
        add_labels(folder, as_json(tmp_path / "bad.json", [*ROWS, decision("nobody")]))
    left = {
        each: each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file() and not each.name.endswith(".lock")
    }
    assert left == former


def test_a_csv_table_with_ragged_rows_is_to_be_mended_first(tmp_path):
    folder = small(tmp_path / "d", old(), "csv")
    with (folder / "labels.csv").open("a") as file:
        file.write("b,true\n")
    with pytest.raises(DataFileError, match=r"row 1 \(from 0\)"):
        add_labels(folder, as_json(tmp_path / "d.json", ROWS), max_bad_share=1)


@pytest.mark.parametrize("name", ["accounts.csv", "labels.csv", "labels.2.csv", "innocent.csv", "link.csv"])
def test_out_is_none_of_what_the_dataset_is_read_from(tmp_path, name):
    folder = small(tmp_path / "d", old(), "csv")
    (folder / "innocent.csv").write_text("# none\n")
    (tmp_path / "link.csv").symlink_to(folder / "accounts.csv")
    before = {each: each.read_bytes() for each in folder.iterdir()}
    out = tmp_path / name if name == "link.csv" else folder / name
    with pytest.raises(OutputError, match="none of the dataset's tables; got"):
        add_labels(folder, as_json(tmp_path / "d.json", ROWS), out=out)
    assert {each: each.read_bytes() for each in folder.iterdir()} == before


def test_a_cell_that_csv_cannot_hold_is_told(tmp_path):
    folder = small(tmp_path / "d", old(team=["x" * 200_000]), "csv")
    before = (folder / "labels.csv").read_bytes()
    with pytest.raises(
        DataFileError, match=r"^labels\.csv: every cell must .* 131,072 letters; got: field larger"
    ):
        add_labels(folder, as_json(tmp_path / "d.json", ROWS))
    assert (folder / "labels.csv").read_bytes() == before


def test_out_leaves_the_dataset_alone(tmp_path):
    for form, ending in (("parquet", "parquet"), ("parts", "parquet"), ("csv", "csv"), ("none", "parquet")):
        folder = FOLDERS[form](tmp_path / form)
        before = found(folder)
        out = tmp_path / f"{form}-labels.{ending}"
        path = as_json(tmp_path / "d.json", ROWS)
        assert add_labels(folder, path, out=out).path == out
        assert found(folder) == before
        whole = small(tmp_path / f"{form}-with", None)
        out.rename(whole / f"labels.{ending}")
        assert set(found(whole)) == {*before, *told(NEW)}


def test_an_opposite_of_what_was_known_is_told(tmp_path):
    folder = small(tmp_path / "d", old())
    noon, later = "2026-06-09T12:00:00Z", "2026-06-10T12:00:00Z"
    appeal = add_labels(folder, as_json(tmp_path / "d.json", [decision("b", noon, "appeal_accepted")]))
    assert appeal.n_against == 1
    assert AGAINST in str(appeal)
    rows = [decision("a", noon), decision("b", noon, "automated"), decision("b", later, "not_automated")]
    again = add_labels(folder, as_json(tmp_path / "e.json", rows))
    assert (again.n_added, again.n_against) == (3, 1)  # the milder of one instant stands; the last repeats it
    first = small(tmp_path / "f", None)
    rows = [decision("a", later, "not_automated"), decision("a", noon), decision("a", later, "unsure")]
    assert add_labels(first, as_json(tmp_path / "g.json", rows)).n_against == 1


# ---- what training and evaluating make of them ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A simulated world, and decisions: some new ones, and appeals against some labels that say automated."""
    folder = write_folder(tables(), tmp_path_factory.mktemp("review") / "world")
    labels = tables()["labels"]
    labelled = set(labels["account_id"].to_pylist())
    fresh = [each for each in tables()["accounts"]["account_id"].to_pylist() if each not in labelled][:8]
    appealed = labels.filter(labels["is_automated"]).sort_by("labelled_at")
    at = (pc.max(labels["labelled_at"]).as_py() + timedelta(hours=1)).isoformat()
    rows = [decision(each, at) for each in fresh]
    rows += [decision(each, at, "appeal_accepted") for each in appealed["account_id"].to_pylist()[-3:]]
    path = as_json(folder.parent / "decisions.json", rows)
    before = read_dataset(folder)
    add_labels(folder, path)
    return (before, read_dataset(folder), fresh, appealed["account_id"].to_pylist()[-3:])


def labels_at(dataset, end):
    ego = EgoLog.build(dataset, n_jobs=1)
    return dict(zip(ego.account_ids.to_pylist(), latest_labels(ego, end).tolist(), strict=True))


def test_a_label_is_seen_from_its_instant_on_and_an_appeal_replaces_what_was_before(world):
    before, after, fresh, appealed = world
    at = int(pc.max(after.labels["labelled_at"]).cast(pa.int64()).as_py())
    assert labels_at(after, at) == labels_at(
        before, at
    )  # strictly before: nothing is known of the decisions yet
    seen = labels_at(after, at + 1)
    assert {seen[each] for each in fresh} == {1}
    assert {seen[each] for each in appealed} == {0}
    assert {labels_at(before, at + 1)[each] for each in appealed} == {1}
    others = set(seen) - {*fresh, *appealed}
    assert {each: seen[each] for each in others} == {each: labels_at(before, at + 1)[each] for each in others}


def test_training_learns_from_them_and_an_evaluation_still_runs(world):
    before, after, fresh, _ = world
    at = int(pc.max(after.labels["labelled_at"]).cast(pa.int64()).as_py()) + 1
    fit = partial(
        train.fit,
        as_of=at,
        features=["send_rate", "fan_out"],
        max_iter=5,
        n_jobs=1,
        memory=False,
        **doors.SMALL,
    )
    counts = [fit(each).info["data"] for each in (before, after)]
    assert counts[0] != counts[1]
    early = [predict.score(before, fit(each, as_of=at - 1), n_jobs=1) for each in (before, after)]
    assert early[0]["score"].equals(early[1]["score"])
    late = predict.score(before, fit(after), n_jobs=1)
    assert not late["score"].equals(early[0]["score"])
    judged = [evaluate.evaluate(each, doors.model(), n_jobs=1).accounts for each in (before, after)]
    assert judged[1].num_rows - judged[0].num_rows == len(fresh)


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command(tmp_path):
    folder = small(tmp_path / "d", old())
    path = as_csv(tmp_path / "decisions.csv", ROWS)
    done = cli("labels", "add", folder, path)
    assert (done.exit_code, done.stderr) == (0, "")
    told = f"2 labels added, 0 there already, 1 unsure and so no label{AGAINST}{UNTIL}\n"
    assert done.stdout == f"{told}labels are in {folder}/labels.parquet\n"
    refused = cli("labels", "add", folder, as_csv(tmp_path / "bad.csv", [decision("nobody")]))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "bad.csv: every decision must keep the rules; got 1 of 1" in refused.stderr
    assert "unknown_account: 1, at row 0 " in refused.stderr
    assert (
        "none of the dataset's tables"
        in cli("labels", "add", folder, path, "--out", folder / "labels.parquet").stderr
    )
    assert "Example" in cli("labels", "add", "--help").stdout


def test_two_at_once_do_not_lose_a_label(tmp_path):
    folder = small(tmp_path / "d", old())
    with adding.hold(folder / "labels.parquet"), pytest.raises(OutputError, match="must be free"):
        add_labels(folder, as_json(tmp_path / "d.json", ROWS))


def test_from_the_page_to_the_next_scores(tmp_path):
    """Report, decide, add twice, train, score: an appeal makes a negative label that tells where it comes from."""
    folder = write_folder(tables(), tmp_path / "world")
    options = (
        "--fpr",
        "0.05",
        "--confidence",
        "none",
        "--split-campaigns",
        "--features",
        "send_rate,fan_out",
    )
    train_at = ("train", folder, *options, "--no-memory", "--jobs", 1)
    cli(*train_at, "--out", tmp_path / "first")
    page = cli("report", folder, "--model", tmp_path / "first", "--out", tmp_path / "r.html", "--changes", 0)
    assert page.exit_code == 0, page.stderr
    scored = ("score", folder, "--jobs", 1, "--model")
    assert cli(*scored, tmp_path / "first", "--out", tmp_path / "before.parquet").exit_code == 0
    before = pq.read_table(tmp_path / "before.parquet")
    flagged = before.filter(pc.equal(before["verdict"], "automated")).to_pylist()
    assert len(flagged) >= 2
    assert all(each["account_id"] in (tmp_path / "r.html").read_text("utf-8") for each in flagged)
    at = (pc.max(read_dataset(folder).labels["labelled_at"]).as_py() + timedelta(hours=1)).isoformat()
    rows = [
        decision(each["account_id"], at, "appeal_accepted", score_id=each["score_id"], reviewer="Ada")
        for each in flagged
    ]
    path = as_csv(tmp_path / "decisions.csv", rows)
    assert cli("labels", "add", folder, path).stdout.startswith(f"{len(rows)} labels added, 0 there already")
    assert cli("labels", "add", folder, path).stdout.startswith(f"0 labels added, {len(rows)} there already")
    written = pq.read_table(folder / "labels.parquet").slice(tables()["labels"].num_rows).to_pylist()
    assert [(row["is_automated"], row["source"], row["reviewer"], row["score_id"]) for row in written] == [
        (False, "appeal", "Ada", each["score_id"]) for each in flagged
    ]
    retrained = cli(*train_at, "--out", tmp_path / "second")
    assert retrained.exit_code == 0, retrained.stderr
    assert cli(*scored, tmp_path / "second", "--out", tmp_path / "after.parquet").exit_code == 0
    ids = pa.array([each["account_id"] for each in flagged])
    means = [
        pc.mean(each.filter(pc.is_in(each["account_id"], value_set=ids))["score"]).as_py()
        for each in (before, pq.read_table(tmp_path / "after.parquet"))
    ]
    assert means[1] < means[0]
