"""Whatever a caller hands to a public door of campaigns is taken as it is or refused in words, never with a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spamclf import Dataset, find, read_dataset
from spamclf.campaigns import list_campaigns, photos, texts
from spamclf.campaigns.clusters import PHOTO, cluster
from spamclf.campaigns.given import kept
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.innocent import Innocent
from spamclf.campaigns.recipients import list_fingerprints
from spamclf.campaigns.schemes import MinHashScheme
from spamclf.campaigns.signatures import (
    from_datasketch,
    hash_items,
    read_signatures,
    signatures,
    similarity,
    to_datasketch,
)
from spamclf.contact_sheet import contact_sheet
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError, SchemaError
from spamclf.lists import lists_of
from spamclf.remember import remember
from tests.doors import SAMPLE, dataset

SCHEME = MinHashScheme()
WORDS = np.ones((2, 128), np.uint32)
FIVE = range(5)
IDS = pa.array(list("abcde"))


def with_text(innocent: object) -> Dataset:
    text = {
        "account_id": ["a"],
        "observed_at": [1],
        "source": ["about"],
        "text": ["a text that is long enough to be one"],
    }
    return Dataset(
        accounts={"account_id": ["a"]},
        messages={"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1]},
        texts=text,
        time_unit="s",
        innocent=innocent,
    )


def ego() -> EgoLog:
    return EgoLog.build(dataset())


def index_with(**arrays: object) -> CampaignIndex:
    return CampaignIndex.from_arrays(CampaignIndex().arrays | arrays, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda v: texts.normalise(v), r"texts: the column must be an Arrow array of strings; got a "),
        (lambda v: texts.fingerprint_texts(v), r"texts: the column must be an Arrow array"),
        (lambda v: texts.fingerprint_texts(pa.array(["a"]), v), "fingerprint_texts: scheme must be MinHashScheme"),
        (lambda v: texts.signature(v), "signature: text must be str; got a "),
        (lambda v: photos.from_hex(v), "photos: (hashes must be strings|a hash must be) .*64 hex digits"),
        (lambda v: photos.fingerprint(v), "fingerprint: picture must be a path; got a "),
        (lambda v: photos.fingerprint_files(v, ["x"]), "fingerprint_files: folder must be a path; got a "),
        (lambda v: hash_items(v), "hash_items: items must be an Arrow array of strings or integers"),
        (lambda v: signatures(v, np.array([0]), SCHEME), "signatures: hashes, offsets and weights must be columns"),
        (lambda v: signatures(np.zeros(0, np.uint32), v, SCHEME), "signatures: (hashes, offsets|offsets must ascend)"),
        (lambda v: similarity(v, WORDS, (SCHEME, SCHEME)), "similarity: a must be ndarray; got a "),
        (lambda v: similarity(WORDS, WORDS, v), "similarity: schemes must be those of a and of b; got a "),
        (lambda v: similarity(WORDS, WORDS, (v, SCHEME)), "similarity: scheme must be MinHashScheme; got a "),
        (lambda v: similarity(WORDS, WORDS, (SCHEME, v)), "similarity: scheme must be MinHashScheme; got a "),
        (lambda v: read_signatures(v, SCHEME), "read_signatures: column must be an Arrow array of lists of integers"),
        (lambda v: to_datasketch(v, SCHEME), "to_datasketch: words must be ndarray; got a "),
        (lambda v: to_datasketch(WORDS, v), "to_datasketch: scheme must be MinHashScheme; got a "),
        (lambda v: from_datasketch([], v), "from_datasketch: scheme must be MinHashScheme; got a "),
        (lambda v: MinHashScheme.parse(v), "MinHashScheme.parse: text must be str; got a "),
        (lambda v: SCHEME.require(v), "signatures: scheme must be MinHashScheme; got a "),
        (lambda v: list_fingerprints(v, FIVE, FIVE, IDS), "list_fingerprints: account, recipient and instant must be"),
        (lambda v: list_fingerprints(FIVE, FIVE, FIVE, v), "list_fingerprints: recipient_ids must be Array; got a "),
        (lambda v: list_fingerprints(FIVE, FIVE, FIVE, IDS, popular=v), "popular and least must be whole numbers"),
        (lambda v: Innocent.read(v), "Innocent.read: path must be a path; got a "),
        (lambda v: Innocent.default().extended(v), "Innocent.extended: other must be Innocent; got a "),
        (lambda v: find.campaigns(with_text(v)), "Dataset: innocent must be a path; got a "),
        (lambda v: list_campaigns(dataset(), lists=v), "campaigns: lists must make lists as of an instant; got a "),
        (lambda v: lists_of(v, 1, 1), "lists_of: ego must be EgoLog; got a "),
        (lambda v: remember(v, 1, ["photo"], history_days=1), "remember: ego must be EgoLog; got a "),
        (lambda v: cluster(np.zeros((2, 4), np.uint64), near=PHOTO, n_jobs=v), "n_jobs must be a number of threads"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [1.5, {"a": 1}, object()])
def test_other_types_are_refused_in_words(call: Callable[[Any], object], says: str, value: object) -> None:
    with pytest.raises(ParameterError, match=says):
        call(value)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: texts.normalise("a text"), "must be an Arrow array of strings; got a str. Use pyarrow.array"),
        (lambda: texts.normalise(pa.array([1])), "the column must be strings; got int64"),
        (lambda: photos.from_hex("0" * 64), "hashes must be strings of 64 hex digits; got a str"),
        (lambda: photos.from_hex(pa.array([1])), "1 of another form"),
        (lambda: signatures(np.array([-1]), np.array([0, 1]), SCHEME), "must be columns of uint32"),
        (lambda: signatures(np.array([1.5]), np.array([0, 1]), SCHEME), "must be columns of uint32"),
        (lambda: signatures([1], [0, 1], SCHEME, weights=[300]), "must be columns of uint32"),
        (lambda: signatures([1], [0, 1], SCHEME, weights=[1, 2]), "weights must be one for each of 1 hashes; got 2"),
        (lambda: similarity(WORDS, WORDS[[0, 0, 0]], (SCHEME, SCHEME)), r"broadcast; got \(2, 128\) and \(3, 128\)"),
        (lambda: read_signatures(pa.array([[1.5] * 128]), SCHEME), "lists of integers; got list"),
        (lambda: read_signatures(pa.array(["a"]), SCHEME), "lists of integers; got string"),
        (lambda: list_fingerprints([0.5], [0], [0], IDS), "must be columns of whole numbers"),
        (lambda: list_fingerprints([[1]], [[1]], [[1]], IDS), "must be columns of whole numbers"),
        (lambda: remember(ego(), 10**15, ["zzz"], history_days=30), "remember: features must be .*'zzz'"),
        (lambda: remember(ego(), "x", ["photo"], history_days=30), "remember: until must be an instant"),
        (lambda: lists_of(ego(), "x", 1), "lists_of: as_of must be an instant"),
        (lambda: lists_of(ego(), 1, 0), "history_days must be above 0"),
        (lambda: contact_sheet(None, None, None), "contact_sheet: path must be a path; got a NoneType"),  # type: ignore[arg-type]
        (lambda: index_with(photo_account=np.array(1, np.uint64)), r"photo_account must be .*; got uint64 .* \(\)"),
        (lambda: index_with(operator=np.zeros(3, np.uint64)), r"operator must be .* \(0,\); got uint64 .*\(3,\)"),
    ],
)  # fmt: skip
def test_other_values_are_refused_in_words(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        call()


@pytest.mark.parametrize("value", [5, "x", [1]])
def test_statements_that_are_no_settings(value: Any) -> None:
    with pytest.raises(SchemaError, match=r"dataset.toml: \[signature\] must be settings by name; got a "):
        MinHashScheme.stated(value)


def test_a_number_of_numpy_is_a_number() -> None:
    found = find.campaigns(read_dataset(SAMPLE), kinds=["text"])
    assert find.summary(found, top=np.int64(2)) == find.summary(found, top=2)  # type: ignore[arg-type]


def test_kept_values_are_equal() -> None:
    for values, dtype in (
        ([1, 2**63], np.uint64),
        ([2**64 - 1], np.uint64),
        ([], np.int64),
        ([True, False], np.bool_),
    ):
        array = kept(values, dtype)
        assert array is not None
        assert array.dtype == dtype
        assert array.tolist() == values
    for values, dtype in (
        ([2**64], np.uint64),
        ([2], np.bool_),
        ([float("nan")], np.int64),
        (["1"], np.int64),
    ):
        assert kept(values, dtype) is None
