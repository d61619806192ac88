"""finops.recommendation.v1.RecommendationService"""

from __future__ import annotations

from typing import Any

from finops.recommendation.v1.recommendation_pb2 import (
    GetRecommendationRequest,
    GetRecommendationResponse,
    ListRecommendationsRequest,
    ListRecommendationsResponse,
)
from finops.recommendation.v1.recommendation_pb2_grpc import RecommendationServiceServicer

from services.common import auth
from services.common.auth import Access
from services.optimizer.handlers.catalogue import Catalogue


class RecommendationServicer(RecommendationServiceServicer):
    """Each call in its caller's tenant."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def ListRecommendations(  # noqa: N802
        self, request: ListRecommendationsRequest, context: Any
    ) -> ListRecommendationsResponse:
        return await self._catalogue.list_ranked(auth.current(Access.READ).tenant_id, request)

    async def GetRecommendation(  # noqa: N802
        self, request: GetRecommendationRequest, context: Any
    ) -> GetRecommendationResponse:
        found = await self._catalogue.get(auth.current(Access.READ).tenant_id, request)
        return GetRecommendationResponse(recommendation=found)
