"""Answers for recommendations."""

from __future__ import annotations

from finops.recommendation.v1.recommendation_pb2 import (
    GetRecommendationRequest,
    ListRecommendationsRequest,
    ListRecommendationsResponse,
    Recommendation,
)

from services.common.errors import InvalidArgumentError, NotFoundError
from services.optimizer.domain import listing
from services.optimizer.domain.ids import RECOMMENDATIONS
from services.optimizer.handlers.ports import Recommendations


class Catalogue:
    """A tenant's recommendations."""

    def __init__(self, store: Recommendations) -> None:
        self._store = store

    async def list_ranked(self, tenant_id: str, request: ListRecommendationsRequest) -> ListRecommendationsResponse:
        """A page, ranked by low saving x confidence.

        Raises:
            InvalidArgumentError: page size or token.
        """
        stored = (known.recommendation for known in (await self._store.of_tenant(tenant_id)).values())
        return listing.page(stored, tenant_id, request)

    async def get(self, tenant_id: str, request: GetRecommendationRequest) -> Recommendation:
        """One of them.

        Raises:
            InvalidArgumentError: not a recommendation's name.
            NotFoundError: the tenant has no such recommendation.
        """
        if not request.name.startswith(RECOMMENDATIONS):
            raise InvalidArgumentError.of("name", f"a name reads {RECOMMENDATIONS}<id>")
        stored = await self._store.get(tenant_id, request.name)
        if stored is None:
            raise NotFoundError(f"no {request.name[:100]}")
        return stored.recommendation
