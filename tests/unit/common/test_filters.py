"""The filter language: one parse, read alike in Python and in ClickHouse."""

from __future__ import annotations

import pytest
from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import given
from hypothesis import strategies as st

from services.common import filters
from services.common.dimensions import reader
from services.common.filters import And, Comparison, FilterError, Not, Or

EVENT = UsageEvent(tenant_id="acme", team="search", model="gpt-4o", environment="prod", tags={"feature": "answers"})


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ('team = "search"', True),
        ("team = search", True),
        ('team != "search"', False),
        ('team = "ads" OR model = "gpt-4o"', True),
        ('team = "ads" OR model = "gpt-4o" AND environment = "test"', False),
        ('(team = "ads" OR model = "gpt-4o") AND NOT environment = "test"', True),
        ('tag:feature = "answers"', True),
        ('tag:missing = ""', True),
        ('model = "gpt-*"', True),
        ('model != "gpt-*"', False),
        ('tenant = "acme"', True),
    ],
)
def test_reads_an_event(text: str, passes: bool) -> None:
    assert filters.predicate(filters.parse(text), reader)(EVENT) is passes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("team", "found the end"),
        ("team =", "expected a value"),
        ("colour = red", "no dimension 'colour' .position 0."),
        ('team = "a" team = "b"', "position 11"),
        ("(team = a", r"expected \)"),
        ("team ~ a", "cannot read"),
        ("= a", "no dimension"),
        ("NOT", "found the end"),
        ('team = "', "cannot read"),
        ("(" * 40 + "team = a" + ")" * 40, "nested"),
        ("team = " + "a" * 5000, "at most"),
    ],
)
def test_says_where_it_is_wrong(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        filters.parse(text)


def test_values_never_enter_the_sql() -> None:
    parameters: dict[str, str] = {}
    parsed = filters.parse('team = "x\' OR 1 = 1 --" AND tag:a = b')
    sql = filters.to_sql(parsed, {"team": "team"}, "tags", parameters)
    assert sql == "(team = {f0:String}) AND (tags[{f1:String}] = {f2:String})"
    assert parameters == {"f0": "x' OR 1 = 1 --", "f1": "a", "f2": "b"}


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(FilterError, match="cannot be filtered"):
        filters.to_sql(filters.parse("team = a"), {}, "tags", {})


@given(st.text(max_size=200))
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        parsed = filters.parse(text)
    except FilterError:
        return
    assert filters.predicate(parsed, reader)(EVENT) in (True, False)
    filters.dimensions_of(parsed)


values = st.text(max_size=12)
comparisons = st.builds(Comparison, st.sampled_from(["team", "model", "tag:feature"]), values, st.booleans())
trees = st.recursive(
    comparisons,
    lambda inner: (
        st.builds(lambda a, b: And((a, b)), inner, inner)
        | st.builds(lambda a, b: Or((a, b)), inner, inner)
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


def written(tree: filters.Filter) -> str:
    match tree:
        case Comparison(dimension, value, negated):
            return f"{dimension} {'!=' if negated else '='} {filters.literal(value)}"
        case And(operands):
            return "(" + " AND ".join(map(written, operands)) + ")"
        case Or(operands):
            return "(" + " OR ".join(map(written, operands)) + ")"
        case Not(operand):
            return f"NOT ({written(operand)})"


@given(trees)
def test_what_is_written_is_read_back_the_same(tree: filters.Filter) -> None:
    text = written(tree)
    if '*"' not in text:
        again = filters.parse(text)
        assert filters.predicate(again, reader)(EVENT) == filters.predicate(tree, reader)(EVENT)
