"""Rows for bench/ledger: an organisation's ninety days, made by the engine itself or as cost records of the log."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from finops.cost.v1.cost_pb2 import CostLine, CostRecord, LogPosition, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import DAY, SECOND, Micros
from services.common.dimensions import quantities_of

DAYS = 90
TEAMS, USERS, MODELS, PROVIDERS = 12, 500, 40, 5
TENANTS = {"small": 1, "medium": 10, "large": 100}
"""How much each has, in parts of all."""

INCARNATION = "bench"
_CHUNK = 1_000_000

# A user has a team and three models; keys and projects are the team's. So an hour has as many kinds of rows as users
# were at work in it times the models they used, which is what a rollup's length depends on.
_FILL = """
INSERT INTO cost_entries
(
    tenant_id, event_key, revision, content_hash, time, received, team, user, project, key, tool, provider, model,
    environment, source, tags, source_event_id, input_tokens_delta, cache_read_tokens_delta, output_tokens_delta,
    requests_delta, cost_picos, list_cost_picos, contracted_cost_picos, billed_cost_picos, cost_picos_delta,
    list_cost_picos_delta, contracted_cost_picos_delta, billed_cost_picos_delta, events_delta, status, price_id,
    price_book_version, log_incarnation, log_partition, log_offset, usage_incarnation, usage_partition, usage_offset
)
WITH
    cityHash64(number) AS chance,
    chance % {users:UInt64} AS person,
    person % {teams:UInt64} AS group,
    (person * 7 + intDiv(chance, 1000) % 3) % {models:UInt64} AS kind,
    50 + intDiv(chance, 10000) % 4000 AS input,
    if(intDiv(chance, 100000000) % 10 < 6, 1024 + intDiv(chance, 1000000000) % 30000, 0) AS cached,
    10 + intDiv(chance, 100000000000) % 900 AS output,
    toInt64((input * 10 + cached + output * 40) * 125000 * (1 + kind % 8)) AS picos
SELECT
    transform(intDiv(chance, 7) % 111 < 1 ? 0 : (intDiv(chance, 7) % 111 < 11 ? 1 : 2), [0, 1, 2],
        ['small', 'medium', 'large'], ''),
    sipHash128(number), 1, sipHash128(number + 1),
    fromUnixTimestamp64Micro(toInt64({start:Int64} + intDiv(toInt128(number) * {span:Int64}, {events:Int64})), 'UTC')
        AS moment,
    moment + 1,
    concat('team-', toString(group)), concat('user-', toString(person), '@example.com'),
    concat('project-', toString(group * 3 + person % 3)), concat('key-', toString(group * 2 + person % 2)),
    concat('tool-', toString(kind % 4)), concat('provider-', toString(kind % {providers:UInt64})),
    concat('model-', toString(kind)), if(person % 5 = 0, 'dev', 'prod'), 'gateway',
    map('feature', concat('feature-', toString(chance % 20))), concat('chatcmpl-', toString(number)),
    input, cached, output, 1, picos, picos, picos, picos, picos, picos, picos, picos, 1, 'priced',
    concat('model-', toString(kind)), 'bench', {incarnation:String}, number % 4, intDiv(number, 4),
    {incarnation:String}, number % 4, intDiv(number, 4)
FROM numbers({first:UInt64}, {count:UInt64})
"""


# What providers bill for the last days: of each key and model a tenth more than was metered.
REPORT = """
INSERT INTO cost_entries
(
    tenant_id, event_key, revision, content_hash, time, received, project, key, provider, model, source, measurement,
    cost_picos, list_cost_picos, contracted_cost_picos, billed_cost_picos, cost_picos_delta, list_cost_picos_delta,
    contracted_cost_picos_delta, billed_cost_picos_delta, events_delta, status, price_id, log_incarnation,
    log_partition, log_offset
)
WITH toInt64(intDiv(sum(cost_picos) * 11, 10)) AS picos, (tenant_id, start, project, key, provider, model) AS place
SELECT
    tenant_id, sipHash128(place), 1, sipHash128(place), start, start, project, key, provider, model, 'bill', 'reported',
    picos, picos, picos, picos, picos, picos, picos, picos, 1, 'priced', 'bill (billed)', 'bill', 0,
    rowNumberInAllBlocks()
