"""Intervals are ordered and repeatable; the waterfall never saves more than is spent."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.money import PICOS_PER_DOLLAR
from services.optimizer.domain import statistics, waterfall
from services.optimizer.domain.drafts import Draft, Saving
from services.optimizer.domain.rules.cheaper_model import DayUse, _sample

amounts = st.integers(-(10**18), 10**18)


@settings(max_examples=50)
@given(st.lists(amounts, min_size=1, max_size=60), st.integers(0, 2**64))
def test_bootstrapped_savings_are_ordered_bounded_and_repeatable(daily: list[int], seed: int) -> None:
    saving = statistics.bootstrap(daily, seed)
    assert saving == statistics.bootstrap(daily, seed)
    assert saving.low <= saving.median <= saving.high
    assert 0 <= saving.likely <= 1
    grain = 30 * 10**6
    assert 30 * min(daily) - grain <= saving.low
    assert saving.high <= 30 * max(daily)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 10**15), st.floats(30, 3_000)), min_size=1, max_size=50), st.integers(0, 2**64)
)
def test_idle_seats_never_save_more_than_they_cost(seats: list[tuple[int, float]], seed: int) -> None:
    prices, days = [price for price, _ in seats], [idle for _, idle in seats]
    saving = statistics.idle_months(prices, days, seed)
    assert 0 <= saving.low <= saving.median <= saving.high <= sum(prices)


@given(
    st.lists(
        st.tuples(st.sampled_from(["idle_seats", "cheaper_model"]), st.sampled_from("ab"), st.floats(0, 1)), max_size=12
    )
)
def test_savings_on_one_spend_never_add_up_to_more_than_it(proposals: list[tuple[str, str, float]]) -> None:
    spend = 100 * PICOS_PER_DOLLAR
    drafts = []
    for number, (rule, name, share) in enumerate(proposals):
        saved = int(spend * share)
        drafts.append(Draft(rule, {"n": str(number)}, "t", "a", Saving(saved, saved, saved, 1), (), {name: spend}))
    for name in "ab":
        kept = [draft.saving.median for draft in waterfall.apply(drafts) if name in draft.claims]
        assert sum(kept) <= spend + len(kept)


@given(st.integers(1, 10**9), st.integers(0, 10**12), st.integers(0, 10**10))
def test_samples_stand_for_their_day(requests: int, input_tokens: int, output_tokens: int) -> None:
    use = {"requests": requests, "input_tokens": input_tokens, "output_tokens": output_tokens}
    sample, share = _sample(DayUse(0, 0, use, requests))
    assert 0 < share <= 1
    assert sample.requests == share * requests
    assert abs(sample.input_tokens - share * input_tokens) <= 0.5
    assert sample.input_tokens <= max(100_000, -(-input_tokens // requests)) + 1
