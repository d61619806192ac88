"""Which spans are counted, what each used, and whose it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.ingest.building import NOW, buckets
from tests.unit.ingest.otlp import Served, answer, serve, span, traces


async def _rejected(served: Served, *spans: dict[str, Any]) -> str:
    """The message of a partial success in which every span is rejected."""
    response = await served.post("traces", traces(*spans))
    assert response.status_code == 200
    partial = answer("traces", response).partial_success
    assert partial.rejected_spans == len(spans)
    assert served.kept.events == []
    return str(partial.error_message)


async def _taken(*spans: dict[str, Any], **resource: Any) -> list[str]:
    served = serve()
    response = await served.post("traces", traces(*spans, **resource))
    assert not answer("traces", response).HasField("partial_success"), response.text
    return [event.source_event_id.partition(":")[2].lstrip("0") for event in served.kept.events]


async def test_only_the_innermost_call_counts() -> None:
    assert await _taken(span(1), span(2, parent=1), span(3, parent=2)) == ["3"]
    assert await _taken(span(3, parent=2), span(2, parent=1), span(1)) == ["3"]
    http = span(2, parent=1, gen_ai__operation__name=None, gen_ai__request__model=None,
                gen_ai__usage__input_tokens=None, gen_ai__usage__output_tokens=None)  # fmt: skip
    assert await _taken(span(1), http, span(3, parent=2), span(4)) == ["3", "4"]


async def test_the_same_span_id_in_another_trace_is_another_span() -> None:
    other = "6b8efff798038103d269b633813fc60c"
    assert await _taken(span(1), span(2, parent=1, trace=other)) == ["1", "2"]


async def test_spans_in_a_circle_end_too() -> None:
    assert await _taken(span(1, parent=2), span(2, parent=1), span(3)) == ["3"]


@pytest.mark.parametrize(
    "kind",
    [
        {"gen_ai__operation__name": "invoke_agent"},
        {"gen_ai__operation__name": "execute_tool"},
        {"gen_ai__operation__name": "fetch_response"},
        {"gen_ai__operation__name": None, "traceloop__span__kind": "workflow"},
        {"gen_ai__operation__name": None, "openinference__span__kind": "AGENT"},
        {"gen_ai__operation__name": None, "ai__operationId": "ai.streamText"},
        {"gen_ai__operation__name": None, "gen_ai__request__model": None},
    ],
)
async def test_spans_that_are_no_calls_are_left_out(kind: dict[str, Any]) -> None:
    assert await _taken(span(1, **kind)) == []


@pytest.mark.parametrize("service", ["claude-code", "gemini-cli", "codex_cli_rs", "codex-app-server"])
async def test_spans_of_agents_whose_events_count_are_left_out(service: str) -> None:
    assert await _taken(span(1), service__name=service) == []


async def test_an_operation_nobody_knows_counts_when_it_names_a_model_and_tokens() -> None:
    assert await _taken(span(1, gen_ai__operation__name="summarize")) == ["1"]


async def test_ids_that_are_too_short_to_be_one_are_not_taken_for_one() -> None:
    """Ollama numbers its responses chatcmpl-0 to chatcmpl-998."""
    served = serve()
    await served.post(
        "traces", traces(span(1, gen_ai__response__id="chatcmpl-12"), span(2, gen_ai__response__id="x" * 20))
    )
    assert [event.source_event_id[-16:] for event in served.kept.events] == [f"{1:016x}", "x" * 16]


async def test_a_failed_call_costs_nothing_unless_it_counted_tokens() -> None:
    served = serve()
    nothing: dict[str, Any] = {"gen_ai__usage__input_tokens": None, "gen_ai__usage__output_tokens": None}
    await served.post("traces", traces(span(1, failed=True, **nothing), span(2, error__type="timeout", **nothing)))
    await served.post("traces", traces(span(3, failed=True)))
    assert [(event.outcome, buckets(event)) for event in served.kept.events] == [
        (1, {"requests": 1}),
        (1, {"requests": 1}),
        (0, {"input_tokens": 100, "output_tokens": 20, "requests": 1}),
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"gen_ai__usage__input_tokens": None, "gen_ai__usage__output_tokens": None}, "stream_options.include_usage"),
        ({"gen_ai__usage__cache_read__input_tokens": 101}, "exceeds gen_ai.usage.input_tokens = 100"),
        (
            {"gen_ai__usage__cache_creation__input_tokens": 60, "gen_ai__usage__cache_read__input_tokens": 41},
            "= 101 exceeds",
        ),
        ({"gen_ai__usage__reasoning__output_tokens": 21}, "exceeds gen_ai.usage.output_tokens = 20"),
        ({"gen_ai__usage__input_tokens": -1}, "a count cannot be negative"),
        ({"gen_ai__usage__input_tokens": 10**10}, "is taken for an error"),
        ({"gen_ai__usage__input_tokens": "many"}, "must be a whole number"),
        ({"gen_ai__usage__input_tokens": 1.5}, "must be a whole number"),
        ({"gen_ai__usage__input_tokens": True}, "must be a whole number"),
        ({"gen_ai__request__model": None}, "a call of no model"),
    ],
)  # fmt: skip
async def test_what_cannot_be_counted_is_refused_with_a_reason(changes: dict[str, Any], told: str) -> None:
    assert told in await _rejected(serve(), span(1, **changes))


async def test_times_and_ids_are_checked() -> None:
    late = span(1) | {"startTimeUnixNano": "0", "endTimeUnixNano": str(2**63)}
    assert "lies in the future" in await _rejected(serve(), late)
    assert "lies before" in await _rejected(serve(), span(1) | {"startTimeUnixNano": "0", "endTimeUnixNano": "0"})
    assert "required by OTLP" in await _rejected(serve(), span(1) | {"spanId": ""})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # A total tells that the cache is beside the input, or the reasoning beside the output.
        (
            {"gen_ai__usage__cache_read__input_tokens": 900, "gen_ai__usage__total_tokens": 1020},
            {"input_tokens": 100, "cache_read_tokens": 900, "output_tokens": 20},
        ),
        (
            {"gen_ai__usage__reasoning_tokens": 500, "gen_ai__usage__total_tokens": 620},
            {"input_tokens": 100, "output_tokens": 20, "reasoning_tokens": 500},
        ),
        (
            {"gen_ai__usage__cache_read__input_tokens": 900, "gen_ai__usage__reasoning_tokens": 500,
             "gen_ai__usage__total_tokens": 1520},
            {"input_tokens": 100, "cache_read_tokens": 900, "output_tokens": 20, "reasoning_tokens": 500},
        ),
        # ... or that they are inside.
        (
            {"gen_ai__usage__cache_read__input_tokens": 90, "gen_ai__usage__reasoning_tokens": 15,
             "gen_ai__usage__total_tokens": 120},
            {"input_tokens": 10, "cache_read_tokens": 90, "output_tokens": 5, "reasoning_tokens": 15},
        ),
        # Output from a total.
        (
            {"gen_ai__usage__output_tokens": None, "llm__usage__total_tokens": 130},
            {"input_tokens": 100, "output_tokens": 30},
        ),
        ({"gen_ai__usage__output_tokens": None}, {"input_tokens": 100}),
        # Numbers as strings.
        ({"gen_ai__usage__input_tokens": "100"}, {"input_tokens": 100, "output_tokens": 20}),
    ],
)  # fmt: skip
async def test_parts_inside_or_beside_their_total(changes: dict[str, Any], expected: dict[str, int]) -> None:
    served = serve()
    response = await served.post("traces", traces(span(1, **changes)))
    assert not answer("traces", response).HasField("partial_success"), response.text
    assert buckets(served.kept.events[0]) == expected | {"requests": 1}


async def test_attributes_of_the_span_win_over_the_resources_and_those_over_headers() -> None:
    served = serve(attributes={"team": ["org.team"], "tag:feature": ["app.feature"], "key": ["api.key.name"]})
    await served.post(
        "traces",
        traces(
            span(1, org__team="search", team="ignored", app__feature="answers", session__id="s-1"),
            span(2, api__key__name="prod-1", user__id="x" * 300, gen_ai__agent__name="Planner"),
            **{"service.name": "checkout", "team": "platform", "deployment.environment": "prod", "org.team": ""},
        ),
        **{"X-Team": "nobody", "X-Tool": "internal-bot", "X-Tags": "region=eu"},
    )
    first, second = served.kept.events
    assert (first.team, first.project, first.environment, first.session) == ("search", "checkout", "prod", "s-1")
    assert dict(first.tags) == {"feature": "answers", "region": "eu"}
    assert (second.team, second.key, second.tool, len(second.user)) == ("platform", "prod-1", "internal-bot", 256)
    assert dict(second.tags) == {"agent": "Planner", "region": "eu"}


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("openai", "openai"), ("azure.ai.openai", "azure"), ("az.ai.inference", "azure"), ("gcp.gemini", "google"),
        ("gcp.vertex_ai", "google"), ("google.generative-ai", "google"), ("aws.bedrock", "aws"), ("x_ai", "x-ai"),
        ("anthropic.messages", "anthropic"), ("mistral_ai", "mistral"), ("Anthropic", "anthropic"), ("groq", "groq"),
    ],
)  # fmt: skip
async def test_one_word_for_one_provider(name: str, provider: str) -> None:
    served = serve()
    await served.post("traces", traces(span(1, gen_ai__provider__name=name)))
    assert served.kept.events[0].provider == provider


async def test_the_tier_that_was_served() -> None:
    served = serve()
    await served.post("traces", traces(span(1, gen_ai__openai__request__service_tier="priority",
                                            gen_ai__openai__response__service_tier="flex")))  # fmt: skip
    assert served.kept.events[0].service_tier == "flex"
    assert served.kept.events[0].time_unix_micros == NOW - 1_000_000


async def test_what_a_seat_pays_for_is_reported() -> None:
    served = serve()
    await served.post("traces", traces(span(1), **{"aifinops.measurement": "reported"}))
    await served.post("traces", traces(span(2, aifinops__measurement="reported"), span(3)))
    assert [event.measurement for event in served.kept.events] == [1, 1, 0]


async def test_what_the_sender_believes_it_cost_is_kept_beside() -> None:
    served = serve()
    for cost in (0.000225, "0.5", -1.0, "free", 1e300, True):
        await served.post("traces", traces(span(1, gen_ai__cost__total_cost=cost)))
    found = [(event.HasField("source_cost_picos"), event.source_cost_picos) for event in served.kept.events]
    assert found == [(True, 225_000_000), (True, 500_000_000_000)] + [(False, 0)] * 4
