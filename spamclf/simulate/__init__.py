"""Worlds with honest and automated accounts, for samples, tests and evasion studies; all made up."""

from spamclf.simulate.world import truth, world
from spamclf.simulate.write import write

__all__ = ["truth", "world", "write"]
