"""The key shows itself nowhere; pseudonyms are keyed, injective, and apart by kind."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle
import traceback

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.errors import DataFileError, ParameterError
from spamclf.pseudonymise import Key, pseudonym, read_key

KEY = bytes(range(100, 132))
HEX = KEY.hex()
DOMAINS = ("person", "group", "network", "device", "campaign", "operator")
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
IDS = st.one_of(
    st.lists(st.one_of(TEXT, st.none())), st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.none()))
)


@given(ids=IDS, coded=st.booleans())
def test_pseudonyms_are_injective_and_null_stays_null(ids, coded):
    values = pa.array(ids, pa.int64() if any(isinstance(each, int) for each in ids) else pa.string())
    made = Key(KEY).pseudonyms("person", values.dictionary_encode() if coded else values).to_pylist()
    assert [each is None for each in made] == [each is None for each in ids]
    assert len(set(made)) == len(set(ids))
    assert all(
        one == pseudonym(each, key=KEY) for one, each in zip(made, ids, strict=True) if each is not None
    )


@given(text=TEXT)
def test_a_pseudonym_is_hmac_sha_256_and_another_one_in_each_domain(text):
    """Written down, so that a platform finds its accounts again by means of its own."""
    made = {domain: pseudonym(text, key=KEY, domain=domain) for domain in DOMAINS}
    assert len(set(made.values())) == len(DOMAINS)
    for domain, found in made.items():
        message = domain.encode() + b"\0" + text.encode()
        assert found == hmac.new(KEY, message, hashlib.sha256).hexdigest()[:32]
    assert pseudonym(text, key=KEY[::-1]) not in made.values()


def test_an_integer_counts_as_it_is_written():
    assert pseudonym(42, key=KEY) == pseudonym("42", key=KEY) != pseudonym("042", key=KEY)


def test_a_key_does_not_show_itself():
    key = Key(KEY)
    assert "100" not in repr(key) + str(key)
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(ParameterError, match="must stay in memory"):
            copied(key)


@pytest.mark.parametrize("wrong", [None, HEX, bytearray(KEY), KEY[:31], bytes(32), b"ab" * 40, b""], ids=repr)
def test_what_is_no_key_is_refused_and_not_shown(wrong):
    with pytest.raises(ParameterError, match=r"key must be .*32.*") as caught:
        Key(wrong)
    assert "secrets.token_" in str(caught.value)
    assert not wrong or str(wrong) not in "".join(traceback.format_exception(caught.value))


def test_reading_a_key(tmp_path, monkeypatch):
    file = tmp_path / "key"
    file.write_text(f"  {HEX.upper()}\r\n")
    monkeypatch.setenv("SPAMCLF_KEY", KEY[::-1].hex() + "\n")
    assert read_key(file) == KEY
    assert read_key() == KEY[::-1]
    monkeypatch.delenv("SPAMCLF_KEY")
    with pytest.raises(
        ParameterError, match=r"in a file or in SPAMCLF_KEY; got neither\. Make one: python -c"
    ):
        read_key()
    with pytest.raises(DataFileError, match="key file must be readable; got: No such file"):
        read_key(tmp_path / "none")


@pytest.mark.parametrize(
    "content", [b"", b"hunter2-hunter2", HEX[:62].encode(), KEY * 3, (HEX + "zz").encode()]
)
def test_a_file_that_holds_no_key_is_not_shown(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ParameterError, match="must hold at least 64 hex digits") as caught:
        read_key(tmp_path / "key")
    told = "".join(traceback.format_exception(caught.value))
    assert not content or (content[:8].decode("latin1") not in told and HEX[:8] not in told)


@pytest.mark.parametrize("wrong", [{"domain": "account"}, {"account_id": True}, {"account_id": None}])
def test_what_has_no_pseudonym(wrong):
    with pytest.raises(ParameterError, match="must be"):
        pseudonym(**({"account_id": "a", "key": KEY} | wrong))
