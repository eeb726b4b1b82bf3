"""The folder a model is kept in: ``manifest.json`` and the arrays it names. Data, never code.

Reading a folder trusts nothing in it. Sizes are looked at before bytes are read, hashes before bytes are
parsed, names and shapes before arrays are made; what the numbers mean is then audited by ``Forest`` and
``Model``, and only what passed is constructed. Nothing is unpickled and no link is followed, so a hostile
folder can be refused, not obeyed.

How to raise ``FORMAT_VERSION``: keep reading every older version (``tests/model/fixtures/format-<n>`` must
load), write the new one only, and add a fixture for it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spamclf.errors import ModelFileError, OutputError, ParameterError
from spamclf.files import atomic_write, hold, sha256_file
from spamclf.model.audit import DTYPES, MAX_NODES

__all__ = ["FORMAT_VERSION", "MANIFEST", "read_folder", "write_folder"]

FORMAT_VERSION = 1
FORMAT = "spamclf-model"
MANIFEST = "manifest.json"
CARD = "card.md"
MAX_MANIFEST_BYTES = 1 << 20
_MAX_HEADER_BYTES = 1 << 14
_MAX_ARRAYS_BYTES = _MAX_HEADER_BYTES + MAX_NODES * 48  # 41 bytes per node, 4 per tree
_ARRAYS_NAME = re.compile(r"trees-[0-9a-f]{16}\.safetensors")
_ARRAYS_KEYS = {"file", "n_nodes", "n_trees", "sha256", "size"}
_REMEDY = "Copy the model again from where it came, or train it again."

Arrays = dict[str, NDArray[Any]]


def write_folder(
    folder: str | os.PathLike[str],
    manifest: Mapping[str, Any],
    arrays: Arrays,
    *,
    card: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model's folder; readers see the former model or the new one, never half of one.

    The arrays go first, under a name made of their hash, and the manifest that names them is replaced last.

    Parameters
    ----------
    folder : path-like
        Made if missing.
    manifest : mapping
        What to say about the model, as JSON; format, arrays and digest are added here.
    arrays : dict of str to ndarray
        By the names and dtypes of ``audit.DTYPES``.
    card : str, optional
        The model card, written as ``card.md``.
    overwrite : bool, default False
        Whether a model that is already there may be replaced.

    Raises
    ------
    OutputError
        If a model is there already, another run holds the folder, or a write fails.
    ParameterError
        If the manifest would exceed 1 MiB.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    data = save({name: arrays[name] for name in DTYPES})
    digest = hashlib.sha256(data).hexdigest()
    trees = folder / f"trees-{digest[:16]}.safetensors"
    described = {"file": trees.name, "sha256": digest, "size": len(data)}
    described |= {"n_nodes": len(arrays["feature"]), "n_trees": len(arrays["roots"]) - 1}
    text = _sealed({**manifest, "format": FORMAT, "format_version": FORMAT_VERSION, "arrays": described})
    if len(text) > MAX_MANIFEST_BYTES:
        raise ParameterError(
            f"Model.save: info must fit in a manifest of {MAX_MANIFEST_BYTES:,} bytes; got {len(text):,} "
            "bytes. Keep large things elsewhere."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Model.save: folder must be a folder that can be made; got {folder.name!r} ({error.strerror}). "
            "Choose another place."
        ) from error
    with hold(folder / MANIFEST):
        if not overwrite and os.path.lexists(folder / MANIFEST):
            raise OutputError(
                f"Model.save: folder must hold no model yet; got {folder.name!r}, which does. "
                "Choose a new folder, or pass overwrite=True."
            )
        _replace(folder, trees, data, text, card)


def _replace(folder: Path, trees: Path, data: bytes, text: bytes, card: str | None) -> None:
    was_there = os.path.lexists(trees)
    try:
        with atomic_write(trees) as temporary:
            temporary.write_bytes(data)
            if sha256_file(temporary)[:16] != trees.stem.removeprefix("trees-"):
                raise OSError(errno.EIO, "what was read back is not what was written")
        # The card's bytes are written before the manifest moves, so a full disk leaves the former pair.
        with contextlib.ExitStack() as stack:
            if card is not None:
                stack.enter_context(atomic_write(folder / CARD)).write_text(card, encoding="utf-8")
            with atomic_write(folder / MANIFEST) as temporary:
                temporary.write_bytes(text)
    except BaseException:
        with contextlib.suppress(OSError):
            # A failure may come after the manifest moved: then the new model stands and needs its arrays.
            if not was_there and (folder / MANIFEST).read_bytes() != text:
                trees.unlink(missing_ok=True)
        raise
    stale = [path for path in folder.iterdir() if _ARRAYS_NAME.fullmatch(path.name) and path != trees]
    for path in [*stale, *([folder / CARD] if card is None else [])]:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def read_folder(folder: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """Read and audit the files of a model, without judging yet what their numbers mean.

    Parameters
    ----------
    folder : path-like
        As written by ``write_folder``.

    Returns
    -------
    manifest : dict
        Checked against its own digest.
    arrays : dict of str to ndarray
        Of the right names, dtypes and lengths; writable.

    Raises
    ------
    ModelFileError
        If anything is missing, damaged, forged, too large, a link, of a later format, or not a model at all.
    """
    handle = _open_folder(Path(folder))
    try:
        for attempt in (1, 2):
            manifest = _read_manifest(handle)
            try:
                return manifest, _read_arrays(handle, manifest["arrays"])
            except FileNotFoundError:  # another run may have replaced the model between the two reads
                if attempt == 2:
                    raise _refuse("the arrays", "beside the manifest", "no such file") from None
        raise AssertionError("unreachable")
    finally:
        os.close(handle)


def _refuse(name: str, rule: str, got: object, remedy: str = _REMEDY) -> ModelFileError:
    return ModelFileError(f"load_model: {name} must be {rule}; got {got}. {remedy}")


def _open_folder(folder: Path) -> int:
    if os.path.lexists(folder) and not folder.is_dir():
        got = f"the file {folder.name!r}"
        if folder.suffix.lower() in {".pkl", ".pickle", ".joblib", ".skops", ".zip", ".gz", ".npz"}:
            got += ", left unread: pickles and archives can run code or hide any size when opened"
        raise _refuse("a model", f"a folder with {MANIFEST}", got, "Pass the folder that Model.save wrote.")
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refuse(
            "a model",
            f"a folder with {MANIFEST}",
            f"{folder.name!r} ({reason})",
            "Check the path and its rights.",
        ) from error


def _read_file(handle: int, name: str, limit: int, size: int | None = None) -> bytes:
    """Read one regular file of the folder: no link, no pipe, no device, no more than its due."""
    try:
        # O_NONBLOCK: opening a pipe would wait for its writer.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    except FileNotFoundError:
        raise
    except OSError as error:
        got = "a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise _refuse(name, "a regular file", got) from error
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise _refuse(name, "a regular file", "something else")
        if status.st_size > limit or (size is not None and status.st_size != size):
            rule = f"at most {limit:,} bytes" if size is None else f"of {size:,} bytes"
            raise _refuse(name, rule, f"{status.st_size:,}")
        with open(file, "rb", closefd=False) as stream:
            data = stream.read(status.st_size + 1)
    except OSError as error:
        raise _refuse(name, "readable", error.strerror) from error
    finally:
        os.close(file)
    if len(data) != status.st_size:
        raise _refuse(name, "left alone while it is read", "another length")
    return data


def _canonical(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode(
        "ascii"
    )


def _sealed(document: Mapping[str, Any]) -> bytes:
    """Give the canonical JSON of a document, with the digest of itself in it."""
    return _canonical({**document, "sha256": hashlib.sha256(_canonical(document)).hexdigest()})


def _without_digest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key != "sha256"}


def _read_manifest(handle: int) -> dict[str, Any]:
    try:
        data = _read_file(handle, MANIFEST, MAX_MANIFEST_BYTES)
    except FileNotFoundError:
        raise _refuse(
            "a model", f"a folder with {MANIFEST}", "none", "Pass the folder that Model.save wrote."
        ) from None
    try:
        manifest = json.loads(data)
        # One document has one spelling: what JSON overlooks (a space, a doubled key) is caught here.
        intact = isinstance(manifest, dict) and _sealed(_without_digest(manifest)) == data
    except (ValueError, RecursionError, OverflowError) as error:
        raise _refuse(MANIFEST, "JSON", "something else") from error
    if not intact:
        raise _refuse(MANIFEST, "as written by Model.save", "a changed one, its digest does not match")
    if manifest.get("format") != FORMAT:
        raise _refuse(MANIFEST, f"of format {FORMAT!r}", "another")
    if type(version := manifest.get("format_version")) is not int or version != FORMAT_VERSION:
        got = version if type(version) is int else "something else"
        raise _refuse("format_version", str(FORMAT_VERSION), got, "Update spamclf, or train the model again.")
    _check_described(manifest.get("arrays"))
    return dict(manifest)


def _check_described(described: Any) -> None:
    if not isinstance(described, dict) or described.keys() != _ARRAYS_KEYS:
        raise _refuse("arrays", f"described by {', '.join(sorted(_ARRAYS_KEYS))}", "something else")
    name, digest = described["file"], described["sha256"]
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise _refuse("arrays.sha256", "64 hex digits", "something else")
    if (
        not isinstance(name, str)
        or not _ARRAYS_NAME.fullmatch(name)
        or name != f"trees-{digest[:16]}.safetensors"
    ):
        raise _refuse("arrays.file", "trees-<first 16 digits of its sha256>.safetensors", "another name")
    for key, limit in (("size", _MAX_ARRAYS_BYTES), ("n_nodes", MAX_NODES), ("n_trees", MAX_NODES)):
        if type(described[key]) is not int or not 1 <= described[key] <= limit:
            raise _refuse(f"arrays.{key}", f"between 1 and {limit:,}", "another value")


def _read_arrays(handle: int, described: Mapping[str, Any]) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    name = described["file"]
    data = _read_file(handle, name, _MAX_ARRAYS_BYTES, described["size"])
    digest = hashlib.sha256(data).hexdigest()
    if digest != described["sha256"]:
        raise _refuse(name, f"of sha256 {described['sha256'][:16]}...", f"{digest[:16]}...")
    header = int.from_bytes(data[:8], "little")
    if len(data) < 8 or header > min(_MAX_HEADER_BYTES, len(data) - 8):
        raise _refuse(
            name, f"safetensors with a header of at most {_MAX_HEADER_BYTES:,} bytes", f"{header:,}"
        )
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refuse(name, "safetensors", "something else") from error
    del data  # `load` has copied
    if arrays.keys() != DTYPES.keys():
        raise _refuse(name, f"the arrays {', '.join(DTYPES)}", "others")
    for key, dtype in DTYPES.items():
        shape = (described["n_trees"] + 1 if key == "roots" else described["n_nodes"],)
        if arrays[key].dtype != np.dtype(dtype) or arrays[key].shape != shape:
            raise _refuse(
                f"{name}: {key}", f"{dtype} of shape {shape}", f"{arrays[key].dtype} of {arrays[key].shape}"
            )
    return {key: np.array(arrays.pop(key)) for key in DTYPES}
