"""Why one item of a request is not accepted."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The `code` of a rejected item."""

    MALFORMED = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING = "missing_field"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"
    INVALID = "invalid_value"
    INCONSISTENT = "inconsistent"
    UNKNOWN_FIELD = "unknown_field"


class Rejected(Exception):
    """One item cannot be accepted. `field` is its path (`usage.input_tokens`), `mend` says what is wrong with it."""

    def __init__(self, reason: Reason, field: str, mend: str) -> None:
        super().__init__(f"{field}: {mend}" if field else mend)
        self.reason = reason
        self.field = field


_JSON_NAMES: dict[type, str] = {
    dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null",
}  # fmt: skip


def shown(value: object) -> str:
    """A value as it appears in a message: its type, and a little of it."""
    name = _JSON_NAMES.get(type(value))
    if name is None:
        return f"{value!r:.40}"
    return f"{name} {value!r:.40}" if isinstance(value, (str, bool)) else name


def not_an_object(value: object) -> Rejected:
    """An item that is something other than a JSON object."""
    return Rejected(Reason.NOT_AN_OBJECT, "", f"an event is a JSON object, this is {shown(value)}")
