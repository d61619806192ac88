"""Checks of single values, written for the hot path: the common case is a few type tests and no call.

`text`, `count` and friends reject; the `clean_` functions cut to size instead, for what a third party's payload carries
beside its usage: a label too long must not lose a cost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from services.common.money import MAX_INT64, PICOS_PER_DOLLAR, Picos, format_dollars, parse_dollars
from services.ingest.domain.rejection import Reason, Rejected, not_an_object, shown

MAX_TEXT = 256
"""Characters of an id, a dimension, a tag's value."""
MAX_TAGS = 32
MAX_TAG_NAME = 64
MAX_COUNT = 1_000_000_000
"""Of any bucket in one event; above it the unit is wrong (or the counter is cumulative)."""
MAX_REPORTED_COUNT = 10**15
"""Of any bucket in a row of a provider's report, which sums up an organisation's hour or day."""
MAX_SEATS = 10_000
MAX_METRICS = 8
MAX_METRIC = 10**12
"""Of a business metric in one event: millions of such events still add up within 64 bits."""
MAX_DECIMAL = 28
"""Characters of a decimal: as many digits as Decimal's default context keeps exactly."""

MAX_DOLLARS_TEXT = 40
"""Characters of an amount of dollars: every digit of the largest amount down to a picodollar, and zeros behind."""

MAX_DOLLARS = MAX_INT64 // PICOS_PER_DOLLAR
"""The most that 64 bits of picodollars hold."""

METRIC_NAME = "[A-Za-z][A-Za-z0-9_.-]{0,63}"
_METRIC_NAME = re.compile(METRIC_NAME)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
AMOUNT = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
"""How an amount of dollars is written."""
_AMOUNT = re.compile(AMOUNT)


def text(value: object, field: str, limit: int = MAX_TEXT) -> str:
    """A string of at most `limit` characters without control characters; null reads as "".

    Raises:
        Rejected
    """
    if value is None:
        return ""
    if type(value) is not str:
        raise Rejected(Reason.WRONG_TYPE, field, f"must be a string, not {shown(value)}")
    if len(value) > limit:
        raise Rejected(Reason.TOO_LONG, field, f"has {len(value)} characters: at most {limit} are kept, shorten it")
    if not value.isprintable() and _CONTROL.search(value):
        raise Rejected(Reason.INVALID, field, "holds control characters: remove them")
    return value


def required_text(value: object, field: str, mend: str) -> str:
    """As `text`, but neither absent nor blank.

    Raises:
        Rejected: `mend` says how to supply it.
    """
    found = text(value, field)
    if not found or found.isspace():
        raise Rejected(Reason.MISSING, field, f"is missing or blank: {mend}")
    return found


def clean_text(value: object, limit: int = MAX_TEXT) -> str:
    """What is usable of a value: control characters become spaces, the end is cut; only strings and integers count."""
    if type(value) is int:
        value = str(value)
    if type(value) is not str:
        return ""
    if not value.isprintable():
        value = _CONTROL.sub(" ", value)
    return value.strip()[:limit]


def count(value: object, field: str, limit: int = MAX_COUNT) -> int:
    """A whole number from 0 to `limit`; null reads as 0, 12.0 as 12, true is refused.

    Raises:
        Rejected
    """
    if value is None:
        return 0
    if type(value) is float and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    if type(value) is not int:
        raise Rejected(Reason.WRONG_TYPE, field, f"must be a whole number, not {shown(value)}")
    if value < 0:
        raise Rejected(Reason.OUT_OF_RANGE, field, f"is {value}: a count cannot be negative")
    if value > limit:
        raise Rejected(Reason.OUT_OF_RANGE, field, f"is {value}: more than {limit} in one event is taken for an error")
    return value


