"""The case files of flagged accounts, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.table import safe_text
from spamclf.explain.changes import counterfactual_of
from spamclf.explain.families import reasons_of
from spamclf.explain.known_labels import known_labels
from spamclf.explain.statements import statement_from
from spamclf.explain.subject import Subject
from spamclf.explain.tallies import COUNTED, tallies
from spamclf.explain.timelines import looks_at
from spamclf.facts import NAT, column_of, instants_of
from spamclf.features.catalogue import family_of
from spamclf.model.reasons import Reason
from spamclf.progress import SlowPace
from spamclf.report.pictures import Pictures
from spamclf.report.words import Words
from spamclf.scoring import Scoring

__all__ = ["cases_of"]

Ints = npt.NDArray[np.int64]

_MOST_LOOKS = 12  # at an account: its score over time
_LOOKS, _LOOKS_SHARE = 5_000, 0.4  # at all of them: so many, or so many for each account that is scored
_PUBLIC = ("name", "about", "description")  # what was reported was not shown to everybody


def cases_of(
    scoring: Scoring,
    scores: pa.Table,
    codes: Ints,
    instant: int,
    n_changes: int,
    words: Words,
    pictures: Pictures,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Return what the page knows of each account.

    Parameters
    ----------
    scoring : Scoring
    scores : pyarrow.Table
        Their rows of `predict.score`.
    codes : ndarray of shape (n_accounts,), dtype int64
        Their codes in the log.
    instant : int
        Microseconds since the epoch: nothing at or after it is shown.
    n_changes : int
        For how many of them, those closest to their threshold, to search a change.
    words : Words
    pictures : Pictures
    say : callable
        Told in lines how the search for changes goes on.
    """
    told = [[_reason(each) for each in reasons] for reasons in scores["reasons"].to_pylist()]
    registered = scoring.ego.facts.registered_at[codes]
    known = (registered != NAT) & (registered < instant)
    return {
        "accounts": {
            "id": scores["account_id"].cast(pa.string()).to_pylist(),
            "score": scores["score"].to_pylist(),
            "threshold": scores["threshold"].to_pylist(),
            "n_messages": scores["n_messages"].to_pylist(),
            "score_id": scores["score_id"].to_pylist(),
            "registered": [
                time // 1_000_000 if seen else None
                for time, seen in zip(registered.tolist(), known.tolist(), strict=True)
            ],
            **_labels(scoring, codes, instant),
        },
        "reasons": {
            "offsets": _offsets(told),
            "contribution": [round(each.contribution, 2) for reasons in told for each in reasons],
            "sentence": [words.number(each.sentence) for reasons in told for each in reasons],
        },
        "statements": _statements(told, words),
        "timelines": _timelines(scoring, codes),
        "looks": _looks(scoring, scores, codes),
        "changes": _changes(scoring, codes, _closest(scores)[:n_changes], say),
        **_shown(scoring, column_of(scores, "account_id"), instant, words, pictures),
    }


def _changes(scoring: Scoring, codes: Ints, chosen: Ints, say: Callable[[str], None]) -> dict[int, Any]:
    """Search what would clear some of the accounts, by their places; tell of it as it goes on, for each takes long."""
    found: dict[int, Any] = {}
    pace = SlowPace(chosen.size, say)
    for done, k in enumerate(chosen.tolist()):
        pace.tell(f"searching what would clear account {done + 1:,} of {chosen.size:,}", done, "accounts")
        found[k] = _change(Subject.at(scoring, int(codes[k])))
    return found


