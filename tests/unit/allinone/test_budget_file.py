"""Budgets as files: what is read, what is written again, and what is said of mistakes."""

from __future__ import annotations

import json

import pytest

from services.allinone.commands.budget_file import as_yaml, read, written

FILE = """
- id: search
  display_name: Sëarch
  filter: team = "search"
  amount: 0.000000000001
  period: custom
  custom_range: {first_day: 2026-11-20, last_day: 2027-01-15}
  per: tag:feature
  member_amounts: {answers: 10.5, "": 3}
  calendar: {year_start_month: 2, week_start: sunday, week_pattern: 454}
  carry_over: {unspent: true, maximum: "7"}
  increases:
    - {amount: 5, start: 2026-12-01T00:00:00+01:00, expire: "2026-12-08T00:00:00Z", reason: launch}
  threshold_percents: [50, 100]
  threshold_rules: [{basis: burn_rate, percent: 200, window_hours: 6, rearm: when_back_below}]
  enforcement: block
  failure_mode: closed
  count_committed: true
  labels: {cost-centre: 4711}
- {id: other, amount: 3, period: rolling, rolling_window: {unit: hour, count: 24}}
"""


def test_what_is_written_reads_the_same() -> None:
    entries = read(FILE)
    shown = [written(entry.budget) for entry in entries]
    assert [again.budget for again in read(as_yaml(shown))] == [entry.budget for entry in entries]
    assert [again.budget for again in read(json.dumps(shown))] == [entry.budget for entry in entries]


def test_values_are_written_as_people_read_them() -> None:
    shown = written(read(FILE)[0].budget)
    assert shown["id"] == "search"
    assert shown["amount"] == "0.000000000001"
    assert shown["member_amounts"] == [{"member": "answers", "amount": "10.5"}, {"amount": "3"}]
    assert shown["calendar"] == {"year_start_month": 2, "week_start": "sunday", "week_pattern": "454"}
    assert shown["increases"] == [
        {"amount": "5", "start": "2026-11-30T23:00:00Z", "expire": "2026-12-08T00:00:00Z", "reason": "launch"}
    ]
    assert shown["labels"] == {"cost-centre": "4711"}


def test_only_named_fields_change_and_one_without_a_value_is_cleared() -> None:
    (entry,) = read("{id: search, amount: 5, per: , increases: }")
    assert entry.fields == ("amount", "per", "increases")
    assert entry.budget.per == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "budget 1: must have fields"),
        ("{amount: 5}", "budget 1: needs an id"),
        ("- {id: a}\n- 7", "budget 2: must have fields"),
        ("{id: a, amont: 5}", "a: no field 'amont': use display_name"),
        ("{id: a, etag: x}", "a: no field 'etag'"),
        ("{id: a, amount: lots}", "a: amount: 'lots' is not a decimal amount"),
        ("{id: a, period: fortnight}", "a: period: no 'fortnight': one of day, week"),
        ("{id: a, increases: [{amount: 5}, {start: tomorrow}]}", r"a: increases\[1\].start: 'tomorrow' is not an RFC"),
        ("{id: a, increases: {amount: 5}}", "a: increases: must be a list"),
        ("{id: a, calendar: 445}", "a: calendar: must have fields"),
        ("{id: a, threshold_percents: [many]}", "a: threshold_percents: "),
        ("{id: a", "neither YAML nor JSON"),
    ],
)  # fmt: skip
def test_mistakes_are_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read(text)
