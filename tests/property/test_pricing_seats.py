"""The days of any month of any seat add up to its price, exactly."""

from __future__ import annotations

from calendar import monthrange

from hypothesis import given
from hypothesis import strategies as st

from services.common.clock import DAY
from services.pricing.domain.seats import MAX_MONTHLY, day_price_at
from tests.unit.pricing.events import at


@given(st.integers(0, MAX_MONTHLY), st.integers(1970, 2200), st.integers(1, 12))
def test_a_month_of_days_is_the_monthly_price(monthly: int, year: int, month: int) -> None:
    days = monthrange(year, month)[1]
    prices = [day_price_at(monthly, at(year, month, 1) + day * DAY) for day in range(days)]
    assert sum(prices) == monthly
    assert max(prices) - min(prices) <= 1
