"""A cause in words that need no knowledge of statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.anomaly.domain.cause.compared import Pair, Values
from services.anomaly.domain.cause.drivers import Driver
from services.anomaly.domain.cause.factors import Factor
from services.anomaly.domain.series import NOTHING, Totals
from services.anomaly.domain.words import dollars
from services.common.money import PICOS_PER_DOLLAR, Picos

NEARLY_ALL = 0.95
MOSTLY = 0.5
"""Share of the difference above which a value is named."""
CACHE_FELL = 0.1
"""Points by which the cached share must fall to be named for dearer tokens."""
NAMED = 2
"""Newcomers named at most."""
_BOUGHT, _OWNERS = ("model", "service_tier", "provider"), ("user", "key", "project", "team", "source", "tool")

_BECAUSE = {
    Factor.REQUESTS: ("because of more requests", "because of fewer requests"),
    Factor.MIX: ("because requests moved to a dearer model", "because requests moved to a cheaper model"),
    Factor.TOKENS: ("because requests hold more tokens", "because requests hold fewer tokens"),
    Factor.PRICE: ("because tokens became dearer", "because tokens became cheaper"),
    Factor.APPEARED: ("is new use", "is new use"),
    Factor.VANISHED: ("is use that ended", "is use that ended"),
    Factor.OTHER: ("is not made of requests", "is not made of requests"),
}


@dataclass(frozen=True)
class Subject:
    """The cells of a difference."""

    dimensions: tuple[str, ...]
    cells: Mapping[Values, Pair]
    weeks: int
    seen: Collection[Values]

    def bought(self, values: Values) -> str:
        """'gpt-5', or its provider where there is no model."""
        labels = self._labels(values)
        return labels.get("model") or labels.get("provider", "")

    def name(self, values: Values) -> str:
        """'gpt-5', or 'gpt-5 by ann@example.com'."""
        owners = [value for name, value in self._labels(values).items() if name not in ("model", "provider")]
        return " by ".join(part for part in (self.bought(values), *owners) if part)

    def _labels(self, values: Values) -> dict[str, str]:
        return {name: value for name, value in zip(self.dimensions, values, strict=True) if value}


def detail(factor: Factor, subject: Subject) -> str:
    """What changed, as figures; empty where there is nothing to say."""
    match factor:
        case Factor.REQUESTS:
            after, before = _sums(subject.cells.values())
            return f"{after.requests:,.0f} requests, where {before.requests / subject.weeks:,.0f} are usual"
        case Factor.MIX:
            return _moved(subject)
        case Factor.TOKENS:
            return _tokens(*_sums(_lasting(subject)))
        case Factor.PRICE:
            return _price(*_sums(_lasting(subject)))
        case Factor.APPEARED | Factor.VANISHED:
            return _named(subject, appeared=factor is Factor.APPEARED)
        case _:
            return ""


def sentence(amounts: Mapping[Factor, Picos], details: Mapping[Factor, str], drivers: Sequence[Driver]) -> str:
    """'$180 of it because requests moved to a dearer model (...), mostly by ann@example.com.'; empty without a
    difference."""
    total = sum(amounts.values())
    if not total:
        return ""
    main = max(amounts, key=lambda factor: amounts[factor] / total)
    share = amounts[main] / total
    much = "Nearly all of it" if share >= NEARLY_ALL else f"{dollars(abs(amounts[main]) / PICOS_PER_DOLLAR)} of it"
    because = _BECAUSE[main][amounts[main] < 0]
    if main is Factor.PRICE and "cache" in details[main]:
        because = "because fewer tokens were read from the cache"
    said = f"{much} {because}"
    if details.get(main):
        said += f" ({details[main]})"
    return f"{said}{_mostly(main, details.get(main, ''), drivers)}."


def _mostly(main: Factor, said: str, drivers: Sequence[Driver]) -> str:
    # Newcomers are named already, with who they are.
    who = "" if main is Factor.APPEARED else _strongest(drivers, _OWNERS, said)
    what = "" if main is Factor.MIX else _strongest(drivers, _BOUGHT, said)
    told = " ".join(part for part in (f"by {who}" if who else "", f"on {what}" if what else "") if part)
    return f", mostly {told}" if told else ""


def _strongest(drivers: Sequence[Driver], dimensions: Sequence[str], said: str) -> str:
    strongest = next((d for d in drivers if d.dimension in dimensions and d.share >= MOSTLY), None)
    return strongest.value if strongest is not None and strongest.value not in said else ""


def _sums(pairs: Iterable[Pair]) -> Pair:
    """`usual` adds up weeks."""
    after, before = NOTHING, NOTHING
    for pair in pairs:
        after, before = after.plus(pair.actual), before.plus(pair.usual)
    return Pair(after, before)


def _lasting(subject: Subject) -> Collection[Pair]:
    """The cells that have use on both sides, or all if none has."""
    both = [pair for pair in subject.cells.values() if pair.actual.requests > 0 and pair.usual.requests > 0]
    return both or subject.cells.values()


def _moved(subject: Subject) -> str:
    after, before = _sums(subject.cells.values())
    shares: dict[str, tuple[float, float]] = {}
    for values, pair in subject.cells.items():
        model = subject.bought(values)
        now, usually = shares.get(model, (0.0, 0.0))
        now += pair.actual.requests / max(1, after.requests)
        shares[model] = now, usually + pair.usual.requests / max(1, before.requests)
    model = max(shares, key=lambda name: shares[name][0] - shares[name][1])
    now, usually = shares[model]
    return f"{model} has {now:.0%} of requests, where {usually:.0%} is usual" if model else ""


def _tokens(after: Totals, before: Totals) -> str:
    if not (after.requests and before.requests):
        return ""
    sent, usually_sent = after.input_tokens / after.requests, before.input_tokens / before.requests
    got, usually_got = after.output_tokens / after.requests, before.output_tokens / before.requests
    return (
        f"{sent:,.0f} tokens in and {got:,.0f} out for each request, "
        f"where {usually_sent:,.0f} and {usually_got:,.0f} are usual"
    )


def _price(after: Totals, before: Totals) -> str:
    cached, usually_cached = _cached(after), _cached(before)
    if cached <= usually_cached - CACHE_FELL:
        return f"{cached:.0%} of input from the cache, where {usually_cached:.0%} is usual"
    each, usually = _per_million(after), _per_million(before)
    return f"{dollars(each)} for a million tokens, where {dollars(usually)} is usual" if each and usually else ""


def _cached(totals: Totals) -> float:
    return totals.cache_read_tokens / totals.input_tokens if totals.input_tokens > 0 else 0.0


def _per_million(totals: Totals) -> float:
    tokens = totals.input_tokens + totals.output_tokens
    return totals.cost / PICOS_PER_DOLLAR / tokens * 1e6 if tokens > 0 and totals.cost > 0 else 0.0


def _named(subject: Subject, *, appeared: bool) -> str:
    def weight(item: tuple[Values, Pair]) -> float:
        return item[1].actual.cost if appeared else item[1].usual.cost

    def alone(values: Values, pair: Pair) -> bool:
        now, before = pair.actual.requests, pair.usual.requests
        return now > 0 and before == 0 and values not in subject.seen if appeared else now == 0 and before > 0

    found = [item for item in subject.cells.items() if alone(*item)]
    found.sort(key=lambda item: (-weight(item), item[0]))
    names = [name for values, _ in found[:NAMED] if (name := subject.name(values))]
    more = len(found) - len(names)
    return ", ".join(names) + (f" and {more} more" if names and more > 0 else "")
