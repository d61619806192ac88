"""Seats: a price per month, spread over the days of the month so that they add up to it exactly."""

from __future__ import annotations

import tomllib
from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from services.common.clock import Micros, to_datetime, to_micros
from services.common.money import PICOS_PER_DOLLAR, Picos, parse_dollars

MOST_MONTHLY = 100_000
MAX_MONTHLY: Picos = MOST_MONTHLY * PICOS_PER_DOLLAR
"""A dearer seat is a slip of the pen. From some $258 a month a million seats' day does not fit 64 bits: the cost
line then tells the price of one."""


@dataclass(frozen=True)
class SeatPrice:
    """A plan's list price for one seat and month, from a date on."""

    provider: str
    plan: str
    monthly: Picos
    effective_from: Micros
    source: str
    recorded: Micros

    @property
    def price_id(self) -> str:
        return f"{self.provider}/{self.plan}"


def day_price(monthly: Picos, day: int, days_in_month: int) -> Picos:
    """Picodollars of a seat on one day of a month: floor(P*d/D) - floor(P*(d-1)/D), which telescopes to P."""
    return monthly * day // days_in_month - monthly * (day - 1) // days_in_month


def day_price_at(monthly: Picos, moment: Micros) -> Picos:
    """The same, for the UTC day of a moment."""
    day = to_datetime(moment)
    return day_price(monthly, day.day, monthrange(day.year, day.month)[1])


class SeatBook:
    """Seat prices by provider and plan, the names in lower case."""

    def __init__(
        self,
        prices: Mapping[tuple[str, str], tuple[SeatPrice, ...]],
        called: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._prices = prices
        self._called = called or {}

    @classmethod
    def parse(cls, text: str) -> SeatBook:
        """Reads seats.toml.

        Raises:
            ValueError: a price that is no decimal string, negative, or too high to spread over days.
        """
        found: dict[tuple[str, str], list[SeatPrice]] = defaultdict(list)
        called: dict[str, frozenset[str]] = {}
        for plan in tomllib.loads(text)["plan"]:
            names = frozenset((plan["provider"], *plan.get("provider_aliases", ())))
            called |= dict.fromkeys(names, names)
            for price in _prices_of(plan):
                for provider in names:
                    for name in (plan["name"], *plan.get("aliases", ())):
                        found[provider, name].append(price)
        return cls(
            {key: tuple(sorted(prices, key=lambda p: p.effective_from)) for key, prices in found.items()}, called
        )

    def called(self, provider: str) -> frozenset[str]:
        """All names a provider goes by."""
        return self._called.get(provider, frozenset((provider,)))

    def find(self, provider: str, plan: str, moment: Micros) -> SeatPrice | None:
        """The price in force; before the first known one, that one."""
        prices = self._prices.get((provider.strip().lower(), plan.strip().lower()))
        if prices is None:
            return None
        return next((price for price in reversed(prices) if price.effective_from <= moment), prices[0])

    def all(self) -> list[SeatPrice]:
        """Each price once."""
        return sorted(
            {p for prices in self._prices.values() for p in prices}, key=lambda p: (p.price_id, p.effective_from)
        )


def _prices_of(plan: Mapping[str, Any]) -> list[SeatPrice]:
    found = []
    for price in plan["prices"]:
        monthly = parse_dollars(price["monthly"])
        if not 0 <= monthly <= MAX_MONTHLY:
            raise ValueError(
                f"seats.toml: {plan['name']} at ${price['monthly']} is not between $0 and ${MOST_MONTHLY:,}"
            )
        found.append(
            SeatPrice(
                provider=plan["provider"],
                plan=plan["name"],
                monthly=monthly,
                effective_from=_midnight(price["from"]) if "from" in price else 0,
                source=price["source"],
                recorded=_midnight(price["read"]),
            )
        )
    return found


def _midnight(day: date) -> Micros:
    return to_micros(datetime.combine(day, time(), UTC))
