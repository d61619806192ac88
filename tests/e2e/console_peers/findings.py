"""Anomalies and recommendations in memory."""

from __future__ import annotations

import math
import uuid
from typing import Any

from finops.anomaly.v1 import anomaly_pb2 as anomaly
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceServicer
from finops.recommendation.v1 import recommendation_pb2 as recommendation
from finops.recommendation.v1.recommendation_pb2_grpc import (
    RecommendationServiceServicer,
)

from services.common import auth
from services.common.auth import Access
from services.common.clock import DAY, HOUR, SystemClock
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.money import to_proto
from tests.e2e.console_peers.world import World, page_of


class Anomalies(AnomalyServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def ListAnomalies(
        self, request: anomaly.ListAnomaliesRequest, _context: Any
    ) -> anomaly.ListAnomaliesResponse:
        found = [a for a in self._world.of("anomaly").anomalies if request.state in (0, a.state)]
        page, token = page_of(found, request.page_size, request.page_token)
        return anomaly.ListAnomaliesResponse(anomalies=page, next_page_token=token)

    async def GetAnomaly(self, request: anomaly.GetAnomalyRequest, _context: Any) -> anomaly.GetAnomalyResponse:
        for found in self._world.of("anomaly").anomalies:
            if found.name == request.name:
                return anomaly.GetAnomalyResponse(anomaly=found)
        raise NotFoundError(f"no {request.name}")

    async def GetExpectedBand(
        self, request: anomaly.GetExpectedBandRequest, context: Any
    ) -> anomaly.GetExpectedBandResponse:
        """A day and the anomaly; nothing is known of the first hour."""
        found = (await self.GetAnomaly(anomaly.GetAnomalyRequest(name=request.name), context)).anomaly
        first, last = found.start_unix_micros // HOUR - 24, found.end_unix_micros // HOUR
        points = []
        for hour in range(first, last):
            usual = found.expected * (1 + 0.3 * math.sin(hour / 3.8))
            actual = found.actual if hour * HOUR >= found.start_unix_micros else usual * (0.9 + hour % 3 / 9)
            point = anomaly.BandPoint(time_unix_micros=hour * HOUR, actual=actual)
            if hour > first:
                point.expected, point.low, point.high = usual, usual * 0.7, usual * 1.5
            points.append(point)
        return anomaly.GetExpectedBandResponse(unit=found.unit, points=points)

    async def ForecastSeries(
        self, request: anomaly.ForecastSeriesRequest, _context: Any
    ) -> anomaly.ForecastSeriesResponse:
        """Team search is known; the whole organisation is too young for an interval."""
        if request.series not in ({}, {"team": "search"}):
            raise NotFoundError("nothing was spent lately on it")
        end = request.end_unix_micros
        answer = anomaly.ForecastSeriesResponse(expected=to_proto(2 * 10**12))
        for start in (end - DAY, end - HOUR):
            answer.points.add(start_unix_micros=start, expected=to_proto(10**12))
        if request.series:
            answer.low.CopyFrom(to_proto(10**12))
            answer.high.CopyFrom(to_proto(round(30 * request.coverage) * 10**11))
            answer.error = 0.125
            answer.points[0].low.CopyFrom(to_proto(1))
            answer.points[0].high.CopyFrom(to_proto(2))
        return answer

    async def LabelAnomaly(self, request: anomaly.LabelAnomalyRequest, _context: Any) -> anomaly.LabelAnomalyResponse:
        anomalies = self._world.of("anomaly", Access.EDIT).anomalies
        found = next((one for one in anomalies if one.name == request.name), None)
        if found is None:
            raise NotFoundError(f"no {request.name}")
        found.ClearField("label")
        if request.verdict:
            found.label.verdict, found.label.note = request.verdict, request.note
            found.label.author = auth.current(Access.EDIT).key_name
            found.label.label_unix_micros = SystemClock().now()
        return anomaly.LabelAnomalyResponse(anomaly=found)

    async def GetPrecision(self, request: anomaly.GetPrecisionRequest, _context: Any) -> anomaly.GetPrecisionResponse:
        counts: dict[int, anomaly.ChannelPrecision] = {}
        for found in self._world.of("anomaly").anomalies:
            count = counts.setdefault(found.channel, anomaly.ChannelPrecision(channel=found.channel))
            count.told += 1
            count.confirmed += found.label.verdict == anomaly.Label.VERDICT_CONFIRMED
            count.expected += found.label.verdict == anomaly.Label.VERDICT_EXPECTED
            count.false_alarms += found.label.verdict == anomaly.Label.VERDICT_FALSE
            right = count.confirmed + count.expected
            if right + count.false_alarms:
                count.precision = right / (right + count.false_alarms)
        return anomaly.GetPrecisionResponse(channels=counts.values())

    async def CreatePlannedWindow(
        self, request: anomaly.CreatePlannedWindowRequest, _context: Any
    ) -> anomaly.CreatePlannedWindowResponse:
        windows = self._world.of("anomaly", Access.EDIT).windows
        if not request.window.reason:
            raise InvalidArgumentError.of("window.reason", "is required")
        made = anomaly.PlannedWindow()
        made.CopyFrom(request.window)
        made.name = f"plannedWindows/{uuid.uuid4().hex[:8]}"
        made.author, made.create_unix_micros = auth.current(Access.EDIT).key_name, SystemClock().now()
        windows.append(made)
        return anomaly.CreatePlannedWindowResponse(window=made)

    async def ListPlannedWindows(
        self, request: anomaly.ListPlannedWindowsRequest, _context: Any
    ) -> anomaly.ListPlannedWindowsResponse:
        page, token = page_of(self._world.of("anomaly").windows, request.page_size, request.page_token)
        return anomaly.ListPlannedWindowsResponse(windows=page, next_page_token=token)

    async def DeletePlannedWindow(
        self, request: anomaly.DeletePlannedWindowRequest, _context: Any
    ) -> anomaly.DeletePlannedWindowResponse:
        windows = self._world.of("anomaly", Access.EDIT).windows
        left = [window for window in windows if window.name != request.name]
        if len(left) == len(windows):
            raise NotFoundError(f"no {request.name}")
        windows[:] = left
        return anomaly.DeletePlannedWindowResponse()


class Recommendations(RecommendationServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def ListRecommendations(
        self, request: recommendation.ListRecommendationsRequest, _context: Any
    ) -> recommendation.ListRecommendationsResponse:
        found = [r for r in self._world.of("optimizer").recommendations if request.state in (0, r.state)]
        page, token = page_of(found, request.page_size, request.page_token)
        return recommendation.ListRecommendationsResponse(recommendations=page, next_page_token=token)

    async def GetRecommendation(
        self, request: recommendation.GetRecommendationRequest, _context: Any
    ) -> recommendation.GetRecommendationResponse:
        for found in self._world.of("optimizer").recommendations:
            if found.name == request.name:
                return recommendation.GetRecommendationResponse(recommendation=found)
        raise NotFoundError(f"no {request.name}")
