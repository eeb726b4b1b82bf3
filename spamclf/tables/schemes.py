"""How the fingerprints of a dataset were made, as it states itself: which schemes can be compared with anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spamclf.errors import SchemaError

__all__ = [
    "HASHES",
    "HOW_SIGNED",
    "PHOTO_SCHEMES",
    "SETTINGS",
    "SIGNATURE_LENGTH",
    "check_schemes",
    "check_sections",
    "signature_fault",
    "stated_fault",
    "told",
]

#: The sections of ``dataset.toml`` and their keys.
SETTINGS = {
    "time": ("zone", "unit"),
    "photo_hash": ("scheme",),
    "signature": ("scheme", "seed", "n_perm", "hash"),
}
#: Of photo hashes: Meta's PDQ, and the random bits of a simulated world without pictures.
PHOTO_SCHEMES = ("pdq", "simulated-256")
#: Of signatures: what turns an item into 32 bits, and how many values one has.
HASHES = ("xxh32", "sha1")
SIGNATURE_LENGTH = 128
#: A section as it may be pasted into ``dataset.toml``, above the first line in brackets.
HOW_SIGNED = 'signature = { scheme = "affine32", hash = "xxh32", seed = 1, n_perm = 128 }'
_HOW_HASHED = 'photo_hash = { scheme = "pdq" }'
_MOST_PERMUTATIONS = 1024


def check_sections(stated: Any, where: str, sections: tuple[str, ...] = tuple(SETTINGS)) -> None:
    """Refuse sections and keys that nobody would read.

    Parameters
    ----------
    stated : mapping of str to mapping
    where : str
        What an error names as the place.
    sections : tuple of str
        Those that may be there.

    Raises
    ------
    SchemaError

    Examples
    --------
    >>> check_sections({"tme": {}}, "dataset.toml")
    Traceback (most recent call last):
    ...
    spamclf.errors.SchemaError: dataset.toml: settings must be among [time] unit, zone; [photo_hash] scheme; ...
    """
    legal = {name: SETTINGS[name] for name in sections}
    wrong = None if isinstance(stated, Mapping) else type(stated).__name__
    for section, values in stated.items() if wrong is None else ():
        keys = values.keys() - set(legal.get(section, ())) if isinstance(values, Mapping) else {section}
        if section not in legal or keys:
            wrong = wrong or f"[{section}] {', '.join(sorted(map(str, keys)))}"[:60].strip()
    if wrong is not None:
        known = "; ".join(f"[{name}] {', '.join(sorted(keys))}" for name, keys in legal.items())
        raise SchemaError(f"{where}: settings must be among {known}; got {wrong}. Remove or rename it.")


def check_schemes(
    stated: Mapping[str, Mapping[str, Any]], where: str, *, n_hashes: int, n_signatures: int
) -> dict[str, dict[str, Any]]:
    """Return what a dataset states of its photo hashes and signatures, if these can be compared with any others.

    What is said of hashes or signatures of which there are none is left out, unless it is sound: then texts are signed
    in the same way, to be comparable with those of other days.

    Parameters
    ----------
    stated : mapping of str to mapping
        ``[photo_hash]`` and ``[signature]``, of no other keys than `SETTINGS`.
    where : str
        What an error names as the place.
    n_hashes, n_signatures : int
        Rows that have one.

    Raises
    ------
    SchemaError
        If a scheme is unknown.

    Examples
    --------
    >>> check_schemes({"photo_hash": {"scheme": "pdq"}}, "schemes", n_hashes=1, n_signatures=0)
    {'photo_hash': {'scheme': 'pdq'}}
    >>> check_schemes({"photo_hash": {"scheme": "phash"}}, "schemes", n_hashes=0, n_signatures=0)
    {}
    >>> check_schemes({"photo_hash": {"scheme": "phash"}}, "schemes", n_hashes=1, n_signatures=0)
    Traceback (most recent call last):
    ...
    spamclf.errors.SchemaError: schemes: [photo_hash] scheme must be one of pdq, simulated-256; got 'phash'. ...
    """
    sound: dict[str, dict[str, Any]] = {name: dict(values) for name, values in stated.items()}
    faults = {"photo_hash": _photo_fault, "signature": stated_fault}
    for name, n_rows in (("photo_hash", n_hashes), ("signature", n_signatures)):
        fault = faults[name](sound[name]) if name in sound else None
        if fault and n_rows:
            raise SchemaError(f"{where}: [{name}] {fault}")
        if fault:
            del sound[name]
    return sound


def _photo_fault(settings: Mapping[str, Any]) -> str | None:
    scheme = settings.get("scheme")
    if scheme in PHOTO_SCHEMES:
        return None
    return (
        f"scheme must be one of {', '.join(PHOTO_SCHEMES)}; got {told(scheme)}. Hash the photos with PDQ and write "
        f"{_HOW_HASHED}, or leave the hashes out."
    )


def stated_fault(settings: Mapping[str, Any]) -> str | None:
    """Return what is wrong with ``[signature]`` and what to do about it; None if it is sound."""
    names = SETTINGS["signature"]
    if settings.keys() != set(names):
        got = ", ".join(sorted(map(str, settings))) or "nothing"
        return (
            f"must state {', '.join(names)}; got {got}. Write {HOW_SIGNED} at the top of dataset.toml, with the values "
            "of the devices."
        )
    fault = signature_fault(**settings)
    if fault is None and settings["n_perm"] != SIGNATURE_LENGTH:
        fault = "n_perm", str(SIGNATURE_LENGTH)
    if fault is None:
        return None
    name, rule = fault
    return (
        f"{name} must be {rule}; got {told(settings[name])}. Signatures of another kind cannot be compared: make them "
        "again."
    )


def signature_fault(scheme: Any, hash: Any, seed: Any, n_perm: Any) -> tuple[str, str] | None:
    """Return the first setting that no signature here can have, and its rule; None if all are sound.

    Examples
    --------
    >>> signature_fault("affine32", "md5", 1, 128)
    ('hash', 'one of xxh32, sha1')
    """
    legal = (
        ("scheme", scheme == "affine32", "'affine32'"),
        ("hash", hash in HASHES, f"one of {', '.join(HASHES)}"),
        ("seed", _is_int(seed) and 0 <= seed < 2**32, "an integer from 0 to 2**32 - 1"),
        (
            "n_perm",
            _is_int(n_perm) and 1 <= n_perm <= _MOST_PERMUTATIONS,
            f"an integer from 1 to {_MOST_PERMUTATIONS}",
        ),
    )
    return next(((name, rule) for name, holds, rule in legal if not holds), None)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def told(value: object) -> str:
    """Show a setting, but no more of it than a setting has: it might be a text that got there by mistake."""
    short = _is_int(value) or (isinstance(value, str) and len(value) <= 12)
    return repr(value) if short else type(value).__name__
