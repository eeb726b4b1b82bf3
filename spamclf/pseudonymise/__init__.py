"""Let a dataset leave its platform: ids become keyed pseudonyms, texts and photos become fingerprints or nothing."""

from __future__ import annotations

from spamclf.pseudonymise.columns import TREATMENT
from spamclf.pseudonymise.keys import Key, pseudonym, read_key
from spamclf.pseudonymise.run import Pseudonymised, pseudonymise

__all__ = ["TREATMENT", "Key", "Pseudonymised", "pseudonym", "pseudonymise", "read_key"]
