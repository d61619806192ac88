"""Records that come back to whoever wrote them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from services.budget.adapters.own_records import OwnRecords
from services.budget.adapters.state_codec import encode
from services.budget.domain.mirror import SavedSum
from services.budget.domain.sums import PartSum
from services.budget.domain.tracking import FamilyKey, ScopeKey

SUMS = [
    SavedSum(ScopeKey(FamilyKey("acme", f"b-{number}", "scope", 0)), "life", 0, PartSum(number, 10**12), number)
    for number in range(4)
]
RECORDS = [encode(each) for each in SUMS]


def read(number: int, offset: int) -> Any:
    return SimpleNamespace(key=RECORDS[number].key, value=RECORDS[number].value, offset=offset)


def test_what_was_written_is_known_once_when_it_is_read_back() -> None:
    own = OwnRecords()
    own.wrote(SUMS[:2], RECORDS[:2], [10, 11])
    assert own.take(read(0, 10)) is SUMS[0]
    assert own.take(read(0, 10)) is None
    assert own.take(read(1, 11)) is SUMS[1]


def test_a_record_of_somebody_else_under_the_same_offset_is_not_taken_for_it() -> None:
    own = OwnRecords()
    own.wrote(SUMS[:2], RECORDS[:2], [10, 11])
    assert own.take(read(2, 10)) is None
    assert own.take(read(1, 11)) is SUMS[1]


def test_what_was_read_before_it_was_acknowledged_is_not_kept() -> None:
    own = OwnRecords()
    own.take(read(0, 10))
    own.wrote(SUMS[:2], RECORDS[:2], [10, 11])
    own.take(read(3, 3))
    assert own.take(read(0, 10)) is None
    assert own.take(read(1, 11)) is SUMS[1]


def test_a_log_that_begins_anew_is_followed_from_its_beginning() -> None:
    own = OwnRecords()
    own.take(read(0, 1_000))
    own.take(read(0, 0))
    own.wrote(SUMS[1:2], RECORDS[1:2], [1])
    assert own.take(read(1, 1)) is SUMS[1]


def test_what_nobody_reads_back_does_not_pile_up(monkeypatch: Any) -> None:
    monkeypatch.setattr("services.budget.adapters.own_records.MOST", 3)
    own = OwnRecords()
    own.wrote(SUMS[:2], RECORDS[:2], [0, 1])
    own.wrote(SUMS[2:], RECORDS[2:], [2, 3])
    assert own.take(read(0, 0)) is None
    assert own.take(read(2, 2)) is SUMS[2]
