"""Clusters of near-duplicates side by side with the usual tools: ``python -m tests.benches.clusters [ROW ...]``.

Both sides run in one process by turns, on all cores that they can use; ratios are of medians over the rounds. What is
too slow to run whole is measured on a part and extrapolated, which the row says.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spamclf.campaigns.clusters import PHOTO, TEXT, PhotoNear, TextNear, cluster
from tests.benches.cluster_features import hot_features
from tests.benches.cluster_quality import quality, signed, thai
from tests.benches.timing import markdown, side_by_side
from tests.campaigns.near_copies import drifting_photos, flipped, template_texts

Words = NDArray[Any]
Rows = Iterator[list[str]]


# ---- against datasketch ----------------------------------------------------------------------------------------


def against_datasketch(rounds: int, scale: float) -> Rows:
    n = int(20_000 * scale)
    for n_templates in (n // 20, n // 100, n // 1000):
        words = signed(template_texts(n_templates, n // n_templates, 0.1, np.random.default_rng(0)))
        yield from _against_datasketch(words, n_templates, rounds)


def _against_datasketch(words: Words, n_templates: int, rounds: int) -> Rows:
    from datasketch import MinHash, MinHashLSH

    hashes = [MinHash(num_perm=128, hashvalues=row, scheme="affine32") for row in words]
    answers: list[list[int]] = []

    def theirs() -> None:
        index = MinHashLSH(threshold=0.7, num_perm=128)
        for i, each in enumerate(hashes):
            index.insert(i, each)
        answers[:] = [index.query(each) for each in hashes]

    near = TextNear(0.7)
    took = side_by_side({"ours": lambda: cluster(words, near=near), "theirs": theirs}, rounds=rounds)
    yield [
        f"{len(words):,} signatures of {n_templates:,} templates (10 % spun) at 0.7: spamclf {took['ours']:.3f} s, "
        f"datasketch insert + query {took['theirs']:.1f} s",
        f"{took['theirs'] / took['ours']:.0f} x faster",
        ">= 150 x",
    ]
    first, second = similar_pairs(words, n_templates, 0.7)
    labels = [cluster(words, near=TextNear(0.7, reach)).label for reach in (0.5, 0.4, None)]
    together = [float((label[first] == label[second]).mean()) for label in [*labels, joined(answers)]]
    ends = pairs_of(answers)
    found = np.isin(first * len(words) + second, ends[0] * len(words) + ends[1]).mean()
    yield [
        f"recall of the {first.size:,} pairs of one template and similarity >= 0.7: in one final cluster of ours at "
        "reach 0.5, 0.4, none; in datasketch's answers; in its answers, joined",
        ", ".join(f"{each:.4f}" for each in together[:3]) + f"; {found:.4f}; {together[3]:.4f}",
        ">= datasketch's",
    ]


def similar_pairs(words: Words, n_templates: int, similarity: float) -> tuple[Words, Words]:
    """Return the pairs of one template that are at least so similar, by comparing all."""
    size = len(words) // n_templates
    found: list[Words] = []
    for low in range(0, len(words), size):
        same = words[low : low + size]
        equal = np.zeros((size, size), np.uint8)
        for k in range(words.shape[1]):
            equal += same[:, k, None] == same[None, :, k]
        found.append(np.argwhere(np.triu(equal >= similarity * words.shape[1], 1)) + low)
    pairs = np.concatenate(found)
    return pairs[:, 0], pairs[:, 1]


def pairs_of(answers: list[list[int]]) -> tuple[Words, Words]:
    """Return the two ends of each answer."""
    first = np.repeat(np.arange(len(answers)), [len(answer) for answer in answers])
    return first, np.concatenate([np.asarray(answer) for answer in answers])


def joined(answers: list[list[int]]) -> Words:
    """Return the number of each one's component, where answers are links."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = pairs_of(answers)
    graph = coo_matrix((np.ones(ends[0].size, np.bool_), ends), shape=(len(answers),) * 2)
    return connected_components(graph, directed=False)[1]  # type: ignore[no-any-return]


# ---- against numpy and scipy -----------------------------------------------------------------------------------


