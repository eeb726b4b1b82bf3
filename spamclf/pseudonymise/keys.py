"""The key, which nothing shows and nothing keeps, and the pseudonyms that it makes.

The pseudonym of an id is the first 128 bits, as 32 hex digits, of HMAC-SHA-256 under the key of ``DOMAIN``, a zero byte
and the id's text in UTF-8. The domain keeps apart what only looks alike: a device called as an account is another name.
"""

from __future__ import annotations

import hmac
import os
import re
import stat
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from spamclf.errors import DataFileError, ParameterError

__all__ = ["HOW_TO_MAKE", "Domain", "Key", "pseudonym", "read_key"]

#: What kinds of ids are kept apart.
Domain = Literal["person", "group", "network", "device", "campaign", "operator", "photo", "text"]

HOW_TO_MAKE = "Make one: (umask 077; python -c 'import secrets; print(secrets.token_hex(32))' > spamclf.key)"
_DOMAINS = ("person", "group", "network", "device", "campaign", "operator", "photo", "text")
_LEAST_BYTES = 32
_LEAST_DIFFERENT = 16  # of 32 random bytes about 30 differ; fewer than half as many were typed by hand
_OVERLAP = 8  # bytes: two parts of a random key are so far alike once in 10**18 times
_LONGEST = 65_536  # letters of a file or a variable
_OTHERS = stat.S_IRGRP | stat.S_IROTH
_ENCODED = re.compile(rb"[A-Za-z0-9+/_=-]+")
_DIGITS = 32  # of a pseudonym: among a million million ids two meet once in 10**14 data sets


