from __future__ import annotations

import csv
import gzip
import io
import os
import re
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spamclf.campaigns import letters, slots
from spamclf.campaigns.letters import LetterMap
from spamclf.campaigns.schemes import MinHashScheme
from spamclf.campaigns.signatures import similarity
from spamclf.campaigns.slots import EMAIL, PHONE, URL
from spamclf.campaigns.texts import LONGEST, Texts, fingerprint_texts, normalise, signature
from spamclf.errors import ParameterError
from tests.campaigns import naive_texts as naive

ENGLISH = "Dear customer, your parcel is waiting at the depot. Pay the fee of 2.99 today or it goes back to the sender!"
THAI = "ฟรีเครดิต 200฿ ทดลองเล่น คลิก https://lin.ee/BvuGAMv เว็บใหญ่ ถอนไว แจกจริงทุกวัน สมัครเลยวันนี้ ไม่ต้องฝาก"
# what the slots' expressions are made of, so that random texts come near to matching them
CROOKED = st.lists(
    st.sampled_from(
        [*"01238 +-.,:/()[]{}@#_?aéф๓ก\ue000\ue001", "www", "http", "s://", "hxxp", "dot", "com", "co.th", "[.]",
         " dot ", "00", "081", "1/2", "234-5678", "\u3099", "か", "ᄀ", "ᅡ", "ᆨ", " .com", "xn--", "рф", "1.2.3.4",
         "0 8 1 2 3 4 5 6 7", "8(495)",
         "\u200b", "\u0301", "ﷺ", "๓๔", "ำ", "เ", "แ", "İ", "ß", "\n"]
    ), max_size=40,
).map("".join)  # fmt: skip
ANY = st.one_of(st.text(max_size=60), CROOKED)


def one(text: str) -> str:
    return normalise(pa.array([text]))[0].as_py()


def same(text: str, other: str) -> bool:
    return bool((signature(text) == signature(other)).all())


def alike(text: str, other: str) -> float:
    scheme = MinHashScheme()
    return float(similarity(signature(text), signature(other), (scheme, scheme)))


# ---- normalising ---------------------------------------------------------------------------------------------


@given(st.lists(ANY, max_size=8))
@example(["1/2 3/4 5/6 7/8 1/2 3/4 5/6 7/8"])
@example(["e. g. 08 1234.5678 dot com.co.th/x@y.z"])
def test_twice_is_once(texts: list[str]) -> None:
    once = normalise(pa.array(texts, pa.string()))
    assert once.null_count == 0
    assert normalise(once).to_pylist() == once.to_pylist()
    assert all(len(text) <= LONGEST for text in once.to_pylist())


@given(st.lists(st.one_of(st.none(), ANY), max_size=8), st.randoms())
def test_each_text_alone_reads_the_same(texts: list[str | None], random) -> None:  # type: ignore[no-untyped-def]
    together = normalise(pa.array(texts, pa.string())).to_pylist()
    assert together == [None if text is None else one(text) for text in texts]
    order = random.sample(range(len(texts)), len(texts))
    shuffled = normalise(pa.array([texts[k] for k in order], pa.string())).to_pylist()
    assert shuffled == [together[k] for k in order]


def naive_letters(text: str) -> str:
    mapped = "".join(letters._become(letter) for letter in text)
    words = [word for word in mapped.split(" ") if word]
    return unicodedata.normalize("NFKC", " ".join(words)[:LONGEST].rstrip(" "))


@given(st.lists(ANY, max_size=8))
def test_letters_against_plain_python(texts: list[str]) -> None:
    assert LetterMap().apply(pa.array(texts, pa.large_string()), LONGEST).to_pylist() == [
        naive_letters(text) for text in texts
    ]


def naive_slots(text: str) -> str:
    for pattern, slot in (
        (slots._EMAILS, EMAIL),
        (slots._URLS, URL),
        (slots._PHONES, PHONE),
        (slots._SPELT, PHONE),
        (slots._FIGURES, "0"),
        (slots._EMAILS, EMAIL),  # where a figure with a stroke in it hid one
    ):
        text = re.sub(pattern, slot, text, flags=re.ASCII)
    return text


@given(st.lists(ANY, max_size=8))
def test_slots_against_pythons_expressions(texts: list[str]) -> None:
    mapped = [naive_letters(text) for text in texts]
    assert slots.fill(pa.array(mapped, pa.large_string())).to_pylist() == [
        naive_slots(text) for text in mapped
    ]


