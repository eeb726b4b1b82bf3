"""The catalogue: every feature once, as data, in the order of the families."""

from __future__ import annotations

from spamclf.features import (
    account,
    co_target,
    evidence,
    fan_out,
    feedback,
    photo,
    registration,
    replies,
    rhythm,
    send_rate,
    template,
)
from spamclf.features.feature import Family, Feature

__all__ = ["CATALOGUE", "FAMILIES", "family_of"]

_MODULES = (
    account, registration, send_rate, fan_out, replies, rhythm, co_target, photo, template, evidence, feedback
)  # fmt: skip

#: Every family by its name, in the order of the catalogue.
FAMILIES: dict[str, Family] = {module.FAMILY.name: module.FAMILY for module in _MODULES}

#: Every feature by its name, family after family: what `extract` computes and models look at.
CATALOGUE: dict[str, Feature] = {
    feature.name: feature for family in FAMILIES.values() for feature in family.features
}

_FAMILY_OF = {feature.name: family for family in FAMILIES.values() for feature in family.features}


def family_of(name: str) -> Family:
    """Return the family that computes the feature called `name`."""
    return _FAMILY_OF[name]
