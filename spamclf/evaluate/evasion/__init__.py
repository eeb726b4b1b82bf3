"""What evasion costs: how many strangers an attacker reaches who knows the model and moves what it controls."""

from spamclf.evaluate.evasion.cost import evasion_cost
from spamclf.evaluate.evasion.knobs import KNOBS, padded
from spamclf.evaluate.evasion.told import EvasionCost, Knob, PolicyCost

__all__ = ["KNOBS", "EvasionCost", "Knob", "PolicyCost", "evasion_cost", "padded"]
