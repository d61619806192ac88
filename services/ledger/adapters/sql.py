"""Cost queries as ClickHouse SQL. Values are bound; the text holds only names of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.common import distinct_values, filters
from services.common.clock import SECOND, Micros
from services.common.dimensions import BUCKETS, DIMENSIONS, TAG_PREFIX
from services.common.filters import Filter
from services.ledger.domain.calendar import HourShift
from services.ledger.domain.query import LOG_PARTITION, CostQuery, Cursor, Range, ReadFrom, Scope

DIMENSION_COLUMNS: Mapping[str, str] = {name: "tenant_id" if name == "tenant" else name for name in DIMENSIONS}

# The keys come from a subquery: written as an array expression they take thirty times as long to become a set.
KEYS = """
SELECT toFixedString(unhex(substring({keys:String}, 32 * number + 1, 32)), 16)
FROM numbers(intDiv(length({keys:String}), 32))
"""
"""Of event keys that are bound one after the other, in hexadecimal."""

_HASH = "reinterpretAsUInt64(substring(MD5(name), 1, 8))"
"""As `distinct_values.hashed`."""

MAX_ROWS = 50_000
"""Rows an answer may have; with 14 buckets each they fill a gRPC message."""


@dataclass(frozen=True)
class _Table:
    """How to read one of the tables that hold costs."""

    name: str
    seconds: str
    """SQL of a row's time, whole seconds since the epoch."""
    time: str
    """Name of the column that the range is about."""
    bucket: str
    """A bucket's sum, with %s for the bucket."""
    metrics: str
    """Name of the column that holds business metrics."""
    cost: str
    """A cost's sum, with %s for its name."""
    events: str
    unpriced: str


def within(column: str, start: str = "start", end: str = "end") -> str:
    """SQL of: the time in this column is in [{start}, {end}), bound in microseconds."""
    first, last = (f"fromUnixTimestamp64Micro({{{bound}:Int64}}, 'UTC')" for bound in (start, end))
    return f"{column} >= {first} AND {column} < {last}"


def _rollup(name: str) -> _Table:
    return _Table(
        name=name,
        seconds="toInt64(toUnixTimestamp(start))",
        time="start",
        bucket="sum(%s)",
        metrics="metrics",
        cost="sum(%s)",
        events="sum(events)",
        unpriced="sum(unpriced_events)",
    )


ROLLUP_TABLES: Mapping[ReadFrom, str] = {ReadFrom.HOURLY: "costs_hourly", ReadFrom.DAILY: "costs_daily"}

_TABLES: Mapping[ReadFrom, _Table] = {
    **{source: _rollup(name) for source, name in ROLLUP_TABLES.items()},
    ReadFrom.ENTRIES: _Table(
        name="cost_entries FINAL",
        seconds=f"intDiv(toUnixTimestamp64Micro(time), {SECOND})",
        time="time",
        bucket="sum(%s_delta)",
        metrics="metrics_delta",
        cost="sum(toInt128(%s_delta))",
        events="sum(events_delta)",
        unpriced="sum(unpriced_events_delta)",
    ),
}

COSTS: Sequence[str] = (
    "cost_picos", "shadow_cost_picos", "list_cost_picos", "contracted_cost_picos", "billed_cost_picos",
)  # fmt: skip
"""Sums of money in the order in which `costs` selects them."""


@dataclass
class Statement:
    """SQL and its bound values."""

    text: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Asked:
    """What is common to everything that is selected for a query."""

    table: _Table
    statement: Statement
    groups: list[str]
    """SQL of each group's value."""
    where: list[str]
    time: str
    """SQL of the start of a row's bucket, whole seconds since the epoch."""
    rest: str = "false"
    """SQL of: the row's group lies beyond the limit."""

    @property
    def keys(self) -> list[str]:
        """Names that group values, bucket and rest are selected under."""
        return [*(f"g{index}" for index in range(len(self.groups))), "bucket_start", "is_rest"]

    @property
    def selected(self) -> list[str]:
        """What the keys stand for. The groups of the rest have no values."""
        values = self.groups if self.rest == "false" else [f"if(is_rest, '', {sql})" for sql in self.groups]
        sqls = [*values, self.time, self.rest]
        return [f"{sql} AS {key}" for sql, key in zip(sqls, self.keys, strict=True)]


