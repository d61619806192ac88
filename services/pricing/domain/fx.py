"""Exchange rates by day. They are put by whoever runs the contracts; none is fetched."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from services.common.clock import Micros

USD = "USD"
MAX_PLACES = 12
_MAX = 10**6


@dataclass(frozen=True)
class Rate:
    """US dollars for one unit of a currency, from a UTC day on until the next rate."""

    tenant_id: str
    currency: str
    day: Micros
    """Its midnight."""
    dollars: Decimal
    source: str = ""


def parse_rate(text: str) -> Decimal:
    """Reads "1.0834".

    Raises:
        ValueError: no decimal above zero and up to a million, or more than 12 places.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    exponent = value.as_tuple().exponent
    if not value.is_finite() or not 0 < value <= _MAX or not isinstance(exponent, int) or exponent < -MAX_PLACES:
        raise ValueError(f"{text!r} is not a rate: a decimal above 0, at most {_MAX:,} and of at most 12 places")
    return value


class Rates:
    """All tenants' rates."""

    def __init__(self, rates: Iterable[Rate] = ()) -> None:
        self._days: dict[tuple[str, str], list[Micros]] = defaultdict(list)
        self._dollars: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
        self._rates = sorted(rates, key=lambda rate: (rate.tenant_id, rate.currency, rate.day))
        for rate in self._rates:
            self._days[rate.tenant_id, rate.currency].append(rate.day)
            self._dollars[rate.tenant_id, rate.currency].append(Fraction(rate.dollars))

    def at(self, tenant_id: str, currency: str, time: Micros) -> Fraction | None:
        """Dollars for one unit at a time: the rate of its UTC day or of the last day before that has one (there is none
        on weekends). None: there is no rate that early."""
        if currency == USD:
            return Fraction(1)
        position = bisect_right(self._days.get((tenant_id, currency), ()), time)
        return self._dollars[tenant_id, currency][position - 1] if position else None

    def days(self, tenant_id: str, currency: str) -> Sequence[Micros]:
        """When its rate changes."""
        return self._days.get((tenant_id, currency), ())

    def of_tenant(self, tenant_id: str) -> list[Rate]:
        """By currency and day."""
        return [rate for rate in self._rates if rate.tenant_id == tenant_id]
