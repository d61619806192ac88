"""What providers document and the price list lacks: premiums of regions, prices of tiers, models, remarks.

Everything comes from documented.toml, where each rule names the page it was read on and the day.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from typing import Any

from services.common.clock import DAY, Micros, to_micros
from services.common.dimensions import BUCKETS, TOKEN_BUCKETS
from services.common.money import Picos, parse_dollars
from services.pricing.domain.prices import (
    ALWAYS,
    Condition,
    DatedPrices,
    Ladder,
    ListedModel,
    PriceSet,
    Variant,
    Workdays,
    scaled,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests a documented multiplier is for, and what it does to the prices of their tokens."""

    provider: str
    """Who bills, by the list's name."""
    models: re.Pattern[str]
    """Names of the list's models."""
    factor: Fraction
    says: str
    condition: Condition = ALWAYS
    tiers: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    """Where it holds; empty: everywhere but in `elsewhere`."""
    elsewhere: frozenset[str] = frozenset()
    like_batch: bool = False
    """The tier costs what a batch does, where the list has a price of batches."""
    any_length: bool = False
    """The price does not depend on the request's length, even where the standard price does."""

    def covers(self, provider: str, model: str) -> bool:
        return provider == self.provider and self.models.fullmatch(model) is not None

    def within(self, region: str) -> bool:
        return region in self.regions if self.regions else region not in self.elsewhere

    def apply(self, prices: PriceSet) -> dict[str, Ladder]:
        """The prices with those of tokens multiplied."""
        found = dict(prices)
        for bucket in found.keys() & set(TOKEN_BUCKETS):
            ladder = found[bucket][:1] if self.any_length else found[bucket]
            found[bucket] = scaled(ladder, self.factor)
        return found


@dataclass(frozen=True, slots=True)
class Amendment:
    """A model the list lacks, or prices of one that it has wrong."""

    listed: ListedModel
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    replaces: bool
    """Nothing of the list's own prices remains; else these are added to them, and count where they hold."""

    def rule(self, name: str) -> bool:
        """Whether a lower-case name is one of its."""
        return name.startswith(self.prefixes)


