"""A whole history, made once for the tests that look at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from genai_prices import Usage, calc_price
from genai_prices.types import TieredPrices

from services.demo.traffic import Traffic, Use

SEED = 7
DAYS = 60
ANCHOR = datetime(2026, 11, 23, 15, tzinfo=UTC)
"""A Monday afternoon."""


@cache
def history() -> tuple[Use, ...]:
    """Every use of the sixty days before the anchor."""
    traffic = Traffic(SEED, ANCHOR)
    return tuple(use for hour in range(-24 * DAYS, 0) for use in traffic.uses(ANCHOR + timedelta(hours=hour)))


def dollars(use: Use) -> float:
    """List price, as genai-prices calculates it; half of it for a batch; nothing for what it does not know."""
    if use.id not in _known:
        _known[use.id] = _priced(use)
    return _known[use.id]


_known: dict[str, float] = {}


def _priced(use: Use) -> float:
    dollars = _list_price(
        use.workload.provider, use.workload.model, use.input_tokens, use.cache_read_tokens, use.cache_write_tokens,
        use.output_tokens + use.reasoning_tokens,
    )  # fmt: skip
    return dollars / (2 if use.workload.batch else 1)


def _list_price(provider: str, model: str, *tokens: int) -> float:
    if _has_tiers(provider, model):
        return _calculated(provider, model, *tokens)
    dollars = _of_a_million(provider, model)
    return sum(each * count / 1_000_000 for each, count in zip(dollars, tokens, strict=True))


@cache
def _has_tiers(provider: str, model: str) -> bool:
    try:
        prices = calc_price(Usage(), model, provider_id=provider).model_price
    except LookupError:
        return False
    return any(isinstance(price, TieredPrices) for price in vars(prices).values())


@cache
def _of_a_million(provider: str, model: str) -> tuple[float, ...]:
    """Of each bucket. Asked once for a model, since a calculation takes an eighth of a millisecond."""
    return tuple(
        _calculated(provider, model, *(1_000_000 if place == bucket else 0 for place in range(4)))
        for bucket in range(4)
    )


def _calculated(provider: str, model: str, fresh: int, read: int, written: int, output: int) -> float:
    usage = Usage(
        input_tokens=fresh + read + written, cache_read_tokens=read, cache_write_tokens=written, output_tokens=output
    )
    try:
        return float(calc_price(usage, model, provider_id=provider).total_price)
    except LookupError:
        return 0.0
