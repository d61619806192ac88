"""A batch has the very ratings that its events have one by one."""

from __future__ import annotations

from finops.pricing.v1.pricing_pb2 import PriceBatchResponse
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, OUTCOME_FAILED, Quantities, Seat, UsageEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import DAY, HOUR
from services.common.dimensions import BUCKETS
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain import serialized
from services.pricing.domain.batches import price_all
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer, UnpriceableError
from services.pricing.settings import ShadowOptions

NOW = 1_790_000_000_000_000
MODELS = [
    ("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-chat"), ("openai", "no-such-model"), ("github", "copilot-business"),
]  # fmt: skip
PRICER = Pricer(load_price_book(), ShadowOptions().prices())
FIXED = {"input_tokens": ((0, 3),), "output_tokens": ((0, 10**13),)}
PRICER.use([Override("acme", "openai", "gpt-4o", "standard", False, FIXED, 0, 0, 0)])

counts = st.one_of(st.just(0), st.integers(-1, 400_000), st.integers(0, 2**63 - 1))
quantities = st.dictionaries(st.sampled_from(BUCKETS), counts, max_size=5).map(lambda found: Quantities(**found))


@st.composite
def alike(draw: st.DrawFn) -> list[UsageEvent]:
    """Some events of one model, most of them ordinary."""
    provider, model = draw(st.sampled_from(MODELS))
    usual = st.builds(
        Quantities,
        input_tokens=st.integers(0, 400_000),
        cache_read_tokens=st.integers(0, 2),
        output_tokens=st.integers(1, 9_000),
        requests=st.integers(0, 1),
    )
    event = st.builds(
        UsageEvent,
        provider=st.just(provider),
        model=st.just(model),
        tenant_id=st.just(draw(st.sampled_from(["acme", "other"]))),
        time_unix_micros=st.integers(NOW - 400 * DAY, NOW) | st.integers(NOW, NOW + HOUR),
        outcome=st.sampled_from([0] * 9 + [OUTCOME_FAILED]),
        measurement=st.sampled_from([0] * 9 + [MEASUREMENT_REPORTED]),
        source_cost_picos=st.sampled_from([None, None, 12]),
        seat=st.sampled_from([None, Seat(price_picos_per_month=-1)]),
        quantities=st.one_of(usual, usual, quantities),
    )
    return draw(st.lists(event, min_size=16, max_size=40))


@settings(max_examples=60)
@given(st.lists(alike(), max_size=3), st.sampled_from([None, "acme"]))
def test_a_batch_is_priced_as_its_events_are(groups: list[list[UsageEvent]], tenant_id: str | None) -> None:
    events = [event for group in groups for event in group]
    batch = price_all(PRICER, events, tenant_id)
    answer = PriceBatchResponse.FromString(serialized.ratings(batch, len(events)))
    for position, (event, rating) in enumerate(zip(events, answer.ratings, strict=True)):
        try:
            expected = PRICER.rate(event, event.tenant_id if tenant_id is None else tenant_id)
        except UnpriceableError as error:
            assert str(batch.refused[position]) == str(error)
        else:
            assert position not in batch.refused
            assert rating == expected