@pytest.mark.slow
def test_every_code_point_becomes_what_stays() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    texts = pa.array(
        [f"a{letter}z" for letter in every]
    )  # between two letters, so that a blank is not at an end
    once = normalise(texts)
    assert normalise(once).equals(once)
    assert not pc.any(pc.match_substring(once, "\n")).as_py()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", ""), ("   ", ""), ("\u200b\ufeff\u2066", ""), (" a \t\n b ", "a b"), ("\u3164x\u2800y", "x y"),
        ("ＦＲＥＥ ① 𝓬𝓪𝓼𝓱 ﬁnal", "free 0 cash final"),  # compatibility forms
        ("Straße İSTANBUL ǅ", "strasse istanbul dz"),  # case
        ("Сlісk hеrе, ρаyρаl, ꓮꓐꓚ, ᴀʙᴄ", "click here, paypal, abc, abc"),  # look-alikes
        ("🅵🆁🅴🅴 🇫🇷🇪🇪 Ⓕⓡⓔⓔ", "free free free"),
        ("f\u200dr\u2060e\u00ade c\u202ea\u2069s\ufe0fh", "free cash"),  # invisible
        ("f́r̶ę̈é", "free"), ("🎉🏽", "🎉"), ("❤️", "❤"), ("שָׁלוֹם", "שלום"), ("مـــرحَبًا", "مرحبا"),  # decoration
        ("฿๓๔๕ ٣٤ ५", "฿0 0 0"), ("24,500.00", "0"), ("1-2", "0"), ("a1b22", "a0b0"), ("5...6", "0...0"),  # figures
        ("น้ำ แจก", "น้ํา เเจก"), ("がガ가각", "がガ가각"), ("か\u200b\u3099", "が"),  # marks that tell words apart
        ("Привет, мир!", "npивet, mиp!".replace("в", "b")), ("10 – 20 — “x”", '0 - 0 - "x"'),
    ],
)  # fmt: skip
def test_letters(text: str, form: str) -> None:
    assert one(text) == one(form)
    assert one(form) == form or unicodedata.normalize("NFKC", form) != form


@pytest.mark.parametrize(
    "address",
    [
        "https://bit.ly/3qKMxzQ", "http://dskfjgfh8594.com", "HTTPS://BIT.LY/RAMA2022", "www.valorantsx.com",
        "p48q.com/fop", "bit.ly/383J9cE", "lin.ee/BvuGAMv", "shorturl.asia/OqEBI", "vips.pw", "bit[.]ly/x",
        "bit(dot)ly/x",
        "hxxps://evil[.]example/a?b=c",
        "example dot com", "bity。com", "𝐛𝐢𝐭.𝐥𝐲/x", "b\u200bit.ly/x", "сlick.com", "true.th", "3bb.co.th/p/DYvG9",
        "t.me/joinus", "wa.me/66812345678",
        "пример.рф/ab", "пример.рф", "москва.онлайн/купить?x=1", "xn--e1afmkfd.xn--p1ai", "1.2.3.4/abc", "1.2.3.4:8080",
        "abc .com", "a.shopping", "xyz.tokyo/x",
        "a-b.example.co.uk", "http : //x.y/z", "ftp://10.0.0.1/a", "x.com:8080/y",
    ],
)  # fmt: skip
def test_web_addresses(address: str) -> None:
    for text in (address, f"สนใจ{address} ด่วน", f"see {address}, now"):
        found = fingerprint_texts(pa.array([text]))
        assert found.url.tolist() == [True], found.normalised
        assert URL in found.normalised[0].as_py()
    assert same(f"Click {address} to win", "click bit.ly/q to win")


@pytest.mark.parametrize(
    "text",
    [
        "hello. world",
        "yes.it is",
        "e.g. this",
        "5.30 p.m.",
        "v1.2.3",
        "24.00",
        "www",
        "dot com",
        "ok.thanks",
        "a...b",
        "พ.ค.คุณ",
        "x.y",
        "1.2.3.4",
        "привет.как дела",
        "да.рус",
        "now .it is",
    ],
)
def test_no_web_addresses(text: str) -> None:
    assert not fingerprint_texts(pa.array([text])).url.any()


@pytest.mark.parametrize(
    "number",
    [
        "0812345678", "081-234-5678", "081 234 5678", "(081) 234-5678", "02-123-4567", "+66812345678",
        "+66 81 234 5678", "+1 (555) 123-4567",
        "(555) 123-4567", "1-800-123-4567", "0044 20 7946 0958", "01 23 45 67 89",
        "๐๘๑-๒๓๔-๕๖๗๘", "０８１２３４５６７８", "081.234.5678", "+49 30 901820",
        "8(495)123-45-67", "8 495 123 45 67", "8 (495) 123-45-67", "0 8 1 2 3 4 5 6 7 8", "0-8-1-2-3-4-5-6-7-8",
        "81 2 3 4 5 6 7 8 9",
    ],
)  # fmt: skip
def test_telephone_numbers(number: str) -> None:
    for text in (number, f"โทร{number}ด่วน", f"call {number}, now"):
        found = fingerprint_texts(pa.array([text]))
        assert found.phone.tolist() == [True], found.normalised
    assert same(f"Please call {number} now", "please call 0899999999 now")