def costs(query: CostQuery, source: ReadFrom) -> Statement:
    """Rows of: group values, bucket's start in seconds, whether it is the rest, events, unpriced events, COSTS, each
    quantity, each of the metrics asked for."""
    asked = _asked(query, source)
    table, keys = asked.table, asked.keys
    in_one_pass = _limits(query) and _in_one_pass(query)
    if _limits(query) and not in_one_pass:
        _keep_top(query, asked)
    sums = {
        "sum_events": table.events,
        "sum_unpriced": table.unpriced,
        **{f"sum_{cost}": table.cost % cost for cost in COSTS},
        **{f"sum_{bucket}": table.bucket % bucket for bucket in BUCKETS},
        **_metrics(query, asked),
    }
    selected = ", ".join([*asked.selected, *(f"{sql} AS {name}" for name, sql in sums.items())])
    text = (
        f"SELECT {selected} FROM {table.name} WHERE {' AND '.join(asked.where)} "  # noqa: S608
        f"GROUP BY {', '.join(keys)}"
    )
    groups = keys[:-2]
    order = ["bucket_start", "is_rest", f"sum_{COSTS[0]} DESC", *groups]
    rows = MAX_ROWS + 1
    if in_one_pass and query.with_rest:
        text = _folded(text, groups, list(sums))
        order = [f"kept_{key}" for key in order]
        asked.statement.parameters["limit"] = query.limit
    elif in_one_pass:
        rows = min(rows, query.limit)
    asked.statement.text = f"{text} ORDER BY {', '.join(order)} LIMIT {rows}"
    return asked.statement


def _metrics(query: CostQuery, asked: _Asked) -> dict[str, str]:
    """Sums of the business metrics asked for, by the names they are selected under."""
    asked.statement.parameters |= {f"metric{place}": name for place, name in enumerate(query.metrics)}
    return {
        f"sum_metric{place}": f"sum({asked.table.metrics}[{{metric{place}:String}}])"
        for place in range(len(query.metrics))
    }


def distinct(query: CostQuery, source: ReadFrom, column: str) -> Statement:
    """Rows of: group values, bucket's start in seconds, whether it is the rest, how many values of the column have
    events there. Values that are empty do not count; those of two tenants are never the same."""
    asked = _asked(query, source)
    if _limits(query):
        _keep_top(query, asked)
    keys = ", ".join(asked.keys)
    asked.statement.text = (
        f"SELECT {keys}, count() FROM (SELECT {', '.join(asked.selected)} FROM {asked.table.name} "  # noqa: S608
        f"WHERE {' AND '.join(asked.where)} AND {column} != '' "
        f"GROUP BY {keys}, tenant_id, {column} HAVING {asked.table.events} > 0) GROUP BY {keys}"
    )
    return asked.statement


def activity(query: CostQuery) -> Statement:
    """Rows of: group values, bucket's start in seconds, whether it is the rest, requests that failed, the smallest
    hashes of users with requests. A user of that name counts once, whatever else differs."""
    asked = _asked(query, ReadFrom.ENTRIES)
    if _limits(query):
        _keep_top(query, asked)
    keys, requests = ", ".join(asked.keys), asked.table.bucket % "requests"
    asked.statement.text = (
        f"SELECT {keys}, sum(failed_here), "  # noqa: S608
        f"groupArraySortedIf({distinct_values.MOST})({_HASH}, name != '' AND requests_here > 0) "
        f"FROM (SELECT {', '.join(asked.selected)}, toString(user) AS name, {requests} AS requests_here, "
        f"sumIf(requests_delta, outcome = 'failed') AS failed_here FROM {asked.table.name} "
        f"WHERE {' AND '.join(asked.where)} GROUP BY {keys}, user) GROUP BY {keys}"
    )
    return asked.statement


