"""What clusters of texts are worth: footers, spun templates, drifts, real messages. Rows of the bench of clusters."""

from __future__ import annotations

import csv
import gzip
import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spamclf.campaigns.clusters import TEXT, TextNear, cluster
from spamclf.campaigns.texts import fingerprint_texts
from tests.benches import public_data
from tests.campaigns.near_copies import drift, footer_texts, template_texts

Words = NDArray[Any]
Rows = Iterator[list[str]]

LOOSER = TextNear(0.6, 0.4)  # finds more of what is spun much, and joins templates that share a long footer


def named(near: TextNear) -> str:
    return f"{near.min_similarity}/{near.reach}"


def n_pairs(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def precision_and_recall(label: Words, truth: Words) -> tuple[float, float]:
    """Of pairs: how many in one cluster are of one template, and how many of one template are in one cluster."""
    both = n_pairs(Counter(zip(label.tolist(), truth.tolist(), strict=True)))
    return both / max(n_pairs(Counter(label.tolist())), 1), both / n_pairs(Counter(truth.tolist()))


def signed(texts: list[str]) -> Words:
    return fingerprint_texts(pa.array(texts), n_jobs=-1).words


def quality(rounds: int, scale: float) -> Rows:
    rng = np.random.default_rng(5)
    for length in (90, 150, 200):
        words = signed(footer_texts(300, 12, length, rng))
        truth = np.repeat(np.arange(300), 12)
        a, b = rng.integers(0, len(words), (2, 50_000))
        across = (words[a] == words[b]).mean(axis=1)[truth[a] != truth[b]]
        precision, recall = precision_and_recall(cluster(words, near=TEXT).label, truth)
        looser = precision_and_recall(cluster(words, near=LOOSER).label, truth)
        yield [
            f"300 templates x 12 texts of 130 characters and one footer of {length}; similarity across: median "
            f"{np.median(across):.2f}, most {across.max():.2f}; recall {recall:.4f} (at {named(LOOSER)}: precision "
            f"{looser[0]:.4f})",
            f"precision {precision:.4f}",
            ">= 0.99",
        ]
    for spun in (0.05, 0.1, 0.15, 0.2, 0.25):
        words = signed(template_texts(300, 20, spun, rng))
        pairs = words.reshape(300, 20, 128)
        similarity = np.concatenate(
            [(pairs[:, k:] == pairs[:, : 20 - k]).mean(axis=2).ravel() for k in range(1, 20)]
        )
        low, middle, high = np.quantile(similarity, [0.05, 0.5, 0.95])
        truth = np.repeat(np.arange(300), 20)
        precision, recall = precision_and_recall(cluster(words, near=TEXT).label, truth)
        looser = precision_and_recall(cluster(words, near=LOOSER).label, truth)
        yield [
            f"300 templates x 20 texts of ~165 characters, {spun:.0%} of words spun; similarity within: 5 % {low:.2f}, "
            f"median {middle:.2f}, 95 % {high:.2f}; precision {precision:.4f} (at {named(LOOSER)}: {looser[0]:.4f}, "
            f"recall {looser[1]:.4f})",
            f"recall {recall:.4f}",
            ">= 0.99" if spun <= 0.2 else "",
        ]
    for n in (5_000, 100_000):
        words = signed(drift(int(n * scale), rng))
        start = time.perf_counter()
        found = cluster(words, near=TEXT)
        took = time.perf_counter() - start
        least = (words == words[found.medoid[found.label]]).mean(axis=1).min()
        sizes = np.bincount(found.label)
        linked = np.bincount(cluster(words, near=TextNear(TEXT.min_similarity, None)).label).max()
        yield [
            f"a text that drifts for {int(n * scale):,} steps ({linked:,} linked in one): {len(found):,} clusters, "
            f"largest {sizes.max()}, {took:.2f} s",
            f"least similarity to the medoid {least:.3f}",
            f">= {TEXT.reach}",
        ]


def thai(rounds: int, scale: float) -> Rows:
    folder = public_data.folder()
    if folder is None:
        yield [f"thai_sms.csv.gz: {public_data.why_not()}", "", ""]
        return
    with gzip.open(folder / "thai_sms.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    words = signed([row["text"] for row in rows])
    kind = [row["kind"] for row in rows]
    shown: set[tuple[int, int]] = set()
    for near in (TEXT, LOOSER, TextNear(0.5, 0.3)):
        label = cluster(words, near=near).label
        large = np.bincount(label) >= 3
        members = [(int(c), k) for c, k in zip(label, kind, strict=True) if large[c]]
        bad = [(c, k in ("scam", "spam")) for c, k in members]
        wrong, wrong_kind = (
            n_pairs(Counter(c for c, _ in members)) - n_pairs(Counter(each)) for each in (bad, members)
        )
        yield [
            f"thai_sms.csv.gz at {named(near)}: {large.sum()} clusters of >= 3 with "
            f"{len(members)} of {len(rows):,} texts; purity by kind {purity(members):.4f}, "
            "scam and spam apart from otp and ok",
            f"{purity(bad):.4f}; {wrong} wrong of {n_pairs(Counter(c for c, _ in members)):,} pairs "
            f"({wrong_kind} by kind)",
            "reported",
        ]
        for one, other in wrong_pairs(label, large, kind):
            if (one, other) not in shown:
                shown.add((one, other))
                told = "; ".join(f"{kind[row]}: {quoted(rows[row]['text'])}" for row in (one, other))
                alike = (words[one] == words[other]).mean()
                yield [f"... at {named(near)}, wrong by kind: {told}", f"similarity {alike:.2f}", "reported"]


def wrong_pairs(label: Words, large: Words, kind: list[str]) -> Iterator[tuple[int, int]]:
    """Return the pairs of texts of one large cluster and two kinds."""
    for number in np.flatnonzero(large):
        members = np.flatnonzero(label == number).tolist()
        yield from ((a, b) for a, b in itertools.combinations(members, 2) if kind[a] != kind[b])


def quoted(text: str) -> str:
    """Show the beginning of a text in a cell of a table; figures are nobody's business."""
    line = re.sub(r"\d", "0", " ".join(text.split()).replace("|", "/"))
    return f"'{line[:80]}{'...' if len(line) > 80 else ''}'"


def purity(members: list[tuple[int, Any]]) -> float:
    """Share of texts of the most frequent kind of their cluster."""
    most: dict[int, int] = {}
    for (cluster_, _), size in Counter(members).items():
        most[cluster_] = max(most.get(cluster_, 0), size)
    return sum(most.values()) / len(members)
