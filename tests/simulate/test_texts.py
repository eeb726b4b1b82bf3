from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from spamclf.simulate import words
from spamclf.simulate.phrases import PHRASES
from spamclf.simulate.texts import compose, spin
from tests.simulate.conftest import cast_of
from tests.simulate.looks import world_of

LINES = (
    *words.ABOUT,
    *words.CHAINS,
    *words.FAN,
    words.SHOP,
    words.NOTIFIER,
    words.PITCH,
    *words.SEEK,
    *words.GRUDGE,
)


def shingles(text, size=5):
    return {text[k : k + size] for k in range(len(text) - size + 1)}


def similarity(one, other):
    return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))


def test_spinning_leaves_no_braces_and_varies():
    rng = np.random.default_rng(0)
    templates = [compose(rng, care) for care in (0.0, 0.5, 1.0) for _ in range(10)]
    for template in (*LINES, *templates):
        spun = {spin(template, rng) for _ in range(20)}
        assert len(spun) > 1
        assert not any(re.search(r"[{}|<>]", text) for text in spun)


@pytest.mark.parametrize("language", PHRASES)
def test_every_language_has_five_slots_of_as_many_different_phrases(language):
    slots = PHRASES[language]
    assert [len(set(slot)) for slot in slots] == [7] * 5
    assert all(("<amount>" in line) == (place == 2) for place, slot in enumerate(slots) for line in slot)
    assert all(
        ("<link>" in line or "<phone>" in line) == (place == 4)
        for place, slot in enumerate(slots)
        for line in slot
    )


def test_texts_of_one_operation_are_alike_and_of_two_are_not():
    rng = np.random.default_rng(1)
    templates = [compose(rng, 0.2) for _ in range(60)]
    one = [spin(template, rng) for template in templates]
    again = [spin(template, rng) for template in templates]
    same = [similarity(*pair) for pair in zip(one, again, strict=True)]
    other = [similarity(*pair) for pair in combinations(one, 2)]
    assert np.median(same) > 0.45
    assert np.quantile(other, 0.99) < 0.35
    assert max(other) < 0.7


def test_careful_operations_vary_their_texts_more():
    def alike(care):
        rng = np.random.default_rng(2)
        templates = [compose(rng, care) for _ in range(40)]
        return np.mean([similarity(spin(template, rng), spin(template, rng)) for template in templates])

    assert alike(0.0) > alike(1.0) + 0.1


def test_links_are_in_reserved_domains(tables):
    lines = " ".join(text for text in tables["texts"]["text"].to_pylist() if text)
    hosts = re.findall(r"https?://([^/\s]+)", lines)
    assert hosts
    assert all(host.endswith(".example") for host in hosts)


def test_all_sources_occur(tables):
    assert set(tables["texts"]["source"].to_pylist()) == {"name", "about", "description", "reported"}


def test_operations_show_texts_of_their_own_in_part_and_honest_people_the_usual_ones():
    look = world_of(n_accounts=2000, share=0.2, seed=21)
    texts = look["texts"].query("source in ['about', 'description']")
    campaign = look.of(texts.account_id, "campaign")
    automated = texts[campaign.notna()]
    assert 0.1 < automated.text.isin(words.COMMON_ABOUT).mean() < 0.6
    honest = texts[campaign.isna()]
    assert 0.15 < honest.text.isin(words.COMMON_ABOUT).mean() < 0.7
    own = automated[automated.text.str.len() > 70]
    same = own.groupby(campaign.reindex(own.index)).text.agg(
        lambda x: [similarity(*p) for p in combinations(x[:5], 2)]
    )
    assert np.median(np.concatenate([one for one in same if one])) > 0.3


def test_an_operator_keeps_a_template_at_times():
    from spamclf.simulate.texts import _templates

    templates = _templates(cast_of(3000, 5))
    assert 0.7 * len(templates) < len(set(templates)) < len(templates)


def test_cold_callers_of_an_office_say_the_same():
    look = world_of(n_accounts=2000, share=0.2, seed=21)
    texts = look["texts"].query("source == 'about'")
    pitches = texts[look.of(texts.account_id, "family") == "cold_caller"].text
    pitches = pitches[pitches.str.contains("adviser")]
    assert pitches.duplicated(keep=False).any()
    assert pitches.nunique() > 2
