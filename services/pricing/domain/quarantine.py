"""Which prices of a new list are not to be believed, and what counts in their place.

A wrong unit makes a price a thousand or a million times too high or too low, and nothing else about it looks wrong. So
a price is compared with what its bucket has ever cost, with the price in force, and with a second catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from services.common.clock import Micros
from services.common.dimensions import BUCKETS
from services.common.money import PICOS_PER_DOLLAR, Picos, format_dollars, parse_dollars
from services.pricing.domain.prices import Condition, DatedPrices, Ladder, ListedModel, PriceSet, Variant

TOO_FAR = 10
"""A price this many times higher or lower than another cannot be the same price."""

_CONFIRMED = 2
"""A jump is believed where the second catalogue has a price within this factor of it."""


def _dollars(low: str, high: int) -> tuple[Picos, Picos]:
    return parse_dollars(low), high * PICOS_PER_DOLLAR


SANE: Mapping[str, tuple[Picos, Picos]] = {
    "input_tokens": _dollars("0.0005", 500),
    "cache_read_tokens": _dollars("0.0001", 250),
    "cache_write_tokens": _dollars("0.001", 500),
    "cache_write_1h_tokens": _dollars("0.001", 500),
    "output_tokens": _dollars("0.001", 2_000),
    "reasoning_tokens": _dollars("0.001", 2_000),
    "input_audio_tokens": _dollars("0.01", 500),
    "output_audio_tokens": _dollars("0.01", 1_000),
    "input_image_tokens": _dollars("0.01", 200),
    "output_image_tokens": _dollars("0.1", 1_000),
    "web_searches": _dollars("100", 200_000),
    "requests": _dollars("1", 1_000_000),
    "audio_milliseconds": _dollars("0.001", 20),
}
"""Lowest and highest believable price for a million units: beyond the cheapest and the dearest that any provider listed
until November 2026 (genai-prices 0.2.3) by a factor of three to a hundred. Zero lies outside: lists leave the price of
a free model out, so a zero is a mistake, and the costliest one, until somebody accepts it."""

Quotes = Mapping[str, Mapping[tuple[str, str], frozenset[Picos]]]
"""A second catalogue: for a model's price id, what it asks for (kind, bucket) today; several, where it has regions."""


class Accepted(NamedTuple):
    """A price that somebody looked at and found right."""

    price_id: str
    bucket: str
    price: Picos
    """For a million units."""

    @classmethod
    def parse(cls, text: str) -> Accepted:
        """Reads `provider/model:bucket=dollars`, the dollars for a million units.

        Raises:
            ValueError: it is something else.
        """
        place, equals, dollars = text.rpartition("=")
        price_id, colon, bucket = place.rpartition(":")
        if not (equals and colon and "/" in price_id and bucket in BUCKETS):
            raise ValueError(
                f"{text!r} is no accepted price: write provider/model:bucket=dollars for a million units, "
                "as `aifinops prices quarantine` shows it"
            )
        return cls(price_id.strip(), bucket, parse_dollars(dollars.strip()))

    def __str__(self) -> str:
        return f"{self.price_id}:{self.bucket}={short_dollars(self.price)}"


@dataclass(frozen=True, slots=True)
class Outlier:
    """A price that is kept out of use."""

    price_id: str
    kind: str
    """Of request, as `kind_of` says it; empty: a standard one."""
    condition: Condition
    bucket: str
    offered: Ladder
    suspect: tuple[Picos, ...]
    """Those steps of it that are not believed."""
    reason: str
    last_good: Ladder = ()
    """What counts in its place; empty: nothing does, the bucket is unpriced."""

    def accepted(self, accepted: Collection[Accepted]) -> bool:
        """Whether somebody found each suspect step right."""
        return all(Accepted(self.price_id, self.bucket, price) in accepted for price in self.suspect)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of a whole list."""

    outliers: tuple[Outlier, ...]
    compared: int
    """Prices that the list in force has too."""
    jumped: int
    """Those of them that are too far from it."""


class Part(NamedTuple):
    """A model's prices for one kind of request under one condition."""

    kind: str
    condition: Condition
    prices: PriceSet


def kind_of(when: Mapping[str, str]) -> str:
    """A kind of request in one line: `processing=batch`."""
    return ", ".join(f"{key}={value}" for key, value in sorted(when.items()))


def parts(model: ListedModel) -> Iterator[Part]:
    """All of a model's prices."""
    for dated in model.dated:
        yield Part("", dated.condition, dated.prices)
    for variant in model.variants:
        yield Part(kind_of(variant.when), variant.condition, variant.prices)


def in_force(model: ListedModel, now: Micros) -> Iterator[tuple[str, str, Picos]]:
    """(kind, bucket, base price) of what a model costs now."""
    for bucket, ladder in model.standard(now).items():
        if ladder:
            yield "", bucket, ladder[0][1]
    seen: set[tuple[str, str]] = set()
    for variant in model.variants:
        kind = kind_of(variant.when)
        if variant.condition.holds(now):
            for bucket, ladder in variant.prices.items():
                if ladder and (kind, bucket) not in seen:
                    seen.add((kind, bucket))
                    yield kind, bucket, ladder[0][1]


