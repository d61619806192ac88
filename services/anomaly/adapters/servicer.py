"""finops.anomaly.v1.AnomalyService."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import (
    BacktestRequest,
    BacktestResponse,
    ForecastSeriesRequest,
    ForecastSeriesResponse,
    GetAnomalyRequest,
    GetAnomalyResponse,
    GetExpectedBandRequest,
    GetExpectedBandResponse,
    ListAnomaliesRequest,
    ListAnomaliesResponse,
)
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceServicer

from services.anomaly.handlers.backtest import Backtester
from services.anomaly.handlers.band import Bands
from services.anomaly.handlers.forecast import Forecaster
from services.anomaly.handlers.ports import Archive
from services.anomaly.handlers.read import get_anomaly, list_anomalies
from services.common import auth
from services.common.auth import Access


class AnomalyServicer(AnomalyServiceServicer):
    """Answers from the table, whoever wrote it: also while history is being read."""

    def __init__(self, archive: Archive, backtester: Backtester, bands: Bands, forecaster: Forecaster) -> None:
        self._archive = archive
        self._backtester = backtester
        self._bands = bands
        self._forecaster = forecaster

    async def ListAnomalies(self, request: ListAnomaliesRequest, context: Any) -> ListAnomaliesResponse:  # noqa: N802
        return await list_anomalies(self._archive, auth.current(Access.READ).tenant_id, request)

    async def GetAnomaly(self, request: GetAnomalyRequest, context: Any) -> GetAnomalyResponse:  # noqa: N802
        found = await get_anomaly(self._archive, auth.current(Access.READ).tenant_id, request.name)
        return GetAnomalyResponse(anomaly=found)

    async def GetExpectedBand(self, request: GetExpectedBandRequest, context: Any) -> GetExpectedBandResponse:  # noqa: N802
        return await self._bands.around(auth.current(Access.READ).tenant_id, request.name)

    async def Backtest(self, request: BacktestRequest, context: Any) -> AsyncIterator[BacktestResponse]:  # noqa: N802
        async for answer in self._backtester.run(auth.current(Access.READ).tenant_id, request):
            yield answer

    async def ForecastSeries(  # noqa: N802
        self, request: ForecastSeriesRequest, context: Any
    ) -> ForecastSeriesResponse:
        return await self._forecaster.forecast(auth.current(Access.READ).tenant_id, request)
