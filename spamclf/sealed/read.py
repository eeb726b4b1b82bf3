"""Read a sealed folder and trust nothing in it."""

from __future__ import annotations

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
import numpy.typing as npt

from spamclf.files import available_memory
from spamclf.sealed.form import MAX_MANIFEST_BYTES, Arrays, Form, Part, seal

__all__ = ["read_sealed"]

_PATIENT_BYTES = 256 << 20  # from here on it is worth asking whether the memory is there


def read_sealed(
    folder: str | os.PathLike[str], form: Form
) -> tuple[dict[str, Any], dict[str, Arrays | None]]:
    """Read the files of a sealed folder, without judging what their numbers mean.

    Parameters
    ----------
    folder : path-like
        As written by `write_sealed`.
    form : Form

    Returns
    -------
    manifest : dict
        Checked against its own digest.
    parts : dict of str to (dict of str to ndarray, or None)
        The arrays of each part of that version, of the right names, dtypes and shapes; writable.

    Raises
    ------
    ModelFileError
        If anything is missing, damaged, forged, too large, a link, of a later format, or not of this form at all.
    """
    handle = _open_folder(Path(folder), form)
    try:
        for attempt in (1, 2):
            manifest = _read_manifest(handle, form)
            parts = form.versions[manifest["format_version"]]
            try:
                return manifest, {
                    key: None if manifest[key] is None else _read_arrays(handle, form, part, manifest[key])
                    for key, part in parts.items()
                }
            except FileNotFoundError:  # another run may have replaced the folder's files between two reads
                if attempt == 2:
                    form.refuse("the arrays", "beside the manifest", "no such file")
        raise AssertionError("unreachable")
    finally:
        os.close(handle)


def _open_folder(folder: Path, form: Form) -> int:
    rule = f"a folder with {form.manifest}"
    if os.path.lexists(folder) and not folder.is_dir():
        got = f"the file {folder.name!r}"
        if folder.suffix.lower() in {".pkl", ".pickle", ".joblib", ".skops", ".zip", ".gz", ".npz"}:
            got += ", left unread: pickles and archives can run code or hide any size when opened"
        form.refuse(form.noun, rule, got, f"Pass the folder that {form.writer} wrote.")
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        form.refuse(form.noun, rule, f"{folder.name!r} ({reason})", "Check the path and its rights.")


def _read_file(
    handle: int, form: Form, name: str, limit: int, size: int | None = None
) -> npt.NDArray[np.uint8]:
    """Read one regular file of the folder: no link, no pipe, no device, no more than its due."""
    try:
        # O_NONBLOCK: opening a pipe would wait for its writer.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    except FileNotFoundError:
        raise
    except OSError as error:
        form.refuse(
            name, "a regular file", "a symbolic link" if error.errno == errno.ELOOP else error.strerror
        )
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            form.refuse(name, "a regular file", "something else")
        if status.st_size > limit or (size is not None and status.st_size != size):
            rule = f"at most {limit:,} bytes" if size is None else f"of {size:,} bytes"
            form.refuse(name, rule, f"{status.st_size:,}")
        if status.st_size > _PATIENT_BYTES and status.st_size > (free := available_memory()):
            form.refuse(
                name, f"smaller than the free memory ({free:,} bytes)", f"{status.st_size:,}", "Free some."
            )
        data = np.empty(status.st_size + 1, np.uint8)  # one more byte would tell that it grew
        n_read = 0
        with open(file, "rb", buffering=0, closefd=False) as stream:
            while n := stream.readinto(data[n_read:].data):
                n_read += n
    except OSError as error:
        form.refuse(name, "readable", error.strerror)
    finally:
        os.close(file)
    if n_read != status.st_size:
        form.refuse(name, "left alone while it is read", "another length")
    return data[:n_read]


def _read_manifest(handle: int, form: Form) -> dict[str, Any]:
    name = form.manifest
    try:
        data = _read_file(handle, form, name, MAX_MANIFEST_BYTES).tobytes()
    except FileNotFoundError:
        form.refuse(form.noun, f"a folder with {name}", "none", f"Pass the folder that {form.writer} wrote.")
    try:
        manifest = json.loads(data)
        # One document has one spelling: what JSON overlooks (a space, a doubled key) is caught here.
        intact = isinstance(manifest, dict) and data == seal(
            {key: value for key, value in manifest.items() if key != "sha256"}
        )
    except (ValueError, RecursionError, OverflowError):
        form.refuse(name, "JSON", "something else")
    if not intact:
        form.refuse(name, f"as written by {form.writer}", "a changed one, its digest does not match")
    if manifest.get("format") != form.name:
        form.refuse(name, f"of format {form.name!r}", "another")
    if type(version := manifest.get("format_version")) is not int or version not in form.versions:
        got = version if type(version) is int else "something else"
        known = " or ".join(map(str, sorted(form.versions)))
        form.refuse("format_version", known, got, f"Update spamclf, or {form.remake}.")
    for key, part in form.versions[version].items():
        if not (part.optional and key in manifest and manifest[key] is None):
            _check_described(form, key, part, manifest.get(key))
    return dict(manifest)


def _check_described(form: Form, key: str, part: Part, described: Any) -> None:
    keys = {"file", "sha256", "size", *part.sizes}
    if not isinstance(described, dict) or described.keys() != keys:
        form.refuse(key, f"described by {', '.join(sorted(keys))}", "something else")
    digest = described["sha256"]
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        form.refuse(f"{key}.sha256", "64 hex digits", "something else")
    if described["file"] != part.named(digest):
        rule = f"{part.stem}-<first 16 digits of its sha256>.safetensors"
        form.refuse(f"{key}.file", rule, "another name")
    for name, (least, most) in {**part.sizes, "size": (1, part.max_bytes)}.items():
        if type(described[name]) is not int or not least <= described[name] <= most:
            form.refuse(f"{key}.{name}", f"between {least:,} and {most:,}", "another value")
    header, places = part.layout(described)
    size = max([len(header), *(end for _, end in places.values())])
    if described["size"] != size:
        form.refuse(f"{key}.size", f"{size:,}, that of safetensors with these arrays", "another value")


def _read_arrays(handle: int, form: Form, part: Part, described: Mapping[str, Any]) -> Arrays:
    """Read a part whose description was checked; its arrays are views of one buffer, so nothing is held twice."""
    name = described["file"]
    data = _read_file(handle, form, name, part.max_bytes, described["size"])
    digest = hashlib.sha256(data.data).hexdigest()
    if digest != described["sha256"]:
        form.refuse(name, f"of sha256 {described['sha256'][:16]}...", f"{digest[:16]}...")
    header, places = part.layout(described)
    if data[: len(header)].tobytes() != header:
        form.refuse(name, "safetensors of the arrays, dtypes and shapes that the manifest states", "others")
    arrays = {}
    for key, array in part.arrays.items():
        begin, end = places[key]
        stored = data[begin:end].view(np.dtype(array.dtype).newbyteorder("<"))
        arrays[key] = np.asarray(stored.reshape(array.sized(described)), np.dtype(array.dtype))
    return arrays
