"""What every service publishes is a CloudEvent in binary mode: read back from a real log, topic by topic."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from finops.budget.v1.budget_pb2 import Budget, BudgetAlert
from finops.cost.v1.cost_pb2 import CostRecord
from finops.governance.v1.governance_pb2 import GovernanceEvent, Tool
from finops.recommendation.v1.recommendation_pb2 import Recommendation, RecommendationEvent
from finops.usage.v1.usage_pb2 import UsageEvent

from services.anomaly.adapters.outlet import AnomalyTopic
from services.budget.adapters.state_log import StateLog
from services.common import tracing
from services.common.clock import SECOND, parse_rfc3339
from services.common.kafka.producer import Producer
from services.common.kafka.record import Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import (
    ANOMALIES,
    BUDGET_ALERTS,
    COSTS,
    GOVERNANCE,
    RECOMMENDATIONS,
    USAGE,
    create_topics,
)
from services.common.settings import KafkaSettings, TelemetrySettings
from services.governance.adapters.events import EventLog as GovernanceLog
from services.ingest.adapters.journal.frames import Stored
from services.ingest.adapters.usage_log import UsageLog
from services.ingest.domain.identity import Event
from services.optimizer.adapters.events import EventLog as RecommendationLog
from services.pricing.adapters.cost_log import KafkaCostLog
from services.pricing.handlers.ports import Rated

TIME = "2026-11-23T12:00:00.000250Z"
MICROS = parse_rfc3339("2026-11-23T12:00:00Z") + 250
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEY = bytes(range(16))
USED = UsageEvent(event_key=KEY, source="checkout-api", time_unix_micros=MICROS)


class Log:
    """One partition a topic, and who writes to it."""

    def __init__(self, settings: KafkaSettings, producer: Producer) -> None:
        self.settings = settings
        self.producer = producer

    async def headers(self, topic: str) -> dict[str, bytes]:
        """Of the only record of a topic; each name is there once."""
        found = [r async for batch in read(self.settings, [Partition(self.settings.topic(topic), 0)]) for r in batch]
        (record,) = found
        headers = dict(record.headers)
        assert len(headers) == len(record.headers)
        return headers


@pytest.fixture
async def log(kafka_settings: KafkaSettings) -> AsyncIterator[Log]:
    settings = kafka_settings.model_copy(update={"partitions": 1})
    await create_topics(settings)
    producer = Producer(settings, client_id="test")
    await producer.start()
    yield Log(settings, producer)
    await producer.stop()


def expected(event_type: str, source: str, event_id: str, **others: str) -> dict[str, bytes]:
    headers = {
        "ce_specversion": "1.0",
        "ce_type": event_type,
        "ce_source": source,
        "ce_id": event_id,
        "ce_time": TIME,
        "content-type": "application/protobuf",
        **others,
    }
    return {name: value.encode() for name, value in headers.items()}


async def test_usage_is_of_its_source_and_time(log: Log) -> None:
    stored = Stored(Event(KEY, bytes(16), USED.SerializeToString()), PARENT)
    await UsageLog(log.producer).send([stored], timeout_seconds=30)
    assert await log.headers(USAGE) == expected(
        "finops.usage.v1.UsageEvent", "checkout-api", KEY.hex(), traceparent=PARENT
    )


async def test_a_cost_is_of_its_revision_and_its_usages_time(log: Log) -> None:
    costs = KafkaCostLog(log.settings, log.producer)
    await costs.append([Rated(0, CostRecord(usage=USED, revision=2), PARENT.encode())])
    assert await log.headers(COSTS) == expected(
        "finops.cost.v1.CostRecord", "/aifinops/pricing", f"{KEY.hex()}:2", traceparent=PARENT
    )


async def test_a_budget_alert(log: Log) -> None:
    budget = Budget(name="budgets/search")
    alert = BudgetAlert(alert_id="a1", tenant_id="acme", budget=budget, time_unix_micros=MICROS)
    await StateLog(log.settings, log.producer, client_id="test").publish([alert])
    assert await log.headers(BUDGET_ALERTS) == expected(
        "finops.budget.v1.BudgetAlert", "/aifinops/budget", "a1", ce_subject="acme/budgets/search"
    )


async def test_an_anomaly(log: Log) -> None:
    anomaly = Anomaly(name="anomalies/a", start_unix_micros=MICROS - SECOND, update_unix_micros=MICROS)
    await AnomalyTopic(log.producer).publish([AnomalyEvent(event_id="o1", anomaly=anomaly)])
    assert await log.headers(ANOMALIES) == expected(
        "finops.anomaly.v1.AnomalyEvent", "/aifinops/anomaly", "o1", ce_subject="anomalies/a"
    )


async def test_a_recommendation(log: Log) -> None:
    found = Recommendation(name="recommendations/r", rule="idle_seats", update_unix_micros=MICROS)
    event = RecommendationEvent(event_id="r1", type=RecommendationEvent.TYPE_CREATED, recommendation=found)
    await RecommendationLog(log.producer).publish([event])
    assert await log.headers(RECOMMENDATIONS) == expected(
        "finops.recommendation.v1.RecommendationEvent.created",
        "/aifinops/optimizer",
        "r1",
        ce_subject="recommendations/r",
    )


async def test_a_governance_event_in_the_span_that_wrote_it(log: Log) -> None:
    tracing.configure(TelemetrySettings(), "test")
    event = GovernanceEvent(
        event_id="g1", tenant_id="acme", time_unix_micros=MICROS, shadow_tool_found=Tool(name="tools/cursor")
    )
    with tracing.tracer.start_as_current_span("publish"):
        parent = tracing.traceparent()
        await GovernanceLog(log.settings, log.producer).publish([event])
    assert await log.headers(GOVERNANCE) == expected(
        "finops.governance.v1.GovernanceEvent.shadow_tool_found",
        "/aifinops/governance",
        "g1",
        ce_subject="tools/cursor",
        traceparent=parent,
    )
