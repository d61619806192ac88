"""`aifinops dlq` against a real Kafka, with letters that the consumers' own code set aside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent
from typer.testing import CliRunner, Result

from services.allinone.cli import app
from services.common.kafka.dead_letters import DeadLetterLimit, DeadLetters, TooManyDeadLettersError
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition, Record, Rejection
from services.common.kafka.tail import read
from services.common.kafka.topics import COSTS, DEAD_LETTER, USAGE, create_topics
from services.common.settings import KafkaSettings
from services.ingest.domain.identity import seal

NOW = 1_763_856_000_000_000


def usage(name: str, **fields: Any) -> tuple[bytes, bytes]:
    """Key and value of an event as ingest writes it."""
    event = UsageEvent(
        tenant_id="acme", source="shop", source_event_id=name, time_unix_micros=NOW,
        quantities=Quantities(input_tokens=5, requests=1),
    )  # fmt: skip
    event.MergeFrom(UsageEvent(**fields))
    sealed = seal(event, NOW)
    return sealed.key, sealed.value


@dataclass
class World:
    """A cluster with topics, and the command."""

    settings: KafkaSettings

    def cli(self, *arguments: str, code: int = 0, **environment: str) -> Result:
        settings = {
            "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": self.settings.bootstrap_servers,
            "AIFINOPS_KAFKA__TOPIC_PREFIX": self.settings.topic_prefix,
            "AIFINOPS_CLICKHOUSE__URL": "http://127.0.0.1:1",
            "AIFINOPS_AUTH__SERVICE_KEY": "afk_none",
            **environment,
        }
        result = CliRunner().invoke(app, ["dlq", *arguments], env=settings, catch_exceptions=False)
        assert result.exit_code == code, (result.exit_code, result.output)
        return result

    def open_letters(self, *filters: str) -> list[dict[str, Any]]:
        lines = self.cli("list", "--json", "--limit", "0", *filters).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def set_aside(
        self, *records: Outgoing, group: str = "pricing", reason: str = "unpriceable", detail: str = "too much"
    ) -> None:
        """Writes records to their topics and lets a consumer's dead letters take them."""

        async def work() -> None:
            producer = Producer(self.settings, client_id="test")
            await producer.start()
            positions = await producer.produce(records)
            partitions = {
                Partition(self.settings.topic(record.topic), partition)
                for record, (partition, _) in zip(records, positions, strict=True)
            }
            at = {(self.settings.topic(r.topic), *place) for r, place in zip(records, positions, strict=True)}
            found = [
                record
                async for batch in read(self.settings, sorted(partitions))
                for record in batch
                if (record.topic, record.partition, record.offset) in at
            ]
            letters = DeadLetters(producer, group, DeadLetterLimit(records=10_000))
            rejections = [Rejection(record, reason, detail) for record in found]
            await letters.send(rejections)
            await letters.send(rejections)  # A batch that is read again does not send its own again.
            await producer.stop()

        asyncio.run(work())

    def written(self, topic: str) -> list[Record]:
        async def work() -> list[Record]:
            count = 1 if topic == DEAD_LETTER else self.settings.partitions
            partitions = [Partition(self.settings.topic(topic), number) for number in range(count)]
            return [record async for batch in read(self.settings, partitions) for record in batch]

        return asyncio.run(work())


@pytest.fixture
def world(kafka_settings: KafkaSettings) -> Iterator[World]:
    async def created() -> None:
        await create_topics(kafka_settings)
        # The broker's list of topics lags a little behind its answer to their creation.
        producer = Producer(kafka_settings, client_id="test")
        await producer.start()
        await producer.produce([Outgoing(DEAD_LETTER, b"", None, [("dlq_settles", b"nothing")])])
        await producer.stop()

    asyncio.run(created())
    yield World(kafka_settings)


def test_list_filters_and_counts(world: World) -> None:
    assert "no dead letters open" in world.cli("list").stdout
    world.set_aside(*(Outgoing(USAGE, *usage(f"e{n}")) for n in range(3)))
    world.set_aside(Outgoing(USAGE, b"k" * 16, b"\xff", partition=1), reason="undecodable", detail="not an event")
    world.set_aside(Outgoing(COSTS, b"k" * 16, b"\xff", partition=0), group="ledger", reason="not a CostRecord")
    shown = world.cli("list").stdout
    assert "5 open (3 pricing: unpriceable; 1 pricing: undecodable; 1 ledger: not a CostRecord)" in shown
    assert len(world.open_letters()) == 5
    assert len(world.open_letters("--group", "ledger")) == 1
    assert len(world.open_letters("--reason", "unpriceable")) == 3
    assert len(world.open_letters("--topic", USAGE)) == 4
    assert len(world.open_letters("--since", "1h")) == 5
    assert world.open_letters("--since", "2100-01-01T00:00:00Z") == []
    assert "2 are shown" in world.cli("list", "--limit", "2").stdout.replace("latest 2", "2")
    letter = world.open_letters("--reason", "undecodable")[0]
    assert (letter["topic"], letter["partition"], letter["offset"]) == (world.settings.topic(USAGE), 1, 0)


