"""What a user may be told of a feature: a word for each, and never a number or a name."""

from __future__ import annotations

import re

import pytest

from spamclf.features import CATALOGUE, FAMILIES
from spamclf.features.catalogue import family_of
from spamclf.features.wording import PLAIN, plain_words


def test_every_family_has_words_of_its_own():
    assert list(PLAIN) == list(FAMILIES)
    for family, (_, own) in PLAIN.items():
        named = [name for names in own.values() for name in names]
        assert len(named) == len(set(named))
        assert {family_of(name).name for name in named} <= {family}
        assert all(CATALOGUE[name].direction != 0 for name in named), "on which side it lies would be told"


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_number_and_no_name(name):
    for value in (0.0, 1.0, 214.0, None):
        words = plain_words(name, value)
        assert words
        assert not re.search(r"[\d%_]", words)
        assert "other account" not in words
        assert words == plain_words(name, value and value * 1.7), "the value shows"


def test_many_are_said_of_some_alone():
    assert "many" in plain_words("send_rate_sends", 3.0)
    assert "many" not in plain_words("send_rate_sends", 0.0)
    assert "few" in plain_words("replies_recipient_share", 0.0)
