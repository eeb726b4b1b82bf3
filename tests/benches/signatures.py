"""MinHash signatures against datasketch, and texts from raw to fingerprint: ``python -m tests.benches.signatures``.

Both sides get the same normalised texts and shingle them; signatures are asserted bit-identical before anything is
timed. One thread; ratios are medians over rounds in turns.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import xxhash
from datasketch import MinHash
from datasketch.hashfunc import sha1_hash32

from spamclf.campaigns.schemes import MinHashScheme
from spamclf.campaigns.signatures import signatures, similarity
from spamclf.campaigns.slots import fill
from spamclf.campaigns.texts import _signatures, fingerprint_texts, normalise
from tests.benches.timing import markdown

N_TEXTS = 2000
ROUNDS = 5
_THAI = "ฟรีเครดิตทดลองเล่นคลิกเว็บใหญ่ถอนไวแจกจริงทุกวันสมัครเลยวันนี้ไม่ต้องฝากรับโบนัสคืนยอดเสียสิบเปอร์เซ็นต์ "
_ENGLISH = "the quick brown fox jumps over lazy dogs free cash now click here win prize account bank call offer only "


def make_texts(rng: np.random.Generator, words: list[str], joint: str, n: int) -> list[str]:
    """Make texts of 120 to 180 code points."""
    texts = []
    for length in rng.integers(120, 181, n):
        texts.append(joint.join(rng.choice(words, 80))[:length].strip())
    return texts


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def against_datasketch(texts: list[str], hash: str) -> list[str]:
    """Return a row: datasketch's and our texts per second, and how many times more that is."""
    column = normalise(pa.array(texts))
    plain = column.to_pylist()
    scheme = MinHashScheme(hash=hash)
    function = xxhash.xxh32_intdigest if hash == "xxh32" else sha1_hash32

    def theirs() -> list[MinHash]:
        return MinHash.bulk(
            [[text[k : k + 5].encode() for k in range(len(text) - 4)] for text in plain], hashfunc=function
        )

    words, _ = _signatures(column, scheme, 1)
    for row, minhash in zip(words, theirs(), strict=True):
        np.testing.assert_array_equal(row, minhash.hashvalues)
    pairs = [(seconds(theirs), statistics.median(seconds(lambda: _signatures(column, scheme, 1)) for _ in range(5)))
             for _ in range(ROUNDS)]  # fmt: skip
    ratio = statistics.median(a / b for a, b in pairs)
    left, right = (len(texts) / statistics.median(times) for times in zip(*pairs, strict=True))
    return [f"{left:,.0f}", f"{right:,.0f}", f"{ratio:.1f} ×"]


def estimates(rng: np.random.Generator) -> list[list[str]]:
    """Return rows: the true similarity of pairs of sets, the mean and the spread of its estimate."""
    scheme, rows = MinHashScheme(), []
    for shared in (20, 54, 82, 100, 114):  # of 120 in each
        sets = []
        for _ in range(2000):
            items = rng.integers(0, 2**32, 240 - shared, dtype=np.uint32)
            sets += [items[:120], items[120 - shared :]]
        words = signatures(np.concatenate(sets), np.arange(4001) * 120, scheme)
        got = similarity(words[::2], words[1::2], (scheme, scheme))
        true = shared / (240 - shared)
        expected = (true * (1 - true) / 128) ** 0.5
        rows.append([f"{true:.3f}", f"{got.mean():.3f}", f"{got.std():.3f}", f"{expected:.3f}"])
    return rows


def stages(name: str, texts: list[str]) -> list[str]:
    """Return a row: different raw texts per second, through each stage."""
    column = pa.array([f"{text} {k}" for k, text in enumerate(texts)])
    form = normalise(column)
    works: list[Callable[[], object]] = [
        lambda: normalise(column), lambda: fill(form), lambda: _signatures(form, MinHashScheme(), 1),
        lambda: fingerprint_texts(column),
    ]  # fmt: skip
    times = [statistics.median(seconds(work) for _ in range(ROUNDS)) for work in works]
    return [name, *(f"{len(texts) / each:,.0f}" for each in times)]


def main() -> None:
    rng = np.random.default_rng(0)
    kinds = {
        "ASCII": make_texts(rng, _ENGLISH.split(), " ", N_TEXTS),
        "Thai": make_texts(rng, [_THAI[k : k + 6] for k in range(0, len(_THAI), 6)], "", N_TEXTS),
    }
    rows = [
        [name, hash, *against_datasketch(texts, hash)]
        for name, texts in kinds.items()
        for hash in ("sha1", "xxh32")
    ]
    print(
        f"128 permutations, runs of 5 of ~150 code points, {N_TEXTS:,} texts, one thread, bit-identical; texts/s:\n"
    )
    print(markdown(["texts", "hash", "datasketch.MinHash.bulk", "spamclf", "ratio"], rows))
    print("\nDifferent raw texts per second, one thread:\n")
    many = {name: texts * 10 for name, texts in kinds.items()}
    print(
        markdown(
            ["texts", "normalise", "of that, slots", "signatures", "all"],
            [stages(*item) for item in many.items()],
        )
    )
    print("\nEstimates of similarity from 128 permutations, 2,000 pairs of sets of 120 for each:\n")
    print(markdown(["true", "mean estimate", "its spread", "sqrt(J (1 - J) / 128)"], estimates(rng)))


if __name__ == "__main__":
    main()
