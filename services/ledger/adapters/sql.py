"""Cost queries as ClickHouse SQL. Values are bound; the text holds only names of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.common import filters
from services.common.clock import SECOND
from services.common.dimensions import BUCKETS, DIMENSIONS, TAG_PREFIX
from services.common.filters import Filter
from services.ledger.domain.query import LOG_PARTITION, CostQuery, Cursor, Range, ReadFrom, Scope

DIMENSION_COLUMNS: Mapping[str, str] = {name: "tenant_id" if name == "tenant" else name for name in DIMENSIONS}

MAX_ROWS = 50_000
"""Rows an answer may have; with 14 buckets each they fill a gRPC message."""


@dataclass(frozen=True)
class _Table:
    """How to read one of the tables that hold costs."""

    name: str
    seconds: str
    """SQL of a row's time, whole seconds since the epoch."""
    within: str
    """SQL of: the row is in [start, end)."""
    bucket: str
    """Name of a bucket's quantity, with %s for the bucket."""
    cost: str
    shadow: str
    events: str
    unpriced: str


def within(column: str) -> str:
    """SQL of: the time in this column is in [{start}, {end}), bound in microseconds."""
    start, end = (f"fromUnixTimestamp64Micro({{{bound}:Int64}}, 'UTC')" for bound in ("start", "end"))
    return f"{column} >= {start} AND {column} < {end}"


def _rollup(name: str) -> _Table:
    return _Table(
        name=name,
        seconds="toInt64(toUnixTimestamp(start))",
        within=within("start"),
        bucket="sum(%s)",
        cost="sum(cost_picos)",
        shadow="sum(shadow_cost_picos)",
        events="sum(events)",
        unpriced="sum(unpriced_events)",
    )


ROLLUP_TABLES: Mapping[ReadFrom, str] = {ReadFrom.HOURLY: "costs_hourly", ReadFrom.DAILY: "costs_daily"}

_TABLES: Mapping[ReadFrom, _Table] = {
    **{source: _rollup(name) for source, name in ROLLUP_TABLES.items()},
    ReadFrom.ENTRIES: _Table(
        name="cost_entries FINAL",
        seconds=f"intDiv(toUnixTimestamp64Micro(time), {SECOND})",
        within=within("time"),
        bucket="sum(%s_delta)",
        cost="sum(toInt128(cost_picos_delta))",
        shadow="sum(toInt128(shadow_cost_picos_delta))",
        events="sum(events_delta)",
        unpriced="sum(unpriced_events_delta)",
    ),
}


@dataclass
class Statement:
    """SQL and its bound values."""

    text: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


