"""Protobuf enum values as the words REST and the UI use: PERIOD_MONTH is `month`."""

from __future__ import annotations

from typing import Any

from services.common.errors import InvalidArgumentError


def word(enum: Any, value: int) -> str:
    """The word of a value; a value this version does not know reads `unknown`."""
    prefix = _prefix(enum)
    if value not in enum.values():
        return "unknown"
    name: str = enum.Name(value)
    return name.removeprefix(prefix).lower()


def words(enum: Any) -> list[str]:
    """Every word but `unspecified`."""
    return [word(enum, value) for value in enum.values() if value]


def value(enum: Any, text: str, field: str) -> Any:
    """The value of a word.

    Raises:
        InvalidArgumentError: no such word; names `field`.
    """
    if text not in words(enum):
        raise InvalidArgumentError.of(field, f"{text!r} is not one of {', '.join(words(enum))}")
    return enum.Value(_prefix(enum) + text.upper())


def _prefix(enum: Any) -> str:
    first: str = enum.DESCRIPTOR.values_by_number[0].name
    return first.removesuffix("UNSPECIFIED")
