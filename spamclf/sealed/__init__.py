"""Sealed folders: a JSON manifest and the arrays it names, that a reader need not trust. Data, never code.

Reading trusts nothing in the folder. Sizes are looked at before bytes are read, hashes before bytes are parsed; the
header of the arrays follows from the sizes that the manifest states, so it is compared, not parsed. Nothing is
unpickled and no link is followed: a hostile folder can be refused, not obeyed. What the numbers mean is for the
caller to audit.

Writing puts the arrays first, into files named by their hashes, and replaces the manifest last: a reader sees the
former folder or the new one, never a mix of the two.
"""

from __future__ import annotations

from spamclf.sealed.form import Array, Arrays, Form, Part
from spamclf.sealed.read import read_sealed
from spamclf.sealed.write import write_sealed

__all__ = ["Array", "Arrays", "Form", "Part", "read_sealed", "write_sealed"]