def many_signatures(n: int, rng: np.random.Generator) -> Words:
    """Half are alone; the rest are in clusters of 2 to 1,000, and one of a hundredth of all; 2 to 20 % are changed."""
    origin = np.arange(n)
    sizes = np.minimum(rng.zipf(1.7, n) + 1, 1_000)
    sizes = np.concatenate([[n // 100], sizes[: np.searchsorted(np.cumsum(sizes), n // 2 - n // 100)]])
    origin[: sizes.sum()] = np.repeat(np.arange(sizes.size), sizes)
    origin = rng.permutation(origin)
    words = np.empty((n, 128), np.uint32)
    for low in range(0, n, 50_000):
        part = slice(low, low + 50_000)
        rows = originals(origin[part])
        changed = rng.random(rows.shape) < rng.uniform(0.02, 0.2, (len(rows), 1))
        words[part] = np.where(changed, rng.integers(0, 2**32, rows.shape, np.uint32), rows)
    return words


def originals(origin: Words) -> Words:
    """Return 128 values made of each number."""
    numbers = origin.astype(np.uint64)[:, None] * np.uint64(128) + np.arange(1, 129, dtype=np.uint64)
    numbers *= np.uint64(0x9E3779B97F4A7C15)
    numbers ^= numbers >> np.uint64(29)
    numbers *= np.uint64(0xBF58476D1CE4E5B9)
    return (numbers >> np.uint64(32)).astype(np.uint32)


def by_sorting(words: Words, near: TextNear) -> Words:
    """Sort each band, link neighbours of equal bands that are similar, and take connected components."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_bands, n_rows = near.bands
    n = len(words)
    firsts, seconds_ = [], []
    for band in range(n_bands):
        key = np.zeros(n, np.uint64)
        for k in range(band * n_rows, (band + 1) * n_rows):
            key = (key ^ words[:, k]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(32)
        order = np.argsort(key)
        same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
        first, second = order[same], order[same + 1]
        for low in range(0, same.size, 100_000):
            part = slice(low, low + 100_000)
            good = (words[first[part]] == words[second[part]]).sum(axis=1) >= near.min_similarity * 128
            firsts.append(first[part][good])
            seconds_.append(second[part][good])
    first, second = np.concatenate(firsts), np.concatenate(seconds_)
    graph = coo_matrix((np.ones(first.size, np.bool_), (first, second)), shape=(n, n))
    return connected_components(graph, directed=False)[1]  # type: ignore[no-any-return]


def memory(name: str) -> int:
    """Return a line of this process's status in bytes."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def peak_beside(work: Callable[[], object]) -> int:
    """Return by how many bytes the memory rises at most during some work."""
    gc.collect()
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # the peak begins anew
    before = memory("VmRSS")
    work()
    return memory("VmHWM") - before


def against_sorting(rounds: int, scale: float) -> Rows:
    n = int(1_000_000 * scale)
    words = many_signatures(n, np.random.default_rng(2))
    whole = TextNear(TEXT.min_similarity, None)
    cluster(words[:1000], near=TEXT)
    peak = 1 + peak_beside(lambda: cluster(words, near=TEXT)) / words.nbytes
    work = {
        "clusters": lambda: cluster(words, near=TEXT),
        "linked": lambda: cluster(words, near=whole),
        "sorting": lambda: by_sorting(words, TEXT),
    }
    took = side_by_side(work, rounds=rounds, warm=False)
    found, linked, theirs = cluster(words, near=TEXT), cluster(words, near=whole), by_sorting(words, TEXT)
    yield [
        f"{n:,} signatures to {len(found):,} verified clusters: spamclf {took['clusters']:.2f} s (linked only "
        f"{took['linked']:.2f} s: {len(linked):,}), numpy band-sort + scipy {took['sorting']:.1f} s (linked only: "
        f"{theirs.max() + 1:,})",
        f"1/{took['sorting'] / took['clusters']:.1f}",
        "<= 1/5",
    ]
    yield [
        f"its peak of memory, with the signatures ({words.nbytes / 2**20:.0f} MiB)",
        f"{peak:.2f} x",
        "<= 2.5 x",
    ]


# ---- against faiss ---------------------------------------------------------------------------------------------


def many_photos(n: int, n_hot: int, rng: np.random.Generator) -> Words:
    """One in ten has a few versions, `n_hot` are versions of one avatar within 15 bits of it; the others are alone."""
    photos = rng.integers(0, 2**64, (n, 4), np.uint64)
    copies = slice(n - n // 10, n)
    photos[copies] = flipped(photos[rng.integers(0, n // 50, n // 10)], 20, rng)
    photos[:n_hot] = flipped(np.repeat(photos[:1], n_hot, axis=0), 15, rng)
    return rng.permutation(photos)


def against_faiss(rounds: int, scale: float) -> Rows:
    import faiss

    rng = np.random.default_rng(3)
    n, n_hot, n_queries = int(1_000_000 * scale), int(20_000 * scale), 2_000
    photos = many_photos(n, n_hot, rng)
    index = faiss.IndexBinaryFlat(256)
    index.add(photos.view(np.uint8))
    queries = photos[rng.choice(n, n_queries, replace=False)].view(np.uint8)
    cluster(photos[:10_000], near=PHOTO)
    index.range_search(queries[:64], 32)
    took = side_by_side(
        {"ours": lambda: cluster(photos, near=PHOTO), "theirs": lambda: index.range_search(queries, 32)},
        rounds=rounds,
        warm=False,
    )
    theirs = took["theirs"] * n / n_queries
    found = cluster(photos, near=PHOTO)
    yield [
        f"{n:,} hashes within 31 bits, {n_hot:,} of one avatar, to {len(found):,} clusters (largest "
        f"{np.bincount(found.label).max():,}): spamclf {took['ours']:.2f} s, faiss IndexBinaryFlat {theirs:,.0f} s "
        f"(range_search of {n_queries:,} of them against all took {took['theirs']:.2f} s, times {n / n_queries:,.0f}; "
        f"{faiss.omp_get_max_threads()} threads)",
        f"{theirs / took['ours']:.0f} x faster",
        ">= 40 x",
    ]
    few = many_photos(30_000, 600, rng)
    index = faiss.IndexBinaryFlat(256)
    index.add(few.view(np.uint8))
    limits, _, second = index.range_search(few.view(np.uint8), 32)
    groups = joined([second[limits[i] : limits[i + 1]].tolist() for i in range(len(few))])
    linked = cluster(few, near=PhotoNear(31, None)).label
    same = (
        len(set(zip(groups.tolist(), linked.tolist(), strict=True))) == groups.max() + 1 == linked.max() + 1
    )
    yield [
        f"30,000 hashes: the same {groups.max() + 1:,} groups as by brute force (faiss), before splitting",
        str(same),
        "yes",
    ]


# ---- hard inputs -----------------------------------------------------------------------------------------------


def identical(rounds: int, scale: float) -> Rows:
    rng = np.random.default_rng(4)
    n = int(200_000 * scale)
    photo = np.repeat(rng.integers(0, 2**64, (1, 4), np.uint64), n, axis=0)
    text = np.repeat(rng.integers(0, 2**32, (1, 128), np.uint32), n, axis=0)
    other = rng.integers(0, 2**32, (n, 128), np.uint32)
    crafted = other.copy()
    crafted[:, :84] = text[:, :84]
    cases: dict[str, tuple[Words, PhotoNear | TextNear]] = {
        "identical photos": (photo, PHOTO),
        "photos up to 15 bits from one": (flipped(photo, 15, rng), PHOTO),
        "photos up to 31 bits from one": (flipped(photo, 31, rng), PHOTO),
        "identical texts": (text, TEXT),
        "texts at 0.9 to one": (np.where(rng.random(text.shape) < 0.1, other, text), TEXT),
        "texts that share 14 of 21 bands, none near another": (crafted, TEXT),
        "drifting photos, a bit a step": (drifting_photos(n, rng), PHOTO),
    }
    for name, (words, near) in cases.items():
        half, whole = words[: n // 2], words
        cluster(half[:2000], near=near)
        took = side_by_side(
            {"half": lambda h=half, k=near: cluster(h, near=k), "whole": lambda w=whole, k=near: cluster(w, near=k)},
            rounds=rounds,
            warm=False,
        )  # fmt: skip
        yield [
            f"{n // 2:,} {name}: {took['half']:.2f} s; {n:,}: {took['whole']:.2f} s",
            f"{took['half']:.2f} s; {took['whole'] / took['half']:.2f} x",
            "< 5 s; <= 2.3 x" if "drift" not in name else "",
        ]


ROWS: dict[str, Callable[[int, float], Rows]] = {
    "datasketch": against_datasketch,
    "sorting": against_sorting,
    "faiss": against_faiss,
    "identical": identical,
    "features": hot_features,
    "quality": quality,
    "thai": thai,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="only these")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="a part of the sizes, to try the bench itself"
    )
    options = parser.parse_args()
    lines = [line for name in options.rows or ROWS for line in ROWS[name](options.rounds, options.scale)]
    print(markdown(["clusters", "measured", "bar"], lines))


if __name__ == "__main__":
    main()
