"""The prices of one kind of request at one time, ready to multiply with."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.common.clock import DAY, Micros
from services.common.money import MAX_INT64, Picos, round_half_even
from services.pricing.domain.contracts import CONTRACT as CONTRACT
from services.pricing.domain.contracts import NOTHING_NOW, Agreed, Now, no_rate
from services.pricing.domain.documented import Documented, bundled
from services.pricing.domain.forms import Form
from services.pricing.domain.kinds import Kind, KindPrices, conditions
from services.pricing.domain.names import Resolved
from services.pricing.domain.overrides import Override
from services.pricing.domain.prices import Condition, Ladder, PriceSet, scaled
from services.pricing.domain.tiers import STANDARD

_HOUR_WRITE = Fraction(8, 5)
"""Anthropic: a cache write kept an hour costs 2 x input, one kept five minutes 1.25 x input."""

_SAME_PRICE: Mapping[str, str] = {"input_image_tokens": "input_tokens", "output_image_tokens": "output_tokens"}
"""Images without a price of their own are billed as text tokens; said as an assumption."""

_IN_QUARANTINE = "the list's price is in quarantine and there is no last good one"


@dataclass(frozen=True, slots=True)
class View:
    """A level's prices in the views of cost that are not the effective one. See docs/decisions/0014."""

    listed: Mapping[str, Picos]
    """At list; where it has none, as contracted."""
    contracted: Mapping[str, Picos]
    """Without mark-ups."""


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
    views: tuple[View | None, ...] = ()
    """What of each level's prices is otherwise in other views of cost; none where nothing is."""
    agreed: Now | None = None
    """What of a contract counts, where any does."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Buckets whose price must not be used, and why: they are unpriced."""
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

    __slots__ = ("_compile", "_dates", "_hours", "_last", "_plans", "_workdays")

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
        self._last: tuple[Micros, Micros, Plan] | None = None
        """The plan asked for last, and between which dates it holds whatever the day and hour."""

    def at(self, time: Micros) -> Plan:
        """The plan in force."""
        last = self._last
        if last is not None and last[0] <= time < last[1]:
            return last[2]
        days = tuple([workdays.holds(time) for workdays in self._workdays]) if self._workdays else ()
        segment = (bisect_right(self._dates, time), bisect_right(self._hours, time % DAY), days)
        plan = self._plans.get(segment)
        if plan is None:
            plan = self._plans[segment] = self._compile(time)
        if not (self._hours or self._workdays):
            starts, ends = self.validity(time)
            self._last = starts, ends or MAX_INT64, plan
        return plan

    def over(self, start: Micros, end: Micros) -> Plan | None:
        """The plan in force at both and at any time between; None where there are several, or the hour counts."""
        plan, last = self.at(start), self._last
        return plan if last is not None and last[0] <= start and end < last[1] else None

    def over_all(self, times: npt.NDArray[np.int64]) -> Sequence[tuple[Plan, npt.NDArray[np.int64]]]:
        """The plans in force at these times, each with the places of the times that it holds at."""
        only = self.over(int(times.min()), int(times.max()))
        if only is not None:
            return [(only, np.arange(len(times)))]
        segments = np.searchsorted(_array(self._dates), times, side="right")
        segments = segments * (len(self._hours) + 1) + np.searchsorted(_array(self._hours), times % DAY, side="right")
        days, day = np.unique(times // DAY, return_inverse=True) if self._workdays else (times[:0], times)
        for workdays in self._workdays:
            segments = segments * 2 + np.array([workdays.holds(int(each) * DAY) for each in days])[day]
        _, first, segment = np.unique(segments, return_index=True, return_inverse=True)
        return [(self.at(int(times[one])), np.flatnonzero(segment == place)) for place, one in enumerate(first)]

    def validity(self, time: Micros) -> tuple[Micros, Micros]:
        """The dates between which that plan holds; 0 for none."""
        position = bisect_right(self._dates, time)
        return (
            self._dates[position - 1] if position else 0,
            self._dates[position] if position < len(self._dates) else 0,
        )


def _array(moments: Sequence[Micros]) -> npt.NDArray[np.int64]:
    return np.array(moments, dtype=np.int64)


def schedule(
    resolved: Resolved,
    tier: str,
    batch: bool,
    contracts: Sequence[Override],
    region: str = "",
    documented: Documented | None = None,
    agreed: Agreed | None = None,
) -> Schedule:
    """The plans of one model for one kind of request under a tenant's fixed prices and what else it agreed on."""
    rules = bundled() if documented is None else documented
    kind = Kind(tier, batch, region)
    dates = [date for contract in contracts for date in (contract.effective_from, contract.effective_to) if date]
    if agreed is None:
        return Schedule(
            conditions(resolved, rules), dates, lambda time: compile_plan(resolved, kind, contracts, rules, time)
        )
    return Schedule(
        conditions(resolved, rules),
        [*dates, *agreed.dates()],
        lambda time: compile_plan(resolved, kind, contracts, rules, time, agreed.at(time)),
    )


def compile_plan(
    resolved: Resolved,
    kind: Kind,
    contracts: Sequence[Override],
    documented: Documented,
    time: Micros,
    now: Now = NOTHING_NOW,
) -> Plan:
    """Prices of this kind of request, where they stand contract prices, then those that follow from others."""
    under_contract = now.anything or any(contract.holds(time) and contract.prices for contract in contracts)
    quoted = _quoted(resolved, kind, contracts, documented, time, now)
    prices = quoted.prices
    name = resolved.model.price_id if resolved.model is not None else _name_of(contracts)
    if not name and prices:
        name = f"{resolved.provider}/{kind.tier}"
    listed = _quoted(resolved, kind, (), documented, time, NOTHING_NOW).prices if under_contract else prices
    cliffs = tuple(sorted({*_cliffs(prices), *_cliffs(listed)}))
    contracted = [_level(prices, above) for above in (0, *cliffs)]
    levels = [marked_up(level, now.markup) for level in contracted] if now.markup else contracted
    return Plan(
        price_id=f"{name}{CONTRACT}" if under_contract else name,
        cliffs=cliffs,
        levels=tuple(levels),
        assumptions=quoted.assumptions,
        notes=quoted.notes,
        views=tuple(
            _view(effective, agreed, _level(listed, above))
            for effective, agreed, above in zip(levels, contracted, (0, *cliffs), strict=True)
        )
        if under_contract
        else (),
        agreed=now if now.anything else None,
        withheld=quoted.withheld,
    )


def marked_up(prices: Mapping[str, Picos], share: Fraction) -> dict[str, Picos]:
    """Each price and a share of it, rounded half to even; one that 64 bits cannot hold is withheld."""
    raised = {bucket: round_half_even(price * (1 + share)) for bucket, price in prices.items()}
    return {bucket: price for bucket, price in raised.items() if price <= MAX_INT64}


def _view(effective: Mapping[str, Picos], contracted: Mapping[str, Picos], listed: Mapping[str, Picos]) -> View | None:
    at_list = {bucket: listed.get(bucket, price) for bucket, price in contracted.items()}
    return None if at_list == contracted == effective else View(at_list, contracted)


class _Quoted(NamedTuple):
    """Contracted prices. The rest as in a `Plan`."""

    prices: Mapping[str, Ladder]
    assumptions: tuple[str, ...]
    notes: Mapping[str, str]
    withheld: Mapping[str, str]


def _quoted(
    resolved: Resolved, kind: Kind, contracts: Sequence[Override], documented: Documented, time: Micros, now: Now
) -> _Quoted:
    listed = KindPrices(resolved, kind, documented, time)
    assumptions = [resolved.assumption] if resolved.assumption else []
    assumptions += listed.remarks
    prices = listed.standard()
    fixed = _contracted(contracts, STANDARD, False, time, now)
    prices.update(fixed)
    fixed_buckets = set(fixed)
    if kind.special:
        own = _contracted(contracts, kind.tier, kind.batch, time, now)
        prices, unlisted = listed.special(prices)
        if not own:
            assumptions += unlisted
        prices.update(own)
        # What the list prices for this kind of request itself does not follow from a fixed standard price.
        fixed_buckets = fixed_buckets - listed.special({})[0].keys() | own.keys()
    if now.discount:
        prices = {b: p if b in fixed_buckets else scaled(p, 1 - now.discount) for b, p in prices.items()}
    reasons = [no_rate(each) for each in sorted({c.currency for c in contracts if c.holds(time)} - now.dollars.keys())]
    if not all(ladder for bucket, ladder in prices.items() if bucket not in fixed_buckets):
        reasons.append(_IN_QUARANTINE)
    notes = _complete(prices, resolved)
    notes |= {bucket: note for bucket in prices if (note := documented.note(resolved.provider, bucket))}
    for bucket, contract in now.included.items():
        if bucket not in fixed_buckets:
            prices[bucket] = ((0, 0),)
            notes[bucket] = f"{bucket} within the allowance of contract {contract}; what exceeds it is settled"
    return _Quoted(
        prices={bucket: ladder for bucket, ladder in prices.items() if ladder},
        assumptions=tuple(assumptions),
        notes=notes,
        withheld=dict.fromkeys((bucket for bucket, ladder in prices.items() if not ladder), "; ".join(reasons))
        | _withheld_seat(now),
    )


def _withheld_seat(now: Now) -> dict[str, str]:
    if now.seat is None or now.seat.monthly is not None or now.seat.yearly is not None:
        return {}
    return {"seats": no_rate(now.seat.currency)}


def _contracted(contracts: Sequence[Override], tier: str, batch: bool, time: Micros, now: Now) -> dict[str, Ladder]:
    """The fixed prices that count, in picodollars; withheld where their currency has no rate that early."""
    found: dict[str, Ladder] = {}
    for contract in contracts:
        if contract.service_tier == tier and contract.batch == batch and contract.holds(time):
            rate = now.dollars.get(contract.currency)
            for bucket, ladder in contract.prices.items():
                found[bucket] = _converted(ladder, rate)
    return found


def _converted(ladder: Ladder, rate: Fraction | None) -> Ladder:
    if rate is None:
        return ()
    converted = ladder if rate == 1 else scaled(ladder, rate)
    return converted if all(price <= MAX_INT64 for _, price in converted) else ()


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
