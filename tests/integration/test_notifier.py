"""The notifier on real engines, with real receivers: every destination once, across resends and SIGKILL."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from apprise.plugins.slack import NotifySlack
from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent
from finops.budget.v1.budget_pb2 import BudgetAlert
from pydantic import SecretStr

from services.common import host
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import DAY, HOUR, SystemClock
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import ANOMALIES, BUDGET_ALERTS, DEAD_LETTER, GOVERNANCE, create_topics
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings, HttpSettings, KafkaSettings
from services.notifier.app import build
from services.notifier.settings import Destination, NotifierOptions, NotifierSettings
from tests.integration.killable import KillableService
from tests.integration.receivers import http_receiver, mail_receiver
from tests.unit.notifier.samples import anomaly_event, budget_alert, shadow_event

MIGRATIONS = ["services.common.migrations", "services.notifier.migrations"]
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#finops"


def alert(event_id: str, age: int = 0) -> Outgoing:
    now = SystemClock().now()
    message = budget_alert(event_id, at=now - age)
    message.period_end_unix_micros = now + DAY
    return Outgoing(BUDGET_ALERTS, b"acme/budgets/search", message.SerializeToString())


def anomaly(event_type: AnomalyEvent.Type) -> Outgoing:
    event = anomaly_event(event_type)
    event.anomaly.end_unix_micros = SystemClock().now() - HOUR
    return Outgoing(ANOMALIES, event.anomaly.name.encode(), event.SerializeToString())


def shadow() -> Outgoing:
    event = shadow_event()
    event.time_unix_micros = SystemClock().now()
    return Outgoing(GOVERNANCE, b"tools/cursor", event.SerializeToString())


async def produce(kafka: KafkaSettings, *records: Outgoing) -> None:
    producer = Producer(kafka, client_id="test")
    await producer.start()
    await producer.produce(records)
    await producer.stop()


async def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def states(clickhouse_settings: ClickHouseSettings) -> dict[tuple[str, str], str]:
    clickhouse = ClickHouse(clickhouse_settings)
    try:
        rows = await clickhouse.query("SELECT event_id, destination, state FROM alert_deliveries FINAL")
    finally:
        await clickhouse.stop()
    return {(row[0], row[1]): row[2] for row in rows}


async def until_states(settings: ClickHouseSettings, wanted: dict[tuple[str, str], str]) -> None:
    async with asyncio.timeout(40):
        while (found := await states(settings)) != wanted:
            await asyncio.sleep(0.1)
    assert found == wanted


@asynccontextmanager
async def running(
    kafka: KafkaSettings, clickhouse: ClickHouseSettings, auth: AuthSettings, **options: Any
) -> AsyncIterator[None]:
    await create_topics(kafka)
    await migrate(clickhouse, MIGRATIONS)
    settings = NotifierSettings(
        kafka=kafka,
        clickhouse=clickhouse,
        auth=auth,
        grpc=GrpcSettings(host="127.0.0.1", port=0),
        http=HttpSettings(host="127.0.0.1", port=0),
        notifier=NotifierOptions(backoff_seconds=0.05, **options),
    )
    keyring = host.key_ring(settings)
    process = host.Host("test", settings, [build(settings, keyring)], keyring)
    await process.start()
    try:
        await until(process.ready)
        yield
    finally:
        await process.stop()


def destination(name: str, url: str, **more: Any) -> Destination:
    return Destination(name=name, url=SecretStr(url), **more)


async def test_a_database_of_the_first_notifier_gets_the_tables_of_this_one(
    clickhouse_settings: ClickHouseSettings,
) -> None:
    await migrate(clickhouse_settings, ["services.common.migrations"])
    clickhouse = ClickHouse(clickhouse_settings)
    try:
        first = "services.notifier.migrations/0001_notifications.sql"
        await clickhouse.command("INSERT INTO schema_migrations VALUES ({name:String}, now64(6))", {"name": first})
        await migrate(clickhouse_settings, MIGRATIONS)
        tables = {row[0] for row in await clickhouse.query("SHOW TABLES")}
    finally:
        await clickhouse.stop()
    assert tables >= {"alert_changes", "alert_deliveries", "alert_routes"}


async def test_every_kind_reaches_webhook_json_slack_and_mail(
    kafka_settings: KafkaSettings,
    clickhouse_settings: ClickHouseSettings,
    auth_settings: AuthSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with http_receiver() as hooks, http_receiver() as apprise, http_receiver() as slack, mail_receiver() as mail:
        # Apprise's Slack plugin has a fixed host; everything but the host is Apprise's own.
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{slack.url}/services")
        monkeypatch.setattr(NotifySlack, "request_rate_per_sec", 0)
        destinations = (
            destination("hook", f"{hooks.url}/finops?token=x", secret=SecretStr("s3cret")),
            destination("json", f"json://127.0.0.1:{apprise.port}/in", kinds=("anomaly",)),
            destination("slack", SLACK, kinds=("budget", "governance")),
            destination("mail", f"mailto://user:pass@127.0.0.1:{mail.port}?from=finops@example.com&to=ann@example.com"),
            destination("pager", f"{hooks.url}/pager", min_severity="critical", tenants=("globex",)),
        )
        async with running(
            kafka_settings, clickhouse_settings, auth_settings,
            destinations=destinations, console_url="https://finops.example.com/",
        ):  # fmt: skip
            await produce(
                kafka_settings, alert("a1"), anomaly(AnomalyEvent.TYPE_OPENED), anomaly(AnomalyEvent.TYPE_UPDATED),
                anomaly(AnomalyEvent.TYPE_CLOSED), shadow(), Outgoing(BUDGET_ALERTS, b"x", b"\xff"),
            )  # fmt: skip
            await until(lambda: len(hooks.requests) == 4 and len(mail.mails) == 4)
            await until(lambda: len(apprise.requests) == 2 and len(slack.requests) == 2)
        assert (len(hooks.requests), len(mail.mails)) == (4, 4)

        posted = [json.loads(request.body) for request in hooks.requests]
        by_title = {body["title"]: body for body in posted}
        budget = by_title["Budget Search: 80% used"]
        assert (budget["id"], budget["kind"], budget["severity"], budget["tenant"]) == (
            "a1",
            "budget",
            "warning",
            "acme",
        )
        assert budget["link"] == "https://finops.example.com/budgets"
        for request in hooks.requests:
            assert request.path == "/finops?token=x"
            stamp, mac = (part.split("=", 1)[1] for part in request.headers["x-aifinops-signature"].split(","))
            expected = hmac.new(b"s3cret", f"{stamp}.".encode() + request.body, hashlib.sha256).hexdigest()
            assert mac == expected
        assert len({request.headers["idempotency-key"] for request in hooks.requests}) == 4

        assert [json.loads(r.body)["title"] for r in apprise.requests] == [
            "Anomaly: cost of model gpt-4o, team search", "Anomaly over: cost of model gpt-4o, team search",
        ]  # fmt: skip
        text = " ".join(request.body.decode() for request in slack.requests)
        assert "Budget Search: 80% used" in text
        assert "Shadow tool found: Cursor" in text
        assert {request.path for request in slack.requests} == {
            "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
        }
        [about] = [m for m in mail.mails if "Shadow" in m["subject"]]
        assert about["to"] == "ann@example.com"
        body = about.get_body(("plain", "html"))
        assert body is not None
        assert "https://finops.example.com/governance" in body.get_content()
    dead = [r async for b in read(kafka_settings, [Partition(kafka_settings.topic(DEAD_LETTER), 0)]) for r in b]
    assert [r.value for r in dead] == [b"\xff"]


async def test_refusals_are_retried_rejections_buried_history_left_alone(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    async with http_receiver(503, 429) as busy, http_receiver(404) as wrong, http_receiver(502) as unclear:
        destinations = [
            destination(name, r.url) for name, r in (("busy", busy), ("wrong", wrong), ("unclear", unclear))
        ]
        async with running(
            kafka_settings, clickhouse_settings, auth_settings, destinations=tuple(destinations), max_age_hours=24
        ):
            await produce(kafka_settings, alert("a1"))
            await until_states(
                clickhouse_settings,
                {("a1", "busy"): "sent", ("a1", "wrong"): "failed", ("a1", "unclear"): "sent"},
            )
            await produce(kafka_settings, alert("old", age=2 * DAY))
            async with asyncio.timeout(20):
                while (await states(clickhouse_settings)).get(("old", "busy")) != "stale":
                    await asyncio.sleep(0.1)
        for receiver in (busy, unclear):
            assert len({r.headers["idempotency-key"] for r in receiver.requests}) == 1
        assert (len(busy.requests), len(wrong.requests), len(unclear.requests)) == (3, 1, 2)
    [dead] = [r async for b in read(kafka_settings, [Partition(kafka_settings.topic(DEAD_LETTER), 0)]) for r in b]
    assert BudgetAlert.FromString(dead.value or b"").alert_id == "a1"
    headers = dict(dead.headers)
    assert headers["dlq_reason"] == b"not delivered"
    assert headers["dlq_detail"] == b"wrong, 1 attempt(s): HTTP 404"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_each_destination_gets_each_event_once_across_resends_and_sigkill(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    await create_topics(kafka_settings)
    await migrate(clickhouse_settings, MIGRATIONS)
    async with http_receiver() as hooks, http_receiver() as apprise, mail_receiver() as mail:
        names = ("hook", "json", "mail")
        urls = (
            hooks.url,
            f"json://127.0.0.1:{apprise.port}",
            f"mailto://u:p@127.0.0.1:{mail.port}?from=a@b.co&to=c@d.co",
        )
        service = KillableService(
            "notifier", kafka_settings, clickhouse_settings, auth_settings,
            AIFINOPS_NOTIFIER__DESTINATIONS=[{"name": n, "url": u} for n, u in zip(names, urls, strict=True)],
        )  # fmt: skip
        events = (alert("a1"), anomaly(AnomalyEvent.TYPE_OPENED), shadow())
        ids = ("a1", f"anomaly-{AnomalyEvent.TYPE_OPENED}", "shadow-1")
        for _ in range(3):
            await produce(kafka_settings, *events)
            await service.start()
            await service.ready()
            await until_states(clickhouse_settings, {(i, n): "sent" for i in ids for n in names})
            await service.kill()
        assert (len(hooks.requests), len(apprise.requests), len(mail.mails)) == (3, 3, 3)

        # Killed while the receiver holds the answer back: a webhook gets the message again, under the same key.
        hooks.gate.clear()
        await produce(kafka_settings, alert("a2"))
        await service.start()
        await until(lambda: len(hooks.requests) == 4)
        await service.kill()
        hooks.gate.set()
        await service.start()
        await service.ready()
        await _until_state(clickhouse_settings, ("a2", "hook"), "sent")
        await service.stop()
        again = [request for request in hooks.requests if json.loads(request.body)["id"] == "a2"]
        assert (len(again), len({request.headers["idempotency-key"] for request in again})) == (2, 1)


async def _until_state(settings: ClickHouseSettings, key: tuple[str, str], state: str) -> None:
    async with asyncio.timeout(40):
        while (await states(settings)).get(key) != state:
            await asyncio.sleep(0.1)
