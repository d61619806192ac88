"""The prices of one kind of request at one time, ready to multiply with."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from services.common.clock import DAY, Micros
from services.common.money import Picos
from services.pricing.domain.documented import Documented, bundled
from services.pricing.domain.forms import Form
from services.pricing.domain.kinds import Kind, KindPrices, conditions
from services.pricing.domain.names import Resolved
from services.pricing.domain.overrides import Override
from services.pricing.domain.prices import Condition, Ladder, PriceSet, scaled
from services.pricing.domain.tiers import STANDARD

CONTRACT = "@contract"
"""Ends the price id of a plan in which a contract price counts."""

_HOUR_WRITE = Fraction(8, 5)
"""Anthropic: a cache write kept an hour costs 2 x input, one kept five minutes 1.25 x input."""

_SAME_PRICE: Mapping[str, str] = {"input_image_tokens": "input_tokens", "output_image_tokens": "output_tokens"}
"""Images without a price of their own are billed as text tokens; said as an assumption."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Prices by bucket for each length of request."""

    price_id: str
    cliffs: tuple[int, ...]
    """Input tokens beyond which the next level counts."""
    levels: tuple[Mapping[str, Picos], ...]
    """One more than there are cliffs."""
    assumptions: tuple[str, ...]
    """Made for any request of this kind."""
    notes: Mapping[str, str]
    """Made only where the bucket is used."""
    forms: dict[tuple[int, tuple[str, ...]], Form] = field(default_factory=dict, compare=False, repr=False)
    """Filled in by whoever rates, by level and buckets used."""

    def prices(self, input_tokens: int) -> Mapping[str, Picos]:
        """Of a request with so much input."""
        return self.levels[self.level(input_tokens)]

    def level(self, input_tokens: int) -> int:
        """Which of the levels counts for a request with so much input."""
        return bisect_left(self.cliffs, input_tokens)


class Schedule:
    """Plans over time: constant between the dates, days and hours on which any of their conditions changes."""

    __slots__ = ("_compile", "_dates", "_hours", "_plans", "_workdays")

    def __init__(
        self, conditions: Iterable[Condition], dates: Iterable[Micros], compile_plan: Callable[[Micros], Plan]
    ) -> None:
        every = list(conditions)
        ends = {date for c in every for date in (c.starts, c.ends) if date is not None}
        self._dates = sorted(ends | set(dates))
        self._hours = sorted({edge for c in every if c.daily is not None for edge in c.daily})
        self._workdays = tuple({c.workdays for c in every if c.workdays is not None})
        self._compile = compile_plan
        self._plans: dict[tuple[int, int, tuple[bool, ...]], Plan] = {}

    def at(self, time: Micros) -> Plan:
        """The plan in force."""
        days = tuple([workdays.holds(time) for workdays in self._workdays]) if self._workdays else ()
        segment = (bisect_right(self._dates, time), bisect_right(self._hours, time % DAY), days)
        plan = self._plans.get(segment)
        if plan is None:
            plan = self._plans[segment] = self._compile(time)
        return plan

    def validity(self, time: Micros) -> tuple[Micros, Micros]:
        """The dates between which that plan holds; 0 for none."""
        position = bisect_right(self._dates, time)
        return (
            self._dates[position - 1] if position else 0,
            self._dates[position] if position < len(self._dates) else 0,
        )


def schedule(
    resolved: Resolved,
    tier: str,
    batch: bool,
    contracts: Sequence[Override],
    region: str = "",
    documented: Documented | None = None,
) -> Schedule:
    """The plans of one model for one kind of request under a tenant's contracts."""
    rules = bundled() if documented is None else documented
    kind = Kind(tier, batch, region)
    dates = [date for contract in contracts for date in (contract.effective_from, contract.effective_to) if date]
    return Schedule(
        conditions(resolved, rules), dates, lambda time: compile_plan(resolved, kind, contracts, rules, time)
    )


def compile_plan(
    resolved: Resolved, kind: Kind, contracts: Sequence[Override], documented: Documented, time: Micros
) -> Plan:
    """Prices of this kind of request, where they stand contract prices, then those that follow from others."""
    listed = KindPrices(resolved, kind, documented, time)
    assumptions = [resolved.assumption] if resolved.assumption else []
    assumptions += listed.remarks
    prices = listed.standard()
    prices.update(_contracted(contracts, STANDARD, False, time))
    if kind.special:
        own = _contracted(contracts, kind.tier, kind.batch, time)
        prices, unlisted = listed.special(prices)
        if not own:
            assumptions += unlisted
        prices.update(own)
    notes = _complete(prices, resolved)
    notes |= {bucket: note for bucket in prices if (note := documented.note(resolved.provider, bucket))}
    prices = {bucket: ladder for bucket, ladder in prices.items() if ladder}
    under_contract = any(contract.holds(time) and contract.prices for contract in contracts)
    name = resolved.model.price_id if resolved.model is not None else _name_of(contracts)
    if not name and prices:
        name = f"{resolved.provider}/{kind.tier}"
    return Plan(
        price_id=f"{name}{CONTRACT}" if under_contract else name,
        cliffs=(cliffs := _cliffs(prices)),
        levels=tuple(_level(prices, above) for above in (0, *cliffs)),
        assumptions=tuple(assumptions),
        notes=notes,
    )


def _contracted(contracts: Sequence[Override], tier: str, batch: bool, time: Micros) -> dict[str, Ladder]:
    found: dict[str, Ladder] = {}
    for contract in contracts:
        if contract.service_tier == tier and contract.batch == batch and contract.holds(time):
            found.update(contract.prices)
    return found


def _complete(prices: dict[str, Ladder], resolved: Resolved) -> dict[str, str]:
    """Adds the prices that follow from others by a documented rule; returns what is to be said of them."""
    notes: dict[str, str] = {}
    maker = resolved.model.provider if resolved.model is not None else ""
    if maker == "anthropic" and "cache_write_tokens" in prices and "cache_write_1h_tokens" not in prices:
        prices["cache_write_1h_tokens"] = scaled(prices["cache_write_tokens"], _HOUR_WRITE)
        notes["cache_write_1h_tokens"] = "one-hour cache write at 1.6 times the five-minute write"
    # Every provider that reports reasoning bills it as output; that is a rule, not an assumption.
    if "output_tokens" in prices:
        prices.setdefault("reasoning_tokens", prices["output_tokens"])
    for bucket, text in _SAME_PRICE.items():
        if bucket not in prices and text in prices:
            prices[bucket] = prices[text]
            notes[bucket] = f"{bucket} at the price of {text}"
    return notes


def _cliffs(prices: PriceSet) -> tuple[int, ...]:
    return tuple(sorted({above for ladder in prices.values() for above, _ in ladder if above}))


def _level(prices: PriceSet, above: int) -> dict[str, Picos]:
    return {bucket: [price for start, price in ladder if start <= above][-1] for bucket, ladder in prices.items()}


def _name_of(contracts: Sequence[Override]) -> str:
    return f"{contracts[-1].provider}/{contracts[-1].model}" if contracts else ""