def _labels(scoring: Scoring, codes: Ints, instant: int) -> dict[str, list[Any]]:
    """Return what the accounts' latest labels before an instant say, and since when; None for those without."""
    labels = known_labels(scoring.ego, codes, instant)
    return {
        "label": [None if each is None else each.is_automated for each in labels],
        "labelled": [None if each is None else each.labelled_at // 1_000_000 for each in labels],
    }


def _reason(each: dict[str, Any]) -> Reason:
    family = family_of(each["feature"]).name
    return Reason(each["feature"], family, each["value"], each["contribution"], each["sentence"])


def _offsets(parts: Iterable[list[Any]]) -> list[int]:
    return [0, *accumulate(map(len, parts))]


def _statements(told: list[list[Reason]], words: Words) -> dict[str, Any]:
    """Return the users' statements: what is the same for all once, and what differs by account."""
    each = [statement_from(reasons) for reasons in told]
    same = statement_from([]).to_dict()
    return {
        "same": {name: same[name] for name in same if name not in ("audience", "facts", "initiative")},
        "offsets": _offsets([list(statement.facts) for statement in each]),
        "facts": [words.number(fact) for statement in each for fact in statement.facts],
        "initiative": [words.number(statement.initiative) for statement in each],
    }


def _timelines(scoring: Scoring, codes: Ints) -> dict[str, Any]:
    """Return what the accounts did by spans; each span by its number from the account's first one on."""
    found = tallies(scoring.ego, scoring.slices[codes])
    sizes = np.diff(found.offsets)
    filled = sizes > 0
    first = np.zeros(codes.size, np.int64)
    first[filled] = found.begin[found.offsets[:-1][filled]]
    number = (found.begin - np.repeat(first, sizes)) // np.repeat(found.step_h, sizes)
    return {
        "offsets": found.offsets.tolist(),
        "first_h": first.tolist(),
        "step_h": found.step_h.tolist(),
        "span": number.tolist(),
        **dict(zip(COUNTED, found.counts.tolist(), strict=True)),
        "totals": dict(zip(COUNTED, found.totals().tolist(), strict=True)),
    }


def _looks(scoring: Scoring, scores: pa.Table, codes: Ints) -> dict[str, Any]:
    """Return how the flagged accounts scored over time; at fewer instants where there are many of them."""
    if not codes.size:
        return {"offsets": [0], "at": [], "score": [], "threshold": [], "flagged": []}
    most = int(max(_LOOKS, _LOOKS_SHARE * len(scoring.slices)) // codes.size)
    slices, offsets, _ = looks_at(scoring, codes, min(max(most, 2), _MOST_LOOKS))
    is_last = np.zeros(len(slices), np.bool_)
    is_last[offsets[1:] - 1] = True  # the look of the report: it is in the table
    before = scoring.over(slices[~is_last])
    looked = before.look(0, len(before.slices), companions=False)

    def both(earlier: npt.NDArray[Any], last: Any) -> npt.NDArray[Any]:
        told = np.empty(len(slices), earlier.dtype)
        told[~is_last], told[is_last] = earlier, last
        return told

    verdict = both(looked.verdict, 0)
    score, threshold = (
        both(earlier, np.asarray(scores[name])).round(8)
        for earlier, name in ((looked.scores, "score"), (looked.thresholds, "threshold"))
    )
    return {
        "offsets": offsets.tolist(),
        "at": (slices.as_of // 1_000_000).tolist(),
        "score": [
            None if unknown else each
            for unknown, each in zip((verdict == 2).tolist(), score.tolist(), strict=True)
        ],
        "threshold": threshold.tolist(),
        "flagged": (verdict == 0).astype(int).tolist(),
    }


def _closest(scores: pa.Table) -> Ints:
    """Return the rows in order, those first whose flag the least would lift."""
    return np.argsort(np.asarray(pc.subtract(scores["score"], scores["threshold"])), kind="stable")


def _change(subject: Subject) -> dict[str, Any]:
    """Search a change that clears an account, and tell what speaks against the flag."""
    found = counterfactual_of(subject)
    return {
        "lead": str(found).splitlines()[0],
        "changes": [[each.sentence, each.sentence_to] for each in found.changes],
        "against": [
            [each.family, round(each.contribution, 2), each.sentence]
            for each in reasons_of(subject, 0).against
        ],
    }


def _shown(scoring: Scoring, ids: pa.Array, instant: int, words: Words, pictures: Pictures) -> dict[str, Any]:
    """Return the latest photo of each account, and its latest public text of each source, in the history."""
    dataset, since = scoring.ego.dataset, instant - scoring.slices.history
    photos, place = _latest(dataset.photos, "set_at", None, ("photo", "photo_hash"), ids, since, instant)
    shown = {"picture": [-1] * len(ids), "name": [-1] * len(ids)}
    rows = zip(place, photos["photo"].to_pylist(), photos["photo_hash"].to_pylist(), strict=True)
    for account, path, digest in rows:
        shown["picture"][account] = pictures.number(path)
        shown["name"][account] = words.number(safe_text(path) or digest or "")
    texts, place = _latest(dataset.texts, "observed_at", "source", ("text",), ids, since, instant)
    told: list[list[tuple[int, int]]] = [[] for _ in range(len(ids))]
    rows = zip(place, texts["source"].to_pylist(), texts["text"].to_pylist(), strict=True)
    for account, source, text in rows:
        if source in _PUBLIC and text:
            told[account].append((words.number(source), words.number(safe_text(text) or "")))
    return {
        "photos": shown,
        "texts": {
            "offsets": _offsets(told),
            "source": [source for each in told for source, _ in each],
            "text": [text for each in told for _, text in each],
        },
    }


def _latest(
    table: pa.Table, when: str, kind: str | None, shows: Sequence[str], ids: pa.Array, since: int, until: int
) -> tuple[pa.Table, list[int]]:
    """Return each account's latest row of each kind in ``[since, until)``, and the place of its account in `ids`.

    Kinds are in their own order; of rows of one instant the one that shows the greatest value is the latest.
    """
    who = column_of(table, "account_id")
    plain = (
        who.cast(ids.type) if not pa.types.is_dictionary(who.type) else who.dictionary_decode().cast(ids.type)
    )
    place = np.asarray(pc.fill_null(pc.index_in(plain, ids), -1), np.int64)
    time = instants_of(table, when)
    rows = np.flatnonzero((place >= 0) & (time >= since) & (time < until))
    code = np.zeros(len(rows), np.int64) if kind is None else _ranks(table, kind, rows)
    values = [_ranks(table, name, rows) for name in reversed(shows)]
    order = np.lexsort((*values, time[rows], code, place[rows]))
    rows, code = rows[order], code[order]
    changes = (np.diff(place[rows]) != 0) | (np.diff(code) != 0)
    last = rows[np.append(changes, True)] if rows.size else rows
    return table.take(pa.array(last)), place[last].tolist()


def _ranks(table: pa.Table, name: str, rows: Ints) -> Ints:
    """Return the place of each row's text among the different ones in order; -1 of null."""
    words = column_of(table, name).take(pa.array(rows)).cast(pa.string()).dictionary_encode()
    rank: Ints = np.empty(len(words.dictionary) + 1, np.int64)
    rank[np.asarray(pc.sort_indices(words.dictionary))] = np.arange(len(words.dictionary))
    rank[-1] = -1
    found: Ints = rank[np.asarray(pc.fill_null(words.indices, -1))]
    return found
