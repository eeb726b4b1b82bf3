"""The key shows itself nowhere; pseudonyms are keyed, injective, and apart by kind."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import pickle
import random
import traceback

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.errors import DataFileError, ParameterError
from spamclf.pseudonymise import Key, pseudonym, read_key

KEY = bytes.fromhex("8f1d0c6ab37e52f94405d8e1a79b3c6072fe15c89a4de03b61f7259c0eb8d643")
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
    assert repr(key) == str(key) == "<Key>"
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
    file.chmod(0o600)
    monkeypatch.setenv("SPAMCLF_KEY", KEY[::-1].hex() + "\n")
    assert read_key(file) == KEY
    assert read_key() == KEY[::-1]
    monkeypatch.delenv("SPAMCLF_KEY")
    with pytest.raises(
        ParameterError, match=r"in a file or in SPAMCLF_KEY; got neither\. Make one: \(umask 077; python -c"
    ):
        read_key()
    with pytest.raises(DataFileError, match="key file must be readable; got: No such file"):
        read_key(tmp_path / "none")


@pytest.mark.parametrize(
    "content", [b"", b"hunter2-hunter2", HEX[:62].encode(), KEY * 3, (HEX + "zz").encode()]
)
def test_a_file_that_holds_no_key_is_not_shown(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(ParameterError, match="must hold at least 64 hex digits") as caught:
        read_key(tmp_path / "key")
    told = "".join(traceback.format_exception(caught.value))
    assert not content or (content[:8].decode("latin1") not in told and HEX[:8] not in told)


WORDS = b"correct horse battery staple, says the comic"
PATTERNS = [
    (bytes.fromhex("00112233445566778899aabbccddeeff") * 2, "a part over and over"),
    ((KEY + KEY)[:50], "a part over and over"),
    (bytes(range(32)), "steps of few sizes"),
    (bytes(range(0, 256, 7))[::-1], "steps of few sizes"),
    (bytes.fromhex("00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100"), "steps of few sizes"),
    (WORDS, "words"),
    (b"thequickbrownfoxjumpsoverthelazydog", "words"),
]


@pytest.mark.parametrize(("wrong", "what"), PATTERNS, ids=[f"{k}" for k in range(len(PATTERNS))])
def test_a_key_that_was_not_drawn_is_refused(tmp_path, wrong, what):
    for key in (lambda: Key(wrong), lambda: read_key(written(tmp_path / "key", wrong.hex()))):
        with pytest.raises(ParameterError, match=f"must be at least 32 random bytes; got {what}"):
            key()


def written(file, content, rights=0o600):
    file.touch()
    file.chmod(rights)
    file.write_text(content)
    return file


@pytest.mark.parametrize("n", [32, 33, 64])
def test_a_key_that_was_drawn_is_taken_be_it_spelt_as_base64(n):
    rng = random.Random(n)
    for _ in range(500):
        key = rng.randbytes(n)
        assert Key(key)
        assert Key(base64.b64encode(key))
        assert Key(base64.urlsafe_b64encode(key).rstrip(b"="))


def test_a_key_spelt_as_hex_is_taken():
    """Where it has all the sixteen digits, as bytes that are too alike are refused."""
    rng = random.Random(1)
    keys = [rng.randbytes(64).hex().encode() for _ in range(500)]
    assert all(Key(key) for key in keys if len(set(key)) == 16)
    assert sum(len(set(key)) == 16 for key in keys) > 480


def test_a_file_that_is_too_long_is_refused_and_not_cut(tmp_path):
    digits = random.Random(1).randbytes(32_768).hex()
    assert read_key(written(tmp_path / "key", digits)).hex() == digits
    with pytest.raises(ParameterError, match="key file must hold at most 65,536 letters; got more"):
        read_key(written(tmp_path / "key", digits + "00"))


@pytest.mark.parametrize("rights", [0o640, 0o604])
def test_a_file_that_others_may_read_gives_a_warning(tmp_path, rights):
    with pytest.warns(
        UserWarning, match="should be its owner's alone; got one that others may read"
    ) as caught:
        assert read_key(written(tmp_path / "key", HEX, rights)) == KEY
    assert HEX[:8] not in str(caught[0].message)


@pytest.mark.parametrize("wrong", [{"domain": "account"}, {"account_id": True}, {"account_id": None}])
def test_what_has_no_pseudonym(wrong):
    with pytest.raises(ParameterError, match="must be"):
        pseudonym(**({"account_id": "a", "key": KEY} | wrong))
