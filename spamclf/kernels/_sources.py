"""What a kernel is made from: its file, and the files of the kernels that it imports."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

_IMPORT = re.compile(rb"^from spamclf\.kernels\.(\w+) import", re.MULTILINE)


def imported(path: Path) -> set[str]:
    """Return the names of the kernel modules that one imports, as far as it can be read."""
    try:
        return {name.decode() for name in _IMPORT.findall(path.read_bytes())}
    except OSError:
        return set()


@functools.cache
def sources(path: Path) -> str:
    """Return a hash of a kernel's file and of all that it imports of the kernels, as far as they can be read."""
    found: dict[Path, bytes] = {}
    wanted = [path]
    while wanted:
        each = wanted.pop()
        if each in found:
            continue
        try:
            found[each] = each.read_bytes()
        except OSError:
            found[each] = b""
        wanted += [path.with_name(f"{name}.py") for name in imported(each)]
    whole = hashlib.sha256()
    for each in sorted(found):
        whole.update(each.name.encode() + b"\0" + found[each] + b"\0")
    return whole.hexdigest()[:12]
