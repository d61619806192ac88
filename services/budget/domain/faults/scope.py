"""Which spend counts, and for whom."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.codec import NAME_PREFIX
from services.budget.domain.faults.values import Faults, too_long
from services.budget.domain.names import is_id
from services.common.dimensions import DIMENSIONS, is_dimension
from services.common.filters import FilterError, parse

MAX_DISPLAY_NAME = 200
MAX_PER = 200


def scope_faults(message: pb.Budget) -> Faults:
    yield from too_long("display_name", message.display_name, MAX_DISPLAY_NAME)
    try:
        parse(message.filter)
    except FilterError as error:
        yield "filter", str(error)
    parent = message.parent
    if parent and not (parent.startswith(NAME_PREFIX) and is_id(parent.removeprefix(NAME_PREFIX))):
        yield "parent", f"must read budgets/{{budget}}, not {parent[:80]!r}"
    if message.per and (not is_dimension(message.per) or message.per == "tenant" or len(message.per) > MAX_PER):
        choice = ", ".join(name for name in DIMENSIONS if name != "tenant")
        yield "per", f"no dimension {message.per[:64]!r}: use one of {choice} or tag:<name>"
