"""Reading a copy of genai-prices' data.json: whole, or not at all.

What a copy may leave out is what prices nothing (descriptions, usage extractors). A field that names or prices a model
and is not as it should be makes the whole copy useless, because half a list is worse than an old one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, time
from decimal import Decimal
from typing import Any, TypeVar

from genai_prices import types as source

_DEEPEST = 8
"""Of nested match rules; the published list has three."""
_LONGEST_RULE = 500
_MOST_DOLLARS = Decimal(10) ** 9
_FINEST = -40
"""Lowest decimal exponent of a price; more digits than that are an attack, not a price."""

Value = TypeVar("Value")
Pointer = str
"""Where in the copy: `openai/gpt-4o.prices.input_mtok`."""


class MalformedCopyError(ValueError):
    """A copy that is not a whole list; says where."""


def read_copy(content: bytes) -> list[source.Provider]:
    """The providers of a data.json.

    Raises:
        MalformedCopyError: it cannot be read to its end.
    """
    try:
        document = json.loads(content, parse_float=Decimal, parse_int=_integer, parse_constant=_no_number)
    except MalformedCopyError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedCopyError(f"no JSON: {error}") from None
    providers = [_provider(entry) for entry in _list(document, "the document")]
    if not providers:
        raise MalformedCopyError("the document has no providers")
    _once([provider.id for provider in providers], "provider")
    return providers


def _integer(text: str) -> int:
    if len(text) > 20:
        raise MalformedCopyError(f"a number of {len(text)} digits")
    return int(text)


def _no_number(text: str) -> Any:
    raise MalformedCopyError(f"{text} is no number")


def _provider(entry: Any) -> source.Provider:
    fields = _mapping(entry, "a provider")
    name = _text(fields.get("id"), "a provider's id")
    models = [_model(model, name) for model in _list(fields.get("models"), f"{name}.models")]
    _once([model.id for model in models], f"model of {name}")
    fallbacks = fields.get("fallback_model_providers")
    return source.Provider(
        id=name,
        name=_text(fields.get("name", name), f"{name}.name"),
        api_pattern=_text(fields.get("api_pattern", name), f"{name}.api_pattern"),
        model_match=_optional(_rule, fields.get("model_match"), f"{name}.model_match"),
        provider_match=_optional(_rule, fields.get("provider_match"), f"{name}.provider_match"),
        fallback_model_providers=None if fallbacks is None else [
            _text(other, f"{name}.fallback_model_providers") for other in _list(fallbacks, f"{name}.fallbacks")
        ],
        models=models,
    )  # fmt: skip


def _model(entry: Any, provider: str) -> source.ModelInfo:
    fields = _mapping(entry, f"a model of {provider}")
    name = _text(fields.get("id"), f"the id of a model of {provider}")
    at = f"{provider}/{name}"
    prices = fields.get("prices")
    variants = fields.get("price_variants")
    return source.ModelInfo(
        id=name,
        match=_rule(fields.get("match"), f"{at}.match"),
        prices=[_dated(part, f"{at}.prices") for part in prices]
        if isinstance(prices, list)
        else _prices(prices, f"{at}.prices"),
        price_variants=None
        if variants is None
        else [_variant(part, f"{at}.price_variants") for part in _list(variants, f"{at}.price_variants")],
    )


def _dated(entry: Any, at: Pointer) -> source.ConditionalPrice:
    fields = _mapping(entry, at)
    constraint = _optional(_constraint, fields.get("constraint"), at)
    return source.ConditionalPrice(constraint=constraint, prices=_prices(fields.get("prices"), at))


def _variant(entry: Any, at: Pointer) -> source.PriceVariant:
    fields = _mapping(entry, at)
    when = {key: _text(value, f"{at}.when") for key, value in _mapping(fields.get("when"), f"{at}.when").items()}
    if not when:
        raise MalformedCopyError(f"{at}.when is empty")
    return source.PriceVariant(
        when=when,
        prices=_prices(fields.get("prices"), at),
        constraint=_optional(_constraint, fields.get("constraint"), at),
    )


def _constraint(entry: Any, at: Pointer) -> source.StartDateConstraint | source.TimeOfDateConstraint:
    fields = _mapping(entry, at)
    try:
        if fields.keys() == {"start_date"}:
            return source.StartDateConstraint(start_date=date.fromisoformat(_text(fields["start_date"], at)))
        if fields.keys() == {"start_time", "end_time"}:
            start, end = (_time(_text(fields[key], at)) for key in ("start_time", "end_time"))
            return source.TimeOfDateConstraint(start_time=start, end_time=end)
    except ValueError as error:
        raise MalformedCopyError(f"{at}.constraint: {error}") from None
    raise MalformedCopyError(f"{at}.constraint has {', '.join(map(repr, fields)) or 'nothing'}: a kind not known here")


def _time(text: str) -> time:
    moment = time.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _prices(entry: Any, at: Pointer) -> source.ModelPrice:
    stated = {name: _price(price, f"{at}.{name}") for name, price in _mapping(entry, at).items() if price is not None}
    return source.ModelPrice(**stated)


def _price(entry: Any, at: Pointer) -> Decimal | source.TieredPrices:
    if not isinstance(entry, dict):
        return _amount(entry, at)
    tiers: list[source.Tier] = []
    for part in _list(entry.get("tiers"), f"{at}.tiers"):
        fields = _mapping(part, f"{at}.tiers")
        start = fields.get("start")
        if type(start) is not int or start <= (tiers[-1].start if tiers else 0):
            raise MalformedCopyError(f"{at}.tiers start at {start!r}: whole tokens, rising, are wanted")
        tiers.append(source.Tier(start=start, price=_amount(fields.get("price"), f"{at}.tiers")))
    return source.TieredPrices(base=_amount(entry.get("base"), f"{at}.base"), tiers=tiers)


def _amount(value: Any, at: Pointer) -> Decimal:
    if type(value) not in (int, Decimal):
        raise MalformedCopyError(f"{at} is {_shown(value)} instead of a number of dollars")
    amount = Decimal(value)
    exponent = amount.as_tuple().exponent
    if not amount.is_finite() or amount < 0 or amount.adjusted() > _MOST_DOLLARS.adjusted():
        raise MalformedCopyError(f"{at} is {_shown(value)}: dollars from 0 to {_MOST_DOLLARS:,} are wanted")
    if not isinstance(exponent, int) or exponent < _FINEST:
        raise MalformedCopyError(f"{at} has more than {-_FINEST} decimals")
    return amount


def _rule(entry: Any, at: Pointer, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise MalformedCopyError(f"{at} is nested more than {_DEEPEST} deep")
    fields = _mapping(entry, at)
    if len(fields) != 1:
        raise MalformedCopyError(f"{at} has {len(fields)} rules instead of one")
    ((kind, value),) = fields.items()
    if kind in _GROUPS:
        return _GROUPS[kind]([_rule(part, at, depth + 1) for part in _list(value, at)])
    if kind not in _CLAUSES:
        raise MalformedCopyError(f"{at} has {_shown(kind)}, a rule not known here")
    text = _text(value, at)
    if len(text) > _LONGEST_RULE:
        raise MalformedCopyError(f"{at} has a rule of {len(text)} characters")
    if kind == "regex":
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise MalformedCopyError(f"{at} has a regular expression that is none: {error}") from None
    return _CLAUSES[kind](text)


_CLAUSES: Mapping[str, Callable[[str], Any]] = {
    "equals": source.ClauseEquals,
    "starts_with": source.ClauseStartsWith,
    "ends_with": source.ClauseEndsWith,
    "contains": source.ClauseContains,
    "regex": source.ClauseRegex,
}
_GROUPS: Mapping[str, Callable[[list[Any]], Any]] = {"or": source.ClauseOr, "and": source.ClauseAnd}


def _optional(read: Callable[[Any, Pointer], Value], entry: Any, at: Pointer) -> Value | None:
    return None if entry is None else read(entry, at)


def _mapping(entry: Any, at: Pointer) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise MalformedCopyError(f"{at} is {_shown(entry)} instead of an object")
    return entry


def _list(entry: Any, at: Pointer) -> list[Any]:
    if not isinstance(entry, list):
        raise MalformedCopyError(f"{at} is {_shown(entry)} instead of an array")
    return entry


def _text(entry: Any, at: Pointer) -> str:
    if not isinstance(entry, str) or not entry:
        raise MalformedCopyError(f"{at} is {_shown(entry)} instead of a text")
    return entry


def _once(names: list[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise MalformedCopyError(f"the {what} {_shown(name)} stands twice")
        seen.add(name)


def _shown(value: Any) -> str:
    return repr(value)[:60]
