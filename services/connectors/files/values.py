"""Single values of a row, as text, counts, amounts and times: each file writes them in its own way."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from services.connectors.domain.event import rfc3339

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**11
"""A number this large is milliseconds since 1970: as seconds it would lie after the year 5138."""


def text(value: Any) -> str:
    """A value as text; nothing is ""."""
    if isinstance(value, str):
        return value.strip()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def decimal(value: Any) -> Decimal:
    """A number, exact; a binary float is read by its shortest decimal. Nothing is 0.

    Raises:
        ValueError: no finite number.
    """
    written = repr(value) if isinstance(value, float) and not math.isnan(value) else text(value)
    try:
        found = Decimal(written or 0)
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(value, bool) or not found.is_finite() or (found and not -40 < found.adjusted() < 40):
        raise ValueError(f"{written!r:.40} is no number: write it with digits and a point, such as 1234.5")
    return found


def count(value: Any) -> int:
    """A whole number.

    Raises:
        ValueError
    """
    found = decimal(value)
    if found != found.to_integral_value():
        raise ValueError(f"{text(value)!r:.40} is no whole number")
    return int(found)


def flag(value: Any) -> bool:
    """Yes or no; nothing is no.

    Raises:
        ValueError
    """
    written = text(value).lower()
    if written in ("true", "yes", "1", "t", "y"):
        return True
    if written in ("", "false", "no", "0", "f", "n"):
        return False
    raise ValueError(f"{written!r:.40} is neither true nor false")


def time(value: Any) -> datetime:
    """A moment: RFC 3339, the same without an offset (taken as UTC) or without a time of day (its midnight), or seconds
    or milliseconds since 1970.

    Raises:
        ValueError
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        moment = _parsed(value)
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{text(value)!r:.40} is out of range") from None


def _parsed(value: Any) -> datetime:
    written = text(value)
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        pass
    try:
        number = decimal(value)
        seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except (ValueError, OverflowError):
        raise ValueError(f"{written!r:.40} is no time: write it such as 2026-11-23T12:00:00Z") from None


def rfc(value: Any) -> str:
    """As `time`, in RFC 3339 with Z.

    Raises:
        ValueError
    """
    return rfc3339(time(value))


def rfc_in(row: Mapping[str, Any], column: str) -> str:
    """The same of a row's column.

    Raises:
        ValueError: naming the column.
    """
    try:
        return rfc(row.get(column))
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None


def mapping(value: Any) -> Mapping[str, Any]:
    """An object: as Parquet and JSON have it, as JSON text, or as a list of {"key", "value"}. Nothing is an empty one.

    Raises:
        ValueError
    """
    if isinstance(value, str):
        if not value.strip():
            return {}
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueError(f"{value!r:.60} is no JSON object") from None
    if value is None:
        return {}
    if isinstance(value, list):
        try:
            return {text(pair["key"]): pair["value"] for pair in value}
        except (TypeError, KeyError):
            raise ValueError(f"{text(value)!r:.60} is no list of keys and values") from None
    if not isinstance(value, Mapping):
        raise ValueError(f"{text(value)!r:.60} is no object")
    return value


def at(values: Mapping[str, Any], path: str) -> Any:
    """A column's value; of a column that holds an object, a part of it: `Tags.team`. Nothing where there is none."""
    if path in values:
        return values[path]
    column, dot, name = path.partition(".")
    if not dot or column not in values:
        return None
    try:
        return at(mapping(values[column]), name)
    except ValueError:
        return None
