"""Seats: the data file, and its spreading over days."""

from __future__ import annotations

from importlib.resources import files

import pytest

from services.common.money import PICOS_PER_DOLLAR
from services.pricing.domain.seats import SeatBook, day_price, day_price_at
from tests.unit.pricing.events import at

SEATS = SeatBook.parse(files("services.pricing.domain").joinpath("seats.toml").read_text())


@pytest.mark.parametrize(
    ("provider", "plan", "dollars"),
    [("github", "copilot-business", 19), ("GitHub-Copilot", "Enterprise", 39), ("cursor", "cursor-teams", 40),
     ("openai", "chatgpt-team", 25), ("anthropic", "claude-team", 25), ("anthropic", "claude-team-premium", 125)],
)  # fmt: skip
def test_public_list_prices(provider: str, plan: str, dollars: int) -> None:
    price = SEATS.find(provider, plan, at(2026, 11, 23))
    assert price is not None
    assert price.monthly == dollars * PICOS_PER_DOLLAR
    assert price.source.startswith("https://")
    assert price.recorded > at(2026, 1, 1)


def test_a_price_changes_on_its_date() -> None:
    before, after = (SEATS.find("openai", "chatgpt-business", at(2026, 4, day)) for day in (1, 2))
    assert before is not None
    assert after is not None
    assert (before.monthly, after.monthly) == (30 * PICOS_PER_DOLLAR, 25 * PICOS_PER_DOLLAR)


def test_an_unknown_plan_has_no_price() -> None:
    assert SEATS.find("openai", "chatgpt-enterprise", 0) is None


def test_a_leap_february_has_29_days() -> None:
    monthly = 19 * PICOS_PER_DOLLAR
    assert day_price_at(monthly, at(2028, 2, 29)) == day_price(monthly, 29, 29)
    assert day_price_at(monthly, at(2026, 2, 28, 23, 59)) == day_price(monthly, 28, 28)


def test_a_price_that_is_a_slip_of_the_pen_is_refused() -> None:
    text = '[[plan]]\nprovider="x"\nname="y"\nprices=[{monthly="100001", read=2026-01-01, source="https://x"}]'
    with pytest.raises(ValueError, match="not between"):
        SeatBook.parse(text)