@pytest.mark.parametrize(
    "text",
    [
        "06/08/2022 23:59:59",
        "01-07-2022 12.30",
        "2022-06-25",
        "25,000.00",
        "*244#",
        "otp 436609",
        "1234 5678 9012 3456",
        "12345678901",
        "0932452",
        "1 2 3 4 5 6 7",
        "10 20 30 40 50 60 70 80 90",
        "0 0 0 0 0 0 0 0 0 0",
        "84951234567",
    ],
)
def test_no_telephone_numbers(text: str) -> None:
    assert not fingerprint_texts(pa.array([text])).phone.any()


def test_mail_addresses_are_no_web_addresses() -> None:
    found = fingerprint_texts(pa.array(["write to Ann.B@example.com!"]))
    assert found.normalised[0].as_py() == f"write to {EMAIL}!"
    assert not found.url.any()


def test_long_texts_are_cut() -> None:
    assert one("ab" * 5000) == "ab" * (LONGEST // 2)
    assert one("\u200b" * 10_000 + "late") == "late"  # what cannot be seen takes no room
    assert len(one("ﷺ" * 5000)) == LONGEST
    assert one("x" * (LONGEST - 1) + " y") == "x" * (LONGEST - 1)
    huge = "https://a.b/" + "0 1-" * 2_000_000 + "([.](dot) " * 100_000
    start = time.perf_counter()
    assert len(one(huge)) <= LONGEST
    assert time.perf_counter() - start < 5


def test_bytes_that_are_no_utf8() -> None:
    raw = [
        b"win \xff\xfe now",
        b"\xed\xa0\x80",
        b"cut \xe0\xb8",
        b"fine",
    ]  # Arrow takes them from a file unseen
    offsets = np.cumsum([0, *map(len, raw)]).astype(np.int32)
    texts = pa.Array.from_buffers(pa.string(), 4, [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(raw))])
    assert normalise(texts).to_pylist() == [
        "win \ufffd\ufffd now",
        "\ufffd\ufffd\ufffd",
        "cut \ufffd\ufffd",
        "fine",
    ]
    assert len(fingerprint_texts(texts)) == 4


# ---- fingerprints --------------------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.none(), ANY), max_size=8), st.sampled_from(["xxh32", "sha1"]))
def test_against_plain_sets(texts: list[str | None], hash: str) -> None:
    scheme = MinHashScheme(hash=hash)
    found = fingerprint_texts(pa.array(texts, pa.string()), scheme)
    assert found.words.shape == (len(texts), 128)
    for text, row, n, form in zip(
        texts, found.words, found.n_shingles, found.normalised.to_pylist(), strict=True
    ):
        assert (form is None) == (text is None)
        items = naive.shingles(form or "")
        assert row.tolist() == naive.signature(items, hash)
        assert n == len(items)


@pytest.mark.parametrize("hash", ["xxh32", "sha1"])
@given(text=ANY)
def test_against_datasketch(hash: str, text: str) -> None:
    from datasketch import MinHash

    minhash = MinHash(hashfunc=naive.HASHES[hash])
    minhash.update_batch(naive.shingles(one(text)))
    np.testing.assert_array_equal(signature(text, MinHashScheme(hash=hash)), minhash.hashvalues)


@pytest.mark.parametrize("text", [ENGLISH, THAI])
@settings(max_examples=30)
@given(data=st.data())
def test_disguises_change_nothing(text: str, data: st.DataObject) -> None:
    alike_letters = {
        "a": "аαÀＡ",
        "e": "еéĒ𝐞",
        "o": "оοō",
        "p": "рρ",
        "c": "сⅽ",
        "i": "іIı",
        "s": "ѕ",
        "แ": ["เเ"],
        "t": "𝓽",
    }
    text = text.split("http")[0] + text.split(" ", 5)[-1]  # an address is its own slot: see the tests above
    disguised = ""
    for letter in text:
        choices = [letter, letter.upper(), letter.swapcase(), *alike_letters.get(letter, "")]
        if letter.isdigit():
            choices = list("0123456789๐๙٣")
        disguised += data.draw(st.sampled_from(choices))
        disguised += data.draw(
            st.sampled_from(["", "", "", "\u200b", "\u2067", "\ufe0f", "\u0336", "\u00ad"])
        )
    assert same(disguised, text)


