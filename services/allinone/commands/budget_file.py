"""Budgets as people write them: the fields of finops.budget.v1.Budget, with amounts in dollars, enums as words and
times in RFC 3339.

    - id: search
      filter: team = "search"
      amount: 5000
      period: month
      increases: [{amount: 500, start: 2026-12-01T00:00:00Z, expire: 2026-12-08T00:00:00Z, reason: launch}]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import yaml
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Money
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from services.common import money
from services.common.clock import format_rfc3339, parse_rfc3339

_PREFIX = "budgets/"
_MICROS = "_unix_micros"
_SET_BY_THE_SERVICE = ("name", "create_unix_micros", "update_unix_micros", "etag")


class Entry(NamedTuple):
    """One budget of a file."""

    budget: pb.Budget
    fields: tuple[str, ...]
    """Those that the file names; a field named without a value is cleared."""


def read(text: str) -> list[Entry]:
    """The budgets of a YAML or JSON text: one, or a list of them.

    Raises:
        ValueError: it is none; says which field and why.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"neither YAML nor JSON: {' '.join(str(error).split())}") from None
    entries = found if isinstance(found, list) else [found]
    return [_entry(entry, f"budget {number}") for number, entry in enumerate(entries, 1)]


def written(budget: pb.Budget) -> dict[str, Any]:
    """The same the other way; `read` takes it."""
    shown = _message_written(budget)
    for name in _SET_BY_THE_SERVICE:
        shown.pop(name.removesuffix(_MICROS), None)
    return {"id": budget.name.removeprefix(_PREFIX), **shown}


def as_yaml(budgets: list[dict[str, Any]]) -> str:
    text: str = yaml.safe_dump(budgets, sort_keys=False, allow_unicode=True, width=120)
    return text


def _entry(entry: Any, where: str) -> Entry:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: must have fields such as `id: search` and `amount: 5000`")
    fields = dict(entry)
    budget_id = fields.pop("id", "")
    if not isinstance(budget_id, str) or not budget_id:
        raise ValueError(f"{where}: needs an id, such as `id: search`")
    budget = pb.Budget()
    _fill(budget, fields, f"{budget_id}: ")
    budget.name = _PREFIX + budget_id
    known = _names(budget)
    return Entry(budget, tuple(known[name].name for name in fields))


def _names(message: Message) -> dict[str, FieldDescriptor]:
    """The fields under the names they have in a file."""
    fields: Iterable[Any] = message.DESCRIPTOR.fields
    return {field.name.removesuffix(_MICROS): field for field in fields}


def _fill(message: Message, given: Mapping[str, Any], where: str) -> None:
    names = _names(message)
    for name, value in given.items():
        field = names.get(name)
        if field is None or (isinstance(message, pb.Budget) and field.name in _SET_BY_THE_SERVICE):
            choice = ", ".join(n for n, f in names.items() if f.name not in _SET_BY_THE_SERVICE)
            raise ValueError(f"{where}no field {name!r}: use {choice}")
        if value is not None:
            try:
                _set(message, field, value, f"{where}{name}")
            except (TypeError, ValueError) as error:
                text = str(error)
                raise ValueError(text if text.startswith(where) else f"{where}{name}: {text}") from None


def _set(message: Message, field: FieldDescriptor, value: Any, where: str) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        getattr(message, field.name).update({str(key): str(text) for key, text in value.items()})
    elif field.is_repeated:
        for number, item in enumerate(_items(field, value)):
            if field.message_type is None:
                getattr(message, field.name).append(item)
            else:
                _fill(getattr(message, field.name).add(), _fields_of(item, where), f"{where}[{number}].")
    elif field.message_type is Money.DESCRIPTOR:
        getattr(message, field.name).CopyFrom(money.to_proto(money.parse_dollars(str(value))))
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
        _fill(getattr(message, field.name), _fields_of(value, where), f"{where}.")
    else:
        setattr(message, field.name, _scalar(field, value))


def _items(field: FieldDescriptor, value: Any) -> list[Any]:
    if field.name == "member_amounts" and isinstance(value, Mapping):
        return [{"member": str(member), "amount": amount} for member, amount in value.items()]
    if not isinstance(value, list):
        raise ValueError("must be a list")
    return value


def _fields_of(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: must have fields")
    return value


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        return _number(field.enum_type, str(value))
    if field.name.endswith(_MICROS):
        return parse_rfc3339(value.isoformat() if isinstance(value, datetime) else str(value))
    return value.isoformat() if isinstance(value, date) else value


def _words(enum: EnumDescriptor) -> dict[str, int]:
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values if value.number}


def _number(enum: EnumDescriptor, word: str) -> int:
    words = _words(enum)
    if word not in words:
        raise ValueError(f"no {word!r}: one of {', '.join(words)}")
    return words[word]


def _message_written(message: Message) -> dict[str, Any]:
    return {field.name.removesuffix(_MICROS): _field_written(field, value) for field, value in message.ListFields()}


def _field_written(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.is_repeated:
        return [_value_written(field, item) for item in value]
    return _value_written(field, value)


def _value_written(field: FieldDescriptor, value: Any) -> Any:
    if isinstance(value, Money):
        return dollars(value)
    if isinstance(value, Message):
        return _message_written(value)
    if field.enum_type is not None:
        return next((word for word, number in _words(field.enum_type).items() if number == value), str(value))
    return format_rfc3339(value) if field.name.endswith(_MICROS) else value


def dollars(amount: Money) -> str:
    """Without the zeros at its end."""
    return money.format_dollars(money.from_proto(amount)).rstrip("0").rstrip(".")