def test_show_tells_all(world: World, tmp_path: Path) -> None:
    key, value = usage("e1", team="search")
    world.set_aside(Outgoing(USAGE, key, value, [("ce_id", b"abc"), ("odd", b"\xff")]))
    world.set_aside(Outgoing(USAGE, b"k" * 16, b"\xff\xfe"), reason="undecodable")
    first, second = world.open_letters()
    told = json.loads(world.cli("show", first["id"]).stdout)
    assert told["value"]["team"] == "search"
    assert told["value"]["quantities"] == {"input_tokens": "5", "requests": "1"}
    assert (told["type"], told["reason"], told["detail"]) == ("finops.usage.v1.UsageEvent", "unpriceable", "too much")
    assert (told["key"], told["headers"]) == (key.hex(), {"ce_id": "abc", "odd": "base64:/w=="})
    raw = tmp_path / "raw"
    told = json.loads(world.cli("show", second["id"], "--raw", str(raw)).stdout)
    assert told["value_base64"] == "//4="
    assert raw.read_bytes() == b"\xff\xfe"


def test_a_replay_goes_to_its_partition_and_is_open_no_more(world: World) -> None:
    events = [usage(f"e{n}") for n in range(7)]
    world.set_aside(*(Outgoing(USAGE, *event, [("ce_id", b"1")]) for event in events))
    before = {record.key: record for record in world.written(USAGE)}
    assert "7 would be replayed" in world.cli("replay", "--all", "--dry-run").stdout
    assert len(world.written(USAGE)) == 7
    one = world.open_letters()[0]["id"]
    assert "1 replayed" in world.cli("replay", one).stdout
    assert "already" in world.cli("replay", one, code=1).output
    assert "6 replayed" in world.cli("replay", "--reason", "unpriceable").stdout
    assert world.open_letters() == []
    assert "0 replayed" in world.cli("replay", "--all").stdout
    after = world.written(USAGE)
    assert len(after) == 14
    for record in after:
        origin = before[record.key]
        assert (record.partition, record.value) == (origin.partition, origin.value)
        if record.offset != origin.offset:
            assert [name for name, _ in record.headers] == ["ce_id", "dlq_replay_of"]
    (replayed,) = [letter for letter in world.open_letters("--state", "replayed") if letter["id"] == one]
    assert replayed["note"].startswith(f"to {USAGE}/")


def test_an_older_revision_is_not_replayed_over_a_newer_one(world: World) -> None:
    old, new = usage("e1"), usage("e1", team="search")
    assert old[0] == new[0]
    world.set_aside(Outgoing(USAGE, *old))
    world.set_aside(Outgoing(USAGE, *new))
    done = world.cli("replay", "--all", code=1)
    assert "1 replayed, 1 not" in done.stdout
    assert "a later record of the same event" in done.output.replace("\n", " ")
    assert world.written(USAGE)[-1].value == new[1]
    (left,) = world.open_letters()
    assert "1 replayed" in world.cli("replay", left["id"], "--force").stdout
    assert world.written(USAGE)[-1].value == old[1]


def test_an_edit_is_sealed_anew_and_replayed(world: World, tmp_path: Path) -> None:
    key, value = usage("e1")
    world.set_aside(Outgoing(USAGE, key, value))
    (letter,) = world.open_letters()
    world.cli("edit", letter["id"], "--set", "colour=red", code=1)
    world.cli("edit", letter["id"], "--set", "colour", code=2)
    assert len(world.open_letters()) == 1
    told = world.cli("edit", letter["id"], "--set", "quantities.input_tokens=3", "--set", "team=ads", "--replay").stdout
    assert "1 replayed" in told
    mended = UsageEvent.FromString(world.written(USAGE)[-1].value or b"")
    assert (mended.event_key, mended.team, mended.quantities.input_tokens) == (key, "ads", 3)
    original = UsageEvent.FromString(value)
    assert mended.content_hash != original.content_hash
    assert mended.received_unix_micros == original.received_unix_micros
    assert mended == UsageEvent.FromString(usage("e1", team="ads", quantities=Quantities(input_tokens=3))[1])
    assert {one["state"] for one in world.open_letters("--state", "all")} == {"edited", "replayed"}

    world.set_aside(Outgoing(USAGE, b"x" * 16, b"\xff"), reason="undecodable")
    (letter,) = world.open_letters()
    assert "--value-file" in world.cli("edit", letter["id"], "--set", "team=ads", code=1).output
    assert "edit" in world.cli("replay", letter["id"], code=1).output
    whole = tmp_path / "event.json"
    whole.write_text(json.dumps({"tenant_id": "acme", "source": "shop", "source_event_id": "e2"}))
    copy = world.cli("edit", letter["id"], "--value-file", str(whole)).stdout.split()[-1]
    assert "1 replayed" in world.cli("replay", copy).stdout
    assert any(record.key == usage("e2")[0] for record in world.written(USAGE))


