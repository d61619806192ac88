"""A bill's differences in words: what each cause means, and sums of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from finops.ledger.v1.ledger_pb2 import BillCause, BillExplanation, BillLine, BillProvider

from services.common import money
from services.common.money import Picos
from services.console.domain.cost_query import all_of, equals

UNEXPLAINED = BillCause.BILL_CAUSE_UNEXPLAINED

CAUSES: dict[BillCause, tuple[str, str]] = {
    BillCause.BILL_CAUSE_UNPRICED: ("Unpriced", "Metered use without a price, at its shadow price"),
    BillCause.BILL_CAUSE_NO_REPORT: ("No report", "No report tells of the day yet"),
    BillCause.BILL_CAUSE_MISSING_EVENTS: ("Missing events", "The report counts more tokens than were metered"),
    BillCause.BILL_CAUSE_EXTRA_EVENTS: ("Extra events", "The report counts fewer tokens, or has no such line"),
    BillCause.BILL_CAUSE_ROUNDING: ("Rounding", "What the report's rounded amounts may hide"),
    BillCause.BILL_CAUSE_DISCOUNT: ("Discount", "The same tokens for less, in one proportion; credits on the bill"),
    BillCause.BILL_CAUSE_PRICE: ("Price", "The same tokens at another price"),
    BillCause.BILL_CAUSE_UNATTRIBUTED: ("Unattributed", "Metered without any of the bill's projects or keys"),
    BillCause.BILL_CAUSE_SEATS: ("Seats", "Fees for seats against seats amortised by the day"),
    BillCause.BILL_CAUSE_TAX: ("Tax", "Lines of the bill that are tax"),
    BillCause.BILL_CAUSE_PURCHASE: ("Purchase", "Purchases that are no use, such as commitments"),
    BillCause.BILL_CAUSE_BOOKED: ("Booked here", "Adjustments and settlements booked here"),
    BillCause.BILL_CAUSE_UNEXPLAINED: ("Unexplained", "What no rule explains: look at these lines first"),
}
"""Name and meaning, in the order they are shown."""


@dataclass(frozen=True)
class Sums:
    """Of several providers, picodollars. `difference` is reported minus metered, and the sum of `causes`."""

    reported: Picos
    metered: Picos
    causes: dict[BillCause, Picos]

    @property
    def difference(self) -> Picos:
        return self.reported - self.metered

    @property
    def unexplained(self) -> Picos:
        return self.causes.get(UNEXPLAINED, 0)


def sums(providers: Iterable[BillProvider]) -> Sums:
    """Everything together."""
    reported = metered = 0
    causes: dict[BillCause, Picos] = {}
    for provider in providers:
        reported += money.from_proto(provider.reported)
        metered += money.from_proto(provider.metered)
        for each in provider.explanations:
            causes[each.cause] = causes.get(each.cause, 0) + money.from_proto(each.amount)
    return Sums(reported, metered, causes)


def part(explanations: Iterable[BillExplanation], cause: BillCause) -> Picos:
    """How much of a difference one cause explains."""
    return sum(money.from_proto(each.amount) for each in explanations if each.cause == cause)


def name(cause: BillCause) -> str:
    """What people call it; of a cause this version does not know, its number."""
    return CAUSES[cause][0] if cause in CAUSES else f"Cause {int(cause)}"


def condition(line: BillLine) -> str:
    """The filter for the metered entries of a line: its model is without the date of a snapshot, entries have one."""
    models = [line.model, f"{line.model}-20*", f"{line.model}@20*", f"{line.model}-latest"] if line.model else []
    return all_of(
        equals("provider", line.provider),
        equals("project", line.project) if line.project else "",
        equals("key", line.key) if line.key else "",
        " OR ".join(equals("model", model) for model in models),
    )
