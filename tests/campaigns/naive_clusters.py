"""The slow, obvious twin of `spamclf.campaigns.clusters`: all pairs, one at a time, on tuples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from spamclf.campaigns.clusters import PhotoNear, TextNear

Row = tuple[int, ...]


def distance(a: Row, b: Row) -> int:
    return sum((x ^ y).bit_count() for x, y in zip(a, b, strict=True))


def agree(a: Row, b: Row) -> int:
    return sum(x == y for x, y in zip(a, b, strict=True))


def links(near: PhotoNear | TextNear) -> Callable[[Row, Row], bool]:
    if isinstance(near, PhotoNear):
        return lambda a, b: distance(a, b) <= near.max_distance
    n_bands, n_rows = near.bands

    def link(a: Row, b: Row) -> bool:
        band = any(
            a[k * n_rows : (k + 1) * n_rows] == b[k * n_rows : (k + 1) * n_rows] for k in range(n_bands)
        )
        return band and agree(a, b) >= near.min_similarity * 128

    return link


def in_reach(near: PhotoNear | TextNear) -> Callable[[Row, Row], bool]:
    if near.reach is None:
        return lambda a, b: True
    reach = near.reach
    if isinstance(near, PhotoNear):
        return lambda a, b: distance(a, b) <= reach
    return lambda a, b: agree(a, b) >= reach * 128


def components(rows: Iterable[Row], link: Callable[[Row, Row], bool]) -> list[list[Row]]:
    """Every member of a component is linked, by way of others, to every other."""
    left = sorted(rows)
    found = []
    while left:
        members, todo = [], [left.pop(0)]
        while todo:
            one = todo.pop()
            members.append(one)
            near = [other for other in left if link(one, other)]
            todo += near
            left = [other for other in left if other not in set(near)]
        found.append(sorted(members))
    return sorted(found)


def component_of_each(rows: Sequence[Row], medoids: Sequence[int], near: PhotoNear | TextNear) -> list[int]:
    """Number the component of each medoid, given as a row, by first appearance."""
    found = components(set(rows), links(near))
    which = [next(k for k, members in enumerate(found) if rows[row] in members) for row in medoids]
    return [list(dict.fromkeys(which)).index(each) for each in which]


def medoid(members: Sequence[Row]) -> Row:
    """The member nearest to what most have in each position; of equals the least."""
    if len(members) <= 2:
        return members[0]
    if len(members[0]) == 4:
        usual = []
        for k in range(4):
            ones = [sum(row[k] >> bit & 1 for row in members) for bit in range(64)]
            usual.append(sum(1 << bit for bit in range(64) if 2 * ones[bit] > len(members)))
        return min(members, key=lambda row: (distance(row, tuple(usual)), row))
    usual = [vote([row[k] for row in members]) for k in range(128)]
    return min(members, key=lambda row: (-agree(row, tuple(usual)), row))


def vote(values: Iterable[int]) -> int:
    """Boyer and Moore: each other value takes a vote from the leading one; at none, the next takes the lead."""
    lead, votes = 0, 0
    for value in values:
        if not votes:
            lead, votes = value, 1
        else:
            votes += 1 if value == lead else -1
    return lead


def cluster(
    words: np.ndarray, near: PhotoNear | TextNear, n_rounds: int, n_cuts: int = 512
) -> tuple[list[int], list[int]]:
    """Return the label of each row and the row of each cluster's medoid."""
    rows = [tuple(int(word) for word in row) for row in words]
    link, reach = links(near), in_reach(near)
    centre: dict[Row, Row] = {}
    left = sorted(set(rows))
    for _ in range(n_rounds):
        rest = []
        for members in components(left, link):
            size, cuts = len(members), 0
            while cuts == 0 or (isinstance(near, PhotoNear) and 2 * len(members) > size and cuts < n_cuts):
                middle = medoid(members)
                centre |= {row: middle for row in members if reach(row, middle)}
                members, cuts = [row for row in members if not reach(row, middle)], cuts + 1
            rest += members
        left = sorted(rest)
    for members in components(left, link):
        leaders: list[Row] = []
        for row in members:
            first = next((leader for leader in leaders if reach(row, leader)), row)
            if first == row:
                leaders.append(row)
            centre[row] = first
    medoids = list(dict.fromkeys(centre[row] for row in sorted(set(rows))))
    return [medoids.index(centre[row]) for row in rows], [rows.index(middle) for middle in medoids]
