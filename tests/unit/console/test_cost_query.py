"""Parameters of GET /costs and /entries."""

from __future__ import annotations

import pytest
from finops.ledger.v1.ledger_pb2 import ComparisonPeriod, Granularity

from services.common import filters
from services.common.clock import DAY, parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.console.domain.cost_query import all_of, equals, parse_cost_query, parse_entries_query

NOW = parse_rfc3339("2026-11-23T15:30:00Z")


def at(text: str) -> int:
    return parse_rfc3339(text)


def test_nothing_said_is_thirty_calendar_days_in_total() -> None:
    query = parse_cost_query([], NOW)
    assert (query.period.start, query.period.end) == (at("2026-10-25T00:00:00Z"), at("2026-11-23T16:00:00Z"))
    request = query.request()
    assert request.granularity == Granularity.GRANULARITY_TOTAL
    assert (list(request.group_by), request.filter, request.limit, request.time_zone) == ([], "", 0, "UTC")


def test_a_date_starts_at_midnight_of_the_zone() -> None:
    query = parse_cost_query([("start", "2026-11-01"), ("end", "2026-11-02"), ("timezone", "America/New_York")], NOW)
    # Clocks go back on 1 November 2026: that day has 25 hours.
    assert query.period.start == at("2026-11-01T00:00:00-04:00")
    assert query.period.end == at("2026-11-02T00:00:00-05:00")
    assert query.period.length == DAY + 3_600_000_000


def test_an_end_alone_looks_thirty_days_back_from_there() -> None:
    query = parse_cost_query([("end", "2026-03-31T12:00:00Z")], NOW)
    assert query.period.start == at("2026-03-02T00:00:00Z")


def test_an_offset_whose_plus_became_a_space_is_read() -> None:
    query = parse_cost_query([("start", "2026-11-01T00:00:00 01:00")], NOW)
    assert query.period.start == at("2026-10-31T23:00:00Z")


def test_dimensions_filter_and_repeat_as_alternatives() -> None:
    told = [("team", "search"), ("team", "growth"), ("tag:feature", 'a"b'), ("filter", "provider = openai")]
    query = parse_cost_query(told, NOW)
    expected = '(provider = openai) AND (team = "search" OR team = "growth") AND (tag:feature = "a\\"b")'
    assert query.filter == expected
    assert filters.parse(query.filter) == filters.And(
        (
            filters.Comparison("provider", "openai"),
            filters.Or((filters.Comparison("team", "search"), filters.Comparison("team", "growth"))),
            filters.Comparison("tag:feature", 'a"b'),
        )
    )


def test_groups_come_separated_by_commas_and_keep_their_order() -> None:
    query = parse_cost_query([("group_by", "model, tag:feature"), ("granularity", "week"), ("limit", "7")], NOW)
    assert query.group_by == ("model", "tag:feature")
    assert query.request().granularity == Granularity.GRANULARITY_WEEK
    assert query.limit == 7


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ([("start", "yesterday")], "start"),
        ([("start", "2026-11-23T12:00:00")], "start"),
        ([("start", "0001-01-01")], "start"),
        ([("end", "9999-12-31")], "end"),
        ([("end", "2026-02-30")], "end"),
        ([("start", "2026-11-02"), ("end", "2026-11-01")], "start"),
        ([("start", "2026-11-02"), ("end", "2026-11-02")], "start"),
        ([("start", "2026-11-01"), ("start", "2026-11-02")], "start"),
        ([("timezone", "Mars/Olympus")], "timezone"),
        ([("timezone", "../../etc/passwd")], "timezone"),
        ([("granularity", "minute")], "granularity"),
        ([("granularity", "hour"), ("start", "2020-01-01")], "granularity"),
        ([("group_by", "colour")], "group_by"),
        ([("group_by", "team,team")], "group_by"),
        ([("group_by", "team,user,model,key,tool")], "group_by"),
        ([("group_by", "tag:")], "group_by"),
        ([("limit", "-1")], "limit"),
        ([("limit", "1e3")], "limit"),
        ([("limit", "9999999")], "limit"),
        ([("filter", "team =")], "filter"),
        ([("tenant_id", "other")], "tenant_id"),
        ([("teams", "search")], "teams"),
        ([("with_rest", "true")], "with_rest"),
        ([("with_rest", "yes")], "with_rest"),
        ([("sessions", "true")], "sessions"),
        ([("as_of", "yesterday")], "as_of"),
        ([("compare", "next")], "compare"),
        ([("compare", "2026-11-02/2026-11-01")], "compare"),
        ([("compare", "2026-11-02/")], "compare"),
        ([("unit_metrics", "orders")], "unit_metrics"),
        ([("unit_costs", "true"), ("unit_metrics", "orders,orders")], "unit_metrics"),
        ([("unit_costs", "true"), ("unit_metrics", "a,b,c,d,e,f,g,h,i")], "unit_metrics"),
    ],
)
def test_what_is_wrong_is_named(told: list[tuple[str, str]], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_cost_query(told, NOW)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_every_wrong_parameter_is_named_at_once() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_cost_query([("start", "x"), ("granularity", "y"), ("limit", "z"), ("colour", "red")], NOW)
    assert {violation.field for violation in caught.value.violations} == {"start", "granularity", "limit", "colour"}


def test_a_comparison_is_named_or_a_range() -> None:
    for name in ("previous", "previous_month", "previous_year"):
        asked = parse_cost_query([("compare", name)], NOW).request().comparison
        assert ComparisonPeriod.Name(asked.period) == f"COMPARISON_PERIOD_{name.upper()}"
    told = [("compare", "2026-10-01/2026-10-11T12:00:00Z"), ("timezone", "Europe/Berlin")]
    custom = parse_cost_query(told, NOW).request().comparison
    assert custom.period == ComparisonPeriod.COMPARISON_PERIOD_CUSTOM
    assert (custom.start_unix_micros, custom.end_unix_micros) == (
        at("2026-09-30T22:00:00Z"),
        at("2026-10-11T12:00:00Z"),
    )
    assert not parse_cost_query([], NOW).request().HasField("comparison")


def test_what_goes_beyond_sums_is_asked_for() -> None:
    told = [
        ("limit", "5"),
        ("with_rest", "true"),
        ("as_of", "2026-11-20"),
        ("unit_costs", "true"),
        ("sessions", "true"),
    ]
    request = parse_cost_query(told, NOW).request()
    assert (request.with_rest, request.unit_costs, request.sessions) == (True, True, True)
    assert request.as_of_unix_micros == at("2026-11-20T00:00:00Z")
    assert parse_entries_query([("as_of", "2026-11-20")], NOW).request().as_of_unix_micros == at("2026-11-20T00:00:00Z")


def test_entries_have_a_page() -> None:
    query = parse_entries_query([("page_size", "5"), ("page_token", "abc"), ("user", "ann")], NOW)
    request = query.request()
    assert (request.page_size, request.page_token, request.filter) == (5, "abc", 'user = "ann"')
    with pytest.raises(InvalidArgumentError):
        parse_entries_query([("page_size", "0")], NOW)
    with pytest.raises(InvalidArgumentError):
        parse_entries_query([("group_by", "team")], NOW)


def test_conditions_combine_without_changing_each_other() -> None:
    assert all_of("", " ") == ""
    assert all_of("a = b OR c = d", "") == "a = b OR c = d"
    combined = all_of("team = a OR team = b", equals("user", "x"))
    assert filters.parse(combined) == filters.And(
        (
            filters.Or((filters.Comparison("team", "a"), filters.Comparison("team", "b"))),
            filters.Comparison("user", "x"),
        )
    )
