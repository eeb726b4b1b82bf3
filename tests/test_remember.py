"""A model's memory: a campaign it has seen is recognised at its next account's first message."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, Model, load_model, predict, simulate, train
from spamclf.campaigns.clusters import LIST
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.photos import from_hex
from spamclf.campaigns.sightings import Sightings, pseudonyms
from spamclf.ego import EgoLog
from spamclf.errors import SchemaError
from spamclf.features.extract import measure
from spamclf.instants import DAY_US
from spamclf.labelled import CALIBRATION, EARLIER, labelled_rows
from spamclf.lists import lists_of
from spamclf.model import HonestScores
from spamclf.remember import remember
from spamclf.train.arguments import end_of
from tests.doors import SMALL

ABOUT = "Earn 500 euro a day from home, ask my colleague Lena for the link today"
NEARLY = ABOUT.replace("Lena", "Anna")
HASH = hashlib.sha256(b"a picture").hexdigest()
N_MEMBERS = 12
CLUSTERS = ("photo_cluster_accounts", "template_cluster_accounts")


@cache
def tables() -> dict[str, pa.Table]:
    """A world in which some automated accounts show one photo and one text, in versions."""
    made = dict(simulate.world(300, 20, random_state=1011, media=False))
    labels = made["labels"]
    automated = labels.filter(labels["is_automated"])["account_id"].unique().to_pylist()
    members = sorted(set(automated) & set(made["messages"]["sender_id"].to_pylist()))[:N_MEMBERS]
    at = pa.array([_last(made) - DAY_US - k for k in range(N_MEMBERS)], pa.timestamp("us", "UTC"))
    photos = {"account_id": members, "set_at": at, "photo_hash": [flipped(k % 3) for k in range(N_MEMBERS)]}
    texts = {
        "account_id": members,
        "observed_at": at,
        "source": ["about"] * N_MEMBERS,
        "text": [ABOUT] * N_MEMBERS,
    }
    for name, rows in (("photos", photos), ("texts", texts)):
        columns = {c: rows.get(c, [None] * N_MEMBERS) for c in made[name].column_names}
        made[name] = pa.concat_tables([made[name], pa.table(columns).cast(made[name].schema)])
    return made


def flipped(n_bits: int) -> str:
    return f"{int(HASH, 16) ^ ((1 << n_bits) - 1):064x}"


def _last(made: dict[str, pa.Table]) -> int:
    return max(made["messages"]["sent_at"].cast(pa.int64()).to_pylist())


@cache
def model() -> Model:
    return train.fit(Dataset(**tables()), **SMALL, max_iter=30, n_jobs=1)


@cache
def end() -> int:
    """Just after all that the model saw."""
    return Dataset(**tables()).last_instant() or 0


def newcomer(
    *, name: str = "unseen", photo: str = flipped(7), text: str = NEARLY, **settings: Any
) -> Dataset:
    """One account that sent one message, a day after the model's data end, and shows something."""
    now = end() + DAY_US
    return Dataset(
        accounts={"account_id": [name], "registered_at": [now]},
        messages={"sender_id": [name], "recipient_id": ["stranger"], "sent_at": [now + 3]},
        photos={"account_id": [name], "set_at": [now + 1], "photo_hash": [photo]},
        texts={"account_id": [name], "observed_at": [now + 2], "source": ["about"], "text": [text]},
        time_unit="us",
        not_after="2040-01-01",
        **settings,
    )


def around(data: Dataset, memory: CampaignIndex | None, as_of: int | None = None) -> list[float]:
    """Accounts with nearly the photo, with nearly the text, of the only account."""
    ego = EgoLog.build(data).remembering(memory)
    slices = ego.slices([0], end() + 2 * DAY_US if as_of is None else as_of, history_days=30)
    return measure(ego, slices, CLUSTERS)[:, 0].tolist()


# ---- what is remembered ------------------------------------------------------------------------------------------


def test_what_a_model_remembers() -> None:
    memory = model().memory
    assert memory is not None
    assert memory.schemes.keys() == {"photo", "text", "list"}
    assert len(memory.labels)
    assert all((seen.instant > end() - 31 * DAY_US).all() for seen in memory.sightings)


