"""Protobuf messages as REST writes them, and back: money as decimal strings, enums as words, times as RFC 3339 under
their names without `_unix_micros`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from finops.cost.v1.cost_pb2 import Money
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message

from services.common.clock import parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.console.api.models import amount_of, dollars, time_or_none
from services.console.domain.enums import value, word

_MICROS = "_unix_micros"

FieldDescriptor = Any
"""google.protobuf.descriptor.FieldDescriptor, or that of the C implementation, which is another class."""


def plain(message: Message) -> dict[str, Any]:
    """Every field of a message; None for an absent message, and for a time that is not set."""
    return {_name(field): _shown(message, field) for field in message.DESCRIPTOR.fields}


def fill(message: Message, values: Mapping[str, Any], path: str = "") -> None:
    """Sets the fields that are named; None leaves a field as it is.

    Raises:
        InvalidArgumentError: names the field that cannot be read.
    """
    fields = {_name(field): field for field in message.DESCRIPTOR.fields}
    for name, given in values.items():
        if given is not None:
            _set(message, fields[name], given, f"{path}{name}")


def _name(field: FieldDescriptor) -> str:
    name: str = field.name
    return name.removesuffix(_MICROS)


def _shown(message: Message, field: FieldDescriptor) -> Any:
    held = getattr(message, field.name)
    if _is_map(field):
        return dict(held)
    show = _shower(field)
    if field.is_repeated:
        return [show(each) for each in held]
    if field.message_type is not None and not message.HasField(field.name):
        return None
    return show(held)


def _shower(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.message_type is not None:
        return dollars if field.message_type is Money.DESCRIPTOR else plain
    if field.enum_type is not None:
        enum = EnumTypeWrapper(field.enum_type)
        return lambda number: word(enum, number) if number else ""
    return time_or_none if field.name.endswith(_MICROS) else lambda held: held


def _set(message: Message, field: FieldDescriptor, given: Any, path: str) -> None:
    if _is_map(field):
        getattr(message, field.name).update(given)
    elif field.is_repeated:
        held = getattr(message, field.name)
        for number, each in enumerate(given):
            if field.message_type is not None:
                fill(held.add(), each, f"{path}[{number}].")
            else:
                held.append(each)
    elif field.message_type is Money.DESCRIPTOR:
        getattr(message, field.name).CopyFrom(amount_of(given, path))
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
        fill(getattr(message, field.name), given, f"{path}.")
    else:
        setattr(message, field.name, _scalar(field, given, path))


def _scalar(field: FieldDescriptor, given: Any, path: str) -> Any:
    if field.enum_type is not None:
        return value(EnumTypeWrapper(field.enum_type), given, path) if given else 0
    if field.name.endswith(_MICROS):
        try:
            return parse_rfc3339(given)
        except ValueError as error:
            raise InvalidArgumentError.of(path, str(error)) from error
    return given


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
