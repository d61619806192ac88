"""What a channel measures, of the totals of an hour."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.series import Totals
from services.common.money import PICOS_PER_DOLLAR


def value_of(channel: Anomaly.Channel, totals: Totals) -> float | None:
    """In the channel's unit; None: the hour has no such value, or totals do not tell it."""
    dollars = totals.cost / PICOS_PER_DOLLAR
    match channel:
        case Anomaly.CHANNEL_COST:
            return dollars
        case Anomaly.CHANNEL_SILENCE:
            return float(totals.requests)
        case Anomaly.CHANNEL_UNIT_COST:
            return _ratio(dollars, totals.answered)
        case Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST:
            return _ratio(totals.input_tokens, totals.answered)
        case Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST:
            return _ratio(totals.output_tokens, totals.answered)
        case Anomaly.CHANNEL_CACHE_HIT_SHARE:
            return _ratio(totals.cache_read_tokens, totals.input_tokens)
        case Anomaly.CHANNEL_ERROR_SHARE:
            return _ratio(totals.failed, totals.requests)
        case _:
            return None


def _ratio(amount: float, by: int) -> float | None:
    return amount / by if by > 0 else None
