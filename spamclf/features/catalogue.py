"""The catalogue: every feature once, as data, in the order of the families."""

from __future__ import annotations

from spamclf.features import account, fan_out, feedback, registration, replies, rhythm, send_rate
from spamclf.features.feature import Family, Feature

__all__ = ["CATALOGUE", "FAMILIES", "family_of"]

FAMILIES: dict[str, Family] = {
    module.FAMILY.name: module.FAMILY
    for module in (account, registration, send_rate, fan_out, replies, rhythm, feedback)
}

CATALOGUE: dict[str, Feature] = {
    feature.name: feature for family in FAMILIES.values() for feature in family.features
}


def family_of(name: str) -> Family:
    """Return the family that computes the feature called `name`."""
    return next(family for family in FAMILIES.values() if CATALOGUE[name] in family.features)
