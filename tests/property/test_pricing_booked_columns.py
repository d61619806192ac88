"""Columns of booked events are judged as their records are, one by one."""

from __future__ import annotations

from fractions import Fraction

from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_CONTRACT_CHANGED,
    CORRECTION_KIND_LATE_PRICE,
    OUTCOME_CACHE_HIT,
    OUTCOME_FAILED,
    UsageEvent,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import DAY
from services.common.dimensions import BUCKETS, quantities_of
from services.common.money import MAX_INT64
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.booked_columns import gathered, judged
from services.pricing.domain.fx import Rates
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer, UnpriceableError
from services.pricing.domain.rerating import Effects, is_affected
from services.pricing.domain.revisions import revise
from services.pricing.domain.terms import Commitment, Percent, Period, Scope
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.agreements import contract, percent
from tests.unit.pricing.booked import booked

NOW = 1_790_000_000_000_000
BOOK, SHADOW = load_price_book(), ShadowOptions().prices()
BEFORE, AFTER = Pricer(BOOK, SHADOW), Pricer(BOOK, SHADOW)
BEFORE.use_contracts([contract("c", tenant="old", discounts=(Percent(Scope("openai"), Fraction(1, 7)),))], Rates())
AFTER.use(
    [
        Override("new", "openai", "gpt-new", "standard", False, {"input_tokens": ((0, 10**9),)}, 0, NOW, 0),
        Override("part", "openai", "gpt-4o", "standard", False, {"requests": ((0, 10**9),)}, 0, NOW, 0),
    ]
)
AFTER.use_contracts(
    [
        contract("c", tenant="new", discounts=(percent("33"),), markups=(percent("11"),)),
        contract("c", tenant="part", commitments=(Commitment("c", Scope("openai"), 10**14, Period.MONTH, True),)),
    ],
    Rates(),
)  # fmt: skip
MODELS = [
    ("openai", "gpt-4o"), ("openai", "gpt-new"), ("google", "gemini-2.5-pro"), ("github", "copilot-business"),
]  # fmt: skip

used = st.fixed_dictionaries(
    {"input_tokens": st.integers(0, 400_000)},
    optional={
        "output_tokens": st.integers(0, 9_000), "requests": st.integers(0, 3), "seats": st.integers(0, 1),
        "web_searches": st.just(MAX_INT64 // 2),
    },
)  # fmt: skip
events = st.builds(
    UsageEvent,
    event_key=st.binary(min_size=16, max_size=16),
    tenant_id=st.sampled_from(["old", "new", "part", "none"]),
    service_tier=st.sampled_from(["", "flex", "provisioned"]),
    batch=st.booleans(),
    time_unix_micros=st.integers(NOW - 200 * DAY, NOW + DAY),
    outcome=st.sampled_from([0] * 6 + [OUTCOME_FAILED, OUTCOME_CACHE_HIT]),
    source=st.just("gateway"),
    source_cost_picos=st.sampled_from([None, None, 12]),
    source_cost_billed=st.booleans(),
    quantities=used.map(quantities_of),
)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.sampled_from(MODELS), events), min_size=1, max_size=30, unique_by=lambda each: each[1].event_key
    ),
    st.sampled_from([CORRECTION_KIND_CONTRACT_CHANGED, CORRECTION_KIND_LATE_PRICE]),
)  # fmt: skip
def test_columns_are_judged_as_records_are(made: list[tuple[tuple[str, str], UsageEvent]], kind: int) -> None:
    """The same events change, and by as much; what columns cannot judge is left, and nothing else."""
    records = [record for (provider, model), event in made if (record := _booked(event, provider, model)) is not None]
    found = gathered(judged(AFTER, booked(records), kind))
    left, changed = set(found.left.tolist()), set(found.changed.tolist())
    assert not left & changed
    effects = Effects()
    for row, record in enumerate(records):
        if row in left:
            assert not _plain(record)
            continue
        rating = AFTER.rate(record.usage, record.usage.tenant_id)
        assert (row in changed) == is_affected(record, rating, kind)
        if row in changed:
            effects.add(record, rating)
    assert list(found.effects.messages()) == list(effects.messages())


def _booked(event: UsageEvent, provider: str, model: str) -> CostRecord | None:
    """None: what no rating can hold is in no ledger."""
    event.provider, event.model = provider, model
    try:
        return revise(None, event, BEFORE.rate(event, event.tenant_id), LogPosition())
    except UnpriceableError:
        return None


def _plain(record: CostRecord) -> bool:
    usage = record.usage
    values = [getattr(usage.quantities, bucket) for bucket in BUCKETS]
    return not (
        usage.quantities.seats or usage.source_cost_billed or usage.quantities.requests > 1 or max(values) > 10**9
    )
