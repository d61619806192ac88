"""OpenTelemetry's own exporters against the running platform; the cost is read from the console."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode

from services.allinone.engines.ports import free_port
from services.allinone.up import OTLP_PORT, Options, otlp_port
from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.e2e.events import price
from tests.e2e.running import AIFINOPS, Cluster, Up
from tests.e2e.spans import ONE_CALL, arrives, bearer, one_call, span_exporter

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("up")) as running:
        yield running
        assert running.stop() == 0


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_spans_of_an_agent_and_its_calls(up: Up, protocol: str) -> None:
    project = f"travel-{protocol}"
    provider = TracerProvider(resource=Resource({"service.name": project, "team": "holidays"}))
    provider.add_span_processor(BatchSpanProcessor(span_exporter(protocol, up)))
    tracer = provider.get_tracer("test")
    summed: dict[str, Any] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-4o",
              "gen_ai.usage.input_tokens": 6018, "gen_ai.usage.output_tokens": 900}  # fmt: skip
    for _ in range(20):
        with tracer.start_as_current_span("invoke_agent Planner", attributes=summed):
            for number in range(3):
                one_call(tracer, number)
    with tracer.start_as_current_span("chat gpt-4o") as failed:
        failed.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"})
        failed.set_status(Status(StatusCode.ERROR))
    assert provider.force_flush()
    provider.shutdown()
    client = up.client()
    arrives(client, 60 * ONE_CALL, 61, project=project)
    arrives(client, 20 * ONE_CALL, 20, project=project, user="user-1")
    entries = client.get("/api/v1/entries", project=project)["entries"]
    assert {entry["team"] for entry in entries} == {"holidays"}
    assert "SECRET" not in json.dumps(entries)


def test_the_same_spans_again_are_counted_once(up: Up) -> None:
    """What an exporter does after an answer that got lost: it sends the batch again."""
    exporter = span_exporter("http", up)
    kept: list[Any] = []

    class Twice(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            kept.extend(spans)
            assert exporter.export(spans) is SpanExportResult.SUCCESS
            return exporter.export(spans)

    provider = TracerProvider(resource=Resource({"service.name": "again"}))
    provider.add_span_processor(BatchSpanProcessor(Twice()))
    for number in range(50):
        one_call(provider.get_tracer("test"), number)
    provider.shutdown()
    assert span_exporter("grpc", up).export(kept) is SpanExportResult.SUCCESS
    arrives(up.client(), 50 * ONE_CALL, 50, project="again")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_events_of_claude_code(up: Up, protocol: str) -> None:
    """The bill of the example: 3 input, 12304 written to the cache, 550 output, and not a token twice."""
    headers = bearer(up.addresses["key"])
    exporter = (
        HttpLogs(f"{up.addresses['http']}/v1/logs", headers=headers)
        if protocol == "http"
        else GrpcLogs(up.addresses["otlp"], insecure=True, headers=headers)
    )
    provider = LoggerProvider(resource=Resource({"service.name": "claude-code", "team": f"claude-{protocol}"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    attributes: dict[str, Any] = {
        "event.name": "api_request", "session.id": protocol, "user.email": "ann@example.com",
        "model": "claude-3-5-haiku-20241022", "cost_usd": 0.0145, "input_tokens": 3, "output_tokens": 550,
        "cache_read_tokens": 0, "cache_creation_tokens": 12304, "request_id": f"req_{protocol}",
    }  # fmt: skip
    logger = provider.get_logger("com.anthropic.claude_code.events")
    for _ in range(2):
        logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                severity_number=SeverityNumber.INFO,
                body="claude_code.api_request",
                attributes=attributes,
            )
        )
    provider.shutdown()
    expected = price(
        "claude-3-5-haiku-20241022", {"input_tokens": 3, "cache_write_tokens": 12304, "output_tokens": 550}
    )
    arrives(up.client(), expected, 1, team=f"claude-{protocol}", tool="claude-code", user="ann@example.com")


LITELLM = """
import litellm
litellm.callbacks = ["otel"]
for _ in range(3):
    litellm.completion(model="gpt-4o", messages=[{"role": "user", "content": "SECRET question"}],
                       mock_response="answer", api_key="none", user="ann@example.com")
