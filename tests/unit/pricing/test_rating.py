"""Rating: exact sums, what has no price, and what is free."""

from __future__ import annotations

import pytest
from finops.cost.v1.cost_pb2 import RatingStatus
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, OUTCOME_CACHE_HIT, OUTCOME_FAILED, Outcome, Seat

from services.common.money import PICOS_PER_DOLLAR, format_dollars
from services.pricing.domain.rating import Pricer, UnpriceableError
from tests.unit.pricing.events import at, usage

PRICED = RatingStatus.RATING_STATUS_PRICED
PARTIAL = RatingStatus.RATING_STATUS_PARTIAL
UNPRICED = RatingStatus.RATING_STATUS_UNPRICED


def test_a_cache_write_is_charged_once(pricer: Pricer) -> None:
    """Pain 3: the usage that another tool put at $0.091311. 3 x $3 + 12304 x $3.75 + 550 x $15, each per million."""
    rating = pricer.rate(
        usage("anthropic", "claude-3-7-sonnet", input_tokens=3, cache_write_tokens=12_304, output_tokens=550), "acme"
    )
    assert format_dollars(rating.cost_picos) == "0.054399000000"
    assert rating.status == PRICED
    assert [(line.bucket, line.quantity) for line in rating.lines] == [
        ("input_tokens", 3), ("cache_write_tokens", 12_304), ("output_tokens", 550),
    ]  # fmt: skip
    assert rating.cost_picos == sum(line.cost_picos for line in rating.lines)
    assert rating.price_id == "anthropic/claude-3-7-sonnet-latest"
    assert not rating.assumptions


def test_thoughts_are_billed_as_output(pricer: Pricer) -> None:
    """Pain 10: 150 tokens of answer and 8,000 of thought are 8,150 tokens of output."""
    both = pricer.rate(usage("google", "gemini-2.5-pro", output_tokens=150, reasoning_tokens=8_000), "acme")
    one = pricer.rate(usage("google", "gemini-2.5-pro", output_tokens=8_150), "acme")
    assert both.cost_picos == one.cost_picos > 0
    assert not both.assumptions


@pytest.mark.parametrize("outcome", [OUTCOME_FAILED, OUTCOME_CACHE_HIT])
def test_what_was_not_billed_costs_nothing(pricer: Pricer, outcome: Outcome.ValueType) -> None:
    rating = pricer.rate(usage("openai", "gpt-4o", input_tokens=1_000, outcome=outcome), "acme")
    assert (rating.cost_picos, rating.shadow_cost_picos, rating.status) == (0, 0, PRICED)
    assert not rating.lines


def test_an_unknown_model_is_unpriced_and_counts_at_the_shadow_price(pricer: Pricer) -> None:
    rating = pricer.rate(
        usage("ollama", "llama3.3", input_tokens=1_000_000, reasoning_tokens=1_000_000, requests=1), "acme"
    )
    assert rating.status == UNPRICED
    assert rating.unpriced_buckets == ["input_tokens", "reasoning_tokens"]
    assert rating.cost_picos == 0
    assert format_dollars(rating.shadow_cost_picos) == "18.000000000000"
    assert rating.price_id == ""
    assert not rating.assumptions


def test_a_bucket_without_a_price_is_flagged_beside_those_that_have_one(pricer: Pricer) -> None:
    rating = pricer.rate(usage("openai", "gpt-4o", input_tokens=1_000_000, input_audio_tokens=500_000), "acme")
    assert rating.status == PARTIAL
    assert rating.unpriced_buckets == ["input_audio_tokens"]
    assert format_dollars(rating.cost_picos) == "2.500000000000"
    assert format_dollars(rating.shadow_cost_picos) == "1.500000000000"


def test_images_without_a_price_of_their_own_cost_what_text_costs_and_it_is_said(pricer: Pricer) -> None:
    rating = pricer.rate(usage("openai", "gpt-4o", input_image_tokens=1_000_000), "acme")
    assert format_dollars(rating.cost_picos) == "2.500000000000"
    assert rating.assumptions == ["input_image_tokens at the price of input_tokens"]


def test_a_count_of_requests_alone_is_free_and_not_unpriced(pricer: Pricer) -> None:
    for model in ("gpt-4o", "no-such-model"):
        rating = pricer.rate(usage("openai", model, requests=7), "acme")
        assert (rating.cost_picos, rating.status) == (0, PRICED)


def test_requests_cost_where_the_book_prices_them(pricer: Pricer) -> None:
    """Perplexity's sonar: $1 a million tokens, $12 a thousand requests."""
    rating = pricer.rate(usage("perplexity", "sonar", input_tokens=1_000, requests=2), "acme")
    assert format_dollars(rating.cost_picos) == "0.025000000000"


def test_credits_have_no_price_but_a_shadow(pricer: Pricer) -> None:
    rating = pricer.rate(usage("github", "agent", credit_micros=2_500_000), "acme")
    assert rating.status == UNPRICED
    assert format_dollars(rating.shadow_cost_picos) == "0.100000000000"