def far(one: Picos, other: Picos) -> bool:
    """Whether two prices are a factor of `TOO_FAR` or more apart; two zeros are not."""
    low, high = sorted((one, other))
    return high > 0 and high >= TOO_FAR * low


def judge(
    models: Iterable[ListedModel],
    *,
    before: Mapping[str, ListedModel],
    quotes: Quotes,
    standing: Collection[Outlier] = (),
    now: Micros,
) -> Judgement:
    """Looks at every price of a list.

    Args:
        models: the new list.
        before: the models in force, by price id; what is as it was there was judged before.
        quotes: a second catalogue; may be empty.
        standing: what is out of use now; it stays so while the list says the same.
        now: when the second catalogue's prices hold.
    """
    found: list[Outlier] = []
    compared = jumped = 0
    kept = {(o.price_id, o.kind, o.condition, o.bucket, o.offered): o for o in standing}
    for model in models:
        old = before.get(model.price_id)
        known = _known(old)
        current = {(kind, bucket): price for kind, bucket, price in in_force(model, now)}
        asked = quotes.get(model.price_id, {})
        for part in parts(model):
            for bucket, ladder in part.prices.items():
                last = _last(old, part, bucket)
                compared += bool(last)
                if last == ladder and last:
                    continue
                same = kept.get((model.price_id, part.kind, part.condition, bucket, ladder))
                if same is not None:
                    found.append(same)
                    continue
                others = asked.get((part.kind, bucket), frozenset())
                is_current = bool(ladder) and current.get((part.kind, bucket)) == ladder[0][1]
                doubts = [
                    (price, doubt)
                    for position, (_, price) in enumerate(ladder)
                    if (doubt := _doubt(bucket, price, known.get((part.kind, bucket), ()), others,
                                        compare=is_current and not position))
                ]  # fmt: skip
                jumped += any(far(price, old_price) for (_, price), (_, old_price) in zip(ladder, last, strict=False))
                if doubts:
                    found.append(
                        Outlier(
                            price_id=model.price_id,
                            kind=part.kind,
                            condition=part.condition,
                            bucket=bucket,
                            offered=ladder,
                            suspect=tuple(price for price, _ in doubts),
                            reason=doubts[0][1],
                            last_good=last,
                        )
                    )
    return Judgement(tuple(found), compared, jumped)


def withhold(model: ListedModel, outliers: Collection[Outlier]) -> ListedModel:
    """The model with the last good prices, or none, where it has outliers."""
    mine = {(o.kind, o.condition, o.bucket): o for o in outliers if o.price_id == model.price_id}
    if not mine:
        return model

    def mended(part: Part) -> PriceSet:
        return {
            bucket: mine[key].last_good if (key := (part.kind, part.condition, bucket)) in mine
            and mine[key].offered == ladder else ladder
            for bucket, ladder in part.prices.items()
        }  # fmt: skip

    return replace(
        model,
        dated=tuple(DatedPrices(d.condition, mended(Part("", d.condition, d.prices))) for d in model.dated),
        variants=tuple(
            Variant(v.when, v.condition, mended(Part(kind_of(v.when), v.condition, v.prices))) for v in model.variants
        ),
    )


def short_dollars(picos: Picos) -> str:
    """Dollars without the zeros at their end."""
    return format_dollars(picos).rstrip("0").rstrip(".")


def _doubt(bucket: str, price: Picos, known: Collection[Picos], quoted: Collection[Picos], *, compare: bool) -> str:
    """Why a price is not believed; empty: it is. `compare`: it holds now, as the second catalogue's prices do."""
    low, high = SANE.get(bucket, (0, 1_000_000 * PICOS_PER_DOLLAR))
    if not low <= price <= high:
        return f"outside {short_dollars(low)} to {short_dollars(high)}"
    others = [quote for quote in quoted if quote]
    if compare and others and all(far(price, quote) for quote in others):
        return f"the second catalogue has {_nearest(price, others)}"
    if known and all(far(price, old) for old in known):
        if any(max(price, quote) <= _CONFIRMED * min(price, quote) for quote in others):
            return ""
        return f"was {_nearest(price, known)}"
    return ""


def _nearest(price: Picos, others: Collection[Picos]) -> str:
    return short_dollars(min(others, key=lambda other: max(price, other) / max(1, min(price, other))))


def _known(model: ListedModel | None) -> Mapping[tuple[str, str], Sequence[Picos]]:
    """All that a model has cost, by (kind, bucket)."""
    found: dict[tuple[str, str], list[Picos]] = {}
    for part in parts(model) if model is not None else ():
        for bucket, ladder in part.prices.items():
            found.setdefault((part.kind, bucket), []).extend(price for _, price in ladder)
    return {key: prices for key, prices in found.items() if prices}


def _last(model: ListedModel | None, wanted: Part, bucket: str) -> Ladder:
    """The prices in force of the same part; where the part is new, those of the latest part of its kind."""
    found: Ladder = ()
    for part in parts(model) if model is not None else ():
        if part.kind == wanted.kind and part.prices.get(bucket):
            found = part.prices[bucket]
            if part.condition == wanted.condition:
                break
    return found
