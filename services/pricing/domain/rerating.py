"""Re-rating: what pricing an event anew changes, and the event as it goes to the rater for that.

The rater judges again and books; here it is only told apart what is worth sending it. So a second run sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from operator import itemgetter

from finops.cost.v1.cost_pb2 import CostRecord, Rating
from finops.pricing.v1.pricing_pb2 import RerateEffect
from finops.usage.v1.usage_pb2 import CORRECTION_KIND_LATE_PRICE, Correction, UsageEvent

from services.common.money import to_proto
from services.pricing.domain.revisions import Known, changes_nothing, revise


def gains_a_price(before: Rating, after: Rating) -> bool:
    """A bucket without a price has one now, and none lost its own."""
    return set(after.unpriced_buckets) < set(before.unpriced_buckets)


def is_affected(record: CostRecord, rating: Rating, kind: int) -> bool:
    """Whether a correction of this kind books the event anew, now that this is its rating.

    A late price is for what had none: with that kind, events that had theirs keep it, even if it would differ by now.
    """
    if kind == CORRECTION_KIND_LATE_PRICE and not gains_a_price(record.rating, rating):
        return False
    return not changes_nothing(revise(Known.of(record), record.usage, rating, record.usage_position))


def corrected(usage: UsageEvent, correction: Correction) -> UsageEvent:
    """The event as it was last told, to be booked anew."""
    event = UsageEvent()
    event.CopyFrom(usage)
    event.correction.CopyFrom(correction)
    return event


@dataclass
class Effect:
    """What affected events cost before and after, picodollars, and how many had a bucket without a price."""

    events: int = 0
    cost_before: int = 0
    cost_after: int = 0
    shadow_before: int = 0
    shadow_after: int = 0
    unpriced_before: int = 0
    unpriced_after: int = 0

    def __add__(self, other: Effect) -> Effect:
        mine, others = astuple(self), astuple(other)
        return Effect(*map(sum, zip(mine, others, strict=True)))


class Effects:
    """What the affected events cost before and after, by provider and model."""

    def __init__(self) -> None:
        self._by_model: dict[tuple[str, str], Effect] = {}

    def add(self, record: CostRecord, rating: Rating) -> None:
        """Counts an affected event."""
        before, unpriced = record.rating, bool(record.rating.unpriced_buckets)
        effect = Effect(
            1, before.cost_picos, rating.cost_picos, before.shadow_cost_picos, rating.shadow_cost_picos, unpriced,
            bool(rating.unpriced_buckets),
        )  # fmt: skip
        self.count(record.usage.provider, record.usage.model, effect)

    def count(self, provider: str, model: str, effect: Effect) -> None:
        """Counts affected events of a model, if there are any."""
        if effect.events:
            self._by_model[provider, model] = self._by_model.get((provider, model), Effect()) + effect

    def include(self, others: Effects) -> None:
        """Counts what others counted."""
        for (provider, model), effect in others._by_model.items():
            self.count(provider, model, effect)

    def messages(self) -> Iterator[RerateEffect]:
        """By provider and model."""
        for (provider, model), effect in sorted(self._by_model.items(), key=itemgetter(0)):
            yield RerateEffect(
                provider=provider,
                model=model,
                events=effect.events,
                cost_before=to_proto(effect.cost_before),
                cost_after=to_proto(effect.cost_after),
                shadow_cost_before=to_proto(effect.shadow_before),
                shadow_cost_after=to_proto(effect.shadow_after),
                unpriced_before=effect.unpriced_before,
                unpriced_after=effect.unpriced_after,
            )
