"""Protobuf enumerations as the short words that stand in tables: TOOL_STATUS_APPROVED is "approved"."""

from __future__ import annotations

from typing import Any


def _prefix(enum: Any) -> str:
    unspecified: str = enum.Name(0)
    return unspecified.removesuffix("UNSPECIFIED")


def text_of(enum: Any, value: int) -> str:
    """The word of a value."""
    name: str = enum.Name(value)
    return name.removeprefix(_prefix(enum)).lower()


def value_of(enum: Any, text: str) -> Any:
    """The value of a word, of the enumeration's own type."""
    return enum.Value(_prefix(enum) + text.upper())
