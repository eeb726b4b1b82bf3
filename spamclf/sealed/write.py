"""Write a sealed folder: the arrays first, the manifest that names them last."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import OutputError, ParameterError
from spamclf.files import atomic_write, hold, make_folder, sha256_file
from spamclf.sealed.form import MAX_MANIFEST_BYTES, Form, Part, seal

__all__ = ["write_sealed"]

Chunks = list[memoryview]  # the bytes of a file, one after the other


def write_sealed(
    folder: str | os.PathLike[str],
    form: Form,
    document: Mapping[str, Any],
    parts: Mapping[str, Mapping[str, npt.NDArray[Any]] | None],
    *,
    beside: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a sealed folder; readers see the former one or this one, never half of one.

    Parameters
    ----------
    folder : path-like
        Made if missing.
    form : Form
    document : mapping
        What the manifest says, as JSON; format, version, parts and digest are added here.
    parts : mapping of str to (mapping of str to ndarray, or None)
        Arrays of each part of the form's highest version.
    beside : mapping of str to str, optional
        Texts of the form's files beside the manifest; one that is not given is removed.
    overwrite : bool, default=False
        Whether one that is already there may be replaced.

    Raises
    ------
    OutputError
        If one is there already, another run holds it, or a write fails.
    ParameterError
        If the manifest would exceed 1 MiB, or a part its limit.
    """
    folder, version = Path(folder), max(form.versions)
    files: dict[str, Chunks] = {}
    described: dict[str, Any] = {}
    for key, part in form.versions[version].items():
        arrays = parts[key]
        described[key] = None if arrays is None else _describe(form, key, part, arrays, files)
    text = seal({**document, "format": form.name, "format_version": version, **described})
    if len(text) > MAX_MANIFEST_BYTES:
        raise ParameterError(
            f"{form.writer}: info must fit in a manifest of {MAX_MANIFEST_BYTES:,} bytes; got {len(text):,} "
            "bytes. Keep large things elsewhere."
        )
    make_folder(folder, where=form.writer)
    with hold(folder / form.manifest):
        if not overwrite and os.path.lexists(folder / form.manifest):
            raise OutputError(
                f"{form.writer}: folder must hold no {form.noun.split()[-1]} yet; got {folder.name!r}, which does. "
                "Choose a new folder, or pass overwrite=True."
            )
        _replace(folder, form, files, text, beside or {})


def _describe(
    form: Form,
    key: str,
    part: Part,
    arrays: Mapping[str, npt.NDArray[Any]],
    files: dict[str, Chunks],
) -> dict[str, Any]:
    """Return what the manifest says of a part, and put its file's content on the list, uncopied."""
    sizes = {}
    for name, array in part.arrays.items():
        for size, length in zip(array.shape, arrays[name].shape, strict=True):
            if isinstance(size, str):
                sizes[size] = length - (array.more if size == array.shape[0] else 0)
    header, places = part.layout(sizes)
    chunks = [memoryview(header)]
    for name in places:
        wanted = np.dtype(part.arrays[name].dtype)
        assert arrays[name].dtype == wanted
        assert arrays[name].shape == part.arrays[name].sized(sizes)
        plain = np.ascontiguousarray(arrays[name], wanted.newbyteorder("<"))
        chunks.append(plain.reshape(-1).view(np.uint8).data)
    size = sum(chunk.nbytes for chunk in chunks)
    if size > part.max_bytes:
        raise ParameterError(
            f"{form.writer}: {key} must fit in {part.max_bytes:,} bytes; got {size:,}. Leave some of it out."
        )
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    name = part.named(digest.hexdigest())
    files[name] = chunks
    return {"file": name, "sha256": digest.hexdigest(), "size": size, **sizes}


def _replace(
    folder: Path,
    form: Form,
    files: Mapping[str, Chunks],
    text: bytes,
    beside: Mapping[str, str],
) -> None:
    fresh = [name for name in files if not os.path.lexists(folder / name)]
    try:
        for name, chunks in files.items():
            with atomic_write(folder / name) as temporary:
                with temporary.open("wb") as file:
                    file.writelines(chunks)
                if sha256_file(temporary)[:16] != Path(name).stem[-16:]:
                    raise OSError(errno.EIO, "what was read back is not what was written")
        # The texts' bytes are written before the manifest moves, so a full disk leaves the former ones.
        with contextlib.ExitStack() as stack:
            for name, note in beside.items():
                stack.enter_context(atomic_write(folder / name)).write_text(note, encoding="utf-8")
            with atomic_write(folder / form.manifest) as temporary:
                temporary.write_bytes(text)
    except BaseException:
        with contextlib.suppress(OSError):
            # A failure may come after the manifest moved: then the new one stands and needs its arrays.
            if not os.path.lexists(folder / form.manifest) or (folder / form.manifest).read_bytes() != text:
                for name in fresh:
                    (folder / name).unlink(missing_ok=True)
        raise
    stems = "|".join({part.stem for parts in form.versions.values() for part in parts.values()})
    ours = re.compile(rf"({stems})-[0-9a-f]{{16}}\.safetensors")
    stale = [path for path in folder.iterdir() if ours.fullmatch(path.name) and path.name not in files]
    for path in [*stale, *(folder / name for name in form.beside if name not in beside)]:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
