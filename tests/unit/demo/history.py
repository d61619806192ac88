"""A whole history, made once for the tests that look at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from genai_prices import Usage, calc_price

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
    usage = Usage(
        input_tokens=use.input_tokens + use.cache_read_tokens + use.cache_write_tokens,
        cache_read_tokens=use.cache_read_tokens,
        cache_write_tokens=use.cache_write_tokens,
        output_tokens=use.output_tokens + use.reasoning_tokens,
    )
    try:
        price = calc_price(usage, use.workload.model, provider_id=use.workload.provider)
    except LookupError:
        return 0.0
    return float(price.total_price) / (2 if use.workload.batch else 1)
