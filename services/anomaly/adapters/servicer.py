"""finops.anomaly.v1.AnomalyService."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import (
    BacktestRequest,
    BacktestResponse,
    CreatePlannedWindowRequest,
    CreatePlannedWindowResponse,
    DeletePlannedWindowRequest,
    DeletePlannedWindowResponse,
    ForecastSeriesRequest,
    ForecastSeriesResponse,
    GetAnomalyRequest,
    GetAnomalyResponse,
    GetExpectedBandRequest,
    GetExpectedBandResponse,
    GetPrecisionRequest,
    GetPrecisionResponse,
    LabelAnomalyRequest,
    LabelAnomalyResponse,
    ListAnomaliesRequest,
    ListAnomaliesResponse,
    ListPlannedWindowsRequest,
    ListPlannedWindowsResponse,
)
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceServicer

from services.anomaly.handlers.backtest import Backtester
from services.anomaly.handlers.band import Bands
from services.anomaly.handlers.forecast import Forecaster
from services.anomaly.handlers.label import Labelling
from services.anomaly.handlers.ports import Archive, Labels
from services.anomaly.handlers.read import get_labelled, list_anomalies
from services.anomaly.handlers.windows import Planning
from services.common import auth
from services.common.auth import Access


class AnomalyServicer(AnomalyServiceServicer):
    """Answers from the table, whoever wrote it: also while history is being read."""

    def __init__(
        self, archive: Archive, labels: Labels, labelling: Labelling, planning: Planning, backtester: Backtester,
        bands: Bands, forecaster: Forecaster,
    ) -> None:  # fmt: skip
        self._planning = planning
        self._archive = archive
        self._labels = labels
        self._labelling = labelling
        self._backtester = backtester
        self._bands = bands
        self._forecaster = forecaster

    async def ListAnomalies(self, request: ListAnomaliesRequest, context: Any) -> ListAnomaliesResponse:  # noqa: N802
        return await list_anomalies(self._archive, self._labels, auth.current(Access.READ).tenant_id, request)

    async def GetAnomaly(self, request: GetAnomalyRequest, context: Any) -> GetAnomalyResponse:  # noqa: N802
        found = await get_labelled(self._archive, self._labels, auth.current(Access.READ).tenant_id, request.name)
        return GetAnomalyResponse(anomaly=found)

    async def GetExpectedBand(self, request: GetExpectedBandRequest, context: Any) -> GetExpectedBandResponse:  # noqa: N802
        return await self._bands.around(auth.current(Access.READ).tenant_id, request.name)

    async def LabelAnomaly(self, request: LabelAnomalyRequest, context: Any) -> LabelAnomalyResponse:  # noqa: N802
        caller = auth.current(Access.EDIT)
        labelled = await self._labelling.label(caller.tenant_id, caller.key_name, request)
        return LabelAnomalyResponse(anomaly=labelled)

    async def GetPrecision(self, request: GetPrecisionRequest, context: Any) -> GetPrecisionResponse:  # noqa: N802
        return await self._labelling.precision(auth.current(Access.READ).tenant_id, request)

    async def CreatePlannedWindow(  # noqa: N802
        self, request: CreatePlannedWindowRequest, context: Any
    ) -> CreatePlannedWindowResponse:
        caller = auth.current(Access.EDIT)
        created = await self._planning.create(caller.tenant_id, caller.key_name, request)
        return CreatePlannedWindowResponse(window=created)

    async def ListPlannedWindows(  # noqa: N802
        self, request: ListPlannedWindowsRequest, context: Any
    ) -> ListPlannedWindowsResponse:
        return await self._planning.listed(auth.current(Access.READ).tenant_id, request)

    async def DeletePlannedWindow(  # noqa: N802
        self, request: DeletePlannedWindowRequest, context: Any
    ) -> DeletePlannedWindowResponse:
        await self._planning.delete(auth.current(Access.EDIT).tenant_id, request.name)
        return DeletePlannedWindowResponse()

    async def Backtest(self, request: BacktestRequest, context: Any) -> AsyncIterator[BacktestResponse]:  # noqa: N802
        async for answer in self._backtester.run(auth.current(Access.READ).tenant_id, request):
            yield answer

    async def ForecastSeries(  # noqa: N802
        self, request: ForecastSeriesRequest, context: Any
    ) -> ForecastSeriesResponse:
        return await self._forecaster.forecast(auth.current(Access.READ).tenant_id, request)
