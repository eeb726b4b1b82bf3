"""Worlds with honest and automated accounts, for samples, tests and evasion studies; all made up."""

from spamclf.simulate.attack import attack
from spamclf.simulate.policy import Policy
from spamclf.simulate.world import World, truth, world
from spamclf.simulate.write import write

__all__ = ["Policy", "World", "attack", "truth", "world", "write"]