class Key:
    """A secret key; it cannot be shown, copied into a file by pickle, or told from another one.

    Parameters
    ----------
    key : bytes
        At least 32, random: ``secrets.token_bytes(32)``.

    Raises
    ------
    ParameterError
        If it is none, or too short, or was not drawn at random: few different bytes, a part over and over, steps of
        few sizes, or words. Bytes that spell hex digits or base64 are taken as they are.

    Examples
    --------
    >>> import secrets
    >>> Key(secrets.token_bytes(32))
    <Key>
    >>> Key(b"secret")
    Traceback (most recent call last):
    ...
    spamclf.errors.ParameterError: pseudonymise: key must be at least 32 random bytes; got 6 bytes. ...
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = _checked(key)

    def __repr__(self) -> str:
        return "<Key>"

    def __reduce__(self) -> Any:
        raise ParameterError(
            "pseudonymise: key must stay in memory; got asked to pickle it. Read it again there."
        )

    def digest(self, domain: Domain, content: bytes) -> bytes:
        """Return the 32 bytes of HMAC-SHA-256 of some content in a domain.

        Parameters
        ----------
        domain : str
            What is told apart though it may be spelled alike: a person, a network, a device.
        content : bytes

        Returns
        -------
        digest : bytes
            32 of them.
        """
        return hmac.digest(self._key, domain.encode() + b"\0" + content, "sha256")

    def pseudonyms(self, domain: Domain, values: pa.Array) -> pa.Array:
        """Return the pseudonym of each value; null stays null.

        Parameters
        ----------
        domain : str
        values : pyarrow.Array
            Strings, dictionary-coded or not, or integers, which count as they are written.

        Returns
        -------
        pseudonyms : pyarrow.Array of str

        Examples
        --------
        >>> import secrets
        >>> key = Key(secrets.token_bytes(32))
        >>> one, none, other = key.pseudonyms("person", pa.array(["7", None, "8"]))
        >>> one == key.pseudonyms("person", pa.array([7]))[0], none.as_py(), one == other
        (True, None, False)
        """
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        words = coded.dictionary.to_pylist()
        made = [
            None if word is None else self.digest(domain, str(word).encode()).hex()[:_DIGITS]
            for word in words
        ]
        return pa.array(made, pa.string()).take(coded.indices)


def pseudonym(account_id: Any, *, key: bytes, domain: Domain = "person") -> str:
    """Return the pseudonym of one id, to find a row of a pseudonymised dataset again; it takes the key.

    Parameters
    ----------
    account_id : str or int
    key : bytes
        As of `pseudonymise`.
    domain : {"person", "group", "network", "device", "campaign", "operator"}, default="person"
        What the id is of: an account, a sender, a recipient who is no group and a reporter are persons.

    Returns
    -------
    pseudonym : str
        32 hex digits.

    Raises
    ------
    ParameterError
        If the key is none, the id is neither string nor integer, or the domain is another one.

    Examples
    --------
    >>> pseudonym("a42", key=bytes.fromhex("8f1d0c6ab37e52f94405d8e1a79b3c6072fe15c89a4de03b61f7259c0eb8d643"))
    '2275288f3b9f5a4fd816907315ea448c'
    """
    if domain not in _DOMAINS:
        raise ParameterError(
            f"pseudonym: domain must be one of {', '.join(_DOMAINS)}; got {domain!r}. Use 'person' for an account."
        )
    if isinstance(account_id, bool) or not isinstance(account_id, str | int):
        raise ParameterError(
            f"pseudonym: account_id must be a string or an integer; got {type(account_id).__name__}. Pass it as it is."
        )
    return Key(key).digest(domain, str(account_id).encode()).hex()[:_DIGITS]


def read_key(path: str | os.PathLike[str] | None = None, variable: str = "SPAMCLF_KEY") -> bytes:
    """Read a key: hex digits in a file of their own, or in an environment variable.

    A file that people other than its owner may read gives a warning.

    Parameters
    ----------
    path : path-like, optional
        Goes before the variable.
    variable : str, default="SPAMCLF_KEY"

    Returns
    -------
    key : bytes

    Raises
    ------
    ParameterError
        If there is neither, or what is there is no key (see `Key`) or over 65,536 letters long; it is not shown.
    DataFileError
        If the file cannot be read.

    Examples
    --------
    >>> import secrets, tempfile
    >>> file = Path(tempfile.mkdtemp()) / "spamclf.key"
    >>> file.touch(mode=0o600)
    >>> _ = file.write_text(secrets.token_hex(32))
    >>> len(read_key(file))
    32
    """
    if path is not None:
        where, content = "key file", _content(Path(path))
    elif variable in os.environ:
        where, content = variable, os.environ[variable].encode(errors="replace")
    else:
        raise ParameterError(
            f"pseudonymise: the key must be in a file or in {variable}; got neither. {HOW_TO_MAKE}, and say --key-file "
            "spamclf.key."
        )
    if len(content) > _LONGEST:
        raise ParameterError(
            f"pseudonymise: {where} must hold at most {_LONGEST:,} letters; got more. {HOW_TO_MAKE}"
        )
    digits = content.strip()
    try:
        key = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) < _LEAST_BYTES:
        what = f"{len(digits)} of them" if key else f"{len(digits)} bytes that are not such digits alone"
        raise ParameterError(
            f"pseudonymise: {where} must hold at least {2 * _LEAST_BYTES} hex digits; got {what}. {HOW_TO_MAKE}"
        ) from None
    return _checked(key)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            rights = os.fstat(file.fileno()).st_mode
            content = file.read(_LONGEST + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataFileError(
            f"pseudonymise: key file must be readable; got: {reason}. Check its name and rights."
        ) from error
    if rights & _OTHERS:
        warnings.warn(
            "pseudonymise: the key file should be its owner's alone; got one that others may read. Whoever has the key "
            "can name the people: chmod 600 the file.",
            stacklevel=3,
        )
    return content


def _checked(key: Any) -> bytes:
    if not isinstance(key, bytes):
        raise ParameterError(
            f"pseudonymise: key must be bytes; got {type(key).__name__}. Use read_key, or secrets.token_bytes(32)."
        )
    if len(key) < _LEAST_BYTES or len(set(key)) < _LEAST_DIFFERENT:
        few = f" of {len(set(key))} different values" if len(key) >= _LEAST_BYTES else ""
        raise ParameterError(
            f"pseudonymise: key must be at least {_LEAST_BYTES} random bytes; got {len(key)} bytes{few}. {HOW_TO_MAKE}"
        )
    if pattern := _pattern(key):
        raise ParameterError(
            f"pseudonymise: key must be at least {_LEAST_BYTES} random bytes; got {pattern}. {HOW_TO_MAKE}"
        )
    return key


def _pattern(key: bytes) -> str | None:
    """Say what shows that a key was not drawn; a key that was passes, but for one in a million million."""
    if any(key[shift:] == key[:-shift] for shift in range(1, len(key) - _OVERLAP)):
        return "a part over and over"
    if len({(after - before) % 256 for before, after in pairwise(key)}) < _LEAST_DIFFERENT:
        return "steps of few sizes"
    encoded = _ENCODED.fullmatch(key) and (
        any(map(str.isdigit, key.decode())) or key.upper() != key != key.lower()
    )
    if not encoded and all(0x20 <= byte < 0x7F for byte in key):
        return "words"
    return None
