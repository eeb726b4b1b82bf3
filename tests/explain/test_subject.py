from __future__ import annotations

import pyarrow as pa
import pytest

from spamclf.errors import ParameterError
from spamclf.explain.subject import code_of

IDS = pa.array(["00123", "+491", "é7", "7"])


def test_a_number_may_stand_for_a_text_and_a_text_for_a_number() -> None:
    assert code_of("here", IDS, 7) == code_of("here", IDS, "7") == 3
    assert code_of("here", pa.array([5, 7]), "7") == 1


@pytest.mark.parametrize("asked", ["123", 123, "0123", "491", "007", "+7"])
def test_whoever_lost_zeros_or_a_plus_sign_is_told(asked: object) -> None:
    with pytest.raises(ParameterError, match="One is that differs by zeros or a plus sign before it"):
        code_of("here", IDS, asked)


@pytest.mark.parametrize("asked", ["124", "00", "é", "", None, 1.5, True, "\ud800"])
def test_whoever_is_not_there_is_to_be_looked_up(asked: object) -> None:
    for ids in (IDS, pa.array([5, 70])):
        with pytest.raises(ParameterError, match=r"got one that is not there\. Look it up"):
            code_of("here", ids, asked)
