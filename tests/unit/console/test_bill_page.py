"""What the reconciliation page asks and how it adds up."""

from __future__ import annotations

import pytest
from finops.ledger.v1.ledger_pb2 import BillCause, BillExplanation, BillLine, BillProvider

from services.common import filters, money
from services.common.clock import parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.console.domain import bill_words
from services.console.web.pages.bill_choices import Choices

NOW = parse_rfc3339("2026-11-24T10:30:00Z")


@pytest.mark.parametrize(
    ("chosen", "start", "end"),
    [
        ("7d", "2026-11-17", "2026-11-24"),
        ("90d", "2026-08-26", "2026-11-24"),
        ("month", "2026-11-01", "2026-11-24"),
        ("last_month", "2026-10-01", "2026-11-01"),
    ],
)
def test_ranges_are_whole_days_that_are_over(chosen: str, start: str, end: str) -> None:
    query = Choices.of({"range": chosen, "provider": "openai"}).query(NOW)
    assert (query.start, query.end) == (parse_rfc3339(f"{start}T00:00:00Z"), parse_rfc3339(f"{end}T00:00:00Z"))
    assert query.provider == "openai"


def test_on_the_first_no_day_of_the_month_is_over() -> None:
    with pytest.raises(InvalidArgumentError, match="another range"):
        Choices(range="month").query(parse_rfc3339("2026-11-01T23:00:00Z"))


def test_an_address_tells_the_choices_and_nonsense_is_the_default() -> None:
    choices = Choices("custom", "2026-11-01", "2026-11-03", "openai", "unexplained")
    told = dict(part.split("=") for part in choices.query_string().split("&"))
    assert Choices.of(told) == choices
    assert Choices.of({"range": "sometime", "show": "what"}) == Choices()


def test_lines_are_chosen_by_what_explains_them() -> None:
    rounding = [BillExplanation(cause=BillCause.BILL_CAUSE_ROUNDING, amount=money.to_proto(1))]
    for shown, of_none, of_rounding in (("all", True, True), ("differing", False, True), ("unexplained", False, False)):
        choices = Choices(shown=shown)
        assert (choices.passes([]), choices.passes(rounding)) == (of_none, of_rounding)
    assert Choices(shown="rounding").passes(rounding)


def test_causes_add_up_to_the_difference() -> None:
    def provider(reported: int, metered: int, **causes: int) -> BillProvider:
        parts = [
            BillExplanation(cause=f"BILL_CAUSE_{name.upper()}", amount=money.to_proto(amount))
            for name, amount in causes.items()
        ]
        return BillProvider(reported=money.to_proto(reported), metered=money.to_proto(metered), explanations=parts)

    total = bill_words.sums([provider(90, 100, rounding=-4, unexplained=-6), provider(7, 0, unexplained=7)])
    assert (total.difference, total.unexplained) == (-3, 1)
    assert sum(total.causes.values()) == total.difference


def test_every_cause_has_a_name_and_a_meaning() -> None:
    assert set(bill_words.CAUSES) == {cause for cause in BillCause.values() if cause}


def test_a_line_leads_to_its_entries_whatever_snapshot_served_them() -> None:
    line = BillLine(provider="openai", project="ranker", model="gpt-4o")
    passes = filters.predicate(
        filters.parse(bill_words.condition(line)), lambda name: lambda event: str(event.get(name, ""))
    )
    event = {"provider": "openai", "project": "ranker"}
    for model in ("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o@20240806", "gpt-4o-latest"):
        assert passes({**event, "model": model})
    assert not passes({**event, "model": "gpt-4o-mini"})
    assert not passes({**event, "model": "gpt-4o", "project": "other"})
    assert filters.parse(bill_words.condition(BillLine(provider="openai")))
