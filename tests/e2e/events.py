"""Events with prices anybody can check: OpenAI and Anthropic list prices, dollars for a million tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

# openai.com/api/pricing and anthropic.com/pricing: gpt-4o $2.50 in, $1.25 cached, $10 out; gpt-4o-mini $0.15, $0.075,
# $0.60 out; claude-3-5-haiku $0.80 in, $0.08 cache read, $1 cache write, $4 out.
PRICES = {
    "gpt-4o": {"input_tokens": "2.5", "cache_read_tokens": "1.25", "output_tokens": "10"},
    "gpt-4o-mini": {"input_tokens": "0.15", "cache_read_tokens": "0.075", "output_tokens": "0.6"},
    "claude-3-5-haiku-20241022": {
        "input_tokens": "0.8",
        "cache_read_tokens": "0.08",
        "cache_write_tokens": "1",
        "output_tokens": "4",
    },
}
PROVIDERS = {"gpt-4o": "openai", "gpt-4o-mini": "openai", "claude-3-5-haiku-20241022": "anthropic"}
TEAMS = ("search", "ads", "support")


def price(model: str, usage: dict[str, int]) -> Decimal:
    """What the usage costs, by hand: quantity times price over a million, summed."""
    return sum((Decimal(PRICES[model][b]) * n / 1_000_000 for b, n in usage.items() if b != "requests"), Decimal(0))


def event(number: int, *, now: datetime | None = None, model: str = "", **more: Any) -> dict[str, Any]:
    """The `number`th event of a believable little organisation; the same number is the same event."""
    model = model or list(PRICES)[number % len(PRICES)]
    moment = (now or datetime.now(UTC)) - timedelta(seconds=number % 3_600)
    usage = dict.fromkeys(PRICES.get(model, ()), 100 + 7 * number % 900)
    return {
        "id": f"request-{number}",
        "time": moment.isoformat(),
        "source": "checkout-api",
        "provider": PROVIDERS.get(model, ""),
        "model": model,
        "tool": "openai-api",
        "team": TEAMS[number % len(TEAMS)],
        "user": f"user-{number % 17}@example.com",
        "project": "ranker",
        "key": "prod-key-1",
        "environment": "prod",
        "tags": {"feature": "answers" if number % 2 else "search"},
        "usage": {**usage, "requests": 1},
        **more,
    }


def total(events: list[dict[str, Any]]) -> Decimal:
    """What the events cost together."""
    return sum((price(e["model"], e["usage"]) for e in events), Decimal(0))