def _asked(query: CostQuery, source: ReadFrom) -> _Asked:
    table = _TABLES[source]
    statement = Statement(parameters={"start": query.range.start, "end": query.range.end})
    where = _conditions(query.tenant_id, query.filter, statement)
    if not query.include_reported:
        where.append("measurement = 'metered'")
    if query.scope is not None:
        where.append(_in_scope(query.scope, statement))
    if query.as_of:
        where.append(_known_by(query.as_of, statement))
    groups = [_group(name, statement) for name in query.group_by]
    time = "toInt64(0)"
    if query.by_hour:
        time = _hour(table.seconds, query.hour_shifts, statement)
    elif query.buckets:
        time = f"roundDown({table.seconds}, {{buckets:Array(Int64)}})"
        statement.parameters["buckets"] = [start // SECOND for start in query.buckets]
    return _Asked(table, statement, groups, [within(table.time), *where], time)


def _hour(seconds: str, shifts: Sequence[HourShift], statement: Statement) -> str:
    """SQL of the start of the hour that a time lies in, both whole seconds since the epoch."""
    if not any(each.shift for each in shifts):
        return f"intDiv({seconds}, 3600) * 3600"
    statement.parameters["since"] = [each.since // SECOND for each in shifts]
    statement.parameters["shifts"] = [each.shift // SECOND for each in shifts]
    since = f"roundDown({seconds}, {{since:Array(Int64)}})"
    shift = f"transform({since}, {{since:Array(Int64)}}, {{shifts:Array(Int64)}}, toInt64(0))"
    return f"greatest({since}, intDiv({seconds} + {shift}, 3600) * 3600 - {shift})"


def _limits(query: CostQuery) -> bool:
    return bool(query.limit and query.group_by)


def _in_one_pass(query: CostQuery) -> bool:
    """Which groups cost most can be told from the very rows that are selected."""
    return not (query.by_hour or query.buckets or query.ranked_in)


def _keep_top(query: CostQuery, asked: _Asked) -> None:
    """Limits to the groups that cost most, or tells the others apart as the rest."""
    ranked, parameters = query.ranked_in or query.range, asked.statement.parameters
    parameters |= {"limit": query.limit, "ranked_start": ranked.start, "ranked_end": ranked.end}
    where = [within(asked.table.time, "ranked_start", "ranked_end"), *asked.where[1:]]
    listed, cost = ", ".join(asked.groups), asked.table.cost % COSTS[0]
    top = (
        f"({listed}) IN (SELECT {listed} FROM {asked.table.name} WHERE {' AND '.join(where)} "  # noqa: S608
        f"GROUP BY {listed} ORDER BY {cost} DESC, {listed} LIMIT {{limit:UInt32}})"
    )
    if query.with_rest:
        asked.rest = f"NOT {top}"
    else:
        asked.where.append(top)


def _folded(text: str, groups: Sequence[str], sums: Sequence[str]) -> str:
    """Of the groups that `text` selects those that cost most, and one row of all others. Names begin with `kept_`."""
    order = ", ".join([f"sum_{COSTS[0]} DESC", *groups])
    selected = [
        *(f"if(kept_is_rest, '', {group}) AS kept_{group}" for group in groups),
        "bucket_start AS kept_bucket_start",
        "place > {limit:UInt32} AS kept_is_rest",
        *(f"sum({name}) AS kept_{name}" for name in sums),
    ]
    keys = ", ".join(f"kept_{key}" for key in [*groups, "bucket_start", "is_rest"])
    return (
        f"SELECT {', '.join(selected)} FROM (SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM ({text})) "  # noqa: S608
        f"GROUP BY {keys}"
    )


def entries(
    tenant_id: str | None, span: Range, parsed: Filter, as_of: Micros, after: Cursor | None, rows: int
) -> Statement:
    """Rows of: time in microseconds, event key, revision, CostRecord in base64; metered ones, newest first.

    Base64, because the client reads a String column as text. Whoever asks about both places of a revision that moved
    its event finds it once.
    """
    statement = Statement(parameters={"start": span.start, "end": span.end, "rows": rows})
    where = [within("time"), *_conditions(tenant_id, parsed, statement), "measurement = 'metered'"]
    if as_of:
        where.append(_known_by(as_of, statement))
    if after is not None:
        at = "fromUnixTimestamp64Micro({after_time:Int64}, 'UTC')"
        where.append(f"time <= {at}")
        where.append(f"(time, event_key, revision) < ({at}, unhex({{after_key:String}}), {{after_revision:Int64}})")
        statement.parameters |= {
            "after_time": after.time, "after_key": after.event_key.hex(), "after_revision": after.revision,
        }  # fmt: skip
    statement.text = (
        "SELECT toUnixTimestamp64Micro(time), event_key, revision, base64Encode(record) FROM cost_entries FINAL "  # noqa: S608
        f"WHERE {' AND '.join(where)} ORDER BY time DESC, event_key DESC, revision DESC "
        "LIMIT 1 BY time, event_key, revision LIMIT {rows:UInt32}"
    )
    return statement


def _conditions(tenant_id: str | None, parsed: Filter, statement: Statement) -> list[str]:
    where = []
    if tenant_id is not None:
        where.append("tenant_id = {tenant:String}")
        statement.parameters["tenant"] = tenant_id
    condition = filters.to_sql(parsed, DIMENSION_COLUMNS, "tags", statement.parameters)
    return [*where, f"({condition})"]


def _known_by(as_of: Micros, statement: Statement) -> str:
    statement.parameters["as_of"] = as_of
    return "written_at <= fromUnixTimestamp64Micro({as_of:Int64}, 'UTC')"


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
