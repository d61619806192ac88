"""From a row's columns to an event's fields."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson

from services.common.dimensions import TAG_PREFIX, TOKEN_BUCKETS
from services.connectors.domain.event import Event
from services.connectors.files import values
from services.connectors.files.digests import Occurrences
from services.connectors.files.tables import Row, Values

TEXTS = (
    "id", "source", "provider", "model", "tool", "team", "user", "project", "key", "environment", "session",
    "service_tier", "region", "outcome", "measurement",
)  # fmt: skip
DOLLARS = ("source_cost", "billed_cost", "seat.price_per_month")
FLAGS = ("batch", "estimated")
COUNTS = (*TOKEN_BUCKETS, "web_searches", "requests", "seats")
USAGE = (*COUNTS, "credits", "audio_seconds", "gpu_seconds")
SEAT_TIMES = ("seat.assigned_at", "seat.last_active_at")
METRIC_PREFIX = "metric:"
"""Before the name of a business metric, as TAG_PREFIX is before that of a tag."""
OBJECTS = ("usage", "tags", "seat", "metrics")
"""Parts of an event that our own JSON has as objects."""
_PREFIXES = (TAG_PREFIX, METRIC_PREFIX)

Reader = Callable[[Any], Any]

READERS: Mapping[str, Reader] = {
    **dict.fromkeys(TEXTS, values.text),
    **dict.fromkeys(FLAGS, values.flag),
    **dict.fromkeys(COUNTS, values.count),
    "credits": lambda value: format(values.decimal(value), "f"),
    **dict.fromkeys(DOLLARS, lambda value: format(values.decimal(value), "f")),
    **dict.fromkeys(SEAT_TIMES, values.rfc),
    "seat.pending_cancellation": values.flag,
    "time": values.rfc,
}
"""Fields of an event a column may be, and how each is read."""

CONSTANT = "="
"""A column's name that starts so is no column, but the value itself."""


class MappingError(Exception):
    """A mapping that cannot be meant so, and how to mend it."""


class RowError(Exception):
    """A row that makes no event: which column, and what is wrong with it."""


@dataclass(frozen=True)
class Assignment:
    """A column (or a constant) and the field it is."""

    column: str
    field: str

    @classmethod
    def of(cls, written: str) -> Assignment:
        """Reads `column=field`, `=constant=field`, `column=tag:name`.

        Raises:
            MappingError
        """
        column, equals, field = written.rpartition("=")
        if not equals or not column or not field:
            raise MappingError(f"--map {written!r}: write COLUMN=FIELD, or =CONSTANT=FIELD")
        return cls.checked(column, field)

    @classmethod
    def checked(cls, column: str, field: str) -> Assignment:
        """
        Raises:
            MappingError: no such field.
        """
        if field not in READERS and (not field.startswith(_PREFIXES) or field in _PREFIXES):
            raise MappingError(
                f"{field!r} is no field of an event: use one of {', '.join(sorted(READERS))}, "
                f"{TAG_PREFIX}NAME or {METRIC_PREFIX}NAME"
            )
        return cls(column, field)


