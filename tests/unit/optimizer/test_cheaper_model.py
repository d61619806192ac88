"""The same tokens on a smaller model."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files

import genai_prices
import pytest
from finops.cost.v1.cost_pb2 import RATING_STATUS_PRICED, RATING_STATUS_UNPRICED, Rating

from services.common.clock import DAY
from services.common.money import PICOS_PER_DOLLAR
from services.optimizer.domain import alternatives
from services.optimizer.domain.drafts import Draft
from services.optimizer.domain.rules import cheaper_model
from services.optimizer.domain.rules.cheaper_model import DayUse, Policy, Question, Workload

END = 20_000 * DAY
TABLE = alternatives.parse((files("services.optimizer.domain") / "alternatives.toml").read_text())
POLICY = Policy(min_days=14, max_mean_output_tokens=500, min_saving=10 * PICOS_PER_DOLLAR)


def _workload(
    model: str = "gpt-4o", days: int = 30, requests: int = 1_000, output: int = 40, input_tokens: int = 1_800,
    cost: int = 10 * PICOS_PER_DOLLAR, team: str = "search",
) -> Workload:  # fmt: skip
    quantities = {"input_tokens": input_tokens * requests, "output_tokens": output * requests, "requests": requests}
    uses = [DayUse(END - n * DAY, cost, quantities, requests) for n in range(days, 0, -1)]
    return Workload("acme", team, "openai", model, uses)


def _questions(*workloads: Workload) -> list[Question]:
    return cheaper_model.questions(workloads, TABLE, POLICY, END)


def _answered(questions: Sequence[Question], picos_per_input_token: int) -> list[Draft]:
    answers = [
        (
            question,
            [
                Rating(status=RATING_STATUS_PRICED, cost_picos=e.quantities.input_tokens * picos_per_input_token)
                for e in question.events
            ],
        )
        for question in questions
    ]
    return cheaper_model.drafts(answers, POLICY, END)


def test_a_steady_saving_is_exact_and_certain_but_for_the_missing_evaluation() -> None:
    [question] = _questions(_workload())
    assert question.alternative == "gpt-4o-mini"
    # 1,800,000 input tokens a day at $1 a million: $1.80 instead of $10.
    [draft] = _answered([question], 10**6)
    expected = 30 * 82 * PICOS_PER_DOLLAR // 10
    assert (draft.saving.low, draft.saving.median, draft.saving.high) == (expected,) * 3
    assert draft.saving.likely == 1.0
    assert draft.title == "gpt-4o-mini instead of gpt-4o for search: needs an evaluation"
    assert [fact.present for fact in draft.evidence] == [True, False]
    assert draft.subject == {"team": "search", "provider": "openai", "model": "gpt-4o"}
    assert draft.claims == {"tokens/search/openai/gpt-4o": 300 * PICOS_PER_DOLLAR}


def test_a_day_is_priced_as_requests_not_as_one_enormous_request() -> None:
    [question] = _questions(_workload(requests=100_000))
    for event, share in zip(question.events, question.shares, strict=True):
        assert event.quantities.input_tokens <= 100_000
        assert event.quantities.requests == share * 100_000
        assert event.time_unix_micros == END
    [long] = _questions(_workload(requests=10, input_tokens=150_000))
    assert [event.quantities.input_tokens for event in long.events] == [150_000] * 30


def test_days_without_use_are_days_without_saving() -> None:
    workload = _workload()
    weekdays = Workload("acme", "search", "openai", "gpt-4o", [d for n, d in enumerate(workload.days) if n % 7 < 5])
    [steady] = _answered(_questions(workload), 10**6)
    [broken] = _answered(_questions(weekdays), 10**6)
    assert broken.saving.median < steady.saving.median * 0.8
    assert broken.saving.low <= broken.saving.median <= broken.saving.high


@pytest.mark.parametrize(
    "workload",
    [
        _workload(days=13),
        _workload(output=501),
        _workload(output=0),
        _workload(model="gpt-4o-mini"),
        Workload("acme", "search", "openai", "gpt-4o", []),
    ],
    ids=["too young", "long answers", "no answers", "no smaller model", "no use"],
)
def test_unsuitable_workloads_are_not_asked_about(workload: Workload) -> None:
    assert not _questions(workload)


def test_what_saves_too_little_or_has_no_price_is_no_recommendation() -> None:
    questions = _questions(_workload(cost=2 * PICOS_PER_DOLLAR))
    assert not _answered(questions, 10**6)
    assert not _answered(_questions(_workload()), 6 * 10**6)
    unpriced = [(q, [Rating(status=RATING_STATUS_UNPRICED)] * len(q.events)) for q in _questions(_workload())]
    assert not cheaper_model.drafts(unpriced, POLICY, END)


def test_the_nearest_alternative_that_saves_enough_is_taken() -> None:
    questions = _questions(_workload(model="gpt-4.1-2025-04-14"))
    assert [q.alternative for q in questions] == ["gpt-4.1-mini", "gpt-4.1-nano"]
    [draft] = _answered(questions, 10**6)
    assert draft.title.startswith("gpt-4.1-mini")
    answers = [
        (q, [Rating(status=RATING_STATUS_PRICED, cost_picos=price)] * len(q.events))
        for q, price in zip(questions, (10**15, 0), strict=True)
    ]
    [draft] = cheaper_model.drafts(answers, POLICY, END)
    assert draft.title.startswith("gpt-4.1-nano")


def test_model_names_match_with_and_without_their_dates() -> None:
    for name in ("claude-opus-4-5", "claude-opus-4-5-20251101", "claude-opus-4-5@20251101", "Claude-Opus-4-5-latest"):
        assert TABLE.of("Anthropic", name) == ("claude-sonnet-4-6", "claude-haiku-4-5")
    assert TABLE.of("openai", "gpt-4o-audio-preview") == ()


@pytest.mark.parametrize(
    "text",
    [
        '[[step]]\nproviders=["p"]\nmodel="m"\nalternatives=["n"]\n',
        '[[step]]\nproviders=["p"]\nmodel="m"\nalternatives=["m"]\nsource="s"\nread=2026-01-01\n',
        '[[step]]\nproviders=["p","p"]\nmodel="m"\nalternatives=["n"]\nsource="s"\nread=2026-01-01\n',
    ],
)
def test_a_table_without_sources_or_with_contradictions_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"alternatives\.toml"):
        alternatives.parse(text)


@pytest.mark.parametrize(("provider", "model"), sorted(key for key in TABLE.steps if key[0] != "azure"))
def test_every_step_of_the_table_is_priced_and_goes_down(provider: str, model: str) -> None:
    def price(name: str) -> Decimal:
        usage = genai_prices.Usage(input_tokens=1_000, output_tokens=1_000)
        return genai_prices.calc_price(usage, name, provider_id=provider).total_price

    # The table speaks of the nearest first: each step costs less than the one before it.
    prices = [price(name) for name in (model, *TABLE.of(provider, model))]
    assert prices == sorted(prices, reverse=True)
    assert len(set(prices)) == len(prices)
