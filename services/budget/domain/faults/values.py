"""Checks of single values. Each yields (path of the field, how to mend it)."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from datetime import UTC, datetime

from finops.cost.v1.cost_pb2 import Money
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from services.common import money
from services.common.clock import Micros, to_micros
from services.common.money import PICOS_PER_DOLLAR, Picos

Faults = Iterator[tuple[str, str]]

MAX_AMOUNT: Picos = 10**12 * PICOS_PER_DOLLAR
"""A trillion dollars: larger than any budget, small enough for every store on the way."""

LATEST: Micros = to_micros(datetime(2200, 1, 1, tzinfo=UTC))


def wrong_amount(field: str, amount: Money) -> Faults:
    """Of an amount that must be positive."""
    try:
        if not 0 < money.from_proto(amount) <= MAX_AMOUNT:
            yield field, "must be more than 0 and at most 1,000,000,000,000 dollars"
    except ValueError as error:
        yield field, str(error)


def wrong_enum(field: str, value: int, enum: EnumTypeWrapper, *, needed: bool = False) -> Faults:
    """Of a value that the enum does not have; where it is needed, of none."""
    names = [name for name, number in enum.items() if number]
    if value not in enum.values() or (needed and not value):
        yield field, f"one of {', '.join(names)}"


def wrong_moment(field: str, time: Micros) -> Faults:
    """Of a time that must be given."""
    if not 0 < time < LATEST:
        yield field, "must be a time after 1970 and before 2200, in microseconds since the epoch"


def too_long(field: str, text: str, most: int) -> Faults:
    if len(text) > most:
        yield field, f"at most {most} characters, these are {len(text)}"


def too_many(field: str, items: Sized, most: int) -> Faults:
    if len(items) > most:
        yield field, f"at most {most:,}, these are {len(items):,}"