@pytest.mark.parametrize(
    ("families", "kinds"),
    [
        (["photo_cluster_accounts"], {"photo"}),
        (["template_texts", "send_rate_sends"], {"text"}),
        (["co_target_shared_share", "photo_shown"], {"photo"}),  # it looks at no remembered list ...
        (["co_target_cluster_similarity"], {"list"}),  # ... and this does
    ],
)
def test_only_kinds_that_are_looked_at(families: list[str], kinds: set[str]) -> None:
    memory = remember(EgoLog.build(Dataset(**tables())), end() + 1, families, history_days=30)
    assert memory is not None
    assert memory.schemes.keys() == kinds


def test_nothing_to_remember() -> None:
    ego = EgoLog.build(Dataset(**tables()))
    assert remember(ego, end() + 1, ["send_rate_sends"], history_days=30) is None
    assert remember(ego, end() + 1, ["co_target_shared_share"], history_days=30) is None
    assert remember(ego, 5, ["photo_shown", "co_target_shared_share"], history_days=30) is None
    assert train.fit(Dataset(**tables()), **SMALL, memory=False, max_iter=2).memory is None


def test_lists_of_honest_people_are_not_kept() -> None:
    """Only those of suspects, and those that another account's list is near to."""
    data = Dataset(**tables())
    memory = remember(EgoLog.build(data), end() + 1, ["co_target_cluster_accounts"], history_days=30)
    whole = lists_of(EgoLog.build(data), end() + 1, 30)
    assert memory is not None
    kept, every = set(memory.lists.account.tolist()), set(whole.sightings.account.tolist())
    labels = data.labels.filter(pc.less_equal(data.labels["labelled_at"].cast(pa.int64()), end())).to_pandas()
    labels = labels.sort_values("labelled_at").drop_duplicates("account_id", keep="last")
    suspects = labels[labels["is_automated"]]["account_id"].tolist()
    seen = pc.less_equal(data.evidence["observed_at"].cast(pa.int64()), end())
    tied = data.evidence.filter(pc.and_(seen, pc.is_valid(data.evidence["operator"])))
    suspects += tied["account_id"].to_pylist()
    suspect = set(pseudonyms(pa.array(suspects)).tolist()) & every
    words = whole.sightings.words[whole.group]
    near = (words[:, None] == words[None]).mean(axis=2) >= LIST.min_similarity
    other = whole.account_ids.to_numpy(zero_copy_only=False)
    near &= other[:, None] != other[None]
    alike = set(pseudonyms(whole.account_ids.filter(pa.array(near.any(axis=1)))).tolist())
    assert kept == suspect | alike
    assert 10 < len(kept) < len(every) / 2


def test_only_the_look_back_is_remembered() -> None:
    until = end() - 5 * DAY_US
    ego = EgoLog.build(Dataset(**tables()))
    names = ["photo_shown", "template_texts", "co_target_cluster_accounts"]
    memory = remember(ego, until, names, history_days=3)
    assert memory is not None
    traces = [seen.instant for seen in memory.sightings]
    traces += [memory.labels.labelled_at, memory.evidence.observed_at]
    for instants in traces:
        assert ((instants >= until - 3 * DAY_US) & (instants < until)).all()


MEMORY = [*CLUSTERS, "co_target_cluster_accounts"]
WRITERS = st.sampled_from(["a", "b", "c"])
INSTANTS = st.integers(0, 60)
Rows = list[tuple[str, int]]


@settings(max_examples=60)
@given(
    *[st.lists(st.tuples(WRITERS, INSTANTS), max_size=6)] * 3,
    *[st.lists(st.tuples(WRITERS, st.integers(0, 40)), max_size=3)] * 2,
)
def test_no_later_row_moves_what_is_remembered(
    photos: Rows, texts: Rows, messages: Rows, later: Rows, late_labels: Rows
) -> None:
    """The look-back goes back from the last row by then, also where nothing lies after it until a later row comes."""
    until = 60

    def memory(more: Rows, labels: Rows) -> CampaignIndex | None:
        def columns(rows: Rows, extra: Rows, time: str, id_: str = "account_id") -> dict[str, Any]:
            told = [(who, at * DAY_US) for who, at in rows] + [
                (who, (until + at) * DAY_US) for who, at in extra
            ]
            return {id_: [who for who, _ in told], time: [at for _, at in told]}

        sent, seen = columns(messages, more, "sent_at", "sender_id"), columns(photos, more, "set_at")
        said, known = columns(texts, [], "observed_at"), columns([("a", 3), ("b", 3)], labels, "labelled_at")
        n = [len(table["account_id"]) for table in (seen, said, known)]
        data = Dataset(
            accounts={"account_id": ["a", "b"]},
            messages=sent | {"recipient_id": ["r"] * len(sent["sent_at"])},
            photos=seen | {"photo_hash": [flipped(k % 7) for k in range(n[0])]},
            texts=said | {"source": ["about"] * n[1], "text": [ABOUT] * n[1]},
            labels=known | {"is_automated": [True] * n[2]},
            time_unit="us",
            not_after="2040-01-01",
            max_bad_share=1,
        )
        return remember(EgoLog.build(data, n_jobs=1), until * DAY_US, MEMORY, history_days=30, n_jobs=1)

    before, after = memory([], []), memory(later, late_labels)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert before.schemes == after.schemes
        for name, array in before.arrays.items():
            assert np.array_equal(array, after.arrays[name]), name


