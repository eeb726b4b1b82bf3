"""A dossier holds all that ties accounts to an operation, nothing from the future, and the other doors' numbers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spamclf import Dataset, dossier, extract, find, predict
from spamclf.dossier.ties import MEASURED
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.instants import to_instant
from spamclf.schema import TABLES
from tests.doors import write_folder
from tests.dossier.common import DAY, HOUR, OPERATOR, POLICY, START, by_hand, found, sample, world


def ids_of(contents, **wanted):
    return {
        row["account_id"]
        for row in contents["accounts"]
        if all(row[name] == value for name, value in wanted.items())
    }


# ---- reproducible ------------------------------------------------------------------------------------------------


def test_the_same_bytes_again(tmp_path):
    one, other = found(), dossier.gather(sample(), operator=OPERATOR, policy_date=POLICY, n_jobs=2)
    assert one.to_json() == other.to_json()
    assert one.to_html() == other.to_html()
    one.write(tmp_path)
    assert (tmp_path / "dossier.json").read_text("utf-8") == one.to_json()
    assert (tmp_path / "dossier.html").read_text("utf-8") == one.to_html()
    assert json.loads(one.to_json()) == one.to_dict()


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(3)
    tables = {name: table.take(rng.permutation(table.num_rows)) for name, table in world().items()}
    operator = world()["evidence"]["operator"][0].as_py()
    one, other = (dossier.gather(Dataset(**each), operator=operator, n_jobs=1) for each in (world(), tables))
    assert one.to_json() == other.to_json()
    assert one.to_html() == other.to_html()


def test_the_hash_of_each_input_file(tmp_path):
    import hashlib

    folder = write_folder(
        {name: table for name, table in world().items() if name != "photos"}, tmp_path / "data"
    )
    from spamclf import read_dataset

    contents = dossier.gather(
        read_dataset(folder), operator=world()["evidence"]["operator"][0].as_py()
    ).to_dict()
    files = {each["file"]: each["sha256"] for each in contents["inputs"]["files"]}
    assert files == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")
    }
    assert str(tmp_path) not in json.dumps(contents)


# ---- point in time -----------------------------------------------------------------------------------------------


def test_nothing_from_the_future():
    """Rows at or after the instant change no letter."""
    times = {name: table["observed_at"] for name, table in world().items() if name == "evidence"}
    middle = sorted(pc.cast(times["evidence"], pa.int64()).to_pylist())[-1]  # just before the last evidence
    cut = {}
    for name, table in world().items():
        when = pc.cast(table[TABLES[name].time], pa.int64())
        cut[name] = table.filter(pc.fill_null(pc.less(when, middle), True))
    assert cut["messages"].num_rows < world()["messages"].num_rows
    assert cut["evidence"].num_rows < world()["evidence"].num_rows
    operator = cut["evidence"]["operator"][0].as_py()
    settings = {"operator": operator, "as_of": middle, "policy_date": middle - 3 * DAY, "n_jobs": 1}
    whole, past = (dossier.gather(Dataset(**each), **settings) for each in (world(), cut))
    assert whole.to_json() == past.to_json()
    assert whole.to_html() == past.to_html()


def test_every_account_that_evidence_ties_is_there():
    """At several instants, for every operator: those that evidence tied by then are known, and no other."""
    evidence = world()["evidence"].to_pylist()
    data = Dataset(**world())
    instants = sorted({row["observed_at"] for row in evidence})
    for instant in [instants[0], instants[-1]]:
        until = to_instant(instant) + 1
        for operator in {row["operator"] for row in evidence}:
            tied = {
                row["account_id"]
                for row in evidence
                if row["operator"] == operator and to_instant(row["observed_at"]) < until
            }
            if not tied:
                with pytest.raises(ParameterError, match="operator must be one"):
                    dossier.gather(data, operator=operator, as_of=until)
                continue
            contents = dossier.gather(data, operator=operator, as_of=until, n_jobs=1).to_dict()
            assert ids_of(contents, known=True) == tied
            assert all(to_instant(row["observed_at"]) < until for row in contents["evidence"])


def test_evidence_on_an_account_that_is_not_registered_yet():
    data = by_hand()
    with pytest.raises(ParameterError, match="operator must be one"):
        dossier.gather(data, operator="Bulk", as_of=START + 4 * HOUR)
    contents = dossier.gather(data, operator="Bulk", as_of=START + 4 * HOUR + 1).to_dict()
    assert ids_of(contents, known=True) == {"b0"}
    assert "b2" not in ids_of(contents)  # registered later


# ---- who is tied, and by what ------------------------------------------------------------------------------------


def test_what_sets_the_operation_apart_ties_and_what_people_share_does_not():
    contents = dossier.gather(by_hand(), operator="Bulk", as_of=START + 35 * HOUR).to_dict()
    assert ids_of(contents) == {"b0", "b1", "b2"}
    assert ids_of(contents, known=True) == {"b0"}
    shared = {row["name"]: row for row in contents["shared"]}
    used = {name for name, row in shared.items() if row["used"]}
    assert used == {"photo 2", "text 1", "device phone"}
    assert set(shared) - used == {"photo 1", "network carrier"}
    assert shared["photo 2"]["accounts"] == ["b0", "b1", "b2"]
    assert shared["photo 1"]["accounts"] == ["b0"]  # who else shares what people share is nobody's business
    assert (shared["photo 1"]["n_accounts"], shared["photo 1"]["n_core"]) == (31, 1)
    ties = {
        row["account_id"]: {tie["what"] for tie in row["ties"] if tie["used"]} for row in contents["accounts"]
    }
    assert ties["b0"] == {"off_platform", *used}
    assert ties["b2"] == {"photo 2", "text 1"}
    every = {row["account_id"]: {tie["what"] for tie in row["ties"]} for row in contents["accounts"]}
    assert every["b2"] - ties["b2"] == {"network carrier"}  # told, and told not to have been used
    assert shared["text 1"]["texts"] == [
        {"text": "Win a thousand coins this very week, ask our adviser ", "n_accounts": 3}
    ]


def test_without_labels_two_of_the_core_are_needed():
    contents = dossier.gather(by_hand(labels=None), operator="Bulk", as_of=START + 35 * HOUR).to_dict()
    assert ids_of(contents) == {"b0"}


def tied(*accounts, automated):
    """The dossier of an operator to which evidence ties b0 and b1 of six senders, with these labels."""
    data, n = by_hand(n_bulk=6), len(automated)
    evidence = {
        "account_id": ["b0", "b1"],
        "observed_at": data.photos["set_at"][:2],
        "operator": ["Bulk"] * 2,
    }
    evidence |= {"kind": ["on_platform"] * 2, "source": [None] * 2}
    labels = {
        "account_id": list(accounts),
        "labelled_at": data.photos["set_at"][:n],
        "is_automated": automated,
    }
    data = by_hand(n_bulk=6, evidence=evidence, labels=labels)
    return dossier.gather(data, operator="Bulk", as_of=START + 35 * HOUR).to_dict()


def test_what_people_found_honest_share_ties_nobody():
    both, everybody = {"b0", "b1"}, {f"b{k}" for k in range(6)}
    assert ids_of(tied("b0", "b1", automated=[True, True])) == everybody
    contents = tied("b0", "b1", automated=[True, False])
    assert ids_of(contents) == both  # known by evidence, whatever the label says; and that is told
    assert {row["account_id"]: row["label"] for row in contents["accounts"]} == {
        "b0": "automated",
        "b1": "not automated",
    }


def test_who_was_found_honest_is_not_inferred():
    contents = tied("b0", "b1", "b2", "b3", "b4", automated=[True] * 4 + [False])
    assert ids_of(contents) == {"b0", "b1", "b2", "b3", "b5"}
    assert "b4" not in {each for row in contents["shared"] for each in row["accounts"]}
    assert {row["n_accounts"] for row in contents["shared"] if row["used"]} == {6, 2}  # yet it is counted


def test_a_campaign_is_its_members_and_what_joins_them():
    data, until = by_hand(), START + 35 * HOUR
    listed = find.campaigns(data, as_of=until)
    for row in listed.table.to_pylist():
        name = f"{row['kind']} {row['campaign']}"
        written = name[0].upper() + name[1:]  # as pages write it
        contents = dossier.gather(data, campaign=written, as_of=until).to_dict()
        members = {
            each["account_id"]
            for each in listed.members().to_pylist()
            if (each["kind"], each["campaign"]) == (row["kind"], row["campaign"])
        }
        assert members <= ids_of(contents)
        assert ids_of(contents, known=True) == {"b0"}  # evidence on its members is told
        assert contents["about"]["operation"] == name
        assert MEASURED not in contents["remarks"]["inferred"]  # it was measured on operators


def test_people_who_were_written_to_are_not_named():
    case = dossier.gather(by_hand(), operator="Bulk", as_of=START + 35 * HOUR, policy_date=START + DAY)
    assert "victim" not in case.to_json()
    assert "victim" not in case.to_html()
    assert not {f'"p{k}"' for k in range(30)} & set(case.to_json().split())


# ---- numbers -----------------------------------------------------------------------------------------------------


def test_by_hand():
    contents = dossier.gather(
        by_hand(), operator="Bulk", as_of=START + 35 * HOUR, policy_date=START + DAY
    ).to_dict()
    summary = contents["summary"]
    assert (summary["n_sent"], summary["n_strangers"]) == (16, 10)  # six of them were reached twice
    assert (summary["first_sent"], summary["last_sent"]) == ("2026-06-01T02:00:00Z", "2026-06-02T06:30:00Z")
    assert contents["after_policy"] == {
        "policy_date": "2026-06-02T00:00:00Z", "n_senders": 1, "n_sent": 6, "n_strangers": 0, "n_registered": 1
    }  # fmt: skip
    after = {row["account_id"]: row["after_policy"] for row in contents["accounts"]}
    assert after["b1"] == {"n_sent": 6, "n_strangers": 6, "registered": False}
    assert after["b2"] == {"n_sent": 0, "n_strangers": 0, "registered": True}
    assert [(day["day"], day["n_sent"], day["n_strangers"]) for day in contents["days"]] == [
        ("2026-06-01", 10, 10),
        ("2026-06-02", 6, 0),
    ]


def test_the_numbers_of_the_other_doors():
    contents, until = found().to_dict(), found().contents["about"]["as_of"]
    table = extract(
        sample(),
        as_of=until,
        history_days=36_500,
        features=["send_rate_sends", "fan_out_strangers"],
        n_jobs=1,
    )
    place = {each: k for k, each in enumerate(table.account_ids.to_pylist())}
    scores = {
        row["account_id"]: row
        for row in predict.score(sample(), as_of=until, n_reasons=3, n_jobs=1).to_pylist()
    }
    for row in contents["accounts"]:
        k = place[row["account_id"]]
        assert row["n_sent"] == table["send_rate_sends"][k]
        assert row["n_strangers"] == table["fan_out_strangers"][k]
        score = scores[row["account_id"]]
        assert row["score"]["reasons"] == [each["sentence"] for each in score["reasons"]]
        for name in ("score", "threshold", "verdict", "score_id"):
            assert row["score"][name] == score[name]


def test_the_sums_agree_with_the_messages_themselves():
    contents = found().to_dict()
    chosen, policy = ids_of(contents), datetime.fromisoformat(POLICY).replace(tzinfo=UTC)
    sent = {tuple(row.values()) for row in sample().messages.to_pylist() if row["sender_id"] in chosen}
    when = sample().messages.column_names.index("sent_at")
    summary, after = contents["summary"], contents["after_policy"]
    assert summary["n_sent"] == len(sent) == sum(day["n_sent"] for day in contents["days"])
    assert after["n_sent"] == sum(row[when] >= policy for row in sent) > 0
    by_day = {}
    for row in sent:
        by_day[f"{row[when]:%Y-%m-%d}"] = by_day.get(f"{row[when]:%Y-%m-%d}", 0) + 1
    assert {day["day"]: day["n_sent"] for day in contents["days"]} == by_day
    assert summary["n_strangers"] == sum(day["n_strangers"] for day in contents["days"])
    assert summary["n_accounts"] == summary["n_known"] + summary["n_inferred"]
    campaigns = {
        f"{row['kind']} {row['campaign']}": row for row in find.campaigns(sample()).table.to_pylist()
    }
    for row in contents["shared"]:
        if row["kind"] in ("photo", "text", "list"):
            assert all(
                row[name] == campaigns[row["name"]][name]
                for name in ("n_accounts", "n_labelled", "n_automated")
            )


def test_photos_with_their_hashes():
    import hashlib

    for row in found().to_dict()["photos"]:
        assert row["file_sha256"] == hashlib.sha256((sample().folder / row["photo"]).read_bytes()).hexdigest()
        assert len(row["perceptual_hash"]) == 64


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_an_unknown_operator_gets_the_nearest_names():
    with pytest.raises(
        ParameterError, match=r"got 'operator-6f3e88f5'. The nearest names: operator-6f3e88f4"
    ):
        dossier.gather(sample(), operator="operator-6f3e88f5")
    with pytest.raises(ParameterError, match="It names nobody"):
        dossier.gather(sample(), operator=OPERATOR, as_of="2026-05-02")


def test_an_unknown_campaign():
    with pytest.raises(ParameterError, match=r"got 'photo 99'. There are photo 1 to 6, text 1 to 9"):
        dossier.gather(sample(), campaign="photo 99")
    with pytest.raises(ParameterError, match=r"campaign must be a kind .* got 'video 1'"):
        dossier.gather(sample(), campaign="video 1")


def test_wrong_arguments():
    for both in ({}, {"operator": OPERATOR, "campaign": "photo 1"}):
        with pytest.raises(ParameterError, match=r"operator or campaign must be given; got (none|both)"):
            dossier.gather(sample(), **both)
    with pytest.raises(ParameterError, match="policy_date must be no later than as_of"):
        dossier.gather(sample(), operator=OPERATOR, policy_date="2026-06-05")
    with pytest.raises(ParameterError, match="policy_date must be an instant"):
        dossier.gather(sample(), operator=OPERATOR, policy_date="soon")
    with pytest.raises(ParameterError, match="operator must be a name; got int"):
        dossier.gather(sample(), operator=7)
    with pytest.raises(InsufficientDataError, match="evidence must be given"):
        dossier.gather(by_hand(evidence=None), operator="Bulk")
