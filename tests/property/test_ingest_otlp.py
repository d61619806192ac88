"""Arbitrary OTLP: a decoder gives events or rejections, an endpoint an answer, and no token is lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.common.dimensions import TOKEN_BUCKETS
from services.ingest.adapters.otlp import values
from services.ingest.domain.otlp import logs, metrics, spans, usage
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.rejection import Rejected
from tests.unit.ingest.building import context
from tests.unit.ingest.otlp import CHAT, NOW_NANOS, SIGNALS, answer, pairs, protobuf, serve, span, traces

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "otlp").glob("*.json"))
NAMES = sorted(values.ATTRIBUTES | AttributeMap().names | {"service.name", "gen_ai.prompt"})
WORDS = sorted(
    {"chat", "invoke_agent", "LLM", "CHAIN", "claude-code", "gemini-cli", "codex_cli_rs", "gpt-4o", "input", "output",
     "cacheRead", "response.completed", "api_request", "ai.generateText.doGenerate", "2026-11-23T11:59:00Z", "12",
     "1e3", *logs.EVENTS}
)  # fmt: skip
SCALAR = (
    st.sampled_from(WORDS)
    | st.text(max_size=8)
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(0, 1000)
    | st.booleans()
    | st.floats()
    | st.lists(st.text(max_size=3), max_size=2)
)
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), SCALAR, max_size=12).map(pairs)
NANOS = st.integers(0, 2**64 - 1) | st.just(NOW_NANOS) | st.just(0)
HEX = st.sampled_from(["", "5b8efff798038103d269b633813fc60c", "00000000000000a1", "00000000000000a2", "xyz", "0"])


def _objects(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


SPAN = _objects(
    traceId=HEX, spanId=HEX, parentSpanId=HEX, name=st.text(max_size=5), attributes=ATTRIBUTES, endTimeUnixNano=NANOS,
    startTimeUnixNano=NANOS, status=_objects(code=st.integers(0, 3)),
)  # fmt: skip
RECORD = _objects(
    traceId=HEX, spanId=HEX, eventName=st.sampled_from(WORDS), attributes=ATTRIBUTES, timeUnixNano=NANOS,
    observedTimeUnixNano=NANOS, body=_objects(stringValue=st.sampled_from(WORDS)),
)  # fmt: skip
POINT = _objects(
    attributes=ATTRIBUTES, startTimeUnixNano=NANOS, timeUnixNano=NANOS, count=st.integers(0, 2**64 - 1),
    sum=st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
HISTOGRAM = _objects(dataPoints=st.lists(POINT, max_size=3), aggregationTemporality=st.integers(0, 2))
METRIC = st.builds(
    lambda name, histogram: {"name": name, "histogram": histogram}, st.sampled_from(sorted(metrics.METRICS)), HISTOGRAM
)
RESOURCE = _objects(attributes=ATTRIBUTES)
REQUESTS = {
    "traces": st.builds(
        lambda resource, items: {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": items}]}]},
        RESOURCE, st.lists(SPAN, max_size=4),
    ),
    "logs": st.builds(
        lambda resource, items: {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": items}]}]},
        RESOURCE, st.lists(RECORD, max_size=4),
    ),
    "metrics": st.builds(
        lambda resource, items: {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": items}]}]},
        RESOURCE, st.lists(METRIC, max_size=3),
    ),
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["resourceSpans", "resourceLogs", "resourceMetrics", "scopeSpans", "scopeLogs", "scopeMetrics",
                         "spans", "logRecords", "metrics", "attributes", "key", "value", "stringValue", "intValue",
                         "arrayValue", "values", "kvlistValue", "traceId", "sum", "histogram", "dataPoints", "asInt",
                         "resource", "status", "code", "body", "name"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip
ALL_METRICS = dict.fromkeys(metrics.BUCKETS, "metered") | {metrics.COST: "reported"}
WHATEVER = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("signal", SIGNALS)
@WHATEVER
@given(data=st.data())
async def test_every_request_of_the_right_shape_is_answered(signal: str, data: st.DataObject) -> None:
    served = serve(metrics=ALL_METRICS)  # type: ignore[arg-type]
    response = await served.post(signal, data.draw(REQUESTS[signal]))
    assert response.status_code in (200, 400), response.text
    if response.status_code == 400:
        assert response.json()["message"]
        return
    partial = answer(signal, response).partial_success
    assert bool(getattr(partial, SIGNALS[signal].rejected)) <= bool(partial.error_message)
    for event in served.kept.events:
        assert event.tenant_id == "acme"
        assert event.source_event_id
        assert all(value >= 0 for _, value in event.quantities.ListFields())


@pytest.mark.parametrize("signal", SIGNALS)
@WHATEVER
@given(body=st.binary(max_size=300) | JSON.map(orjson.dumps), media_type=st.sampled_from(["x-protobuf", "json"]))
async def test_every_body_is_answered(signal: str, body: bytes, media_type: str) -> None:
    served = serve(metrics=ALL_METRICS)  # type: ignore[arg-type]
    response = await served.client.post(
        f"/v1/{signal}", content=body, headers={"content-type": f"application/{media_type}"}
    )
    assert response.status_code in (200, 400), response.text


@pytest.mark.parametrize("signal", SIGNALS)
@WHATEVER
@given(body=st.binary(max_size=300))
async def test_a_body_cut_or_changed_somewhere_is_answered(signal: str, body: bytes) -> None:
    served = serve()
    whole = ExportTraceServiceRequest()
    spans_ = whole.resource_spans.add().scope_spans.add().spans.add(trace_id=b"1" * 16, span_id=b"2" * 8)
    spans_.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 5
    valid = whole.SerializeToString()
    for changed in (valid + body, body[:20] + valid, valid[: len(body) % (len(valid) + 1)] + body[:3]):
        response = await served.post(signal, changed)
        assert response.status_code in (200, 400), response.content


def _decoded(attributes: dict[str, Any]) -> UsageEvent | None:
    item = spans.Span(b"t" * 16, b"s" * 8, b"", 0, NOW_NANOS, False, attributes, {}, "")
    try:
        return spans.SpanDecoder(AttributeMap())(item, context())
    except Rejected as rejected:
        assert str(rejected)
        return None


@given(
    counts=st.tuples(*[st.integers(0, 10**8)] * 5),
    names=st.tuples(*map(st.sampled_from, (usage.INPUT, usage.OUTPUT, usage.CACHE_READ, usage.CACHE_WRITE,
                                            usage.REASONING))),
    total=st.sampled_from(["none", "inside", "beside"]),
)  # fmt: skip
def test_buckets_sum_to_what_is_billed_in_every_spelling(
    counts: tuple[int, ...], names: tuple[str, ...], total: str
) -> None:
    given_in, given_out, read, written, reasoning = counts
    attributes = {**CHAT, **dict(zip(names, counts, strict=True))}
    for name in (*usage.INPUT, *usage.OUTPUT):
        if name not in names:
            attributes.pop(name, None)
    billed = given_in + given_out
    if total != "none":
        billed += read + written + reasoning if total == "beside" else 0
        attributes["gen_ai.usage.total_tokens"] = billed
    event = _decoded(attributes)
    contradiction = total != "beside" and (read + written > given_in or reasoning > given_out)
    if total == "inside" and billed in (
        given_in + given_out + read + written, given_in + given_out + reasoning,
    ):  # fmt: skip
        return  # Nothing is cached, or nothing reasoned: inside and beside say the same.
    if event is None:
        assert contradiction or sum(counts) > 10**9
        return
    assert not contradiction
    assert sum(getattr(event.quantities, name) for name in TOKEN_BUCKETS) == billed
    assert event.quantities.cache_read_tokens == read
    assert event.quantities.reasoning_tokens == reasoning


TREES = st.lists(st.tuples(st.integers(0, 11), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=60)
@given(tree=TREES, order=st.randoms())
async def test_of_calls_that_enclose_each_other_only_the_innermost_count(
    tree: list[tuple[int, bool]], order: Any
) -> None:
    """Each span's parent comes before it; `True` is a call, the others are spans of something else."""
    parents = {number: parent % number if number else None for number, (parent, _) in enumerate(tree)}
    calls = {number for number, (_, is_call) in enumerate(tree) if is_call}
    enclosing: set[int | None] = set()
    for number in calls:
        parent = parents[number]
        while parent is not None:
            enclosing.add(parent)
            parent = parents[parent]
    made = [
        span(number + 1, (parents[number] or 0) + 1 if number else 0,
             gen_ai__operation__name="chat" if number in calls else "execute_tool")
        for number in range(len(tree))
    ]  # fmt: skip
    order.shuffle(made)
    served = serve()
    await served.post("traces", traces(*made))
    counted = {int(event.source_event_id.partition(":")[2], 16) - 1 for event in served.kept.events}
    assert counted == calls - enclosing


def test_no_bytes_crash_a_decoder(tmp_path: Path) -> None:
    """A short run of the fuzzer; `python -m tests.fuzz.otlp` goes on for as long as one likes."""
    pytest.importorskip("atheris", reason="no atheris for this platform")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for path in GOLDEN:
        example = json.loads(path.read_text())
        signal, request = example["signal"], example["request"]
        number = ["traces", "metrics", "logs"].index(signal)
        (corpus / f"{path.stem}-pb").write_bytes(bytes([number, 0]) + protobuf(signal, request))
        (corpus / f"{path.stem}-json").write_bytes(bytes([number, 1]) + orjson.dumps(request))
    command = [sys.executable, "-m", "tests.fuzz.otlp", "-max_total_time=10", "-seed=7", "-max_len=20000", str(corpus)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-3_000:]
    assert "Done" in run.stderr
