"""What people say of anomalies: labels, planned windows, and how often each detector was right."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from finops.anomaly.v1 import anomaly_pb2 as pb
from pydantic import Field

from services.common.clock import Micros, format_rfc3339, parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.console.api.calls import Editor, PageSize, PeersOf, Reader, refusals
from services.console.api.findings import Anomaly, anomaly_shown
from services.console.api.models import Answer, Body, Time, last_part
from services.console.domain.enums import value, word, words

router = APIRouter(tags=["anomalies"])

_VERDICTS = pb.Label.Verdict


class NewLabel(Body):
    verdict: str = Field(description=", ".join(words(_VERDICTS)) + "; none takes a label back", examples=["expected"])
    note: str = Field("", max_length=1_000)


class ChannelPrecision(Answer):
    """How often a detector was right, of what people labelled."""

    channel: str = Field(description=", ".join(words(pb.Anomaly.Channel)))
    told: int
    confirmed: int
    expected: int
    false_alarms: int
    precision: float | None = Field(description="Confirmed and expected, of all that are labelled; null without any")


class Precision(Answer):
    channels: list[ChannelPrecision]


class PlannedWindow(Answer):
    """A time announced in advance in which series will be unusual."""

    id: str
    name: str
    series: dict[str, str] = Field(description="Values, all of which a series must have; empty: everything")
    start_time: Time
    end_time: Time
    reason: str
    author: str
    create_time: Time


class PlannedWindows(Answer):
    planned_windows: list[PlannedWindow]
    next_page_token: str


class NewPlannedWindow(Body):
    series: dict[str, str] = Field({}, description="Dimension values; empty: everything", examples=[{"team": "search"}])
    start_time: Time
    end_time: Time = Field(description="At most 92 days after the start")
    reason: str = Field(description="1 to 500 characters")


@router.get("/anomalies:precision", summary="How often each detector was right", responses=refusals())
async def get_precision(
    caller: Reader,
    peers: PeersOf,
    start: Annotated[str, Query(description="RFC 3339, of the anomalies' start; empty: 90 days before `end`")] = "",
    end: Annotated[str, Query(description="RFC 3339; empty: now")] = "",
) -> Precision:
    request = pb.GetPrecisionRequest(
        start_unix_micros=_time("start", start) if start else 0, end_unix_micros=_time("end", end) if end else 0
    )
    answer = await peers.get_precision(caller, request)
    return Precision(
        channels=[
            ChannelPrecision(
                channel=word(pb.Anomaly.Channel, found.channel),
                told=found.told,
                confirmed=found.confirmed,
                expected=found.expected,
                false_alarms=found.false_alarms,
                precision=found.precision if found.HasField("precision") else None,
            )
            for found in answer.channels
        ]
    )


@router.post("/anomalies/{anomaly_id}:label", summary="Say what an anomaly was", responses=refusals(404, 413))
async def label_anomaly(caller: Editor, peers: PeersOf, anomaly_id: str, body: NewLabel) -> Anomaly:
    """The series learns from it: what is confirmed is left out, what is expected is its new usual, and a false alarm
    makes the next one need more evidence."""
    verdict = pb.Label.VERDICT_UNSPECIFIED if body.verdict == "none" else value(_VERDICTS, body.verdict, "verdict")
    request = pb.LabelAnomalyRequest(name=f"anomalies/{anomaly_id}", verdict=verdict, note=body.note)
    return anomaly_shown((await peers.label_anomaly(caller, request)).anomaly)


@router.get("/planned-windows", summary="Planned windows, the latest first", responses=refusals())
async def list_planned_windows(
    caller: Reader, peers: PeersOf, page_size: PageSize = 100, page_token: str = ""
) -> PlannedWindows:
    request = pb.ListPlannedWindowsRequest(page_size=page_size, page_token=page_token)
    answer = await peers.list_planned_windows(caller, request)
    return PlannedWindows(
        planned_windows=[_shown(window) for window in answer.windows], next_page_token=answer.next_page_token
    )


@router.post(
    "/planned-windows", summary="Announce that spend will be unusual", status_code=201, responses=refusals(413)
)
async def create_planned_window(caller: Editor, peers: PeersOf, body: NewPlannedWindow) -> PlannedWindow:
    """Nothing is told of it, and nothing learned from it."""
    window = pb.PlannedWindow(
        series=body.series,
        start_unix_micros=_time("start_time", body.start_time),
        end_unix_micros=_time("end_time", body.end_time),
        reason=body.reason,
    )
    return _shown((await peers.create_planned_window(caller, pb.CreatePlannedWindowRequest(window=window))).window)


@router.delete(
    "/planned-windows/{window_id}", summary="Take a planned window back", status_code=204, responses=refusals(404)
)
async def delete_planned_window(caller: Editor, peers: PeersOf, window_id: str) -> None:
    """Hours that are not closed yet are judged as any."""
    await peers.delete_planned_window(caller, pb.DeletePlannedWindowRequest(name=f"plannedWindows/{window_id}"))


def _shown(window: pb.PlannedWindow) -> PlannedWindow:
    return PlannedWindow(
        id=last_part(window.name),
        name=window.name,
        series=dict(window.series),
        start_time=format_rfc3339(window.start_unix_micros),
        end_time=format_rfc3339(window.end_unix_micros),
        reason=window.reason,
        author=window.author,
        create_time=format_rfc3339(window.create_unix_micros),
    )


def _time(field: str, text: str) -> Micros:
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise InvalidArgumentError.of(field, str(error)) from error