class Documented:
    """The rules of documented.toml."""

    def __init__(
        self,
        regions: Sequence[Rule] = (),
        tiers: Sequence[Rule] = (),
        batches: Sequence[Rule] = (),
        amendments: Sequence[Amendment] = (),
        notes: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self._regions = tuple(regions)
        self._tiers = tuple(tiers)
        self._batches = tuple(batches)
        self._notes = notes or {}
        self.amendments = tuple(amendments)

    @classmethod
    def parse(cls, text: str) -> Documented:
        """Reads documented.toml.

        Raises:
            ValueError, KeyError: an entry that is no rule; the message names it.
        """
        content = tomllib.loads(text)
        holidays = frozenset(
            day
            for span in content.get("holidays", {}).get("china", ())
            for day in range(_epoch_day(span[0]), _epoch_day(span[-1]) + 1)
        )
        return cls(
            regions=[_rule(entry) for entry in content.get("region", ())],
            tiers=[_rule(entry) for entry in content.get("tier", ())],
            batches=[_rule(entry) for entry in content.get("batch", ())],
            amendments=[_amendment(entry, Workdays(holidays)) for entry in content.get("model", ())],
            notes={
                (provider, bucket): entry["says"]
                for entry in content.get("note", ())
                for provider in entry["providers"]
                for bucket in entry["buckets"]
            },
        )

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All multipliers."""
        return (*self._regions, *self._tiers, *self._batches)

    def conditions(self, provider: str, model: str) -> list[Condition]:
        """On which the rules for a model depend."""
        return [rule.condition for rule in self.rules if rule.covers(provider, model)]

    def region(self, provider: str, model: str, region: str, moment: Micros) -> Rule | None:
        """The premium of a region, or of processing bound to a geography."""
        if not region:
            return None
        return _first(self._regions, provider, model, moment, lambda rule: rule.within(region.lower()))

    def tier(self, provider: str, model: str, tier: str, region: str, moment: Micros) -> Rule | None:
        """What a tier costs of which the list has no price. Factor 0: its tokens are paid for in advance."""
        where = region.lower()
        return _first(self._tiers, provider, model, moment, lambda rule: tier in rule.tiers and rule.within(where))

    def batch(self, provider: str, model: str, moment: Micros) -> Rule | None:
        """What a batch costs of which the list has no price."""
        return _first(self._batches, provider, model, moment, lambda rule: True)

    def note(self, provider: str, bucket: str) -> str:
        """What is to be said wherever a provider's bucket is priced; empty: nothing."""
        return self._notes.get((provider, bucket), "")


def _first(rules: Iterable[Rule], provider: str, model: str, moment: Micros, fits: Any) -> Rule | None:
    return next(
        (rule for rule in rules if rule.covers(provider, model) and rule.condition.holds(moment) and fits(rule)), None
    )


@lru_cache(maxsize=1)
def bundled() -> Documented:
    """The rules that ship with the service."""
    return Documented.parse(files("services.pricing.domain").joinpath("documented.toml").read_text("utf-8"))


def _rule(entry: Mapping[str, Any]) -> Rule:
    _sourced(entry)
    return Rule(
        provider=entry["provider"],
        models=re.compile(entry.get("models", ".*")),
        factor=Fraction(entry["factor"]),
        says=entry["says"],
        condition=_condition(entry, None),
        tiers=frozenset(entry.get("tiers", ())),
        regions=frozenset(entry.get("regions", ())),
        elsewhere=frozenset(entry.get("not_regions", ())),
        like_batch=entry.get("like_batch", False),
        any_length=entry.get("any_length", False),
    )


def _amendment(entry: Mapping[str, Any], workdays: Workdays) -> Amendment:
    _sourced(entry)
    name = entry["model"]
    dated = tuple(DatedPrices(_condition(part, workdays), _prices(part, name)) for part in entry["prices"])
    batches = tuple(
        Variant({"processing": "batch"}, _condition(part, workdays), _prices(part, name))
        for part in entry.get("batch_prices", ())
    )
    return Amendment(
        listed=ListedModel(entry["provider"], name, dated, batches),
        exact=frozenset(entry.get("names", ())),
        prefixes=tuple(entry.get("prefixes", ())),
        replaces=entry.get("replaces", False),
    )


def _sourced(entry: Mapping[str, Any]) -> None:
    if not str(entry.get("source", "")).startswith("https://") or type(entry.get("read")) is not date:
        raise ValueError(f"documented.toml: give the page (source) and the day (read) of {dict(entry)}")


def _condition(entry: Mapping[str, Any], workdays: Workdays | None) -> Condition:
    return Condition(
        starts=_moment(entry["from"]) if "from" in entry else None,
        ends=_moment(entry["until"]) if "until" in entry else None,
        daily=(_of_day(entry["hours"][0]), _of_day(entry["hours"][1])) if "hours" in entry else None,
        workdays=workdays if entry.get("workdays") else None,
    )


def _prices(entry: Mapping[str, Any], model: str) -> dict[str, Ladder]:
    """Dollars for a million of each bucket; `over` and `then`: the prices of longer requests."""
    found: dict[str, Ladder] = {}
    for bucket in entry.keys() & set(BUCKETS):
        found[bucket] = ((0, _dollars(entry[bucket], bucket, model)),)
    for bucket, price in entry.get("then", {}).items():
        found[bucket] = (*found[bucket], (entry["over"], _dollars(price, bucket, model)))
    unknown = entry.keys() - set(BUCKETS) - {"from", "until", "hours", "workdays", "over", "then"}
    if unknown or not found:
        raise ValueError(f"documented.toml: {model} has prices of no bucket: {', '.join(sorted(unknown)) or 'none'}")
    return found


def _dollars(text: str, bucket: str, model: str) -> Picos:
    price = parse_dollars(text)
    if price < 0:
        raise ValueError(f"documented.toml: {bucket} of {model} at ${text} is negative")
    return price


def _moment(when: date | datetime) -> Micros:
    if isinstance(when, datetime):
        return to_micros(when if when.tzinfo is not None else when.replace(tzinfo=UTC))
    return to_micros(datetime.combine(when, time(), UTC))


def _of_day(clock: time) -> Micros:
    return timedelta(hours=clock.hour, minutes=clock.minute) // timedelta(microseconds=1) % DAY


def _epoch_day(day: date) -> int:
    return _moment(day) // DAY
