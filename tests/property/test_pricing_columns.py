"""Columns cost what their rows cost one by one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.common.clock import DAY, HOUR
from services.common.dimensions import BUCKETS, quantities_of
from services.common.money import MAX_INT64, cost_of
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.columns import amounts, price_columns
from services.pricing.domain.forms import Priced
from services.pricing.domain.fx import Rates
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Kind, Pricer, UnpriceableError
from services.pricing.domain.terms import Allowance, Commitment, Percent, Period, Scope
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.agreements import contract, percent

NOW = 1_790_000_000_000_000
MODELS = [
    ("openai", "gpt-4o"), ("openai", "gpt-5"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-chat"), ("openai", "no-such-model"), ("github", "copilot-business"),
]  # fmt: skip
PRICER = Pricer(load_price_book(), ShadowOptions().prices())
FIXED = {"input_tokens": ((0, 3),), "output_tokens": ((0, 10**13),)}
PRICER.use([Override("fixed", "openai", "gpt-4o", "standard", False, FIXED, 0, NOW, 0)])
PRICER.use_contracts(
    [
        contract("c", tenant="discount", discounts=(Percent(Scope("openai"), Fraction(1, 7)),)),
        contract("c", tenant="markup", discounts=(percent("33"),), markups=(percent("11"),)),
        contract("c", tenant="prepaid", commitments=(Commitment("c", Scope("openai"), 10**14, Period.MONTH, True),)),
        contract("c", tenant="allowance", allowances=(Allowance("c", Scope(), "output_tokens", (), 10**6, 10**9),)),
    ],
    Rates(),
)
TENANTS = ["nobody", "fixed", "discount", "markup", "prepaid", "allowance"]

few = st.integers(0, 10**7)
usual = st.fixed_dictionaries(
    {
        "input_tokens": st.integers(0, 400_000), "cache_read_tokens": st.integers(0, 2),
        "output_tokens": st.integers(0, 9_000), "requests": st.integers(0, 1),
    },
    optional={"web_searches": st.integers(0, 3), "input_audio_tokens": st.integers(0, 9), "seats": st.just(0)},
)  # fmt: skip
odd = st.dictionaries(
    st.sampled_from(BUCKETS), st.integers(-1, 400_000) | st.integers(0, MAX_INT64) | st.just(MAX_INT64), max_size=5
)
times = st.integers(NOW - 400 * DAY, NOW) | st.integers(NOW, NOW + HOUR) | st.integers(NOW - 7 * DAY, NOW)
kinds = st.tuples(
    st.sampled_from(MODELS),
    st.sampled_from(["", "standard", "flex", "priority", "batch", "provisioned"]),
    st.booleans(),
    st.sampled_from(["", "eu", "us-east-1"]),
).map(lambda drawn: (*drawn[0], *drawn[1:]))


@given(st.lists(few | st.integers(0, MAX_INT64), min_size=1, max_size=6), few | st.integers(0, MAX_INT64))
@example([1, 3, 5], 500_000)
@example([1, 3, 5], 1_500_000)
@example([MAX_INT64], 10**6)
@example([MAX_INT64 // 10**6], 1_000_001)
def test_a_column_costs_what_its_quantities_cost(quantities: list[int], price: int) -> None:
    found = amounts(np.array(quantities), price)
    if found is None:
        assert max(quantities) * (price // 10**6 + 1) > MAX_INT64 or max(quantities) * 10**6 > MAX_INT64
    else:
        assert found.tolist() == [cost_of(quantity, price) for quantity in quantities]


@settings(max_examples=150)
@given(
    st.sampled_from(TENANTS),
    kinds,
    st.lists(st.tuples(times, usual), max_size=24),
    st.lists(st.tuples(times, odd), max_size=4),
)
def test_each_row_is_priced_as_its_event_is(
    tenant_id: str, kind: Kind, ordinary: list[tuple[int, dict[str, int]]], strange: list[tuple[int, dict[str, int]]]
) -> None:
    """What an event alone costs in each view, with its lines; a row that is left is one that a column cannot tell."""
    rows = [*ordinary, *strange]
    found = price_columns(
        PRICER, tenant_id, kind, np.array([time for time, _ in rows], dtype=np.int64),
        {b: np.array([used.get(b, 0) for _, used in rows], dtype=np.int64) for b in BUCKETS},
    )  # fmt: skip
    priced = [zip(some.rows.tolist(), some.priced(), strict=True) for some in found.alike]
    by_columns = {row: each for some in priced for row, each in some}
    assert len(by_columns) == sum(len(some.rows) for some in found.alike)
    assert sorted([*by_columns, *found.left.tolist()]) == list(range(len(rows)))
    for row, each in by_columns.items():
        assert each._replace(amounts=list(each.amounts)) == _alone(tenant_id, kind, *rows[row])
    for some in found.alike:
        views = [(each.billed, each.cost) for each in some.priced()]
        assert some.billed.tolist() == [cost if billed is None else billed for billed, cost in views]
    if not strange:
        assert not len(found.left)


def _alone(tenant_id: str, kind: Kind, time: int, used: dict[str, int]) -> Priced | None:
    """None: refused, which a column must never price."""
    provider, model, tier, batch, region = kind
    event = UsageEvent(
        tenant_id=tenant_id, provider=provider, model=model, service_tier=tier, batch=batch, region=region,
        time_unix_micros=time, quantities=quantities_of(used),
    )  # fmt: skip
    try:
        priced = PRICER.price(event, tenant_id)
    except UnpriceableError:
        return None
    return priced._replace(amounts=list(priced.amounts))
