"""Which questions are refused, and which table answers the others."""

from __future__ import annotations

import pytest
from finops.ledger.v1.ledger_pb2 import Comparison, ComparisonPeriod, Granularity, LogScope, QueryCostsRequest

from services.common.clock import DAY, HOUR, MINUTE, parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.ledger.domain.query import LATEST_TIME, ReadFrom, read_listing, read_query, source_of

START = parse_rfc3339("2026-03-10T00:00:00Z")


PREVIOUS, CUSTOM = ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS, ComparisonPeriod.COMPARISON_PERIOD_CUSTOM


def _custom(start: int, end: int) -> Comparison:
    return Comparison(period=CUSTOM, start_unix_micros=start, end_unix_micros=end)


def _request(**fields: object) -> QueryCostsRequest:
    whole = {"start_unix_micros": START, "end_unix_micros": START + 7 * DAY} | fields
    return QueryCostsRequest(**whole)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"end_unix_micros": START}, ["end_unix_micros"]),
        ({"start_unix_micros": -1}, ["start_unix_micros", "end_unix_micros"]),
        ({"end_unix_micros": START + 1_831 * DAY}, ["end_unix_micros"]),
        ({"start_unix_micros": LATEST_TIME, "end_unix_micros": LATEST_TIME + 1}, ["end_unix_micros"]),
        ({"group_by": ["team", "colour"]}, ["group_by[1]"]),
        ({"group_by": ["tag:"]}, ["group_by[0]"]),
        ({"group_by": ["team", "team"]}, ["group_by[1]"]),
        ({"group_by": ["log_partition"]}, ["group_by[0]"]),
        ({"group_by": [f"tag:{n}" for n in range(9)]}, ["group_by"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"time_zone": "../../etc/passwd"}, ["time_zone"]),
        ({"limit": -1}, ["limit"]),
        ({"limit": 10_001}, ["limit"]),
        ({"granularity": 99}, ["granularity"]),
        ({"filter": "team ="}, ["filter"]),
        ({"filter": 'log_partition = "1"'}, ["filter"]),
        ({"log_scope": LogScope()}, ["log_scope.incarnation"]),
        ({"with_rest": True}, ["with_rest"]),
        ({"sessions": True}, ["sessions"]),
        ({"as_of_unix_micros": -1}, ["as_of_unix_micros"]),
        ({"comparison": Comparison()}, ["comparison.period"]),
        ({"comparison": Comparison(period=9)}, ["comparison.period"]),
        ({"comparison": Comparison(period=PREVIOUS, end_unix_micros=1)}, ["comparison"]),
        ({"comparison": Comparison(period=CUSTOM)}, ["comparison.end_unix_micros"]),
        ({"start_unix_micros": 0, "end_unix_micros": DAY, "comparison": Comparison(period=PREVIOUS)}, ["comparison"]),
        ({"end_unix_micros": 0, "limit": -1, "filter": "("}, ["end_unix_micros", "limit", "filter"]),
    ],
)
def test_names_every_wrong_field(fields: dict[str, object], wrong: list[str]) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_query(_request(**fields), "acme")
    assert [violation.field for violation in caught.value.violations] == wrong


def test_a_wrong_filter_is_told_with_its_position() -> None:
    with pytest.raises(InvalidArgumentError, match="position 15"):
        read_listing(START, START + 1, 'team = "a" AND ')


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({}, ReadFrom.DAILY),
        ({"granularity": Granularity.GRANULARITY_DAY}, ReadFrom.DAILY),
        ({"granularity": Granularity.GRANULARITY_MONTH}, ReadFrom.DAILY),
        ({"granularity": Granularity.GRANULARITY_HOUR}, ReadFrom.HOURLY),
        ({"granularity": Granularity.GRANULARITY_HOUR, "time_zone": "America/New_York"}, ReadFrom.HOURLY),
        ({"granularity": Granularity.GRANULARITY_HOUR, "time_zone": "Asia/Kathmandu"}, ReadFrom.ENTRIES),
        ({"granularity": Granularity.GRANULARITY_DAY, "time_zone": "Atlantic/Reykjavik"}, ReadFrom.DAILY),
        ({"granularity": Granularity.GRANULARITY_DAY, "time_zone": "Europe/Berlin"}, ReadFrom.HOURLY),
        ({"granularity": Granularity.GRANULARITY_DAY, "time_zone": "Asia/Kolkata"}, ReadFrom.ENTRIES),
        ({"granularity": Granularity.GRANULARITY_TOTAL, "time_zone": "Asia/Kolkata"}, ReadFrom.DAILY),
        ({"end_unix_micros": START + 3 * HOUR}, ReadFrom.HOURLY),
        ({"end_unix_micros": START + 3 * HOUR + MINUTE}, ReadFrom.ENTRIES),
        ({"group_by": ["team", "model"], "filter": 'user = "ann"'}, ReadFrom.DAILY),
        ({"group_by": ["tag:feature"]}, ReadFrom.ENTRIES),
        ({"filter": 'NOT tag:feature = "x"'}, ReadFrom.ENTRIES),
        ({"log_scope": LogScope(incarnation="life")}, ReadFrom.ENTRIES),
        ({"as_of_unix_micros": 1}, ReadFrom.ENTRIES),
        ({"comparison": Comparison(period=PREVIOUS)}, ReadFrom.DAILY),
        ({"comparison": _custom(START - DAY, START - HOUR)}, ReadFrom.HOURLY),
        ({"comparison": _custom(START - DAY, START - 1)}, ReadFrom.ENTRIES),
    ],
)
def test_the_shortest_table_that_can_answer(fields: dict[str, object], source: ReadFrom) -> None:
    assert source_of(read_query(_request(**fields), "acme")) is source


def test_lord_howe_shifts_by_half_an_hour_only_when_its_clocks_change() -> None:
    def asked(start: str, end: str) -> ReadFrom:
        span = {"start_unix_micros": parse_rfc3339(start), "end_unix_micros": parse_rfc3339(end)}
        return source_of(
            read_query(
                _request(**span, granularity=Granularity.GRANULARITY_DAY, time_zone="Australia/Lord_Howe"), "acme"
            )
        )

    assert asked("2026-01-10T13:00:00Z", "2026-01-20T13:00:00Z") is ReadFrom.HOURLY
    assert asked("2026-03-30T13:00:00Z", "2026-04-20T13:00:00Z") is ReadFrom.ENTRIES
