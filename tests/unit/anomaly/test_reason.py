"""What made requests dearer, from the ratios of an hour."""

from __future__ import annotations

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.reason import Figures, Ratios, reason

UNIT, CACHE = Anomaly.CHANNEL_UNIT_COST, Anomaly.CHANNEL_CACHE_HIT_SHARE
INPUT, OUTPUT = Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST, Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST


def of(actual: float, expected: float) -> Figures:
    return Figures(actual, expected, 0.9 * expected, 1.1 * expected)


def ratios(price: float = 1.0, sent: float = 2_000, cached: float = 0.8, answered: float = 400) -> Ratios:
    """Of requests that send 2,000 tokens, four fifths of them cached, and get 400, at $1 and $6 a million."""

    def dollars(sent: float, cached: float, answered: float) -> float:
        return (sent * (1 - 0.9 * cached) + 6 * answered) / 1e6

    unit = of(price * dollars(sent, cached, answered), dollars(2_000, 0.8, 400))
    return {UNIT: unit, INPUT: of(sent, 2_000), CACHE: of(cached, 0.8), OUTPUT: of(answered, 400)}


@pytest.mark.parametrize(
    ("found", "channel"),
    [
        (ratios(cached=0.05), CACHE),
        (ratios(sent=6_000), INPUT),
        (ratios(answered=1_200), OUTPUT),
        (ratios(price=3.0), None),
        (ratios(price=3.0, answered=450, sent=2_200), None),
        (ratios(price=1.1, cached=0.05), CACHE),
        (ratios(cached=0.05, sent=1_800), CACHE),
        (ratios(price=0.5, answered=500), None),
        (ratios(), None),
    ],
)  # fmt: skip
def test_the_ratio_that_explains_most_is_the_reason_or_it_is_the_price(
    found: Ratios, channel: Anomaly.Channel | None
) -> None:
    assert reason(found) == channel


def test_what_has_no_cache_or_no_answers_has_no_such_reason() -> None:
    embeddings = {UNIT: of(0.003, 0.001), INPUT: of(3_000, 1_000)}
    assert reason(embeddings) == INPUT
    images = {UNIT: of(0.12, 0.04)}
    assert reason(images) is None
    assert reason({}) is None