def fixed_point(value: object, field: str, places: int) -> int:
    """A decimal number or string times 10^places, exact; a JSON float is read by its shortest decimal.

    Raises:
        Rejected
    """
    if value is None:
        return 0
    if type(value) not in (int, float, str):
        raise Rejected(Reason.WRONG_TYPE, field, f'must be a decimal such as "12.5", not {shown(value)}')
    digits = str(value)
    try:
        amount = Decimal(digits if len(digits) <= MAX_DECIMAL else "NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise Rejected(Reason.WRONG_TYPE, field, f'must be a decimal such as "12.5", not {shown(value)}')
    if not 0 <= amount <= MAX_COUNT:
        raise Rejected(Reason.OUT_OF_RANGE, field, f"is {value}: must lie between 0 and {MAX_COUNT}")
    scaled = amount.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise Rejected(Reason.INVALID, field, f"is {value}: finer than is kept, round it to {places} decimals")
    return int(scaled)


def dollars(value: object, field: str) -> Picos:
    """Picodollars from a decimal string of dollars, exact; negative is a credit. A JSON number is refused: it may have
    passed through a float, which no amount survives.

    Raises:
        Rejected: no such string, finer than a picodollar, or more than fits 64 bits.
    """
    if type(value) is not str or len(value) > MAX_DOLLARS_TEXT or not _AMOUNT.fullmatch(value):
        raise Rejected(
            Reason.WRONG_TYPE, field, f'must be dollars as a decimal string such as "0.0125", not {shown(value)}'
        )
    try:
        picos = parse_dollars(value)
    except ValueError as error:
        raise Rejected(Reason.OUT_OF_RANGE, field, f"{error}: send at most 12 decimals") from None
    if abs(picos) > MAX_INT64:
        limit = format_dollars(MAX_INT64).partition(".")[0]
        raise Rejected(Reason.OUT_OF_RANGE, field, f"is {value}: one event holds up to {limit} dollars, split it")
    return picos


def clean_dollars(value: object) -> Picos | None:
    """Picodollars of a cost that a third party gives as a JSON number: its shortest decimal, rounded half to even. None
    where it is no amount of dollars."""
    if type(value) not in (int, float):
        return None
    amount = Decimal(repr(value))
    return round(amount * PICOS_PER_DOLLAR) if 0 <= amount < MAX_DOLLARS else None


def audio_milliseconds(value: object, field: str) -> int:
    """Of a provider's number of seconds, to the nearest.

    Raises:
        Rejected
    """
    if type(value) not in (int, float, type(None)):
        raise Rejected(Reason.WRONG_TYPE, field, f"must be a number of seconds, not {shown(value)}")
    seconds = Decimal(repr(value or 0))
    if not seconds.is_finite() or not 0 <= seconds <= MAX_COUNT:
        raise Rejected(Reason.OUT_OF_RANGE, field, f"is {value}: must lie between 0 and {MAX_COUNT} seconds")
    return round(seconds * 1000)


def boolean(value: object, field: str) -> bool:
    """true or false; null reads as false.

    Raises:
        Rejected
    """
    if value is None:
        return False
    if type(value) is not bool:
        raise Rejected(Reason.WRONG_TYPE, field, f"must be true or false, not {shown(value)}")
    return value


def choice(value: object, field: str, options: Mapping[str, int]) -> int:
    """The number an enumeration's word stands for; null and "" read as 0.

    Raises:
        Rejected
    """
    if value is None or value == "":
        return 0
    if type(value) is not str or value not in options:
        raise Rejected(Reason.INVALID, field, f"must be one of {', '.join(options)}, not {shown(value)}")
    return options[value]


def tags(value: object, field: str) -> dict[str, str]:
    """Up to 32 tags.

    Raises:
        Rejected
    """
    if value is None:
        return {}
    if type(value) is not dict:
        raise Rejected(
            Reason.WRONG_TYPE, field, f'must be an object such as {{"feature": "answers"}}, not {shown(value)}'
        )
    if len(value) > MAX_TAGS:
        raise Rejected(Reason.TOO_LONG, field, f"has {len(value)} tags: at most {MAX_TAGS} are kept")
    found: dict[str, str] = {}
    for name, tag in value.items():
        where = f"{field}.{name:.64}"
        if not name:
            raise Rejected(Reason.INVALID, field, "has a tag without a name")
        text(name, where, MAX_TAG_NAME)
        found[name] = text(tag, where)
    return found


def metrics(value: object, field: str) -> dict[str, int]:
    """Up to 8 numbers of the sender's own business, by name.

    Raises:
        Rejected
    """
    found = mapping(value, field)
    if len(found) > MAX_METRICS:
        raise Rejected(Reason.TOO_LONG, field, f"has {len(found)} metrics: at most {MAX_METRICS} are kept")
    for name in found:
        if not _METRIC_NAME.fullmatch(name):
            raise Rejected(
                Reason.INVALID,
                f"{field}.{name:.64}",
                'is no name of a metric: write up to 64 letters, digits, "_", "." and "-", a letter first',
            )
    return {name: count(number, f"{field}.{name}", MAX_METRIC) for name, number in found.items()}


def add_clean_tag(found: dict[str, str], name: object, value: object) -> None:
    """Adds what is usable of a tag, while there is room for one."""
    name = clean_text(name, MAX_TAG_NAME)
    if name and (len(found) < MAX_TAGS or name in found):
        found[name] = clean_text(value)


def mapping(value: object, field: str) -> dict[str, Any]:
    """An object; null reads as an empty one.

    Raises:
        Rejected
    """
    if value is None:
        return {}
    if type(value) is not dict:
        raise Rejected(Reason.WRONG_TYPE, field, f"must be an object, not {shown(value)}")
    return value


def item(value: object, known: Sequence[str]) -> dict[str, Any]:
    """An item of a request: an object that has none but the known fields.

    Raises:
        Rejected
    """
    if type(value) is not dict:
        raise not_an_object(value)
    refuse_unknown(value, "", known)
    return value


def refuse_unknown(value: Mapping[str, Any], field: str, known: Sequence[str]) -> None:
    """Lets an object pass that has none but the known fields; messages list them in their order.

    Args:
        field: the object's path; empty: it is the item itself.

    Raises:
        Rejected
    """
    unknown = value.keys() - set(known)
    if unknown:
        path = f"{field}." if field else ""
        raise Rejected(Reason.UNKNOWN_FIELD, f"{path}{min(unknown):.64}", f"is not known: use {', '.join(known)}")
