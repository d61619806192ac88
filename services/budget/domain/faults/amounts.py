"""How much, for whom and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.faults.values import Faults, too_long, too_many, wrong_amount, wrong_moment

Value = TypeVar("Value", bound=Hashable)

MAX_MEMBER_AMOUNTS = 5_000
MAX_MEMBER = 512
MAX_INCREASES = 100
MAX_CHANGES = 100
MAX_REASON = 500


def amount_faults(message: pb.Budget) -> Faults:
    yield from wrong_amount("amount", message.amount)
    yield from _member_amount_faults(message)
    yield from too_many("increases", message.increases, MAX_INCREASES)
    for number, increase in enumerate(message.increases):
        yield from _increase_faults(f"increases[{number}]", increase, bool(message.per))
    yield from too_many("amount_changes", message.amount_changes, MAX_CHANGES)
    for number, change in enumerate(message.amount_changes):
        yield from _change_faults(f"amount_changes[{number}]", change)
    if _repeated(change.effective_unix_micros for change in message.amount_changes):
        yield "amount_changes", "two take effect at the same moment: keep one of them"


def _member_amount_faults(message: pb.Budget) -> Faults:
    amounts = message.member_amounts
    if amounts and not message.per:
        yield "member_amounts", "only a budget with `per` has members: set per, or leave them out"
    yield from too_many("member_amounts", amounts, MAX_MEMBER_AMOUNTS)
    for number, own in enumerate(amounts):
        yield from too_long(f"member_amounts[{number}].member", own.member, MAX_MEMBER)
        yield from wrong_amount(f"member_amounts[{number}].amount", own.amount)
    for member in _repeated(own.member for own in amounts):
        yield "member_amounts", f"member {member[:64]!r} has more than one amount: keep one of them"


def _increase_faults(field: str, increase: pb.TemporaryIncrease, has_members: bool) -> Faults:
    yield from wrong_amount(f"{field}.amount", increase.amount)
    yield from wrong_moment(f"{field}.start_unix_micros", increase.start_unix_micros)
    yield from wrong_moment(f"{field}.expire_unix_micros", increase.expire_unix_micros)
    if increase.expire_unix_micros <= increase.start_unix_micros:
        yield f"{field}.expire_unix_micros", "must come after start_unix_micros"
    if not increase.reason.strip():
        yield f"{field}.reason", "say why, so that others can tell later"
    yield from too_long(f"{field}.reason", increase.reason, MAX_REASON)
    yield from too_long(f"{field}.member", increase.member, MAX_MEMBER)
    if increase.member and not has_members:
        yield f"{field}.member", "only a budget with `per` has members: set per, or leave it out"


def _change_faults(field: str, change: pb.AmountChange) -> Faults:
    yield from wrong_amount(f"{field}.amount", change.amount)
    yield from wrong_moment(f"{field}.effective_unix_micros", change.effective_unix_micros)
    yield from too_long(f"{field}.reason", change.reason, MAX_REASON)


def _repeated(values: Iterable[Value]) -> list[Value]:
    return [value for value, times in Counter(values).items() if times > 1]
