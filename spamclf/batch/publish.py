"""The folder of scores comes into being whole: readers see the former one or this one, never a mix."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spamclf.errors import OutputError
from spamclf.files import atomic_write, flush_to_disk

__all__ = ["MANIFEST", "publish", "read_json", "remove", "work_folder", "write_json", "writing"]

MANIFEST = "_scores.json"  # readers of Parquet folders pass over names that begin so
_AT_FDCWD, _EXCHANGE = -100, 2


def work_folder(out: Path) -> Path:
    """Return where a run keeps what it has done so far."""
    return out.with_name(f"{out.name}.partial")


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """Tell a failing write as an error of the output."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{out.name}: the output must be writable; got: {reason}. What stood there before is untouched. Check the "
            "folder, its rights and the free space, then run again: what is done is kept."
        ) from error


def write_json(path: Path, document: Any) -> None:
    """Write a document as JSON."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return a document, None where there is none or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def publish(made: Path, out: Path) -> None:
    """Put a finished folder in the place of its name; one that stands there changes places with it.

    Where the system cannot exchange two names at once there is a moment in which nothing stands there.
    """
    flush_to_disk(made)
    if not os.path.lexists(out):
        os.rename(made, out)
    elif not _exchange(made, out):
        former = made.with_name("former")
        remove(former)
        os.rename(out, former)
        os.rename(made, out)
    flush_to_disk(out.parent)


def remove(folder: Path) -> None:
    """Remove a folder, if it is there."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names at once; False where the system or the file system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number))
