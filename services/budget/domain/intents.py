"""A spend that has not happened yet, as a caller describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from finops.budget.v1.budget_pb2 import SpendIntent

from services.budget.domain.rules import MAX_AMOUNT
from services.common import dimensions, money
from services.common.errors import FieldViolation, InvalidArgumentError
from services.common.money import Picos

_GIVEN = frozenset(dimensions.DIMENSIONS) - {"tenant"}
"""What most intents consist of; the tenant is the caller's."""


class Intent(NamedTuple):
    """What would be spent, and on what."""

    dimensions: Mapping[str, str]
    """The tenant among them."""
    estimate: Picos
    """0 where the caller gives none."""


def intent_of(tenant_id: str, message: SpendIntent) -> Intent:
    """The intent a message describes.

    Raises:
        InvalidArgumentError: with a violation for each field that is wrong.
    """
    given = dict(message.dimensions)
    violations = [
        FieldViolation(f"intent.dimensions[{name[:64]}]", f"no dimension {name[:64]!r}")
        for name in sorted(given.keys() - _GIVEN)
        if name == "tenant" or not dimensions.is_dimension(name)
    ]
    estimate = 0
    try:
        estimate = money.from_proto(message.estimate)
        if not 0 <= estimate <= MAX_AMOUNT:
            violations.append(FieldViolation("intent.estimate", "must lie between 0 and 1,000,000,000,000 dollars"))
    except ValueError as error:
        violations.append(FieldViolation("intent.estimate", str(error)))
    if violations:
        listed = "; ".join(f"{v.field}: {v.description}" for v in violations)
        raise InvalidArgumentError(f"the intent cannot be read: {listed}", violations=violations)
    given["tenant"] = tenant_id
    return Intent(given, estimate)


def fingerprint(message: SpendIntent) -> bytes:
    """The same bytes for the same intent, whatever the order of its dimensions."""
    return message.SerializeToString(deterministic=True)
