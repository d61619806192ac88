"""The prices of one kind of request at one time, ready to multiply with."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.common.clock import DAY, Micros
from services.common.dimensions import TOKEN_BUCKETS
from services.common.money import Picos, round_half_even
from services.pricing.domain.names import Resolved
from services.pricing.domain.overrides import Override
from services.pricing.domain.prices import Condition, Ladder, PriceSet
from services.pricing.domain.tiers import BATCH_CONTEXT, STANDARD, TIER_CONTEXT, context

HALF_PRICE_BATCHES: Mapping[str, str] = {
    "openai": "https://platform.openai.com/docs/guides/batch",
    "azure": "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch",
    "anthropic": "https://docs.claude.com/en/docs/build-with-claude/batch-processing",
    "google": "https://ai.google.dev/gemini-api/docs/batch-mode",
    "aws": "https://aws.amazon.com/bedrock/pricing/",
    "mistral": "https://docs.mistral.ai/capabilities/batch/",
    "groq": "https://console.groq.com/docs/batch",
}
"""Providers that document batch requests at half the standard token price, and where."""

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

    def prices(self, input_tokens: int) -> Mapping[str, Picos]:
        """Of a request with so much input."""
        return self.levels[bisect_left(self.cliffs, input_tokens)]


class Schedule:
    """Plans over time: constant between the dates and hours on which any of their conditions changes."""

    __slots__ = ("_compile", "_dates", "_hours", "_plans")

    def __init__(
        self, conditions: Iterable[Condition], dates: Iterable[Micros], compile_plan: Callable[[Micros], Plan]
    ) -> None:
        every = list(conditions)
        self._dates = sorted({c.starts for c in every if c.starts is not None} | set(dates))
        self._hours = sorted({edge for c in every if c.daily is not None for edge in c.daily})
        self._compile = compile_plan
        self._plans: dict[tuple[int, int], Plan] = {}

    def at(self, time: Micros) -> Plan:
        """The plan in force."""
        segment = (bisect_right(self._dates, time), bisect_right(self._hours, time % DAY))
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


def schedule(resolved: Resolved, tier: str, batch: bool, contracts: Sequence[Override]) -> Schedule:
    """The plans of one model for one kind of request under a tenant's contracts."""
    listed = resolved.model.conditions() if resolved.model is not None else []
    dates = [date for contract in contracts for date in (contract.effective_from, contract.effective_to) if date]
    return Schedule(listed, dates, lambda time: compile_plan(resolved, tier, batch, contracts, time))


def compile_plan(resolved: Resolved, tier: str, batch: bool, contracts: Sequence[Override], time: Micros) -> Plan:
    """List prices, the variant for this kind of request, contract prices, then the documented fallbacks."""
    assumptions = [resolved.assumption] if resolved.assumption else []
    prices: dict[str, Ladder] = dict(resolved.model.standard(time)) if resolved.model is not None else {}
    prices.update(_contracted(contracts, STANDARD, False, time))
    special = tier != STANDARD or batch
    own = _contracted(contracts, tier, batch, time) if special else {}
    if special:
        prices, unlisted = _of_kind(resolved, prices, tier, batch, time)
        if not own:
            assumptions += unlisted
        prices.update(own)
    notes = _complete(prices, resolved)
    prices = {bucket: ladder for bucket, ladder in prices.items() if ladder}
    under_contract = any(contract.holds(time) and contract.prices for contract in contracts)
    name = resolved.model.price_id if resolved.model is not None else _name_of(contracts)
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


def _of_kind(
    resolved: Resolved, standard: dict[str, Ladder], tier: str, batch: bool, time: Micros
) -> tuple[dict[str, Ladder], list[str]]:
    """Prices of a request that is not a standard one, and what had to be assumed."""
    wanted = context(tier, batch).items()
    overrides: dict[str, Ladder] = {}
    kinds: set[str] = set()
    listed = resolved.model.variants if resolved.model is not None and not resolved.resold else ()
    for variant in listed:
        if variant.condition.holds(time) and variant.when.items() <= wanted:
            kinds |= variant.when.keys()
            for bucket, ladder in variant.prices.items():
                overrides.setdefault(bucket, ladder)
    assumptions: list[str] = []
    if tier != STANDARD and not kinds & TIER_CONTEXT:
        assumptions.append(f"service tier {tier!r} at the standard price: it has none of its own")
    prices = standard | overrides
    if batch and BATCH_CONTEXT not in kinds:
        if resolved.provider in HALF_PRICE_BATCHES:
            prices = {b: scaled(p, Fraction(1, 2)) if b in TOKEN_BUCKETS else p for b, p in prices.items()}
            assumptions.append("batch at half the standard price, as the provider documents: no batch price is listed")
        else:
            assumptions.append("batch at the standard price: it has none of its own")
    return prices, assumptions


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


def scaled(ladder: Ladder, factor: Fraction) -> Ladder:
    """Each price times a factor, rounded half to even to a picodollar."""
    return tuple((above, round_half_even(price * factor)) for above, price in ladder)


def _cliffs(prices: PriceSet) -> tuple[int, ...]:
    return tuple(sorted({above for ladder in prices.values() for above, _ in ladder if above}))


def _level(prices: PriceSet, above: int) -> dict[str, Picos]:
    return {bucket: [price for start, price in ladder if start <= above][-1] for bucket, ladder in prices.items()}


def _name_of(contracts: Sequence[Override]) -> str:
    return f"{contracts[-1].provider}/{contracts[-1].model}" if contracts else ""