"""


def test_litellms_callback(up: Up) -> None:
    """A sender we did not write: a span of the request, and one of the raw request below it."""
    environment = {
        **os.environ,
        "OTEL_EXPORTER": "otlp_http",
        "OTEL_ENDPOINT": f"{up.addresses['http']}/v1/traces",
        "OTEL_HEADERS": f"Authorization=Bearer {up.addresses['key']}",
        "OTEL_SERVICE_NAME": "gateway",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1",
    }
    run = subprocess.run(
        [sys.executable, "-c", LITELLM], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    client = up.client()
    # LiteLLM's mock says 10 tokens in and 20 out.
    expected = price("gpt-4o", {"input_tokens": 10, "output_tokens": 20})
    arrives(client, 3 * expected, 3, project="gateway", user="ann@example.com")
    assert "SECRET" not in json.dumps(client.get("/api/v1/entries", project="gateway"))


def test_who_may_send(up: Up) -> None:
    viewer = up.client().post("/api/v1/keys", {"name": "viewer", "role": "viewer"})["key"]
    ingest = up.client().post("/api/v1/keys", {"name": "sender", "role": "ingest"})["key"]
    statuses = {}
    for name, key in (("viewer", viewer), ("ingest", ingest), ("wrong", "afk_aaaaaaaaaaaa_" + "b" * 43)):
        answer = httpx.post(
            f"{up.addresses['http']}/v1/traces",
            content=b"",
            headers={**bearer(key), "content-type": "application/x-protobuf"},
            trust_env=False,
        )
        with grpc.insecure_channel(
            up.addresses["otlp"].removeprefix("http://"), options=[("grpc.enable_http_proxy", 0)]
        ) as channel:
            call: Any = channel.unary_unary(EXPORT)
            try:
                call(b"", metadata=[("authorization", f"Bearer {key}")], timeout=10)
                code = grpc.StatusCode.OK
            except grpc.RpcError as error:
                code = error.code()
        statuses[name] = (answer.status_code, code)
    assert statuses == {
        "viewer": (403, grpc.StatusCode.PERMISSION_DENIED),
        "ingest": (200, grpc.StatusCode.OK),
        "wrong": (401, grpc.StatusCode.UNAUTHENTICATED),
    }
    # The exporter says so too, instead of trying for ever.
    provider = TracerProvider()
    assert span_exporter("http", up, viewer).export([]) is SpanExportResult.FAILURE
    provider.shutdown()


def test_a_taken_otlp_port_that_was_asked_for_is_said(up: Up, tmp_path: Path) -> None:
    port = up.addresses["otlp"].rpartition(":")[2]
    refused = subprocess.run(
        [*AIFINOPS, "up", "--data", str(tmp_path / "d"), "--http-port", "0", "--grpc-port", "0", "--otlp-port", port],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_taken_usual_otlp_port_is_no_reason_not_to_start(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", OTLP_PORT)))
        found = otlp_port(Options(tmp_path))
        assert found != OTLP_PORT
        with socket.create_server(("127.0.0.1", found)):
            pass


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cumulative_counter_outlives_kills_of_ingest(
    kafka_bootstrap: str, clickhouse_url: str, tmp_path: Path
) -> None:
    """A real SDK counts on while ingest is killed between its exports: in the end exactly what it counted is there."""
    name, otlp = f"otlp{uuid.uuid4().hex[:8]}", free_port()
    cluster = Cluster(
        tmp_path,
        KafkaSettings(bootstrap_servers=kafka_bootstrap, topic_prefix=f"{name}.", partitions=3),
        ClickHouseSettings(url=clickhouse_url, database=name),
        AIFINOPS_INGEST__OTLP_GRPC_PORT=str(otlp),
        AIFINOPS_INGEST__OTLP_METRICS='{"gen_ai.client.token.usage": "metered"}',
    )
    cluster.prepare()
    cluster.start()
    cluster.ready()
    headers = bearer(cluster.admin_key)
    exporters: tuple[Any, ...] = (
        HttpMetrics(f"{cluster.http('ingest')}/v1/metrics", headers=headers),
        GrpcMetrics(f"http://127.0.0.1:{otlp}", insecure=True, headers=headers),
    )
    readers = [PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000) for exporter in exporters]
    attributes = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    provider = MeterProvider(metric_readers=readers[:1], resource=Resource({"service.name": "steady"}))
    other = MeterProvider(metric_readers=readers[1:], resource=Resource({"service.name": "other"}))
    histograms = [one.get_meter("test").create_histogram("gen_ai.client.token.usage") for one in (provider, other)]
    for round_ in range(3):
        for histogram in histograms:
            for _ in range(4):
                histogram.record(1_000, {**attributes, "gen_ai.token.type": "input"})
                histogram.record(100, {**attributes, "gen_ai.token.type": "output"})
        assert provider.force_flush()
        assert other.force_flush()
        if round_ < 2:
            cluster.kill()
            cluster.start()
            cluster.ready()
    # The last totals once more, as after a lost answer.
    assert provider.force_flush()
    client = cluster.client()
    expected = price("gpt-4o", {"input_tokens": 12_000, "output_tokens": 1_200})
    arrives(client, expected, 12, project="steady")
    arrives(client, expected, 12, project="other")
    provider.shutdown()
    other.shutdown()
    arrives(client, expected, 12, project="steady")
    assert set(cluster.stop().values()) == {0}
