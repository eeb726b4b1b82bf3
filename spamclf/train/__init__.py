"""Train a model: labelled snapshots, boosting, calibration, certificate, and how good it all is."""

from spamclf.train.certifying import certify
from spamclf.train.dividing import split
from spamclf.train.fitting import fit
from spamclf.train.told import summary

__all__ = ["certify", "fit", "split", "summary"]
