"""Attributes of spans, records, points and resources, and how counts and words are read from them.

Only attributes somebody asks for by name are read at all: prompts and completions never get here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.ingest.domain import fields
from services.ingest.domain.rejection import Reason, Rejected

Scalar = str | int | float | bool
Attributes = Mapping[str, Scalar]
"""By name; of the four scalar types."""

_MAX_DIGITS = 18


def word(attributes: Attributes, names: Iterable[str]) -> str:
    """The first of these attributes that holds a word, cleaned; "" without one."""
    for name in names:
        value = attributes.get(name)
        if value is not None:
            found = fields.clean_text(value)
            if found:
                return found
    return ""


def count(attributes: Attributes, names: Iterable[str]) -> int | None:
    """The first of these attributes that is there, as a count; None where none is.

    Raises:
        Rejected: it is no count.
    """
    for name in names:
        value = attributes.get(name)
        if value is not None:
            return whole(value, name)
    return None


def whole(value: object, field: str, limit: int = fields.MAX_COUNT) -> int:
    """A count. Some senders write numbers as strings.

    Raises:
        Rejected
    """
    if type(value) is str:
        if not (value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS):
            raise Rejected(Reason.WRONG_TYPE, field, f"must be a whole number, not {value!r:.40}")
        value = int(value)
    return fields.count(value, field, limit)
