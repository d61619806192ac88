"""Why an anomaly came about, and the band it left, over REST."""

from __future__ import annotations

from fastapi import APIRouter
from finops.anomaly.v1 import anomaly_pb2 as pb
from pydantic import Field

from services.common.clock import format_rfc3339
from services.common.event_key import event_key
from services.console.api.calls import PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars, Time, dollars
from services.console.domain.enums import word, words

router = APIRouter(tags=["anomalies"])


class CausePart(Answer):
    """One factor of cost = requests x mix x tokens a request x price of a token."""

    factor: str = Field(description=", ".join(words(pb.CausePart.Factor)))
    amount: Dollars
    detail: str = Field(description="What changed, in words", examples=["180 requests, where 20 are usual"])


class CauseDriver(Answer):
    """A dimension value and its part of the difference."""

    dimension: str
    value: str
    actual: Dollars
    usual: Dollars
    explained_share: float = Field(description="Of the whole difference")


class CauseEvent(Answer):
    """One event, as its source names it."""

    key: str = Field(description="Of the event, hexadecimal: its page is /events/{key}?at={time}")
    source: str
    id: str
    time: Time
    cost: Dollars


class Cause(Answer):
    """The anomaly's hours against the same hours of usual weeks before."""

    summary: str
    compared_weeks: int
    actual: Dollars
    usual: Dollars
    parts: list[CausePart] = Field(description="Add up to `actual` - `usual`, to the picodollar; the main one first")
    drivers: list[CauseDriver] = Field(description="Those of one dimension do not overlap; the strongest first")
    first_events: list[CauseEvent]


class BandPoint(Answer):
    """An hour; values in `unit`."""

    time: Time
    actual: float | None = Field(description="null: the hour has no such value")
    expected: float | None = Field(description="null: nothing is expected of the series, as of one no longer watched")
    low: float | None
    high: float | None


class Band(Answer):
    """What a series did around an anomaly, and what is usual for it as far as is known now."""

    unit: str
    points: list[BandPoint]


@router.get("/anomalies/{anomaly_id}/band", summary="The hours around one anomaly", responses=refusals(404))
async def get_band(caller: Reader, peers: PeersOf, anomaly_id: str) -> Band:
    request = pb.GetExpectedBandRequest(name=f"anomalies/{anomaly_id}")
    answer = await peers.get_expected_band(caller, request)
    return Band(unit=answer.unit, points=[_point(point) for point in answer.points])


def cause_shown(found: pb.Anomaly) -> Cause | None:
    """As REST writes it; None: there was nothing to compare with, or it was not looked up yet."""
    if not found.HasField("cause"):
        return None
    cause = found.cause
    return Cause(
        summary=cause.summary,
        compared_weeks=cause.compared_weeks,
        actual=dollars(cause.actual),
        usual=dollars(cause.usual),
        parts=[
            CausePart(factor=word(pb.CausePart.Factor, part.factor), amount=dollars(part.amount), detail=part.detail)
            for part in cause.parts
        ],
        drivers=[
            CauseDriver(
                dimension=driver.dimension, value=driver.value, actual=dollars(driver.actual),
                usual=dollars(driver.usual), explained_share=driver.explained_share,
            )
            for driver in cause.drivers
        ],
        first_events=[_event(found.tenant_id, event) for event in cause.first_events],
    )  # fmt: skip


def _event(tenant_id: str, event: pb.CauseEvent) -> CauseEvent:
    return CauseEvent(
        key=event_key(tenant_id, event.source, event.source_event_id).hex(),
        source=event.source,
        id=event.source_event_id,
        time=format_rfc3339(event.time_unix_micros),
        cost=dollars(event.cost),
    )


def _point(point: pb.BandPoint) -> BandPoint:
    return BandPoint(
        time=format_rfc3339(point.time_unix_micros),
        actual=point.actual if point.HasField("actual") else None,
        expected=point.expected if point.HasField("expected") else None,
        low=point.low if point.HasField("low") else None,
        high=point.high if point.HasField("high") else None,
    )