def test_short_texts_do_not_collide() -> None:
    names = ["Ada", "Eva", "Hi", "Bo", "A", "ok", "กา", "李", "李明", "😀", "12 a"]
    words = fingerprint_texts(pa.array(names)).words
    shares = similarity(words[:, None], words[None], (MinHashScheme(), MinHashScheme()))
    assert (shares == np.eye(len(names))).all()


def test_empty_and_null_texts_have_no_shingles() -> None:
    found = fingerprint_texts(pa.array(["", None, " \u200b", "x"]))
    assert found.n_shingles.tolist() == [0, 0, 0, 1]
    assert (found.words[:3] == 0xFFFFFFFF).all()
    assert found.normalised.to_pylist() == ["", None, "", "x"]
    for none in (pa.array([], pa.string()), pa.nulls(3, pa.string()), pa.nulls(2)):
        found = fingerprint_texts(none)
        assert len(found) == len(none)
        assert not found.n_shingles.any()
        assert found.words.shape == (len(none), 128)


def test_edited_templates_stay_alike_and_others_do_not() -> None:
    assert (
        alike(THAI, THAI.replace("วันนี้", "ตอนนี้").replace("200", "588").replace("lin.ee/BvuGAMv", "bit.ly/9"))
        > 0.6
    )
    assert alike(ENGLISH, ENGLISH.replace("parcel", "packet").upper()) > 0.6
    assert alike(THAI, "แจ้งค่าบริการรหัส670169737 กรุณาชำระก่อน01/07 (http://3bb.co.th/p/DYvG9)") < 0.15
    chinese = "您的快递已到达，请点击链接支付费用，否则包裹将被退回发件人"
    assert alike(chinese, chinese.replace("快递", "包裹")) > 0.4
    assert alike(chinese, "我们周末去公园野餐吧，天气很好，大家都带一点吃的东西来分享") < 0.1


@given(st.lists(ANY, min_size=1, max_size=6), st.integers(1, 4))
def test_threads_chunks_and_types_change_nothing(texts: list[str], n_jobs: int) -> None:
    plain = fingerprint_texts(pa.array(texts, pa.string()))
    for column in (
        pa.array(texts, pa.large_string()), pa.array(texts, pa.string()).dictionary_encode(),
        pa.chunked_array([texts[:2], texts[2:]], pa.string()), pa.array(["x", None, *texts], pa.string())[2:],
    ):  # fmt: skip
        other = fingerprint_texts(column, n_jobs=n_jobs)
        np.testing.assert_array_equal(other.words, plain.words)
        assert other.normalised.to_pylist() == plain.normalised.to_pylist()
        for name in ("n_shingles", "url", "phone"):
            np.testing.assert_array_equal(getattr(other, name), getattr(plain, name))


def test_many_copies_are_done_once() -> None:
    texts = pa.array([THAI, ENGLISH, None]).take(pa.array(np.arange(300_000) % 3))
    start = time.perf_counter()
    found = fingerprint_texts(texts)
    assert time.perf_counter() - start < 3
    assert found.distinct.shape == (3, 128)
    assert (np.bincount(found.group) == 100_000).all()


def test_errors_show_no_text() -> None:
    for wrong in (pa.array([7]), pa.array([["canary-c0ffee"]]), pa.array([b"canary-c0ffee"])):
        with pytest.raises(ParameterError, match="texts: the column must be strings") as raised:
            fingerprint_texts(wrong)
        assert "canary" not in str(raised.value)
    with pytest.raises(ParameterError, match="shingles must be 'chars-5'; got 'recipients'"):
        fingerprint_texts(pa.array(["x"]), MinHashScheme(shingles="recipients"))


def public_texts() -> list[tuple[str, str]]:
    folder = os.environ.get("SPAMCLF_PUBLIC_DATA")
    if not folder:
        pytest.skip("SPAMCLF_PUBLIC_DATA is not set")
    raw = gzip.decompress(Path(folder, "thai_sms.csv.gz").read_bytes()).decode()
    return [(row["kind"], row["text"]) for row in csv.DictReader(io.StringIO(raw))]


def test_real_messages() -> None:
    rows = public_texts()
    found: Texts = fingerprint_texts(pa.array([text for _, text in rows]))
    assert normalise(found.normalised).equals(found.normalised)
    plain = np.array([re.search(r"https?://|www\.|bit\.ly", text.lower()) is not None for _, text in rows])
    assert found.url[plain].all()
    by_kind = {kind: found.url[[k == kind for k, _ in rows]].mean() for kind in ("otp", "scam")}
    assert by_kind["otp"] < 0.1 < 0.5 < by_kind["scam"]
