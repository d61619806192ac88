"""Ranked pages of recommendations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from finops.recommendation.v1.recommendation_pb2 import (
    ListRecommendationsRequest,
    ListRecommendationsResponse,
    Recommendation,
)

from services.common import money
from services.common.paging import Listing, page_size


class Rank(NamedTuple):
    """Low saving x confidence, the highest first; then the name."""

    score: float
    name: str


def rank(recommendation: Recommendation) -> Rank:
    """Its place in a list."""
    return Rank(-money.from_proto(recommendation.monthly_saving_low) * recommendation.confidence, recommendation.name)


def page(
    found: Iterable[Recommendation], tenant_id: str, request: ListRecommendationsRequest
) -> ListRecommendationsResponse:
    """The page asked for, of a tenant's recommendations.

    Raises:
        InvalidArgumentError: page size or token.
    """
    size = page_size(request.page_size)
    listing = Listing(Rank, "recommendations", tenant_id, request.state)
    after = listing.after(request.page_token)
    wanted = (r for r in found if request.state in (Recommendation.STATE_UNSPECIFIED, r.state))
    ranked = sorted((r for r in wanted if after is None or rank(r) > after), key=rank)
    shown, token = listing.page(ranked, size, rank)
    return ListRecommendationsResponse(recommendations=shown, next_page_token=token)