def test_a_bought_list_is_found_in_a_memory() -> None:
    """Lists serve the clusters of a memory, also of two that were merged."""

    def written(senders: list[str], at: int) -> Dataset:
        sender, recipient = zip(*((s, f"r{k}") for s in senders for k in range(30)), strict=True)
        messages = {
            "sender_id": sender,
            "recipient_id": recipient,
            "sent_at": [at + k for k in range(len(sender))],
        }
        return Dataset(accounts={"account_id": senders}, messages=messages, time_unit="us")

    monday, tuesday = (
        CampaignIndex().add(lists_of(EgoLog.build(written(senders, at)), 3 * DAY_US, 30).sightings)
        for senders, at in ((["a", "b"], DAY_US), (["c", "d", "e"], 2 * DAY_US))
    )
    found = monday.merge(tuesday).clusters(3 * DAY_US, min_accounts=2).to_pylist()
    assert [(row["kind"], row["n_accounts"]) for row in found] == [("list", 5)]


# ---- what it is good for -----------------------------------------------------------------------------------------


def test_a_known_campaign_is_recognised_at_the_first_message() -> None:
    with_memory, without = around(newcomer(), model().memory), around(newcomer(), None)
    assert with_memory == [N_MEMBERS, N_MEMBERS]
    assert without == [0, 0]


def test_a_known_list_is_recognised_at_the_next_account() -> None:
    memory = model().memory
    assert memory is not None
    sent = tables()["messages"]
    sent = sent.filter(pc.less(sent["sent_at"].cast(pa.int64()), end()))
    writers = sent.group_by("sender_id").aggregate([("recipient_id", "count_distinct")])
    known = pc.is_in(
        pa.array(pseudonyms(writers["sender_id"].combine_chunks())), pa.array(memory.lists.account)
    )
    (most,) = writers.filter(known).sort_by([("recipient_id_count_distinct", "descending")])["sender_id"][:1]
    people = sent.filter(pc.equal(sent["sender_id"], most))["recipient_id"].unique().to_pylist()
    assert len(people) > 20
    now, n = end() + DAY_US, len(people)
    columns = {"sender_id": ["new"] * n, "recipient_id": people, "sent_at": [now + k for k in range(n)]}
    data = Dataset(accounts={"account_id": ["new"]}, messages=columns, time_unit="us", not_after="2040-01-01")
    ego = EgoLog.build(data)
    slices = ego.slices([0], now + n, history_days=30)
    names = [
        "co_target_cluster_accounts",
        "co_target_cluster_similarity",
        "co_target_cluster_automated_share",
    ]
    assert measure(ego, slices, names)[:2, 0].tolist() == [0, 0]
    accounts, similarity, share = measure(ego.remembering(memory), slices, names)[:, 0]
    assert accounts >= 1
    assert similarity > 0.5
    assert share > 0.5


def test_the_memory_reaches_score_and_reasons() -> None:
    options: dict[str, Any] = {"as_of": end() + 2 * DAY_US, "reasons_for": "all", "n_reasons": 10}
    forgetful = replace(model(), memory=None)
    (with_memory,) = predict.score(newcomer(), model(), **options).to_pylist()
    (without,) = predict.score(newcomer(), forgetful, **options).to_pylist()
    assert with_memory["n_messages"] == 1
    assert with_memory["score"] > without["score"]
    told = {reason["feature"]: reason["value"] for reason in with_memory["reasons"]}
    clusters = {
        name: value for name, value in told.items() if "_cluster_" in name and "co_target" not in name
    }
    assert clusters
    assert all(clusters.values())


def test_another_photo_and_another_text_are_not_recognised() -> None:
    photo = f"{int(HASH, 16) ^ ((1 << 200) - 1):064x}"
    other = newcomer(photo=photo, text="Open from ten to seven, orders and questions here please")
    assert around(other, model().memory) == [0, 0]


