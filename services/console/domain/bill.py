"""A question about bills, from the text parameters of a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from finops.ledger.v1.ledger_pb2 import ReconcileBillRequest

from services.common.clock import DAY, Micros, to_micros
from services.common.errors import FieldViolation, InvalidArgumentError

DEFAULT_DAYS = 7
MAX_DAYS = 92
_PARAMETERS = ("start", "end", "provider")


@dataclass(frozen=True)
class BillQuery:
    """Whole UTC days, half-open; `provider` "": every one."""

    start: Micros
    end: Micros
    provider: str = ""

    def request(self) -> ReconcileBillRequest:
        return ReconcileBillRequest(start_unix_micros=self.start, end_unix_micros=self.end, provider=self.provider)


def parse_bill_query(parameters: Iterable[tuple[str, str]], now: Micros) -> BillQuery:
    """The query that the parameters of `GET /reconciliation` stand for.

    Raises:
        InvalidArgumentError: with one violation for each parameter that is wrong.
    """
    given: dict[str, str] = {}
    wrong: list[FieldViolation] = []
    for name, text in parameters:
        if name not in _PARAMETERS:
            wrong.append(FieldViolation(name, f"no such parameter; there are {', '.join(_PARAMETERS)}"))
        elif name in given:
            wrong.append(FieldViolation(name, "given more than once"))
        given[name] = text.strip()
    end = _day("end", given.get("end", ""), wrong, now // DAY * DAY)
    start = _day("start", given.get("start", ""), wrong, end - DEFAULT_DAYS * DAY)
    if not wrong and start >= end:
        wrong.append(FieldViolation("start", "must lie before end"))
    if not wrong and end - start > MAX_DAYS * DAY:
        wrong.append(FieldViolation("end", f"more than {MAX_DAYS} days after start: ask in parts"))
    if wrong:
        told = "; ".join(f"{violation.field}: {violation.description}" for violation in wrong)
        raise InvalidArgumentError(told, violations=wrong)
    return BillQuery(start, end, given.get("provider", ""))


def _day(name: str, text: str, wrong: list[FieldViolation], default: Micros) -> Micros:
    if not text:
        return default
    try:
        if len(text) != len("2026-11-01"):
            raise ValueError
        day = to_micros(datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC))
    except ValueError:
        wrong.append(FieldViolation(name, f"{text!r} is not a UTC day such as 2026-11-01"))
        return default
    if not 0 <= day <= 2**32 * 10**6 - DAY:
        wrong.append(FieldViolation(name, "must lie between the years 1970 and 2106"))
    return day
