"""Pieces of answers that several endpoints share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from finops.cost.v1.cost_pb2 import Money
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.common import money
from services.common.clock import Micros, format_rfc3339
from services.common.errors import InvalidArgumentError

Dollars = Annotated[
    str,
    Field(
        description="US dollars, a decimal string with 12 decimals",
        examples=["0.012345678901"],
        pattern=r"^-?[0-9]+\.[0-9]{12}$",
    ),
]
Time = Annotated[str, Field(description="RFC 3339, UTC", examples=["2026-11-23T12:00:00Z"])]


class Answer(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(extra="forbid")


class Body(BaseModel):
    """Base of what is sent: a field nobody reads is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


def _not_a_float(amount: Any) -> Any:
    if isinstance(amount, float):
        raise ValueError('send money as a string such as "250.00": a JSON fraction is not exact')
    return str(amount) if isinstance(amount, int | Decimal) and not isinstance(amount, bool) else amount


Amount = Annotated[
    str,
    BeforeValidator(_not_a_float, json_schema_input_type=str | int),
    Field(description="US dollars as a decimal string", examples=["250.00"], max_length=40),
]


def amount_of(text: str, field: str) -> Money:
    """The amount a caller wrote.

    Raises:
        InvalidArgumentError: not an amount; names `field`.
    """
    try:
        return money.to_proto(money.parse_dollars(text))
    except ValueError as error:
        raise InvalidArgumentError.of(field, str(error)) from error


def dollars(amount: Money) -> str:
    """The amount as REST writes it."""
    return money.format_dollars(money.from_proto(amount))


def time_or_none(micros: Micros) -> str | None:
    """RFC 3339; None for zero, which stands for never."""
    return format_rfc3339(micros) if micros else None


def last_part(name: str) -> str:
    """`budgets/search` is `search`."""
    return name.rpartition("/")[2]