def costs(query: CostQuery, source: ReadFrom) -> Statement:
    """Rows of: group values, bucket's start in seconds, cost, shadow cost, events, unpriced events, each quantity."""
    table = _TABLES[source]
    statement = Statement(parameters={"start": query.range.start, "end": query.range.end})
    where = _conditions(query.tenant_id, query.filter, table.within, statement)
    if not query.include_reported:
        where.append("measurement = 'metered'")
    if query.scope is not None:
        where.append(_in_scope(query.scope, statement))
    groups = [_group(name, statement) for name in query.group_by]
    over_time = query.by_hour or bool(query.buckets)
    if query.limit and groups and over_time:
        where.append(_top_groups(table, groups, where))
        statement.parameters["limit"] = query.limit
    keys = [f"g{index}" for index in range(len(groups))]
    selected = [f"{sql} AS {key}" for sql, key in zip(groups, keys, strict=True)]
    time = "toInt64(0)"
    if query.by_hour:
        time = f"intDiv({table.seconds}, 3600) * 3600"
    elif query.buckets:
        time = f"roundDown({table.seconds}, {{buckets:Array(Int64)}})"
        statement.parameters["buckets"] = [start // SECOND for start in query.buckets]
    selected += [
        f"{time} AS bucket_start",
        f"{table.cost} AS sum_cost",
        f"{table.shadow} AS sum_shadow",
        f"{table.events} AS sum_events",
        f"{table.unpriced} AS sum_unpriced",
        *(table.bucket % bucket for bucket in BUCKETS),
    ]
    rows = MAX_ROWS + 1
    if query.limit and not over_time:
        rows = min(rows, query.limit)
    statement.text = (
        f"SELECT {', '.join(selected)} FROM {table.name} WHERE {' AND '.join(where)} "  # noqa: S608
        f"GROUP BY {', '.join([*keys, 'bucket_start'])} "
        f"ORDER BY {', '.join(['bucket_start', 'sum_cost DESC', *keys])} LIMIT {rows}"
    )
    return statement


def entries(tenant_id: str | None, span: Range, parsed: Filter, after: Cursor | None, rows: int) -> Statement:
    """Rows of: time in microseconds, event key, revision, CostRecord in base64; metered ones, newest first.

    Base64, because the client reads a String column as text.
    """
    statement = Statement(parameters={"start": span.start, "end": span.end, "rows": rows})
    where = _conditions(tenant_id, parsed, _TABLES[ReadFrom.ENTRIES].within, statement)
    where += ["measurement = 'metered'", "NOT reversal"]
    if after is not None:
        at = "fromUnixTimestamp64Micro({after_time:Int64}, 'UTC')"
        where.append(f"time <= {at}")
        where.append(f"(time, event_key, revision) < ({at}, unhex({{after_key:String}}), {{after_revision:Int64}})")
        statement.parameters |= {
            "after_time": after.time, "after_key": after.event_key.hex(), "after_revision": after.revision,
        }  # fmt: skip
    statement.text = (
        "SELECT toUnixTimestamp64Micro(time), event_key, revision, base64Encode(record) FROM cost_entries FINAL "  # noqa: S608
        f"WHERE {' AND '.join(where)} ORDER BY time DESC, event_key DESC, revision DESC LIMIT {{rows:UInt32}}"
    )
    return statement


def _conditions(tenant_id: str | None, parsed: Filter, within: str, statement: Statement) -> list[str]:
    where = [within]
    if tenant_id is not None:
        where.append("tenant_id = {tenant:String}")
        statement.parameters["tenant"] = tenant_id
    condition = filters.to_sql(parsed, DIMENSION_COLUMNS, "tags", statement.parameters)
    return [*where, f"({condition})"]


def _group(name: str, statement: Statement) -> str:
    if name == LOG_PARTITION:
        return "if(log_incarnation = {incarnation:String}, toString(log_partition), '-1')"
    if name.startswith(TAG_PREFIX):
        parameter = f"tag{len(statement.parameters)}"
        statement.parameters[parameter] = name[len(TAG_PREFIX) :]
        return f"tags[{{{parameter}:String}}]"
    return f"toString({DIMENSION_COLUMNS[name]})"


def _in_scope(scope: Scope, statement: Statement) -> str:
    statement.parameters["incarnation"] = scope.incarnation
    alternatives = ["log_incarnation != {incarnation:String}"] if scope.others else []
    if scope.through:
        statement.parameters["partitions"] = list(scope.through)
        statement.parameters["through"] = list(scope.through.values())
        alternatives.append(
            "log_incarnation = {incarnation:String} AND log_offset <= "
            "transform(log_partition, {partitions:Array(Int32)}, {through:Array(Int64)}, toInt64(-1))"
        )
    return f"({' OR '.join(alternatives) or 'false'})"


def _top_groups(table: _Table, groups: list[str], where: list[str]) -> str:
    listed = ", ".join(groups)
    return (
        f"({listed}) IN (SELECT {listed} FROM {table.name} WHERE {' AND '.join(where)} "  # noqa: S608
        f"GROUP BY {listed} ORDER BY {table.cost} DESC, {listed} LIMIT {{limit:UInt32}})"
    )
