"""The governance service, wired."""

from __future__ import annotations

import asyncio

from finops.governance.v1.governance_pb2 import DESCRIPTOR
from finops.governance.v1.governance_pb2_grpc import add_GovernanceServiceServicer_to_server

from services.common.clickhouse import ClickHouse
from services.common.clock import MINUTE, SystemClock
from services.common.component import GrpcService, Service
from services.common.kafka.batch_policy import UNHURRIED
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetters
from services.common.kafka.producer import Producer
from services.common.kafka.topics import COSTS
from services.common.keyring import KeyRing
from services.common.repeating import Repeating
from services.governance.adapters.approvals import ApprovalTable
from services.governance.adapters.audit import AuditTable
from services.governance.adapters.consumer import CostLogProcessor
from services.governance.adapters.events import EventLog
from services.governance.adapters.servicer import GovernanceServicer
from services.governance.adapters.tools import ToolTable
from services.governance.adapters.usage import ToolUsageTable
from services.governance.domain.usage import WrittenSpans
from services.governance.handlers.approvals import ApprovalDesk
from services.governance.handlers.registry import Registry
from services.governance.handlers.watch import UsageWatch
from services.governance.settings import GovernanceSettings

GROUP = "governance"


def build(settings: GovernanceSettings, keyring: KeyRing) -> Service:
    """Its parts from its settings."""
    options = settings.governance
    clock = SystemClock()
    clickhouse = ClickHouse(settings.clickhouse)
    producer = Producer(settings.kafka, client_id=GROUP)
    tools = ToolTable(clickhouse)
    trail = AuditTable(clickhouse)
    events = EventLog(settings.kafka, producer)
    deciding, wake = asyncio.Lock(), asyncio.Event()
    approvals = ApprovalDesk(ApprovalTable(clickhouse), tools, trail, events, clock, deciding, wake.set)
    watch = UsageWatch(
        tools,
        ToolUsageTable(clickhouse),
        trail,
        events,
        WrittenSpans(options.remembered_users, options.last_seen_resolution_minutes * MINUTE),
        clock,
    )
    consumer = BatchConsumer(
        settings.kafka,
        group=GROUP,
        topics=[COSTS],
        processor=CostLogProcessor(watch),
        dead_letters=DeadLetters(producer, GROUP),
        policy=UNHURRIED,
    )
    return Service(
        name=GROUP,
        components=[
            clickhouse,
            producer,
            Repeating("tool registry", tools.refresh, seconds=options.refresh_seconds, essential=True),
            Repeating("decisions told", approvals.settle, seconds=options.refresh_seconds, wake=wake, essential=True),
            consumer,
        ],
        grpc=[
            GrpcService(
                DESCRIPTOR.services_by_name["GovernanceService"].full_name,
                GovernanceServicer(Registry(tools, trail, clock, deciding), approvals),
                add_GovernanceServiceServicer_to_server,
            )
        ],
        migrations=["services.governance.migrations"],
    )
