"""Every bad row goes to quarantine under the first rule it broke, and the others are used."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.dataset import Dataset
from spamclf.errors import BadRowsError
from tests.tiny import LATEST_US, START, START_US, US, times, two


def twin(sender, recipient, sent_at, is_group, typed_s):
    """Say which rule a message breaks first, one row at a time."""
    if not sender:
        return "sender_id", "null"
    if not recipient:
        return "recipient_id", "null"
    if sent_at is None:
        return "sent_at", "null"
    if sent_at < 0:
        return "sent_at", "before_1970"
    if sent_at > LATEST_US:
        return "sent_at", "in_future"
    if typed_s is not None and typed_s < 0:
        return "typed_s", "below_minimum"
    if sender == recipient and not is_group:
        return "recipient_id", "same_account"
    return None


class TestQuarantine:
    def test_every_rule(self):
        far = datetime(2999, 1, 1, tzinfo=UTC)
        old = datetime(1969, 12, 31, tzinfo=UTC)
        good = times(1)[0]
        rows = [
            (None, "b", good, None, 1.0, "null", "sender_id"),
            ("a", "", good, None, 1.0, "null", "recipient_id"),
            ("a", "b", None, None, 1.0, "null", "sent_at"),
            ("a", "b", far, None, 1.0, "in_future", "sent_at"),
            ("a", "b", old, None, 1.0, "before_1970", "sent_at"),
            ("a", "a", good, None, 1.0, "same_account", "recipient_id"),
            ("a", "b", good, None, -1.0, "below_minimum", "typed_s"),
            ("a", "b", good, None, float("inf"), "not_finite", "typed_s"),
            (None, "a", far, None, -1.0, "null", "sender_id"),
            ("a", "a", good, True, 1.0, None, None),
            ("a", "b", good, False, float("nan"), None, None),
        ]
        names = ["sender_id", "recipient_id", "sent_at", "is_group", "typed_s"]
        messages = {name: [row[k] for row in rows] for k, name in enumerate(names)}
        dataset = two(messages, max_bad_share=0.9)
        found = {e["row"]: (e["rule"], e["column"]) for e in dataset.quarantine.to_arrow().to_pylist()}
        assert found == {k: row[5:] for k, row in enumerate(rows) if row[5]}
        counts = dataset.counts["messages"]
        assert (counts.rows_in, counts.rows_used, counts.rows_quarantined) == (11, 2, 9)
        assert dataset.messages["typed_s"].to_pylist() == [1.0, None]
        assert sum(dataset.quarantine.counts.values()) == len(dataset.quarantine) == 9

    @settings(max_examples=100, deadline=None)
    @given(
        rows=st.lists(
            st.tuples(
                st.sampled_from(["a", "b", None, ""]),
                st.sampled_from(["a", "b", "c", None]),
                st.sampled_from([0, 1, START_US, LATEST_US, LATEST_US + 1, -1, None]),
                st.sampled_from([True, False, None]),
                st.sampled_from([0.0, 2.5, -0.5, None]),
            ),
            min_size=1,
            max_size=12,
        ),
        form=st.sampled_from(["arrow", "csv", "coded"]),
    )
    def test_against_the_slow_obvious_twin(self, rows, form, tmp_path_factory):
        names = ["sender_id", "recipient_id", "sent_at", "is_group", "typed_s"]
        kinds = [pa.string(), pa.string(), US, pa.bool_(), pa.float64()]
        columns = [pa.array([row[k] for row in rows], kind) for k, kind in enumerate(kinds)]
        messages = pa.table(columns, names=names)
        if form == "coded":
            messages = pa.table([c.dictionary_encode() for c in messages.columns], names=names)
        if form == "csv":
            path = tmp_path_factory.mktemp("twin") / "messages.csv"
            pa.csv.write_csv(messages, path)
            messages = path
        dataset = two(messages, max_bad_share=1, not_after=LATEST_US)
        rules = [twin(*row) for row in rows]
        assert dataset.messages.num_rows == rules.count(None)
        assert dataset.messages["sender_id"].to_pylist() == [
            row[0] for row, rule in zip(rows, rules, strict=True) if rule is None
        ]
        found = {
            entry["row"]: (entry["column"], entry["rule"])
            for entry in dataset.quarantine.to_arrow().to_pylist()
        }
        assert found == {k: rule for k, rule in enumerate(rules) if rule is not None}

    def test_other_tables(self):
        dataset = two(
            reports={
                "account_id": ["a", "a", "zz", "b"],
                "reporter_id": ["a", "b", "b", "a"],
                "reported_at": times(4),
                "kind": ["block", "wave", "report", "report"],
            },
            photos={"account_id": ["a", "b"], "set_at": times(2), "photo_hash": ["AB" * 32, "ab"]},
            max_bad_share=1,
        )
        assert dataset.reports["account_id"].to_pylist() == ["b"]
        assert dataset.photos["account_id"].to_pylist() == ["a"]
        assert dataset.quarantine.counts == {
            ("photos", "photo_hash", "malformed"): 1,
            ("reports", "account_id", "unknown_account"): 1,
            ("reports", "kind", "unknown_value"): 1,
            ("reports", "reporter_id", "same_account"): 1,
        }

    def test_senders_are_known_accounts(self):
        labels = {"account_id": ["a", "b"], "is_automated": [True, False], "labelled_at": times(2)}
        for ids in (["a", "b"], [1, 2]):
            messages = {"sender_id": ids[:1], "recipient_id": ids[1:], "sent_at": times(1)}
            dataset = Dataset(
                messages=messages,
                accounts={"account_id": pa.array([], pa.string())},
                labels=labels | {"account_id": ids},
                max_bad_share=0.5,
            )
            assert dataset.labels["account_id"].to_pylist() == ids[:1]
            assert dataset.quarantine.counts == {("labels", "account_id", "unknown_account"): 1}

    @settings(max_examples=40, deadline=None)
    @given(data=st.data(), integers=st.booleans())
    def test_duplicate_keys_keep_one_row_in_any_order(self, data, integers):
        keys = [10**18, 7, -(2**62)] if integers else ["b", "a", "c"]
        rows = data.draw(
            st.lists(
                st.tuples(
                    st.sampled_from(keys),
                    st.sampled_from([None, *times(2)]),
                    st.sampled_from([None, "DE", "FR"]),
                ),
                min_size=2,
                max_size=12,
            )
        )
        ids = [1] if integers else ["x"]
        messages = {"sender_id": ids, "recipient_id": ids, "sent_at": times(1), "is_group": [True]}

        def kept(order):
            accounts = {
                name: [rows[k][j] for k in order]
                for j, name in enumerate(("account_id", "registered_at", "country"))
            }
            accounts["registered_at"] = pa.array(accounts["registered_at"], US)
            dataset = Dataset(messages=messages, accounts=accounts, max_bad_share=1)
            assert dataset.counts["accounts"].rows_in == len(rows)
            assert dataset.counts["accounts"].rows_used == len({row[0] for row in rows})
            table = dataset.accounts.to_pydict()
            return sorted(
                zip(table["account_id"], table["registered_at"], table["country"], strict=True), key=str
            )

        order = list(range(len(rows)))
        first = {}
        for row in sorted(
            rows, key=lambda r: (r[1] is not None, r[1] or START, r[2] is not None, r[2] or "")
        ):
            first.setdefault(row[0], row)
        expected = sorted(first.values(), key=str)
        assert kept(order) == kept(data.draw(st.permutations(order))) == expected

    def test_share(self):
        n = 1000
        messages = {"sender_id": ["a"] * n, "recipient_id": ["b"] * n, "sent_at": times(n)}
        messages["sender_id"][3:13] = [None] * 10
        assert two(messages).counts["messages"].rows_quarantined == 10
        messages["sender_id"][500] = None
        with pytest.raises(
            BadRowsError, match=r"must be at most 1 % of 1,000; got 11:\n  sender_id null: 11, first at row 3"
        ):
            two(messages)

    def test_one_bad_row_of_few_is_tolerated_unless_the_share_is_zero(self):
        messages = {"sender_id": ["a", None], "recipient_id": ["b", "b"], "sent_at": times(2)}
        assert len(two(messages).quarantine) == 1
        with pytest.raises(BadRowsError):
            two(messages, max_bad_share=0)

    def test_dictionaries_are_compact_afterwards(self):
        n = 200
        messages = {"sender_id": ["a"] * n, "recipient_id": ["b"] * n, "sent_at": times(n)}
        messages["sender_id"][7] = messages["recipient_id"][7] = "lonely"
        assert two(messages).messages["sender_id"].chunk(0).dictionary.to_pylist() == ["a"]
