"""What a month will have cost, from the days before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from services.common.money import Picos, round_half_even
from services.console.domain.periods import add_months, days_between

WEEKS = 4


def month_end(daily: Mapping[date, Picos], today: date, first_day: date) -> Picos | None:
    """Expected spend of the whole month that `today` lies in.

    What was spent so far, plus for each day to come the mean of the same weekday over the last four weeks (a seasonal
    mean: offices rest on Sundays). A weekday without history counts as the mean of all days that have one. Of today,
    what is missing to its expectation.

    Args:
        daily: picodollars by day; a day not there cost nothing.
        today: the day that is not over.
        first_day: the first day anything is known of; days before it are not zeros but unknown.

    Returns:
        None without one complete day of history.
    """
    known = [day for day in days_between(today - timedelta(weeks=WEEKS), today) if day >= first_day]
    if not known:
        return None
    mean = Fraction(sum(daily.get(day, 0) for day in known), len(known))

    def expected(day: date) -> Fraction:
        same = [daily.get(past, 0) for past in known if past.weekday() == day.weekday()]
        return Fraction(sum(same), len(same)) if same else mean

    month = today.replace(day=1)
    so_far = sum(daily.get(day, 0) for day in days_between(month, today + timedelta(days=1)))
    rest_of_today = max(Fraction(0), expected(today) - daily.get(today, 0))
    to_come = sum((expected(day) for day in days_between(today + timedelta(days=1), add_months(month, 1))), Fraction(0))
    return so_far + round_half_even(rest_of_today + to_come)
