"""The terms of a budget of which there may be many, as rows of a form and back.

Moments are local, to the second, and amounts are plain decimals. A row that nobody touched stays the message it came
from: it may say more than its row shows, such as microseconds or who asked for an increase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from finops.budget.v1 import budget_pb2 as pb
from google.protobuf.message import Message

from services.common import money
from services.common.clock import Micros, to_datetime, to_micros
from services.common.errors import InvalidArgumentError
from services.common.money import Picos
from services.console.domain.enums import value, word

AnyMessage = TypeVar("AnyMessage", bound=Message)

Row = Mapping[str, str]


class Term(NamedTuple, Generic[AnyMessage]):
    """How one kind of message is a row."""

    title: str
    row: Callable[[AnyMessage], Row]
    message: Callable[[Row], AnyMessage]

    def rows(self, messages: Iterable[AnyMessage]) -> Sequence[Row]:
        return [self.row(message) for message in messages]

    def messages(self, rows: Sequence[Row], before: Iterable[AnyMessage]) -> Sequence[AnyMessage]:
        """What the rows say; `before`: what was there when they were made.

        Raises:
            InvalidArgumentError: names the row that cannot be read, and why.
        """
        untouched = [(self.row(message), message) for message in before]
        found = []
        for number, row in enumerate(rows, 1):
            kept = next((pair for pair in untouched if pair[0] == row), None)
            if kept is not None:
                untouched.remove(kept)
                found.append(kept[1])
                continue
            try:
                found.append(self.message(row))
            except (ValueError, InvalidArgumentError) as error:
                raise InvalidArgumentError(f"{self.title}, row {number}: {error}") from None
        return found


def dollars(text: str) -> Picos:
    """An amount as people type it: $1,200.50. Raises ValueError."""
    return money.parse_dollars(text.strip().removeprefix("$").replace(",", ""))


def plain(amount: Picos) -> str:
    """An amount as it is edited: 1200.5."""
    return f"{money.to_decimal(amount).normalize():f}"


def rules() -> Term[pb.ThresholdRule]:
    """Thresholds beyond the plain percentages of what is spent."""

    def row(rule: pb.ThresholdRule) -> Row:
        return {
            "basis": word(pb.ThresholdRule.Basis, rule.basis or pb.ThresholdRule.BASIS_ACTUAL),
            "percent": str(rule.percent),
            "window_hours": str(rule.window_hours or ""),
            "rearm": word(pb.ThresholdRule.Rearm, rule.rearm or pb.ThresholdRule.REARM_ONCE_PER_PERIOD),
        }

    def message(row: Row) -> pb.ThresholdRule:
        basis = value(pb.ThresholdRule.Basis, row["basis"], "basis")
        burns = basis == pb.ThresholdRule.BASIS_BURN_RATE
        return pb.ThresholdRule(
            basis=basis,
            percent=whole(row["percent"]),
            window_hours=whole(row["window_hours"] or "0") if burns else 0,
            rearm=value(pb.ThresholdRule.Rearm, row["rearm"], "rearm"),
        )

    return Term("Alert rules", row, message)


def members() -> Term[pb.MemberAmount]:
    """Amounts of single members. Spend without a value is a member too, whose name is empty: a form takes an empty
    field for one that was forgotten."""

    def row(own: pb.MemberAmount) -> Row:
        return {"member": own.member, "amount": plain(money.from_proto(own.amount))}

    def message(row: Row) -> pb.MemberAmount:
        member = row["member"].strip()
        if not member:
            raise ValueError("whose amount is it? The member is missing")
        return pb.MemberAmount(member=member, amount=money.to_proto(dollars(row["amount"])))

    return Term("Amounts of single members", row, message)


def increases(tz: ZoneInfo) -> Term[pb.TemporaryIncrease]:
    """More, for a while."""

    def row(increase: pb.TemporaryIncrease) -> Row:
        return {
            "amount": plain(money.from_proto(increase.amount)),
            "start": local(increase.start_unix_micros, tz),
            "expire": local(increase.expire_unix_micros, tz),
            "member": increase.member,
            "reason": increase.reason,
        }

    def message(row: Row) -> pb.TemporaryIncrease:
        return pb.TemporaryIncrease(
            amount=money.to_proto(dollars(row["amount"])),
            start_unix_micros=moment(row["start"], tz),
            expire_unix_micros=moment(row["expire"], tz),
            member=row["member"].strip(),
            reason=row["reason"].strip(),
        )

    return Term("Temporary increases", row, message)


def amount_changes(tz: ZoneInfo) -> Term[pb.AmountChange]:
    """Amounts from a moment on."""

    def row(change: pb.AmountChange) -> Row:
        return {
            "effective": local(change.effective_unix_micros, tz),
            "amount": plain(money.from_proto(change.amount)),
            "reason": change.reason,
        }

    def message(row: Row) -> pb.AmountChange:
        return pb.AmountChange(
            effective_unix_micros=moment(row["effective"], tz),
            amount=money.to_proto(dollars(row["amount"])),
            reason=row["reason"].strip(),
        )

    return Term("Amounts from a day on", row, message)


def whole(text: str) -> int:
    """Raises ValueError."""
    if not text.strip().isdecimal():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def local(time: Micros, tz: ZoneInfo) -> str:
    """2026-12-01T00:00:00 there."""
    return to_datetime(time).astimezone(tz).replace(tzinfo=None, microsecond=0).isoformat()


def moment(text: str, tz: ZoneInfo) -> Micros:
    """The moment clocks there read this: the earlier one of two. Raises ValueError."""
    if not text:
        raise ValueError("a day and a time are missing")
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=tz).astimezone(UTC))