def test_the_editor(world: World, tmp_path: Path) -> None:
    world.set_aside(Outgoing(USAGE, *usage("e1", team="serach")))
    (letter,) = world.open_letters()
    assert "nothing was changed" in world.cli("edit", letter["id"], EDITOR="true", VISUAL="").stdout
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nsed -i s/serach/search/ "$1"\n')
    script.chmod(0o755)
    copy = world.cli("edit", letter["id"], EDITOR=str(script), VISUAL="").stdout.split()[-1]
    assert json.loads(world.cli("show", copy).stdout)["value"]["team"] == "search"


def test_costs_are_refused_with_the_reason(world: World) -> None:
    cost = CostRecord(revision=1).SerializeToString()
    world.set_aside(Outgoing(COSTS, b"k" * 16, cost, partition=0), group="ledger", reason="no tenant")
    (letter,) = world.open_letters()
    assert "a cost record is not replayed" in world.cli("replay", "--all", code=1).output
    assert "a cost record is not replayed" in world.cli("edit", letter["id"], "--set", "revision=2", code=1).output
    assert len(world.written(COSTS)) == 1
    assert "1 dropped" in world.cli("drop", letter["id"], "--because", "a test wrote it").stdout
    (dropped,) = world.open_letters("--state", "dropped")
    assert dropped["note"] == "a test wrote it"
    assert "already" in world.cli("drop", letter["id"], code=1).output


def test_two_thousand_at_once(world: World) -> None:
    world.set_aside(*(Outgoing(USAGE, *usage(f"e{n}")) for n in range(2_000)))
    assert "2000 replayed" in world.cli("replay", "--all").stdout
    assert len(world.written(USAGE)) == 4_000
    assert world.open_letters() == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("replay",), 2, "--all"),
        (("replay", "--all", "--reason", "x"), 2, "--all"),
        (("drop",), 2, "--all"),
        (("show", "x"), 2, "it reads 17"),
        (("show", "99"), 1, "no dead letter 99"),
        (("replay", "99"), 1, "no dead letter 99"),
        (("list", "--state", "lost"), 2, "one of open"),
        (("list", "--since", "yesterday"), 2, "--since"),
        (("edit", "1", "--set", "a=b", "--value-file", __file__), 2, "do not go together"),
        (("list", "--data", "/nowhere"), 1, "no data folder"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(world: World, arguments: tuple[str, ...], code: int, told: str) -> None:
    assert told in world.cli(*arguments, code=code).output


def test_where_kafka_or_the_topic_is_away(kafka_settings: KafkaSettings) -> None:
    world = World(kafka_settings)
    assert "aifinops topics" in world.cli("list", code=1).output
    gone = World(kafka_settings.model_copy(update={"bootstrap_servers": "127.0.0.1:1"}))
    output = gone.cli("list", code=1).output
    assert "Kafka at 127.0.0.1:1" in output
    assert "Traceback" not in output


async def test_a_limit_that_was_hit_writes_nothing(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    world = World(kafka_settings.model_copy(update={"dead_letter_limit": 2}))
    producer = Producer(world.settings, client_id="test")
    await producer.start()
    await producer.produce([Outgoing(USAGE, *usage(f"e{n}"), partition=0) for n in range(3)])
    records = [r async for batch in read(world.settings, [Partition(world.settings.topic(USAGE), 0)]) for r in batch]
    letters = DeadLetters(producer, "pricing")
    with pytest.raises(TooManyDeadLettersError):
        await letters.send([Rejection(record, "malformed", "") for record in records])
    await letters.send([Rejection(record, "malformed", "") for record in records[:2]])
    await producer.stop()
    dead = Partition(world.settings.topic(DEAD_LETTER), 0)
    assert len([r async for batch in read(world.settings, [dead]) for r in batch]) == 2
