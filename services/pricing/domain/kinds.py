"""What a kind of request (its tier, batch, region) costs of the listed and documented prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.common.clock import Micros
from services.common.dimensions import TOKEN_BUCKETS
from services.pricing.domain.documented import Documented, Rule
from services.pricing.domain.names import Resolved
from services.pricing.domain.prices import Condition, Ladder, ListedModel, PriceSet, Variant, scaled
from services.pricing.domain.tiers import BATCH_CONTEXT, STANDARD, TIER_CONTEXT, context


@dataclass(frozen=True, slots=True)
class Kind:
    """What of a request, besides its model, its length and its time, makes its price."""

    tier: str = STANDARD
    """The one served, in one spelling."""
    batch: bool = False
    region: str = ""
    """Or the geography that inference was bound to; empty: not told, priced as anywhere."""

    @property
    def special(self) -> bool:
        """Whether it has prices of its own, not those of a standard request."""
        return self.tier != STANDARD or self.batch


class KindPrices:
    """The prices of one kind of request for one model at one time."""

    def __init__(self, resolved: Resolved, kind: Kind, documented: Documented, time: Micros) -> None:
        self._resolved = resolved
        self._model = resolved.model
        self._kind = kind
        self._documented = documented
        self._time = time
        self._name = resolved.model.model if resolved.model is not None else ""
        self._premium = documented.region(resolved.provider, self._name, kind.region, time)

    @property
    def remarks(self) -> list[str]:
        """On what the region does to every price."""
        return [self._premium.says] if self._premium is not None else []

    def standard(self) -> dict[str, Ladder]:
        """Of a standard request in this region."""
        return self._regional(self._model.standard(self._time)) if self._model is not None else {}

    def special(self, standard: dict[str, Ladder]) -> tuple[dict[str, Ladder], list[str]]:
        """Of a request that is not a standard one, given the prices of one that is, and what had to be assumed."""
        overrides: dict[str, Ladder] = {}
        assumptions: list[str] = []
        kinds: set[str] = set()
        for variant, remark in self._variants():
            kinds |= variant.when.keys()
            for bucket, ladder in self._regional(variant.prices).items():
                overrides.setdefault(bucket, ladder)
            if remark and remark not in assumptions:
                assumptions.append(remark)
        prices = standard | overrides
        tier = self._kind.tier
        if tier != STANDARD and not kinds & TIER_CONTEXT:
            rule = self._documented.tier(self._resolved.provider, self._name, tier, self._kind.region, self._time)
            prices = self._as_batch(prices) if rule is not None and rule.like_batch else _ruled(rule, prices)
            assumptions.append(
                rule.says if rule else f"service tier {tier!r} at the standard price: it has none of its own"
            )
        if self._kind.batch and BATCH_CONTEXT not in kinds:
            rule = self._documented.batch(self._resolved.provider, self._name, self._time)
            prices = _ruled(rule, prices)
            assumptions.append(rule.says if rule else "batch at the standard price: it has none of its own")
        return prices, assumptions

    def _as_batch(self, standard: dict[str, Ladder]) -> dict[str, Ladder]:
        kind = Kind(batch=True, region=self._kind.region)
        return KindPrices(self._resolved, kind, self._documented, self._time).special(standard)[0]

    def _regional(self, prices: PriceSet) -> dict[str, Ladder]:
        return self._premium.apply(prices) if self._premium is not None else dict(prices)

    def _variants(self) -> list[tuple[Variant, str]]:
        """Those that hold; of a kind that the list only knows from a later date on, its first, brought back in time."""
        if self._model is None or self._resolved.resold:
            return []
        wanted = context(self._kind.tier, self._kind.batch).items()
        fitting = [variant for variant in self._model.variants if variant.when.items() <= wanted]
        found = [(variant, "") for variant in fitting if variant.condition.holds(self._time)]
        known = [variant.when for variant, _ in found]
        for variant in sorted(fitting, key=lambda v: v.condition.starts or 0):
            starts = variant.condition.starts
            if variant.when not in known and starts is not None and self._time < starts:
                known.append(variant.when)
                kind = "/".join(variant.when.values())
                found.append(
                    (
                        _brought_back(variant, self._model, starts, self._time),
                        f"{kind} in the proportion to the standard price that the list has from a later date on",
                    )
                )
        return found


def _ruled(rule: Rule | None, prices: dict[str, Ladder]) -> dict[str, Ladder]:
    if rule is None:
        return prices
    if rule.factor == 0:
        # Also tokens without a price are paid for in advance.
        return prices | dict.fromkeys(TOKEN_BUCKETS, ((0, 0),))
    return rule.apply(prices)


def _brought_back(variant: Variant, model: ListedModel, known: Micros, time: Micros) -> Variant:
    """The variant as it was before the list knew it: as far from the standard price of the time as it is later."""
    then, later = model.standard(time), model.standard(known)
    prices: dict[str, Ladder] = {}
    for bucket, ladder in variant.prices.items():
        base = later.get(bucket, ((0, 0),))[0][1]
        if then.get(bucket) == later.get(bucket) or not base:
            prices[bucket] = ladder
        elif bucket in then:
            prices[bucket] = scaled(then[bucket], Fraction(ladder[0][1], base))
    return Variant(variant.when, Condition(), prices)


def conditions(resolved: Resolved, documented: Documented) -> Sequence[Condition]:
    """All on which the prices of a model depend, of whatever kind of request."""
    if resolved.model is None:
        return documented.conditions(resolved.provider, "")
    return [*resolved.model.conditions(), *documented.conditions(resolved.provider, resolved.model.model)]
