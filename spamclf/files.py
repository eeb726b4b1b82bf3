"""Write a file whole or not at all, hold an output against a second run, and name a file by its hash."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from spamclf.errors import OutputError

__all__ = ["atomic_write", "available_memory", "flush_to_disk", "hold", "make_folder", "sha256_file"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`; it replaces `path` when the block ends well.

    A reader sees the old file or the new one, never half of one: the new bytes are on the disk before the
    name moves. When the block fails, the temporary file goes and the old file stays.

    Parameters
    ----------
    path : path-like
        The file to write. Its folder must exist.

    Yields
    ------
    temporary : Path
        Where to write; an empty file in the same folder, with the same ending.

    Raises
    ------
    OutputError
        If the disk is full, the folder is missing or not writable, or any other step of the writing fails.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_write(folder / "scores.csv") as temporary:
    ...     _ = temporary.write_text("account_id,score")
    >>> [file.name for file in folder.iterdir()]
    ['scores.csv']
    """
    path = Path(path)
    temporary: Path | None = None
    fate = "What stood there before is untouched."
    try:
        temporary = _new_file_beside(path)
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, path)
        temporary = None
        fate = "The new output stands there, yet a power cut now might bring the old one back."
        flush_to_disk(path.parent)
    except OSError as error:
        raise OutputError(_cannot_write(path, error, fate)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _new_file_beside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent)
    # mkstemp makes private files; a result is as readable as any other file the user writes.
    umask = os.umask(0)
    os.umask(umask)
    os.fchmod(handle, 0o666 & ~umask)
    os.close(handle)
    return Path(name)


def make_folder(path: str | os.PathLike[str], *, where: str) -> Path:
    """Make a folder, and those above it, if it is not there.

    Parameters
    ----------
    path : path-like
    where : str
        Who asks, as an error names it.

    Returns
    -------
    folder : Path

    Raises
    ------
    OutputError
        If it cannot be made: a file stands there or above, or the place may not be written to.

    Examples
    --------
    >>> make_folder(Path(tempfile.mkdtemp()) / "models" / "mine", where="save").name
    'mine'
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{where}: the folder must be one that can be made; got {folder.name!r} ({error.strerror}). "
            "Choose another place."
        ) from error
    return folder


def flush_to_disk(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError, fate: str = "What stood there before is untouched.") -> str:
    reason = error.strerror or str(error).splitlines()[0] or type(error).__name__
    return (
        f"{path.name}: the output must be writable; got: {reason}. "
        f"{fate} Check the folder, its rights and the free space."
    )


@contextlib.contextmanager
def hold(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold an output for this process; a second run on it is refused and told who holds it.

    The lock is the kernel's, on a small file ``.NAME.lock`` beside the output: it dies with its process,
    however that ends. The file itself stays, for removing it would let two runs lock two files of one name.

    Parameters
    ----------
    path : path-like
        The output, a file or a folder; it need not exist.

    Raises
    ------
    OutputError
        If another process (or another block of this one) holds it, or the lock file cannot be written.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with hold(folder / "scores.parquet"):
    ...     [file.name for file in folder.iterdir()]
    ['.scores.parquet.lock']
    """
    path = Path(path)
    lock = path.parent / f".{path.name}.lock"
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError(_cannot_write(path, error)) from error
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)  # closing lets go


def _lock(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
    except BlockingIOError:
        raise OutputError(_held_by(os.pread(handle, 4096, 0), path)) from None
    except OSError as error:
        raise OutputError(_cannot_write(path, error)) from error


def _held_by(note: bytes, path: Path) -> str:
    try:
        holder = json.loads(note)
        who = f"process {int(holder['pid'])} on {holder['host']}, since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # the holder has locked, and not written yet
        who = "another process"
    return f"{path.name}: the output must be free; got one held by {who}. Wait for it, or write elsewhere."


def sha256_file(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file as 64 hex digits, read piece by piece.

    Examples
    --------
    >>> file = Path(tempfile.mkdtemp()) / "empty"
    >>> file.touch()
    >>> sha256_file(file)[:16]
    'e3b0c44298fc1c14'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def available_memory() -> int:
    """Return the bytes that this process can still take without swapping; 8 GiB where nobody tells."""
    found = [8 << 30]
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")] or found
    with contextlib.suppress(OSError, ValueError):  # the bound of a container, where there is one
        bound = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        stat = dict(
            line.split()
            for line in Path("/sys/fs/cgroup/memory.stat").read_text(encoding="ascii").splitlines()
        )
        # Pages of files that were read lately count as used and are given back at once.
        found.append(max(bound - used + int(stat.get("inactive_file", 0)), 0))
    return min(found)