def test_saved_and_loaded_it_scores_the_same(tmp_path: Any) -> None:
    model().save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert around(newcomer(), loaded.memory) == [N_MEMBERS, N_MEMBERS]
    for data in (newcomer(), Dataset(**tables())):
        options: dict[str, Any] = {"as_of": end() + 2 * DAY_US, "reasons_for": "all", "n_reasons": 10}
        assert predict.score(data, loaded, **options).equals(predict.score(data, model(), **options))


def test_what_the_memory_knows_later_is_unseen() -> None:
    """A model of next week, asked about today."""
    now = end() + DAY_US
    as_of = now + 4  # just after the newcomer's message
    words = from_hex([HASH] * 3)
    seen = Sightings.of("photo", "pdq", [1, 2, 3], [as_of - 1, as_of, as_of + DAY_US], words)
    assert around(newcomer(), CampaignIndex().add(seen), as_of)[0] == 1
    assert around(newcomer(), CampaignIndex().add(seen), as_of + 1)[0] == 2
    memory = model().memory
    assert memory is not None
    assert around(newcomer(), memory.add(seen), as_of) == around(
        newcomer(), memory.add(seen).before(as_of), as_of
    )


def test_an_account_does_not_count_itself() -> None:
    memory = model().memory
    assert memory is not None
    member = tables()["photos"].filter(pc.equal(tables()["photos"]["photo_hash"], flipped(2)))
    name = member["account_id"][0].as_py()
    assert pseudonyms(pa.array([name]))[0] in memory.photos.account
    assert around(newcomer(name=name), memory) == [N_MEMBERS - 1, N_MEMBERS - 1]


def test_labels_of_the_memory_count() -> None:
    ego = EgoLog.build(newcomer()).remembering(model().memory)
    slices = ego.slices([0], end() + 2 * DAY_US, history_days=30)
    shares = measure(ego, slices, ["photo_cluster_automated_share", "template_cluster_automated_share"])
    assert (shares > 0.5).all()


def test_the_threshold_is_set_with_the_memory_that_is_given() -> None:
    """Honest accounts that show what an index knows are scored with it: so they were when the model was calibrated."""
    made = tables()
    rows = made["labels"].sort_by("account_id").to_pylist()
    who = [row["account_id"] for k, row in enumerate(rows) if row["is_automated"] or k % 3 == 0]
    n = len(who)
    columns = {"account_id": who, "set_at": [_last(made) - 19 * DAY_US] * n, "photo_hash": [HASH] * n}
    photos = pa.table({name: columns.get(name, [None] * n) for name in made["photos"].column_names})
    data = Dataset(**made | {"photos": photos.cast(made["photos"].schema)})
    words, at = from_hex([HASH] * 40), _last(made) - 20 * DAY_US
    earlier = CampaignIndex().add(Sightings.of("photo", "pdq", range(40), [at] * 40, words))
    options: dict[str, Any] = SMALL | {"features": ["photo"], "max_iter": 10, "n_jobs": 1}
    fitted = train.fit(data, memory=earlier, **options)

    def honest_scores(memory: CampaignIndex | None) -> list[float]:
        ego = EgoLog.build(data).remembering(memory)
        names = fitted.feature_names
        rows = labelled_rows(ego, end_of(data, None), names, history_days=30, whole_campaigns=False, n_jobs=1)
        chosen = np.isin(rows.part, (CALIBRATION, EARLIER)) & ~rows.y
        scores = fitted.calibration(fitted.forest.raw_scores(rows.X[chosen]))
        return HonestScores.of(rows.slices.account[chosen], scores, {}).values.tolist()

    assert fitted.honest is not None
    expected = honest_scores(earlier)
    assert fitted.honest.values[: len(expected)].tolist() == expected
    assert honest_scores(None) != expected


def test_memories_of_other_schemes_are_refused() -> None:
    memory = model().memory
    assert memory is not None
    texts = replace(memory.texts, scheme=memory.texts.scheme.replace("seed=1", "seed=2"))
    other = replace(memory, texts=texts)
    with pytest.raises(SchemaError, match="fingerprints of a text must be of its scheme"):
        predict.score(newcomer(), replace(model(), memory=other), as_of=end() + 2 * DAY_US)
    with pytest.raises(SchemaError, match="one kind and scheme"):
        memory.merge(other)
