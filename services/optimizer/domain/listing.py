"""Ranked pages of recommendations."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable

from finops.recommendation.v1.recommendation_pb2 import ListRecommendationsResponse, Recommendation

from services.common import money
from services.common.errors import InvalidArgumentError

_DEFAULT_SIZE, _MAX_SIZE = 100, 1_000

_Rank = tuple[float, str]


def rank(recommendation: Recommendation) -> _Rank:
    """Low saving x confidence, the highest first; then the name."""
    return -money.from_proto(recommendation.monthly_saving_low) * recommendation.confidence, recommendation.name


def page(found: Iterable[Recommendation], size: int, token: str) -> ListRecommendationsResponse:
    """A page of these.

    Raises:
        InvalidArgumentError: a negative size, or a token this list did not give.
    """
    if size < 0:
        raise InvalidArgumentError.of("page_size", "must not be negative: send 1 to 1,000, or 0 for 100")
    size = min(size or _DEFAULT_SIZE, _MAX_SIZE)
    after = _decode(token) if token else None
    ranked = sorted((r for r in found if after is None or rank(r) > after), key=rank)
    more = len(ranked) > size
    return ListRecommendationsResponse(
        recommendations=ranked[:size], next_page_token=_encode(rank(ranked[size - 1])) if more else ""
    )


def _encode(last: _Rank) -> str:
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode()


def _decode(token: str) -> _Rank:
    try:
        score, name = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError):
        score, name = None, None
    if not isinstance(score, int | float) or not isinstance(name, str):
        raise InvalidArgumentError.of("page_token", "is not one this list gave: repeat the request without it")
    return float(score), name
