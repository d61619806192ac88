"""Business metrics of native events: a number of the sender's own beside, or without, the use it stands for."""

from __future__ import annotations

from typing import Any

import pytest

from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.sources.native import decode
from tests.unit.ingest.building import context

TIME = "2026-11-23T12:00:00Z"


def item(**more: Any) -> dict[str, Any]:
    return {"id": "order-1", "time": TIME, **more}


def test_metrics_beside_use_and_without_any() -> None:
    both = decode(item(usage={"input_tokens": 5}, metrics={"orders": 12}), context())
    assert dict(both.quantities.business_metrics) == {"orders": 12}
    assert (both.quantities.input_tokens, both.quantities.requests) == (5, 1)
    alone = decode(item(metrics={"orders": 1, "resolved-tickets": 0}), context())
    assert dict(alone.quantities.business_metrics) == {"orders": 1, "resolved-tickets": 0}
    assert alone.quantities.requests == 0


@pytest.mark.parametrize(
    ("metrics", "reason", "said"),
    [
        (5, Reason.WRONG_TYPE, "metrics: must be an object"),
        ({"orders": "12"}, Reason.WRONG_TYPE, "metrics.orders: must be a whole number"),
        ({"orders": True}, Reason.WRONG_TYPE, "metrics.orders: must be a whole number"),
        ({"orders": -1}, Reason.OUT_OF_RANGE, "metrics.orders: is -1"),
        ({"orders": 10**12 + 1}, Reason.OUT_OF_RANGE, "metrics.orders: is 1000000000001"),
        ({"a,b": 1}, Reason.INVALID, "metrics.a,b: is no name of a metric"),
        ({"": 1}, Reason.INVALID, "metrics.: is no name of a metric"),
        ({f"m{n}": n for n in range(9)}, Reason.TOO_LONG, "metrics: has 9 metrics"),
    ],
    ids=["number", "text", "truth", "negative", "large", "comma", "blank", "many"],
)
def test_what_is_no_metric_is_refused_by_its_path(metrics: object, reason: Reason, said: str) -> None:
    with pytest.raises(Rejected, match="^" + said.replace(".", r"\.")) as caught:
        decode(item(usage={"input_tokens": 5}, metrics=metrics), context())
    assert caught.value.reason is reason


def test_without_use_and_without_metrics_nothing_is_told() -> None:
    with pytest.raises(Rejected, match="usage: is missing"):
        decode(item(metrics={}), context())
