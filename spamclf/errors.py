"""The errors a caller can tell apart.

Every message reads ``<where>: <name> must be <rule>; got <value>. <what to do>.``
"""

from __future__ import annotations

__all__ = [
    "BadRowsError",
    "DataFileError",
    "InsufficientDataError",
    "ModelFileError",
    "OutputError",
    "ParameterError",
    "SchemaError",
    "SpamclfError",
]


class SpamclfError(Exception):
    """Base of every error that spamclf raises on purpose."""


class ParameterError(SpamclfError, ValueError):
    """An argument of a call is outside its legal range."""


class SchemaError(SpamclfError, ValueError):
    """A table is missing, or a column is missing or of the wrong type."""


class BadRowsError(SpamclfError, ValueError):
    """More rows broke a rule of the contract than ``max_bad_share`` allows."""


class DataFileError(SpamclfError):
    """A table's file cannot be read: damaged, truncated, too large or not what its name says."""


class ModelFileError(SpamclfError):
    """A model's folder is damaged, forged, of another format, or not a model at all."""


class InsufficientDataError(SpamclfError, ValueError):
    """The data cannot support what was asked, for instance training on one class."""


class OutputError(SpamclfError):
    """A result cannot be written: disk full, no permission, or another run holds the output."""