def test_a_seat_day_costs_its_share_of_the_month(pricer: Pricer) -> None:
    rating = pricer.rate(usage("github", "copilot-business", time=at(2026, 11, 23, 9), seats=1), "acme")
    assert rating.status == PRICED
    assert rating.price_id == "github/copilot-business"
    # $19 x 23/30 minus $19 x 22/30, each cut to a picodollar.
    assert rating.cost_picos == 14_566_666_666_666 - 13_933_333_333_333
    assert rating.lines[0].price_picos_per_million == rating.cost_picos * 1_000_000


def test_an_unknown_plan_is_unpriced(pricer: Pricer) -> None:
    rating = pricer.rate(usage("acme-tools", "gold", time=at(2026, 11, 1), seats=2), "acme")
    assert rating.unpriced_buckets == ["seats"]
    assert format_dollars(rating.shadow_cost_picos) == "2.000000000000"


def test_what_a_vendor_bills_is_the_cost_whatever_lists_say(pricer: Pricer) -> None:
    for model in ("gpt-4o", "a-model-of-cursors-own"):
        event = usage("cursor", model, input_tokens=10**6, source="cursor-usage", source_cost_picos=123_456)
        event.source_cost_billed = True
        rating = pricer.rate(event, "acme")
        assert (rating.status, rating.cost_picos, rating.price_id) == (PRICED, 123_456, "cursor-usage (billed)")
        assert not rating.lines
        assert not rating.shadow_cost_picos
    free = usage("cursor", "x", requests=1, source_cost_picos=0, source_cost_billed=True)
    assert (pricer.rate(free, "acme").status, pricer.rate(free, "acme").cost_picos) == (PRICED, 0)


def test_what_a_source_merely_believes_is_no_price(pricer: Pricer) -> None:
    event = usage("openai", "gpt-4o", input_tokens=1_000_000, source_cost_picos=1)
    assert pricer.rate(event, "acme").cost_picos == 2_500_000_000_000
    unknown = usage("nobody", "x", input_tokens=1, source_cost_picos=1)
    assert pricer.rate(unknown, "acme").status == UNPRICED


def test_a_reported_amount_is_taken_as_reported_credits_too(pricer: Pricer) -> None:
    row = usage("openai", "", measurement=MEASUREMENT_REPORTED, source="openai-costs", source_cost_picos=-5)
    assert (pricer.rate(row, "acme").status, pricer.rate(row, "acme").cost_picos) == (PRICED, -5)
    tokens = usage("openai", "gpt-4o", measurement=MEASUREMENT_REPORTED, input_tokens=1_000_000)
    assert pricer.rate(tokens, "acme").cost_picos == 2_500_000_000_000


def test_a_seats_own_price_comes_before_its_plans(pricer: Pricer) -> None:
    negotiated = Seat(price_picos_per_month=15 * PICOS_PER_DOLLAR)
    month = [
        pricer.rate(usage("github", "copilot-business", time=at(2026, 11, day), seats=1, seat=negotiated), "acme")
        for day in range(1, 31)
    ]
    assert sum(rating.cost_picos for rating in month) == 15 * PICOS_PER_DOLLAR
    free = pricer.rate(usage("x", "trial", seats=1, seat=Seat(price_picos_per_month=0)), "acme")
    assert (free.status, free.cost_picos) == (PRICED, 0)
    for monthly in (-1, 100_001 * PICOS_PER_DOLLAR):
        with pytest.raises(UnpriceableError, match="between"):
            pricer.rate(usage("x", "y", seats=1, seat=Seat(price_picos_per_month=monthly)), "acme")


def test_what_no_rating_can_hold_is_refused(pricer: Pricer) -> None:
    with pytest.raises(UnpriceableError, match="negative"):
        pricer.rate(usage("openai", "gpt-4o", input_tokens=-1), "acme")
    with pytest.raises(UnpriceableError, match="more than"):
        pricer.rate(usage("openai", "gpt-4o", input_tokens=2**62), "acme")
    with pytest.raises(UnpriceableError, match="more than"):
        pricer.rate(usage("ollama", "x", input_tokens=2**62), "acme")


def test_an_event_of_many_requests_is_judged_by_their_mean_length(pricer: Pricer) -> None:
    """300 requests of 3,000 tokens are no request of 900,000."""
    alone = pricer.rate(usage("anthropic", "claude-sonnet-4-5", input_tokens=3_000), "acme")
    many = pricer.rate(usage("anthropic", "claude-sonnet-4-5", input_tokens=900_000, requests=300), "acme")
    one = pricer.rate(usage("anthropic", "claude-sonnet-4-5", input_tokens=900_000, requests=1), "acme")
    assert many.cost_picos == 300 * alone.cost_picos
    assert one.cost_picos == 2 * many.cost_picos
    assert many.assumptions == ["length of input taken as the mean of 300 requests"]
