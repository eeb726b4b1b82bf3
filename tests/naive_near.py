"""The slow, obvious twins of the families photo, template and evidence: who shows what somebody else shows too.

A fingerprint is a tuple of whole numbers: the four 64-bit words of a photo's hash, the 128 values of a text's
signature. Nothing is collapsed, banded or indexed here: every own fingerprint is held against every other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from tests.plain import DAY, in_seconds, share

if TYPE_CHECKING:
    from tests.naive import Row, Values, View

Words = tuple[int, ...]
Reach = Callable[[Words, Words], bool]
Buckets = Callable[[Words, Words], list[int]]

OWN = 16  # different fingerprints of an account that count
MOST_PHOTOS, MOST_TEXTS = 1000, 500  # different ones in reach that count, and that are compared in a bucket
PUBLIC = ("about", "description")


@dataclass(frozen=True)
class Sighting:
    """One account showing one fingerprint at one instant."""

    account: Any
    instant: int
    words: Words


@dataclass(frozen=True)
class Cluster:
    """What is shown in reach of one own fingerprint, the centre; and all that counts of the own ones."""

    view: View
    centre: Words
    own: list[Words]
    sightings: list[Sighting]  # the account's own are among them

    @property
    def accounts(self) -> set[Any]:
        return {s.account for s in self.sightings} - {self.view.account}

    @property
    def began(self) -> int:
        return min(s.instant for s in self.sightings)

    def first(self, account: Any) -> int:
        return min(s.instant for s in self.sightings if s.account == account)

    def last(self, account: Any) -> int:
        return max(s.instant for s in self.sightings if s.account == account)


def photo(view: View) -> Values:
    given = "photos" in view.tables
    own = [r for r in _seen(view, "photos", "set_at") if r["account_id"] == view.account]
    rows = {(r["set_at"], r["photo"], r["photo_hash"]) for r in own}
    hashed = [r for r in own if r["photo_hash"] is not None]
    last = max((r["set_at"] for r in hashed), default=None)
    kept_out = [is_innocent_photo(photo_words(r["photo_hash"])) for r in hashed if r["set_at"] == last]
    cluster = photo_cluster(view)
    return {
        "photo_shown": float(bool(own)) if given else None,
        "photo_changes": max(len(rows) - 1, 0) if given else None,
        "photo_default": float(all(kept_out)) if kept_out else None,
        "photo_cluster_accounts": None if cluster is None else len(cluster.accounts),
        "photo_cluster_pictures": None
        if cluster is None or not cluster.accounts
        else _n_fingerprints(cluster),
        "photo_cluster_age_s": None if cluster is None or not cluster.accounts else _age(view, cluster),
        "photo_cluster_growth_24h": None if cluster is None else _growth(view, cluster),
        "photo_cluster_automated_share": None if cluster is None else _automated_share(view, cluster),
    }


def template(view: View) -> Values:
    given = "texts" in view.tables
    own = [
        r for r in _seen(view, "texts", "observed_at")
        if r["account_id"] == view.account and r["source"] in PUBLIC
    ]  # fmt: skip
    rows = {
        (r["observed_at"], r["source"], r["text"] or "", tuple(r["signature"] or ()))
        for r in own
        if r["text"] or r["signature"]
    }
    flags = [flags_of(r["text"]) for r in own if r["text"]]  # the empty text is a null
    cluster = template_cluster(view)
    gone = near = None
    if cluster is not None:
        left = [who for who in cluster.accounts if cluster.last(who) < view.as_of - 7 * DAY]
        gone = share(len(left), len(cluster.accounts))
        inside = sum(text_in_reach(cluster.centre, f) for f in cluster.own)
        near = inside / len(cluster.own) if cluster.accounts else None
    return {
        "template_texts": len(rows) if given else None,
        "template_cluster_accounts": None if cluster is None else len(cluster.accounts),
        "template_cluster_texts": None
        if cluster is None or not cluster.accounts
        else _n_fingerprints(cluster),
        "template_cluster_age_s": None if cluster is None or not cluster.accounts else _age(view, cluster),
        "template_cluster_growth_24h": None if cluster is None else _growth(view, cluster),
        "template_cluster_automated_share": None if cluster is None else _automated_share(view, cluster),
        "template_cluster_gone_share": gone,
        "template_top_share": near,
        "template_url": float(any(url for url, _ in flags)) if flags else None,
        "template_phone": float(any(phone for _, phone in flags)) if flags else None,
    }


def evidence(view: View) -> Values:
    tied = {
        r["account_id"] for r in _seen(view, "evidence", "observed_at") if r["operator"] is not None
    }  # fmt: skip

    def n_tied(cluster: Cluster | None) -> int | None:
        return None if cluster is None or "evidence" not in view.tables else len(cluster.accounts & tied)

    reported = text_cluster(view, ("reported",))
    return {
        "evidence_photo_accounts": n_tied(photo_cluster(view)),
        "evidence_template_accounts": n_tied(template_cluster(view)),
        "evidence_reported_accounts": None if reported is None else len(reported.accounts),
    }


# ---- clusters ------------------------------------------------------------------------------------------------


def photo_cluster(view: View) -> Cluster | None:
    sightings = {
        Sighting(r["account_id"], r["set_at"], photo_words(r["photo_hash"]))
        for r in _seen(view, "photos", "set_at")
        if r["photo_hash"] is not None
    }
    usable = {s for s in sightings if not is_innocent_photo(s.words)}
    return largest_cluster(view, usable, photo_in_reach, photo_buckets, MOST_PHOTOS)


def template_cluster(view: View) -> Cluster | None:
    return text_cluster(view, PUBLIC)


def text_cluster(view: View, sources: Iterable[str]) -> Cluster | None:
    return largest_cluster(view, _text_sightings(view, sources), text_in_reach, text_buckets, MOST_TEXTS)


def largest_cluster(
    view: View, sightings: Collection[Sighting], in_reach: Reach, buckets: Buckets, most: int
) -> Cluster | None:
    """The cluster of the own fingerprint that most others show too; None without a fingerprint of its own."""
    counting = latest_of_each(sightings)
    known = [s for s in counting if s.account != view.account or view.knows(view.account)]
    mine = [s for s in counting if s.account == view.account]
    own = sorted({s.words for s in mine})
    clusters = []
    for f in own:
        members = in_cluster(f, known, in_reach, buckets, most)
        itself = [s for s in mine if s.words == f]
        clusters.append(Cluster(view, f, own, itself + [s for s in known if s.words in members]))
    return min(clusters, key=lambda c: (-len(c.accounts), c.began, c.centre), default=None)


def latest_of_each(sightings: Collection[Sighting]) -> list[Sighting]:
    """Those after which their account showed fewer than 16 other fingerprints."""
    by_account: dict[Any, list[Sighting]] = {}
    for s in sorted(sightings, key=lambda s: (s.instant, s.words)):
        by_account.setdefault(s.account, []).append(s)
    return [
        s
        for shown in by_account.values()
        for k, s in enumerate(shown)
        if len({later.words for later in shown[k + 1 :]} - {s.words}) < OWN
    ]


def in_cluster(
    centre: Words, known: list[Sighting], in_reach: Reach, buckets: Buckets, most: int
) -> set[Words]:
    """The fingerprints in reach; of too many those that are met first, bucket by bucket, in each by account."""
    least: dict[Words, int] = {}
    for s in known:
        least[s.words] = min(least.get(s.words, 2**64), pseudonym(s.account))
    if len(least) < most:
        return {words for words in least if in_reach(centre, words)} | {centre}
    met: dict[int, list[Words]] = {}
    for words in sorted(least, key=lambda words: (least[words], words)):
        for bucket in buckets(centre, words):
            met.setdefault(bucket, []).append(words)
    members = {centre}
    for bucket in sorted(met):
        for words in met[bucket][:most]:
            if len(members) < most and in_reach(centre, words):
                members.add(words)
    return members


def _n_fingerprints(cluster: Cluster) -> int:
    return len({s.words for s in cluster.sightings})


def _age(view: View, cluster: Cluster) -> float | None:
    return in_seconds(view.as_of - cluster.began)


def _growth(view: View, cluster: Cluster) -> int:
    return sum(cluster.first(who) >= view.as_of - DAY for who in cluster.accounts)


def _automated_share(view: View, cluster: Cluster) -> float | None:
    seen = {r["account_id"] for r in _seen(view, "labels", "labelled_at")}
    here = [label for who in cluster.accounts if who in seen and (label := view.label(who)) is not None]
    own = view.account in seen and view.label(view.account) is not None
    return (sum(map(bool, here)) + 1) / (len(here) + 2) if here and not own else None


def _seen(view: View, table: str, time: str) -> list[Row]:
    return [r for r in view.tables.get(table, []) if view.seen(r[time]) and _counts(view, r["account_id"])]


def _counts(view: View, account: Any) -> bool:
    """Of other accounts those that are known: rows about the others are set aside, whatever comes later."""
    return account == view.account or view.knows(account)


def pseudonym(account: Any) -> int:
    return int.from_bytes(hashlib.blake2b(str(account).encode(), digest_size=8).digest(), "little")


# ---- photos --------------------------------------------------------------------------------------------------


def photo_words(digits: str) -> Words:
    return tuple(int(digits[k : k + 16], 16) for k in range(0, 64, 16))


def photo_in_reach(one: Words, other: Words) -> bool:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True)) <= 31


def photo_buckets(one: Words, other: Words) -> list[int]:
    """The parts of 16 bits, from the lowest, in which two differ in at most one bit: equal ones first in each."""
    found = []
    for part in range(16):
        differ = ((one[part // 4] ^ other[part // 4]) >> (16 * (part % 4))) & 0xFFFF
        if differ.bit_count() <= 1:
            found.append(17 * part + differ.bit_length())
    return found


def is_innocent_photo(words: Words) -> bool:
    return any(photo_in_reach(words, known) for known in _innocent()[0]) or is_silhouette(words)


@cache
def is_silhouette(words: Words) -> bool:
    """By the columns of bits that a picture and its mirror image share."""
    drawn = _silhouettes()
    mine = [word & 0xAAAAAAAAAAAAAAAA for word in words]
    differ = [sum((x ^ y).bit_count() for x, y in zip(mine, each, strict=True)) for each in drawn]
    return min(differ) <= 24 or max(differ) >= 128 - 24


@cache
def _silhouettes() -> list[Words]:
    from spamclf.campaigns.silhouettes import _bank

    return [tuple(words) for words in _bank()[:625].tolist()]


# ---- texts ---------------------------------------------------------------------------------------------------


def _text_sightings(view: View, sources: Iterable[str]) -> set[Sighting]:
    """A signature made on the device goes before the text, and tells roughly how many shingles it was made of."""
    made = set()
    for r in _seen(view, "texts", "observed_at"):
        if r["source"] in sources and r["signature"] is not None:
            if is_usable_signature(tuple(r["signature"])):
                made.add(Sighting(r["account_id"], r["observed_at"], tuple(r["signature"])))
        elif r["source"] in sources and r["text"] and is_usable_text(r["text"]):
            made.add(Sighting(r["account_id"], r["observed_at"], signature_of(r["text"])))
    return made


def text_buckets(one: Words, other: Words) -> list[int]:
    """The bands in which two agree."""
    return [k for k in range(32) if one[4 * k : 4 * k + 4] == other[4 * k : 4 * k + 4]]


@lru_cache(maxsize=100_000)
def text_in_reach(one: Words, other: Words) -> bool:
    agree = [a == b for a, b in zip(one, other, strict=True)]
    return sum(agree) >= 64 and bool(text_buckets(one, other))


@cache
def normalised(text: str) -> str:
    """One text as the library normalises it; tests of that stand elsewhere."""
    import pyarrow as pa

    from spamclf.campaigns.texts import normalise

    return normalise(pa.array([text], pa.string()))[0].as_py() or ""


@cache
def flags_of(text: str) -> tuple[bool, bool]:
    """Whether a text holds a link, a telephone number, as the library finds them."""
    import pyarrow as pa

    from spamclf.campaigns.texts import fingerprint_texts

    found = fingerprint_texts(pa.array([text], pa.string()))
    return bool(found.url[0]), bool(found.phone[0])


@cache
def shingles(text: str) -> frozenset[str]:
    plain = normalised(text)
    return frozenset(plain[k : k + 5] for k in range(len(plain) - 4))


def is_usable_text(text: str) -> bool:
    return len(shingles(text)) >= 12 and normalised(text) not in _innocent()[1]


def is_usable_signature(words: Words) -> bool:
    n_shingles = 2**32 / max(sum(words) / len(words), 0.5) - 1
    return (
        2 * len(set(words)) >= len(words) and 12 <= n_shingles <= 8192 and words not in _innocent_signatures()
    )


@cache
def _innocent_signatures() -> set[Words]:
    return {signature_of(text) for text in _innocent()[1]}


@cache
def signature_of(text: str) -> Words:
    """By datasketch; only of texts with shingles enough."""
    import xxhash
    from datasketch import MinHash

    made = MinHash(128, seed=1, hashfunc=lambda b: xxhash.xxh32_intdigest(b), scheme="affine32")
    made.update_batch([shingle.encode() for shingle in shingles(text)])
    return tuple(made.hashvalues.tolist())


@cache
def _innocent() -> tuple[list[Words], set[str]]:
    """What the library ships as known to be innocent."""
    from spamclf.campaigns.innocent import Innocent

    known = Innocent.default()
    return [tuple(words) for words in known.photos.tolist()], {normalised(text) for text in known.texts}
