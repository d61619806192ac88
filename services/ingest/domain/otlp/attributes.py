"""Attributes of spans, records, points and resources, and how counts and words are read from them.

Only attributes somebody asks for by name are read at all: prompts and completions never get here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from services.common.money import MAX_INT64, PICOS_PER_DOLLAR, Picos
from services.ingest.domain import fields
from services.ingest.domain.rejection import Reason, Rejected

Scalar = str | int | float | bool
Attributes = Mapping[str, Scalar]
"""By name; of the four scalar types."""

_MAX_DIGITS = 18
_MAX_DOLLARS = MAX_INT64 // PICOS_PER_DOLLAR


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


def picos(attributes: Attributes, names: Iterable[str]) -> Picos | None:
    """The first of these attributes that is an amount of dollars: an estimate of the sender's, which passed through a
    float. Its shortest decimal counts, to the nearest picodollar."""
    for name in names:
        value = attributes.get(name)
        if type(value) in (int, float, str) and len(str(value)) <= fields.MAX_DOLLARS_TEXT:
            try:
                amount = Decimal(str(value))
            except InvalidOperation:
                continue
            if 0 <= amount < _MAX_DOLLARS:
                return round(amount * PICOS_PER_DOLLAR)
    return None