def from_toml(path: Path) -> list[Assignment]:
    """The assignments of a mapping file: a table `[map]` of column = "field", or of column = ["field", "field"].

    Raises:
        MappingError
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: {error}") from None
    table = document.get("map")
    if not isinstance(table, dict) or set(document) != {"map"}:
        raise MappingError(f'{path}: must hold one table [map] with lines such as "user_email" = "user"')
    found = []
    for column, fields in table.items():
        for field in fields if isinstance(fields, list) else [fields]:
            if not isinstance(field, str):
                raise MappingError(f"{path}: {column!r} must be a field's name, not {field!r}")
            found.append(Assignment.checked(column, field))
    return found


class Mapped:
    """Makes events of a table's rows. Columns called as our own fields need no assignment; OBJECTS, as our
    own JSON events have them, are read as such."""

    def __init__(
        self, assignments: Iterable[Assignment], columns: Sequence[str], source: str, *, sparse: bool = False
    ) -> None:
        """
        Args:
            assignments: what columns are; a later one wins over an earlier one of the same field.
            columns: that the table has.
            source: of events that name none.
            sparse: rows may have further columns, as each row of JSON has its own.

        Raises:
            MappingError: a column is missing, or nothing says when or how much.
        """
        named = {name: name for name in columns if name in READERS or name.startswith(_PREFIXES)}
        chosen = {each.field: each.column for each in assignments}
        for column in chosen.values():
            if not column.startswith(CONSTANT) and column.partition(".")[0] not in columns and column not in columns:
                raise MappingError(f"there is no column {column!r}: the file has {', '.join(columns) or 'none'}")
        self._fields = {**named, **chosen}
        try:
            self._constants = {
                field: _read(field, column[len(CONSTANT) :], f"the constant {column[len(CONSTANT) :]!r}")
                for field, column in chosen.items()
                if column.startswith(CONSTANT)
            }
        except RowError as error:
            raise MappingError(str(error)) from None
        self._columns = {field: column for field, column in self._fields.items() if field not in self._constants}
        self._objects = [name for name in OBJECTS if name in columns]
        self._source = source
        self._same = Occurrences()
        if "time" not in self._fields:
            raise MappingError(f"no column is the time: say which with --map COLUMN=time; {_have(columns)}")
        if not self._tells_how_much(columns):
            raise MappingError(
                f"no column is a quantity: say which with --map COLUMN=input_tokens (or {', '.join(USAGE[1:])}); "
                f"{_have(columns)}"
            )

        self._sparse = sparse
        if sparse:
            self._columns = {**{name: name for name in READERS if name not in self._fields}, **self._columns}
            self._objects = list(OBJECTS)

    def _tells_how_much(self, columns: Sequence[str]) -> bool:
        known = {*columns, *self._fields}
        telling = {*USAGE, "usage", "metrics", "source_cost", "billed_cost"}
        return not known.isdisjoint(telling) or any(name.startswith(METRIC_PREFIX) for name in self._fields)

    @property
    def columns(self) -> set[str]:
        """The only columns needed."""
        return {part for column in self._columns.values() for part in (column, column.partition(".")[0])} | set(
            self._objects
        )

    @property
    def fields(self) -> Mapping[str, str]:
        """By field, the column it is read from, or its constant behind `=`."""
        return self._fields

    def event(self, row: Row) -> Event:
        """The event a row is.

        Raises:
            RowError
        """
        flat = dict(self._constants)
        for field, column in self._columns.items():
            value = values.at(row.values, column)
            if value is not None and value != "":
                flat[field] = _read(field, value, f"column {column!r}")
        if self._sparse:
            flat.update({
                name: _read(name, value, f"column {name!r}")
                for name, value in row.values.items()
                if name.startswith(_PREFIXES) and name not in self._fields
            })  # fmt: skip
        event = _assembled(flat, row.values, self._objects)
        if not event.get("time"):
            raise RowError("has no time")
        event.setdefault("source", self._source)
        if not event.get("id"):
            digest = hashlib.blake2b(orjson.dumps(event, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
            before = self._same.count(digest)
            event["id"] = f"row-{digest.hex()}" + (f"-{before}" if before else "")
        return cast(Event, event)


def _have(columns: Sequence[str]) -> str:
    return f"the file has {', '.join(columns)}" if columns else "the file has no columns"


def _read(field: str, value: Any, where: str) -> Any:
    reader: Reader = READERS.get(field) or (values.count if field.startswith(METRIC_PREFIX) else values.text)
    try:
        return reader(value)
    except ValueError as error:
        raise RowError(f"{where} as {field}: {error}") from None


def _assembled(flat: Mapping[str, Any], row: Values, objects: Sequence[str]) -> dict[str, Any]:
    """An event of flat fields, and of the objects a row of our own JSON has."""
    event: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {name: {} for name in OBJECTS}
    for name in objects:
        try:
            parts[name].update(values.mapping(row.get(name)))
        except ValueError as error:
            raise RowError(f"column {name!r}: {error}") from None
    for field, value in flat.items():
        if field in USAGE:
            parts["usage"][field] = value
        elif field.startswith(TAG_PREFIX):
            parts["tags"][field[len(TAG_PREFIX) :]] = value
        elif field.startswith(METRIC_PREFIX):
            parts["metrics"][field[len(METRIC_PREFIX) :]] = value
        elif field.startswith("seat."):
            parts["seat"][field[len("seat.") :]] = value
        elif value != "":
            event[field] = value
    event["usage"] = parts["usage"]
    event.update({name: part for name, part in parts.items() if part and name != "usage"})
    return event
