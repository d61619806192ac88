"""`/anomalies` and `/recommendations`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from finops.anomaly.v1 import anomaly_pb2 as pb
from finops.recommendation.v1 import recommendation_pb2 as rec
from pydantic import Field

from services.common.clock import format_rfc3339
from services.console.api.anomaly_causes import Cause, cause_shown
from services.console.api.calls import PageSize, PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars, Time, dollars, last_part, time_or_none
from services.console.domain.enums import value, word, words

anomalies_router = APIRouter(tags=["anomalies"])
recommendations_router = APIRouter(tags=["recommendations"])


class AnomalyLabel(Answer):
    """What somebody said of an anomaly."""

    verdict: str = Field(description=", ".join(words(pb.Label.Verdict)))
    author: str = Field(description="Name of an API key")
    note: str
    label_time: Time


class Anomaly(Answer):
    """A series that left its range."""

    id: str
    name: str
    series: dict[str, str] = Field(description="Dimension values that name the series", examples=[{"team": "search"}])
    channel: str = Field(description=", ".join(words(pb.Anomaly.Channel)))
    state: str = Field(description=", ".join(words(pb.Anomaly.State)))
    severity: str = Field(description=", ".join(words(pb.Anomaly.Severity)))
    start_time: Time = Field(description="Start of the first hour out of range")
    end_time: Time = Field(description="End of the last hour out of range")
    create_time: Time | None
    update_time: Time | None
    actual: float = Field(description="Of the last hour out of range, in `unit`")
    expected: float
    expected_low: float
    expected_high: float
    unit: str = Field(examples=["USD/hour"])
    impact: Dollars = Field(description="Spent beyond what was expected; negative for silence and failed requests")
    summary: str
    hours_between: float = Field(
        description="So many hours pass, on average, between two as far out as this; 0: not known"
    )
    cause: Cause | None = Field(description="null: nothing to compare with, or not looked up yet")
    label: AnomalyLabel | None = Field(description="null: nobody said anything")


class Anomalies(Answer):
    anomalies: list[Anomaly]
    next_page_token: str


class Evidence(Answer):
    statement: str
    present: bool = Field(description="false: still to be shown, such as an evaluation's result")


class Recommendation(Answer):
    """A way to save."""

    id: str
    name: str
    rule: str = Field(examples=["cheaper_model"])
    subject: dict[str, str]
    state: str = Field(description=", ".join(words(rec.Recommendation.State)))
    title: str
    action: str
    monthly_saving_low: Dollars = Field(description="10th percentile")
    monthly_saving: Dollars = Field(description="Median")
    monthly_saving_high: Dollars = Field(description="90th percentile")
    confidence: float = Field(description="0 to 1")
    evidence: list[Evidence]
    create_time: Time | None
    update_time: Time | None


class Recommendations(Answer):
    recommendations: list[Recommendation]
    next_page_token: str


@anomalies_router.get("/anomalies", summary="Anomalies, newest first", responses=refusals())
async def list_anomalies(
    caller: Reader,
    peers: PeersOf,
    state: Annotated[str, Query(description="open or closed; empty: all")] = "",
    page_size: PageSize = 100,
    page_token: str = "",
) -> Anomalies:
    wanted = value(pb.Anomaly.State, state, "state") if state else pb.Anomaly.STATE_UNSPECIFIED
    request = pb.ListAnomaliesRequest(state=wanted, page_size=page_size, page_token=page_token)
    answer = await peers.list_anomalies(caller, request)
    return Anomalies(
        anomalies=[anomaly_shown(found) for found in answer.anomalies], next_page_token=answer.next_page_token
    )


@anomalies_router.get("/anomalies/{anomaly_id}", summary="One anomaly", responses=refusals(404))
async def get_anomaly(caller: Reader, peers: PeersOf, anomaly_id: str) -> Anomaly:
    answer = await peers.get_anomaly(caller, pb.GetAnomalyRequest(name=f"anomalies/{anomaly_id}"))
    return anomaly_shown(answer.anomaly)


@recommendations_router.get(
    "/recommendations", summary="Recommendations, the surest savings first", responses=refusals()
)
async def list_recommendations(
    caller: Reader,
    peers: PeersOf,
    state: Annotated[str, Query(description="open, withdrawn or realised; empty: all")] = "",
    page_size: PageSize = 100,
    page_token: str = "",
) -> Recommendations:
    wanted = value(rec.Recommendation.State, state, "state") if state else rec.Recommendation.STATE_UNSPECIFIED
    request = rec.ListRecommendationsRequest(state=wanted, page_size=page_size, page_token=page_token)
    answer = await peers.list_recommendations(caller, request)
    return Recommendations(
        recommendations=[recommendation_shown(found) for found in answer.recommendations],
        next_page_token=answer.next_page_token,
    )


@recommendations_router.get(
    "/recommendations/{recommendation_id}", summary="One recommendation", responses=refusals(404)
)
async def get_recommendation(caller: Reader, peers: PeersOf, recommendation_id: str) -> Recommendation:
    request = rec.GetRecommendationRequest(name=f"recommendations/{recommendation_id}")
    return recommendation_shown((await peers.get_recommendation(caller, request)).recommendation)


def anomaly_shown(found: pb.Anomaly) -> Anomaly:
    """As REST writes it."""
    return Anomaly(
        id=last_part(found.name),
        name=found.name,
        series=dict(found.series),
        channel=word(pb.Anomaly.Channel, found.channel),
        state=word(pb.Anomaly.State, found.state),
        severity=word(pb.Anomaly.Severity, found.severity),
        start_time=format_rfc3339(found.start_unix_micros),
        end_time=format_rfc3339(found.end_unix_micros),
        create_time=time_or_none(found.create_unix_micros),
        update_time=time_or_none(found.update_unix_micros),
        actual=found.actual,
        expected=found.expected,
        expected_low=found.expected_low,
        expected_high=found.expected_high,
        unit=found.unit,
        impact=dollars(found.impact),
        summary=found.summary,
        hours_between=found.hours_between,
        cause=cause_shown(found),
        label=_label_shown(found.label) if found.HasField("label") else None,
    )


def _label_shown(label: pb.Label) -> AnomalyLabel:
    return AnomalyLabel(
        verdict=word(pb.Label.Verdict, label.verdict),
        author=label.author,
        note=label.note,
        label_time=format_rfc3339(label.label_unix_micros),
    )


def recommendation_shown(found: rec.Recommendation) -> Recommendation:
    """As REST writes it."""
    return Recommendation(
        id=last_part(found.name),
        name=found.name,
        rule=found.rule,
        subject=dict(found.subject),
        state=word(rec.Recommendation.State, found.state),
        title=found.title,
        action=found.action,
        monthly_saving_low=dollars(found.monthly_saving_low),
        monthly_saving=dollars(found.monthly_saving),
        monthly_saving_high=dollars(found.monthly_saving_high),
        confidence=found.confidence,
        evidence=[Evidence(statement=e.statement, present=e.present) for e in found.evidence],
        create_time=time_or_none(found.create_unix_micros),
        update_time=time_or_none(found.update_unix_micros),
    )