FROM costs_daily
WHERE start >= fromUnixTimestamp64Micro({start:Int64}, 'UTC') AND measurement = 'metered'
GROUP BY tenant_id, start, project, key, provider, model
"""


def chunks(events: int) -> list[tuple[int, int]]:
    """First number and count of each insert."""
    return [(first, min(_CHUNK, events - first)) for first in range(0, events, _CHUNK)]


def fill(first: int, count: int, events: int, end: Micros) -> tuple[str, dict[str, object]]:
    """The statement that makes these of all events, which are spread evenly over the days up to `end`."""
    return _FILL, {
        "first": first, "count": count, "events": events, "start": end - DAYS * DAY, "span": DAYS * DAY,
        "users": USERS, "teams": TEAMS, "models": MODELS, "providers": PROVIDERS, "incarnation": INCARNATION,
    }  # fmt: skip


@dataclass(frozen=True)
class LogRecord:
    """A record of finops.costs.v1 as a consumer hands it over."""

    offset: int
    value: bytes
    partition: int
    topic: str = "finops.costs.v1"
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = field(default=())


def cost_records(count: int, partitions: int, end: Micros) -> list[LogRecord]:
    """The log's last records, each as full as the rater makes it."""
    chance = random.Random(1)
    return [_record(number, partitions, chance, end) for number in range(count)]


def _record(number: int, partitions: int, chance: random.Random, end: Micros) -> LogRecord:
    person = chance.randrange(USERS)
    model = (person * 7 + chance.randrange(3)) % MODELS
    partition, offset = number % partitions, number // partitions
    used = {
        "input_tokens": chance.randrange(50, 4_000),
        "cache_read_tokens": chance.randrange(1_024, 30_000),
        "output_tokens": chance.randrange(10, 900),
    }
    prices = {"input_tokens": 1_250_000, "cache_read_tokens": 125_000, "output_tokens": 5_000_000}
    lines = [
        CostLine(
            bucket=bucket,
            quantity=quantity,
            price_picos_per_million=prices[bucket] * 1_000_000,
            cost_picos=prices[bucket] * quantity,
        )
        for bucket, quantity in used.items()
    ]
    cost = sum(line.cost_picos for line in lines)
    quantities = quantities_of({**used, "requests": 1})
    moment = end - 3_600 * SECOND + number * SECOND // 1_000
    record = CostRecord(
        usage=UsageEvent(
            event_key=chance.randbytes(16),
            content_hash=chance.randbytes(16),
            tenant_id=chance.choices(list(TENANTS), list(TENANTS.values()))[0],
            source_event_id=f"chatcmpl-{number}",
            time_unix_micros=moment,
            received_unix_micros=moment + SECOND,
            quantities=quantities,
            source="gateway",
            provider=f"provider-{model % PROVIDERS}",
            model=f"model-{model}",
            tool=f"tool-{model % 4}",
            team=f"team-{person % TEAMS}",
            user=f"user-{person}@example.com",
            project=f"project-{person % 36}",
            key=f"key-{person % 24}",
            environment="prod",
            tags={"feature": f"feature-{chance.randrange(20)}"},
        ),
        revision=1,
        events_delta=1,
        rating=Rating(
            cost_picos=cost,
            status=RatingStatus.RATING_STATUS_PRICED,
            lines=lines,
            price_id=f"provider-{model % PROVIDERS}/model-{model}",
            price_book_version="genai-prices-0.2.3+6df7e83ed50b",
        ),
        cost_delta_picos=cost,
        quantity_delta=quantities,
        usage_position=LogPosition(incarnation=INCARNATION, partition=partition, offset=offset),
    )
    return LogRecord(offset, record.SerializeToString(), partition)


def batches(records: Sequence[LogRecord], size: int) -> list[Sequence[LogRecord]]:
    """As a consumer hands them over."""
    return [records[start : start + size] for start in range(0, len(records), size)]
