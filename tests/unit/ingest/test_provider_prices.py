"""From a provider's answer to dollars: the names ingest writes are those the price book knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from finops.cost.v1.cost_pb2 import RATING_STATUS_UNPRICED, Rating
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.money import format_dollars
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.rating import Pricer
from services.pricing.settings import ShadowOptions
from tests.unit.ingest.test_provider_examples import CASES, EXAMPLES, decoded, recorded

SELF_HOSTED = {"ollama", "vllm"}
NAMELESS = {"openai/realtime"}
"""A realtime transcription does not name its model: flagged rather than priced as the session's."""


@pytest.fixture(scope="module")
def pricer() -> Pricer:
    return Pricer(load_price_book(), ShadowOptions().prices())


def _events(case: str) -> list[UsageEvent]:
    expectation = EXAMPLES / f"{case}.expected.json"
    body, content_type = recorded(expectation)
    headers = json.loads(expectation.read_bytes()).get("headers", {})
    return decoded(expectation.parent.name, body, {"content-type": content_type, **headers})


def _rating(pricer: Pricer, case: str) -> Rating:
    (event,) = _events(case)
    return pricer.rate(event, "acme")


@pytest.mark.parametrize("expectation", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_model_of_every_example_is_found(pricer: Pricer, expectation: Path) -> None:
    case = f"{expectation.parent.name}/{expectation.name.removesuffix('.expected.json')}"
    for event in _events(case):
        expected = expectation.parent.name in SELF_HOSTED or (case in NAMELESS and not event.model)
        assert (pricer.rate(event, "acme").status == RATING_STATUS_UNPRICED) == expected


def test_cache_writes_are_billed_once(pricer: Pricer) -> None:
    # Others made $0.091311 of it; the invoice said so.
    assert format_dollars(_rating(pricer, "anthropic/cache_write").cost_picos) == "0.054399000000"


def test_thoughts_cost_what_visible_output_costs(pricer: Pricer) -> None:
    (event,) = _events("gemini/thinking")
    with_thoughts = pricer.rate(event, "acme").cost_picos
    event.quantities.output_tokens, event.quantities.reasoning_tokens = 8150, 0
    assert pricer.rate(event, "acme").cost_picos == with_thoughts > 0


def test_a_batch_costs_half(pricer: Pricer) -> None:
    for event in _events("anthropic/batch_results"):
        in_batch = pricer.rate(event, "acme").cost_picos
        event.batch = False
        assert pricer.rate(event, "acme").cost_picos == 2 * in_batch > 0


def test_a_streamed_call_costs_what_the_whole_answer_costs(pricer: Pricer) -> None:
    (event,) = _events("openai/chat_stream")
    assert pricer.rate(event, "acme").cost_picos > 0


def test_what_openrouter_charged_is_what_we_make_of_it(pricer: Pricer) -> None:
    (event,) = _events("openrouter/charged")
    assert pricer.rate(event, "acme").cost_picos == event.source_cost_picos > 0
