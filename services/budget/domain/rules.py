"""Which budgets are allowed: every violation is found and named, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from finops.budget.v1 import budget_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from services.budget.domain.codec import NAME_PREFIX
from services.budget.domain.periods import Period, known_zones
from services.budget.domain.terms import DEFAULT_THRESHOLDS, Enforcement, Terms
from services.common import money
from services.common.errors import FieldViolation, InvalidArgumentError, NotFoundError
from services.common.filters import FilterError, parse
from services.common.money import PICOS_PER_DOLLAR, Picos

MAX_DISPLAY_NAME = 200
MAX_THRESHOLDS = 20
MAX_THRESHOLD_PERCENT = 1_000
MAX_AMOUNT: Picos = 10**12 * PICOS_PER_DOLLAR
"""A trillion dollars: larger than any budget, small enough for every store on the way."""

UPDATABLE = ("display_name", "filter", "amount", "period", "time_zone", "threshold_percents", "enforcement")
"""Fields an update mask may name."""

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def terms_of(message: budget_pb2.Budget) -> Terms:
    """The terms a message asks for.

    Raises:
        InvalidArgumentError: with a violation for each field that is wrong.
    """
    violations: list[FieldViolation] = []

    def wrong(field: str, description: str) -> None:
        violations.append(FieldViolation(f"budget.{field}", description))

    if len(message.display_name) > MAX_DISPLAY_NAME:
        wrong("display_name", f"at most {MAX_DISPLAY_NAME} characters, these are {len(message.display_name)}")
    try:
        parse(message.filter)
    except FilterError as error:
        wrong("filter", str(error))
    amount = 0
    try:
        amount = money.from_proto(message.amount)
        if not 0 < amount <= MAX_AMOUNT:
            wrong("amount", "must be more than 0 and at most 1,000,000,000,000 dollars")
    except ValueError as error:
        wrong("amount", str(error))
    if int(message.period) not in {int(p) for p in Period}:
        wrong("period", "one of PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_QUARTER, PERIOD_YEAR")
    zone = message.time_zone or "UTC"
    if zone not in known_zones():
        wrong("time_zone", f"no IANA time zone {zone[:64]!r}: use a name such as Europe/Berlin")
    thresholds = tuple(message.threshold_percents) or DEFAULT_THRESHOLDS
    for description in _threshold_faults(thresholds):
        wrong("threshold_percents", description)
    enforcement = int(message.enforcement or budget_pb2.ENFORCEMENT_OBSERVE)
    if enforcement not in {int(e) for e in Enforcement}:
        wrong("enforcement", "one of ENFORCEMENT_OBSERVE, ENFORCEMENT_WARN, ENFORCEMENT_BLOCK")
    if violations:
        listed = "; ".join(f"{v.field}: {v.description}" for v in violations)
        raise InvalidArgumentError(f"the budget cannot be stored: {listed}", violations=violations)
    return Terms(
        message.display_name,
        message.filter,
        amount,
        Period(message.period),
        zone,
        thresholds,
        Enforcement(enforcement),
    )


def masked(current: budget_pb2.Budget, wanted: budget_pb2.Budget, paths: Iterable[str]) -> budget_pb2.Budget:
    """`current` with the fields named by an update mask taken from `wanted`; no path, or `*`, names every field.

    Raises:
        InvalidArgumentError: a path that cannot be updated.
    """
    named = list(paths)
    unknown = [path for path in named if path != "*" and path not in UPDATABLE]
    if unknown:
        raise InvalidArgumentError.of("update_mask", f"{unknown[0]!r} cannot be updated: use {', '.join(UPDATABLE)}")
    mask = FieldMask(paths=UPDATABLE if not named or "*" in named else named)
    result = budget_pb2.Budget()
    result.CopyFrom(current)
    mask.MergeMessage(wanted, result, replace_message_field=True, replace_repeated_field=True)
    return result


def check_id(budget_id: str) -> str:
    """The id, if a new budget may bear it.

    Raises:
        InvalidArgumentError: not 1 to 63 lower-case letters, digits and dashes, a letter first and no dash last.
    """
    if not _ID.fullmatch(budget_id):
        raise InvalidArgumentError.of(
            "budget_id", "1 to 63 lower-case letters, digits and dashes; starts with a letter, does not end with a dash"
        )
    return budget_id


def id_of(name: str, field: str = "name") -> str:
    """The id in a resource name.

    Raises:
        InvalidArgumentError: not of the form `budgets/{budget}`.
        NotFoundError: no budget can bear this id.
    """
    if not name.startswith(NAME_PREFIX):
        raise InvalidArgumentError.of(field, f"must read budgets/{{budget}}, not {name[:80]!r}")
    budget_id = name.removeprefix(NAME_PREFIX)
    if not _ID.fullmatch(budget_id):
        raise NotFoundError(f"no budget {name[:80]!r}")
    return budget_id


def _threshold_faults(thresholds: tuple[int, ...]) -> Iterable[str]:
    if len(thresholds) > MAX_THRESHOLDS:
        yield f"at most {MAX_THRESHOLDS}, these are {len(thresholds)}"
    if any(not 1 <= percent <= MAX_THRESHOLD_PERCENT for percent in thresholds):
        yield f"each must lie between 1 and {MAX_THRESHOLD_PERCENT} percent"
    if any(later <= earlier for earlier, later in pairwise(thresholds)):
        yield "must rise, each percent once"
