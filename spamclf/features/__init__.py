"""Features of an account at an instant: the catalogue, one file per family, and `extract`."""

from spamclf.features.catalogue import CATALOGUE, FAMILIES
from spamclf.features.extract import AfterSends, FeatureTable, extract
from spamclf.features.feature import Family, Feature

__all__ = ["CATALOGUE", "FAMILIES", "AfterSends", "Family", "Feature", "FeatureTable", "extract"]
