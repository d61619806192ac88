"""Reads a source's JSON, whose fields may be missing, unknown, or of another type than documented."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from services.connectors.domain.connector import SourceRefusedError, Unreadable

MAX_TEXT = 256
"""Characters of a text that are kept, as many as ingest takes."""
MAX_COUNT = 10**15
"""Of a count; far above anything real, far below what an integer of 64 bits holds."""
MAX_AMOUNT = Decimal(10) ** 12

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Made = TypeVar("Made")


class Row:
    """A JSON object, read field by field. Absent and null read as empty; what cannot be read raises ValueError, whose
    message names the field."""

    def __init__(self, value: object, path: str = "") -> None:
        """
        Args:
            value: parsed JSON.
            path: where it stands, for messages: "" or ending with a dot.

        Raises:
            ValueError: not an object.
        """
        if type(value) is not dict:
            raise ValueError(f"{path.rstrip('.') or 'the row'} must be an object, not {shown(value)}")
        self._fields: dict[str, Any] = value
        self._path = path

    def has(self, name: str) -> bool:
        """Whether it is there and not null."""
        return self._fields.get(name) is not None

    def raw(self, name: str) -> Any:
        """As it came."""
        return self._fields.get(name)

    def text(self, name: str) -> str:
        """Text or a whole number, as ingest takes it: control characters are spaces, the end is cut."""
        value = self._fields.get(name)
        if value is None:
            return ""
        if type(value) is int:
            value = str(value) if abs(value) < 10**30 else shown(value)
        if type(value) is not str:
            raise self._wrong(name, "text", value)
        # JSON may escape half a surrogate pair, which no UTF-8 holds.
        value = value.encode("utf-8", "replace").decode()
        return _CONTROL.sub(" ", value).strip()[:MAX_TEXT]

    def label(self, name: str) -> str:
        """As `text`, but what is neither text nor a number is empty: a label must not cost its row."""
        return self.text(name) if type(self._fields.get(name)) in (str, int) else ""

    def needed(self, name: str) -> str:
        """As `text`, but not empty."""
        value = self.text(name)
        if not value:
            raise ValueError(f"{self._path}{name} is missing or empty")
        return value

    def count(self, name: str) -> int:
        """A whole number from 0, also one written as a decimal or as text; absent is 0."""
        value = self._decimal(name)
        if value is None:
            return 0
        if value != value.to_integral_value() or not 0 <= value <= MAX_COUNT:
            raise self._wrong(name, f"a whole number from 0 to {MAX_COUNT}", self._fields[name])
        return int(value)

    def amount(self, name: str) -> Decimal:
        """A decimal number, also one written as text; it must be there."""
        value = self._decimal(name)
        if value is None:
            raise ValueError(f"{self._path}{name} is missing")
        if abs(value) > MAX_AMOUNT:
            raise self._wrong(name, f"an amount of at most {MAX_AMOUNT}", self._fields[name])
        return value

    def flag(self, name: str) -> bool:
        """true or false; absent is false."""
        value = self._fields.get(name)
        if value is None or type(value) is bool:
            return bool(value)
        raise self._wrong(name, "true or false", value)

    def moment(self, name: str) -> datetime:
        """A time in RFC 3339, in UTC; one without an offset is taken to be UTC."""
        value = self._fields.get(name)
        if type(value) is str:
            try:
                found = datetime.fromisoformat(value)
                return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
            except (ValueError, OverflowError):
                pass
        raise self._wrong(name, "a time such as 2026-11-23T12:00:00Z", value)

    def moment_of_millis(self, name: str) -> datetime:
        """A time in milliseconds since 1970, as a number or as text; it must be there."""
        if not self.has(name):
            raise ValueError(f"{self._path}{name} is missing")
        millis = self.count(name)
        try:
            return _EPOCH + timedelta(milliseconds=millis)
        except OverflowError:
            raise self._wrong(name, "milliseconds since 1970", self._fields[name]) from None

    def row(self, name: str) -> Row:
        """An object inside; absent is an empty one."""
        value = self._fields.get(name)
        return Row({} if value is None else value, f"{self._path}{name}.")

    def items(self, name: str) -> list[Any]:
        """A list; absent is an empty one."""
        value = self._fields.get(name)
        if value is None:
            return []
        if type(value) is not list:
            raise self._wrong(name, "a list", value)
        return value

    def _decimal(self, name: str) -> Decimal | None:
        value = self._fields.get(name)
        if value is None:
            return None
        # A float is read by its shortest decimal, which is what its JSON said.
        number = type(value) in (int, float, Decimal) or (type(value) is str and _NUMBER.fullmatch(value.strip()))
        try:
            found = Decimal(repr(value) if type(value) is float else value) if number else None
        except (InvalidOperation, ValueError):
            found = None
        # A million digits behind an exponent are a trap, not a number.
        if found is None or not found.is_finite() or (found and abs(found.adjusted()) > 100):
            raise self._wrong(name, "a number", value)
        return found

    def _wrong(self, name: str, wanted: str, value: object) -> ValueError:
        return ValueError(f"{self._path}{name} must be {wanted}, not {shown(value)}")


def shown(value: object) -> str:
    """A value short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a number of more than 30 digits"
    return ascii(value)[:60]


def read(item: object, make: Callable[[Row], Made], name: str) -> Made | Unreadable:
    """What `make` makes of a row, or why it could not. `name`: what to call the row then."""
    try:
        return make(Row(item))
    except ValueError as error:
        return Unreadable(name, str(error))


def document(body: object, source: str) -> Row:
    """A whole answer.

    Raises:
        SourceRefusedError: not an object.
    """
    try:
        return Row(body)
    except ValueError:
        raise SourceRefusedError(f"{source} answered with {shown(body)}, not an object: check its base URL") from None


def listed(answer: Row, name: str, source: str) -> list[Any]:
    """The list of rows in an answer.

    Raises:
        SourceRefusedError: no such list; an answer without it is of another API, not an empty one.
    """
    value = answer.raw(name)
    if type(value) is not list:
        raise SourceRefusedError(f"{source} answered without a list {name!r}: check its base URL")
    return value
