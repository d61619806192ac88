"""What a re-rating came to, over all the connections it took."""

from __future__ import annotations

from typing import Any

from finops.pricing.v1.pricing_pb2 import RerateResponse

from services.common.money import format_dollars, from_proto

_HEADS = ("provider", "model", "events", "before", "after", "delta", "unpriced before", "unpriced after")


class Sums:
    """Adds up the last progress of each connection."""

    def __init__(self, token: str) -> None:
        self.token = token
        """Where to go on."""
        self.read = 0
        self.changed = 0
        self.refused = 0
        self._effects: dict[tuple[str, str], list[int]] = {}

    def add(self, last: RerateResponse) -> None:
        """Takes what one connection got done."""
        self.read += last.events_read
        self.changed += last.events_changed
        self.refused += last.events_refused
        self.token = last.resume_token
        for effect in last.effects:
            figures = (
                effect.events, from_proto(effect.cost_before), from_proto(effect.cost_after), effect.unpriced_before,
                effect.unpriced_after,
            )  # fmt: skip
            found = self._effects.setdefault((effect.provider, effect.model), [0] * len(figures))
            found[:] = [have + more for have, more in zip(found, figures, strict=True)]

    def table(self) -> list[tuple[str, ...]]:
        """A row for each model, and one for all."""
        rows = [(*names, *_shown(figures)) for names, figures in sorted(self._effects.items())]
        if len(rows) > 1:
            rows.append(("all", "", *_shown([sum(column) for column in zip(*self._effects.values(), strict=True)])))
        return [_HEADS, *rows] if rows else []

    def told(self) -> dict[str, Any]:
        """As JSON has it; dollars are exact decimals in text."""
        return {
            "events_read": self.read,
            "events_changed": self.changed,
            "events_refused": self.refused,
            "effects": [
                {
                    "provider": provider,
                    "model": model,
                    "events": events,
                    "before": format_dollars(before),
                    "after": format_dollars(after),
                    "delta": format_dollars(after - before),
                    "unpriced_before": unpriced_before,
                    "unpriced_after": unpriced_after,
                }
                for (provider, model), (events, before, after, unpriced_before, unpriced_after) in sorted(
                    self._effects.items()
                )
            ],
        }


def _shown(figures: list[int]) -> tuple[str, ...]:
    events, before, after, unpriced_before, unpriced_after = figures
    return (
        f"{events:,}", format_dollars(before), format_dollars(after), format_dollars(after - before),
        f"{unpriced_before:,}", f"{unpriced_after:,}",
    )  # fmt: skip
