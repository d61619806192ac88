"""The topics, and how they are created."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from services.common.errors import UnavailableError
from services.common.kafka.client import away, connection
from services.common.settings import KafkaSettings

USAGE = "finops.usage.v1"
COSTS = "finops.costs.v1"
BUDGET_STATE = "finops.budget-state.v1"
BUDGET_HOLDS = "finops.budget-holds.v1"
BUDGET_ALERTS = "finops.budget-alerts.v1"
ANOMALIES = "finops.anomalies.v1"
RECOMMENDATIONS = "finops.recommendations.v1"
GOVERNANCE = "finops.governance.v1"
DEAD_LETTER = "finops.dead-letter.v1"
CONNECTOR_SHARES = "finops.connector-shares.v1"
"""Stays empty: its partitions are the shares of a consumer group, by which replicas divide the pollers among them."""


@dataclass(frozen=True)
class Topic:
    """A topic's contract."""

    name: str
    key: str
    value: str
    written_by: str
    scaled: bool = False
    """Has the configured number of partitions instead of one."""
    compacted: bool = False


TOPICS: tuple[Topic, ...] = (
    Topic(USAGE, "event key", "finops.usage.v1.UsageEvent", "ingest", scaled=True),
    Topic(COSTS, "event key, same partition number as its usage", "finops.cost.v1.CostRecord", "pricing", scaled=True),
    Topic(BUDGET_STATE, "tenant, budget, period, partition", "finops.budget.v1.PartialSum", "budget", compacted=True),
    Topic(BUDGET_HOLDS, "tenant, request id", "finops.budget.v1.HoldRecord", "budget", scaled=True, compacted=True),
    Topic(BUDGET_ALERTS, "budget", "finops.budget.v1.BudgetAlert", "budget"),
    Topic(ANOMALIES, "anomaly", "finops.anomaly.v1.AnomalyEvent", "anomaly"),
    Topic(RECOMMENDATIONS, "recommendation", "finops.recommendation.v1.RecommendationEvent", "optimizer"),
    Topic(GOVERNANCE, "subject", "finops.governance.v1.GovernanceEvent", "governance"),
    Topic(DEAD_LETTER, "original key", "original bytes; headers say why", "all"),
)

_UNLISTED_PAUSE_SECONDS = 0.05

_EMPTY = (Topic(CONNECTOR_SHARES, "none", "nothing", "nobody", scaled=True),)


async def create_topics(settings: KafkaSettings) -> list[str]:
    """Creates the topics that are missing; leaves the others as they are. Returns the names created.

    Raises:
        RuntimeError: finops.usage.v1 and finops.costs.v1 differ in partitions, or Kafka refuses a topic.
        UnavailableError: Kafka is away, or does not list a topic it created within `request_timeout_ms`.
    """
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
    except (KafkaError, OSError) as fault:
        await admin.close()
        raise away(settings, fault) from fault
    try:
        existing = set(await admin.list_topics())
        missing = [topic for topic in (*TOPICS, *_EMPTY) if settings.topic(topic.name) not in existing]
        if missing:
            response = await admin.create_topics([_new_topic(topic, settings) for topic in missing])
            for name, code, *rest in response.topic_errors:
                error = for_code(code)
                if code and error.__name__ != "TopicAlreadyExistsError":
                    raise RuntimeError(f"Kafka did not create {name}: {error.__name__} {rest[0] if rest else ''}")
        partitions = await _listed(admin, settings)
        usage, costs = settings.topic(USAGE), settings.topic(COSTS)
        if partitions.get(usage) != partitions.get(costs):
            raise RuntimeError(
                f"{usage} has {partitions.get(usage)} partitions and {costs} {partitions.get(costs)}: make them equal. "
                "Raise the smaller one with kafka-topics --alter while nothing is being produced."
            )
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def _listed(admin: AIOKafkaAdminClient, settings: KafkaSettings) -> dict[str, int]:
    """Partitions by topic, once all of ours are there: a broker lists a topic some time after it is created."""
    ours = {settings.topic(topic.name) for topic in (*TOPICS, *_EMPTY)}
    deadline = time.monotonic() + settings.request_timeout_ms / 1000
    while True:
        described = {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics()}
        unlisted = ours - {name for name, partitions in described.items() if partitions}
        if not unlisted:
            return described
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"Kafka created {', '.join(sorted(unlisted))} but does not list it: see whether its brokers are well, "
                "then start again"
            )
        await asyncio.sleep(_UNLISTED_PAUSE_SECONDS)


def _new_topic(topic: Topic, settings: KafkaSettings) -> NewTopic:
    config = {"retention.ms": str(settings.retention_hours * 3_600_000)}
    if topic.compacted:
        config = {"cleanup.policy": "compact"}
    partitions = settings.partitions if topic.scaled else 1
    return NewTopic(settings.topic(topic.name), partitions, settings.replication_factor, topic_configs=config)
