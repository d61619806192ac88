"""Pollers as processes against a provider that misbehaves, real ingest and real Kafka: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, UsageEvent

from services.common.kafka.topics import create_topics
from services.common.money import to_decimal
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.fakes.openai import FakeOpenAI, days_ago, hours_ago
from tests.fakes.server import FakeServer, Seen, disconnect, rate_limited, server_error
from tests.integration.connectors_harness import PATIENCE, SECRET, Platform, platform, tokens
from tests.kafka import RealKafka, RealKafkaMissing

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def there(
    tmp_path: Path, kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[Platform]:
    async with platform(tmp_path, kafka_settings, clickhouse_settings, auth_settings) as made:
        yield made


@pytest.fixture
def openai() -> FakeOpenAI:
    return FakeOpenAI(page_buckets=50)


@pytest.fixture
async def server(openai: FakeOpenAI) -> AsyncIterator[FakeServer]:
    async with FakeServer(openai.routes(), secret=f"Bearer {SECRET}") as made:
        yield made


def used(openai: FakeOpenAI, server: FakeServer, hours: int) -> None:
    """Three models in each of the last hours."""
    for ago in range(hours):
        for number, model in enumerate(("gpt-4o", "gpt-5.4", "gpt-5.4-mini")):
            openai.use(
                "completions", hours_ago(server, ago), model=model, project_id="p", input_tokens=100 * ago + number,
                output_tokens=10, num_model_requests=1,
            )  # fmt: skip


async def test_pages_haste_and_halves_end_in_the_right_totals(
    there: Platform, openai: FakeOpenAI, server: FakeServer
) -> None:
    used(openai, server, 24 * 20)
    server.fail_next(None, rate_limited(1), None, server_error(503), None, disconnect(), None, None, disconnect())
    process = there.connectors(there.entry("openai", "openai-usage", server.url))
    await process.start()
    await process.ready()
    await there.until(lambda events: len(events) == 24 * 20 * 3)
    events = await there.final()
    assert tokens(events) == openai.total("completions", "input_tokens")
    assert sum(event.quantities.output_tokens for event in events.values()) == openai.total(
        "completions", "output_tokens"
    )
    event = next(iter(events.values()))
    assert (event.tenant_id, event.source, event.measurement) == ("acme", "openai-usage", MEASUREMENT_REPORTED)


async def test_revised_buckets_are_revisions_and_costs_are_exact(
    there: Platform, openai: FakeOpenAI, server: FakeServer
) -> None:
    used(openai, server, 5)
    openai.use("costs", days_ago(server, 1), value=Decimal("1.25"), line_item="gpt-4o, input", project_id="p")
    entries = [there.entry(name, name, server.url) for name in ("openai-usage", "openai-costs")]
    process = there.connectors(*entries)
    await process.start()
    await there.until(lambda events: len(events) == 16)
    for step in range(3):
        openai.use("completions", hours_ago(server, step), model="gpt-4o", project_id="p", input_tokens=7,
                   output_tokens=1, num_model_requests=1)  # fmt: skip
        openai.revise("costs", days_ago(server, 1), value=Decimal("1.250000000001") + step, line_item="gpt-4o, input",
                      project_id="p")  # fmt: skip
        wanted = openai.total("completions", "input_tokens")
        await there.until(lambda events: tokens(events) == wanted)  # noqa: B023 - awaited here
    await there.until(lambda events: _cost(events) == Decimal("3.250000000001"))
    events = await there.final()
    assert len(events) == 16, "revisions, no new events"
    per_id: dict[str, set[bytes]] = {}
    for event in await there.events():
        per_id.setdefault(event.source_event_id, set()).add(event.content_hash)
    assert sum(len(hashes) for hashes in per_id.values()) <= 16 + 3 + 3


@pytest.mark.slow
async def test_killed_anywhere_it_reads_again_and_nothing_counts_twice(
    there: Platform, openai: FakeOpenAI, server: FakeServer
) -> None:
    used(openai, server, 24 * 25)
    process = there.connectors(there.entry("openai", "openai-usage", server.url, interval="1h"))
    for requests in (1, 5, 14, 23, 31):
        reached = asyncio.Event()

        async def count(seen: Seen, end: int = len(server.requests) + requests, told: asyncio.Event = reached) -> None:
            if len(server.requests) >= end:
                told.set()
                await asyncio.sleep(0.3)

        server.before = count
        await process.start()
        async with asyncio.timeout(PATIENCE):
            await reached.wait()
        await process.kill()
        openai.use("completions", hours_ago(server, 1), model="gpt-4o", project_id="p", input_tokens=1,
                   output_tokens=0, num_model_requests=1)  # fmt: skip
    server.before = None
    await process.start()
    await there.until(lambda events: len(events) == 24 * 25 * 3)
    wanted = openai.total("completions", "input_tokens")
    await there.until(lambda events: tokens(events) == wanted)
    async with asyncio.timeout(PATIENCE):
        while (await there.checkpoints())["openai"].through < server.now() - timedelta(minutes=5):
            await asyncio.sleep(0.1)
    assert len(await there.final()) == 24 * 25 * 3


@pytest.mark.slow
async def test_of_two_replicas_one_polls_and_the_other_takes_over(
    there: Platform, openai: FakeOpenAI, server: FakeServer
) -> None:
    used(openai, server, 3)
    server.secret = ""
    replicas = [
        there.connectors(
            *(
                there.entry(f"p{number}", "openai-usage", server.url, account=str(number),
                            secret_file=there.file(f"{who}{number}.secret", f"sk-replica-{number}-{who}"))
                for number in range(8)
            )
        )
        for who in ("a", "b")
    ]  # fmt: skip
    for replica in replicas:
        await replica.start()
    for replica in replicas:
        await replica.ready()
    await there.until(lambda events: len(events) == 8 * 9)
    # Once both have joined, each poller is one replica's; the other does not ask for it.
    await asyncio.sleep(3)
    server.requests.clear()
    await asyncio.sleep(4)
    asked = _who_asked(server)
    assert {len(replicas_of) for replicas_of in asked.values()} == {1} and len(asked) == 8
    assert set.union(*asked.values()) == {"a", "b"}, "the pollers are shared out"
    metrics = [(await replica.get("/metrics")).text for replica in replicas]
    owned = [
        {f"p{n}" for n in range(8) if f'lag_seconds{{connector="openai-usage",poller="p{n}"}}' in m} for m in metrics
    ]
    assert owned[0] | owned[1] == {f"p{n}" for n in range(8)} and not owned[0] & owned[1]
    await replicas[0].kill()
    server.requests.clear()
    openai.use("completions", hours_ago(server, 0), model="gpt-4o", project_id="p", input_tokens=50_000,
               output_tokens=0, num_model_requests=1)  # fmt: skip
    await there.until(lambda events: sum(e.quantities.input_tokens >= 50_000 for e in events.values()) == 8)
    assert set.union(*_who_asked(server).values()) == {"b"}


@pytest.mark.slow
async def test_a_replica_that_was_frozen_asks_for_nothing_that_went_to_another(
    there: Platform, openai: FakeOpenAI, server: FakeServer
) -> None:
    used(openai, server, 24 * 25)
    openai.page_buckets = 2
    server.secret = ""
    replicas = [
        there.connectors(
            there.entry("p", "openai-usage", server.url, secret_file=there.file(f"{who}.secret", f"sk-replica-p-{who}"))
        )
        for who in ("a", "b")
    ]
    await replicas[0].start()
    async with asyncio.timeout(PATIENCE):
        while len(server.requests) < 100:
            await asyncio.sleep(0.05)
    await replicas[1].start()
    await replicas[1].ready()
    await asyncio.sleep(2)
    (owner,) = _who_asked(server)["p"] if len(_who_asked(server)["p"]) == 1 else {_last(server)}
    frozen, other = replicas if owner == "a" else replicas[::-1]
    frozen.freeze()
    server.requests.clear()
    async with asyncio.timeout(PATIENCE):
        while not server.requests or _last(server) == owner:
            await asyncio.sleep(0.05)
    server.requests.clear()
    frozen.thaw()
    await asyncio.sleep(3)
    assert len(_who_asked(server)["p"] - {owner}) == 1
    late = [seen for seen in server.requests if seen.headers["authorization"].endswith(owner)]
    # The rebalance after its return may give it the poller again; until then it is silent.
    if late:
        after = server.requests[server.requests.index(late[0]) :]
        assert len({seen.headers["authorization"] for seen in after}) == 1, "never both at a time"
    assert other.running()


@pytest.mark.slow
async def test_while_kafka_is_away_nobody_polls_and_then_it_goes_on(
    there: Platform, openai: FakeOpenAI, server: FakeServer, tmp_path: Path
) -> None:
    broker = RealKafka(tmp_path / "kafka")
    try:
        await asyncio.to_thread(broker.start)
    except RealKafkaMissing as missing:
        pytest.skip(f"no Apache Kafka to take away: {missing}")
    try:
        kafka = there.kafka.model_copy(update={"bootstrap_servers": broker.bootstrap_servers})
        await create_topics(kafka)
        used(openai, server, 3)
        process = there.connectors(there.entry("openai", "openai-usage", server.url), kafka=kafka)
        await process.start()
        await there.until(lambda events: len(events) == 9)
        broker.kill()
        async with asyncio.timeout(PATIENCE):
            while (await process.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.2)
        server.requests.clear()
        await asyncio.sleep(3)
        assert server.requests == [], "without a lease"
        assert (await process.get("/healthz")).status_code == 200, "a restart would not help"
        await asyncio.to_thread(broker.start)
        openai.use("completions", hours_ago(server, 0), model="gpt-4o", project_id="p", input_tokens=50_000,
                   output_tokens=0, num_model_requests=1)  # fmt: skip
        wanted = openai.total("completions", "input_tokens")
        await there.until(lambda events: tokens(events) == wanted)
        await process.ready()
    finally:
        broker.kill()


async def test_a_source_whose_clock_is_changed(there: Platform, openai: FakeOpenAI, server: FakeServer) -> None:
    server.clock_offset = timedelta(hours=-5)
    used(openai, server, 2)
    process = there.connectors(there.entry("openai", "openai-usage", server.url))
    await process.start()
    await there.until(lambda events: len(events) == 6)
    async with asyncio.timeout(PATIENCE):
        while not (point := (await there.checkpoints()).get("openai")) or point.through < server.now() - 2 * MINUTE:
            await asyncio.sleep(0.2)
    assert point.through <= server.now(), "not beyond what its clock showed"
    server.clock_offset = timedelta(0)
    used(openai, server, 1)
    async with asyncio.timeout(PATIENCE):
        while (point := (await there.checkpoints())["openai"]).through < server.now() - 2 * MINUTE:
            await asyncio.sleep(0.2)
    await there.until(lambda events: len(events) == 9)
    assert tokens(await there.final()) == openai.total("completions", "input_tokens")


async def test_two_tenants_have_their_own(there: Platform, openai: FakeOpenAI, server: FakeServer) -> None:
    used(openai, server, 4)
    other = there.entry(
        "other", "openai-usage", server.url, api_key_file=there.file("other.key", await there.key_of("globex"))
    )
    process = there.connectors(there.entry("ours", "openai-usage", server.url), other)
    await process.start()
    for tenant in ("acme", "globex"):
        await there.until(lambda events: len(events) == 12, tenant)
        assert tokens(await there.final(tenant)) == openai.total("completions", "input_tokens")
    assert {event.tenant_id for event in await there.events()} == {"acme", "globex"}


async def test_secrets_rotate_without_a_restart_and_show_nowhere(
    there: Platform, openai: FakeOpenAI, server: FakeServer
) -> None:
    used(openai, server, 2)
    entry = there.entry("openai", "openai-usage", server.url)
    key = there.auth.admin_key.get_secret_value()
    there.file("source.secret", wrong := "sk-wrong-secret-9876543210")
    process = there.connectors(entry)
    await process.start()
    await process.ready()
    async with asyncio.timeout(PATIENCE):
        while "401" not in (await process.get("/readyz")).text:
            await asyncio.sleep(0.1)
    shown = [(await process.get(path)).text for path in ("/readyz", "/healthz", "/metrics")]
    assert 'poller="openai",reason="refused by the source"' in shown[2]
    there.file("source.secret", SECRET)
    await there.until(lambda events: len(events) == 6)
    there.file("acme.key", unknown := "afk_nobody_0000000000000000000000000000000000000000000")
    openai.use("completions", hours_ago(server, 0), model="gpt-4o", project_id="p", input_tokens=1, output_tokens=0,
               num_model_requests=1)  # fmt: skip
    async with asyncio.timeout(PATIENCE):
        while "configuration" not in (await process.get("/readyz")).text:
            await asyncio.sleep(0.1)
    there.file("source.secret", "two\nlines-of-secret")
    async with asyncio.timeout(PATIENCE):
        while "one line of ASCII" not in (await process.get("/readyz")).text:
            await asyncio.sleep(0.1)
    shown += [(await process.get(path)).text for path in ("/readyz", "/healthz", "/metrics")]
    await process.stop()
    everything = "\n".join([*shown, process.output.read_text()])
    assert "refused by the source" in everything and "wrong key: ***" in everything
    for secret in (SECRET, wrong, key, key.rpartition("_")[2], unknown, "lines-of-secret"):
        assert secret not in everything


async def test_rejected_rows_are_kept_and_seen(there: Platform, openai: FakeOpenAI, server: FakeServer) -> None:
    openai.use("costs", days_ago(server, 500), value=Decimal("9"), line_item="too old")
    openai.use("costs", days_ago(server, 1), value=Decimal("1"), line_item="fine")
    backfill = days_ago(server, 510).date().isoformat()
    process = there.connectors(there.entry("costs", "openai-costs", server.url, backfill_from=backfill))
    await process.start()
    await there.until(lambda events: len(events) == 1)
    await process.ready()
    async with asyncio.timeout(PATIENCE):
        while not (rows := await there.rows("SELECT poller, event_id, code, event FROM connector_rejections FINAL")):
            await asyncio.sleep(0.1)
    ((poller, event_id, code, event),) = rows
    assert (poller, code) == ("costs", "out_of_range")
    assert event_id.startswith("costs:") and "too old" in event_id and '"source_cost":"9"' in event
    assert (
        'rows_total{connector="openai-costs",outcome="rejected",poller="costs"} 1.0'
        in (await process.get("/metrics")).text
    )
    assert event_id in process.output.read_text()


def _cost(events: dict[str, UsageEvent]) -> Decimal:
    return sum((to_decimal(event.source_cost_picos) for event in events.values()), start=Decimal(0))


def _who_asked(server: FakeServer) -> dict[str, set[str]]:
    """Replicas by poller, from secrets that read sk-replica-POLLER-REPLICA."""
    found: dict[str, set[str]] = {}
    for seen in server.requests:
        _, poller, replica = seen.headers["authorization"].rsplit("-", 2)
        found.setdefault(poller, set()).add(replica)
    return found


def _last(server: FakeServer) -> str:
    return server.requests[-1].headers["authorization"].rpartition("-")[2]
