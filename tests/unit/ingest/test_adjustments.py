"""Amounts booked by hand."""

from __future__ import annotations

from typing import Any

import pytest
from finops.usage.v1.usage_pb2 import CorrectionKind

from services.common.money import PICOS_PER_DOLLAR
from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.sources import adjustments
from tests.unit.ingest.building import context, native
from tests.unit.ingest.serving import serve

REFUND = {
    "id": "note-7",
    "time": "2026-11-01T00:00:00Z",
    "amount": "-12.50",
    "reason": "refund of a failed batch",
    "provider": "openai",
    "team": "search",
    "tags": {"ticket": "FIN-3"},
}


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (REFUND | changes).items() if value is not None}


def test_a_refund_is_a_cost_with_its_author_and_reason() -> None:
    event = adjustments.decode(REFUND, context())
    assert event.source_cost_picos == -12 * PICOS_PER_DOLLAR - PICOS_PER_DOLLAR // 2
    assert event.source_cost_billed
    assert event.correction.kind == CorrectionKind.CORRECTION_KIND_MANUAL_ADJUSTMENT
    assert (event.correction.author, event.correction.reason) == ("ann", "refund of a failed batch")
    assert (event.source, event.source_event_id, event.team) == ("adjustments", "note-7", "search")
    assert event.tags == {"ticket": "FIN-3"}
    assert not event.quantities.ByteSize()


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"id": None}, "id", Reason.MISSING),
        ({"amount": None}, "amount", Reason.MISSING),
        ({"amount": -12.5}, "amount", Reason.WRONG_TYPE),
        ({"amount": "ten"}, "amount", Reason.WRONG_TYPE),
        ({"amount": "99999999999"}, "amount", Reason.OUT_OF_RANGE),
        ({"reason": None}, "reason", Reason.MISSING),
        ({"reason": ""}, "reason", Reason.MISSING),
        ({"time": None}, "time", Reason.MISSING),
        ({"time": "1999-01-01T00:00:00Z"}, "time", Reason.OUT_OF_RANGE),
        ({"author": "bob"}, "author", Reason.UNKNOWN_FIELD),
        ({"usage": {"input_tokens": 1}}, "usage", Reason.UNKNOWN_FIELD),
        ({"team": 7}, "team", Reason.WRONG_TYPE),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], field: str, reason: Reason) -> None:
    with pytest.raises(Rejected) as refused:
        adjustments.decode(changed(**changes), context())
    assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_only_people_book_under_the_names_of_people() -> None:
    served = serve()
    booked = await served.client.post("/v1/adjustments", json=[REFUND, changed(id=None)])
    assert booked.status_code == 202
    assert booked.json()["accepted"] == 1
    assert booked.json()["rejected"][0]["code"] == "missing_field"
    assert served.kept.events[0].correction.author == "first admin"
    forged = await served.client.post("/v1/events", json=native(id="note-7", source="adjustments", billed_cost="0"))
    assert forged.status_code == 422
    assert "'adjustments' is reserved" in forged.text
    assert len(served.kept.events) == 1
