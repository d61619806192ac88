"""Metric points as events: what a series adds up to, whatever is sent again, lost, or restarted."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.ingest.adapters.otlp.receiver import Reminders
from services.ingest.domain.otlp.metrics import Point
from services.ingest.domain.otlp.series import Newest
from services.ingest.settings import IngestOptions
from tests.unit.ingest.building import buckets
from tests.unit.ingest.otlp import NOW_NANOS, Served, answer, pairs, serve

TOKENS = "gen_ai.client.token.usage"
SECOND = 1_000_000_000
START = NOW_NANOS - 3_600 * SECOND
DELTA, CUMULATIVE = 1, 2


def _metrics(
    total: float, *, start: int = START, time: int = NOW_NANOS, temporality: int = CUMULATIVE, **changes: Any
) -> dict[str, Any]:
    attributes = {
        "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.token.type": "input",
    } | {name.replace("__", "."): value for name, value in changes.items()}  # fmt: skip
    point = {
        "attributes": pairs({name: value for name, value in attributes.items() if value is not None}),
        "startTimeUnixNano": str(start), "timeUnixNano": str(time), "count": "3", "sum": total,
    }  # fmt: skip
    metric = {"name": TOKENS, "histogram": {"aggregationTemporality": temporality, "dataPoints": [point]}}
    resource = {"attributes": pairs({"service.name": "travel"})}
    return {
        "resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": {"name": "x"}, "metrics": [metric]}]}]
    }


def _metered() -> Served:
    return serve(metrics={TOKENS: "metered"})


def _sum(*served: Served) -> int:
    """What the rater makes of it: the last revision of each event."""
    last = {event.event_key: event for one in served for event in one.kept.events}
    return sum(event.quantities.input_tokens for event in last.values())


async def test_metrics_are_not_counted_unless_the_setting_names_them() -> None:
    served = serve()
    response = await served.post("metrics", _metrics(500))
    partial = answer("metrics", response).partial_success
    assert response.status_code == 200
    assert partial.rejected_data_points == 0
    assert "1 points of gen_ai.client.token.usage not counted" in partial.error_message
    assert served.kept.batches == []
    again = await served.post("metrics", _metrics(600))
    assert not answer("metrics", again).HasField("partial_success"), "a Collector would log it at every export"


def test_a_reminder_comes_now_and_then() -> None:
    times = iter([0.0, 10.0, 10.0, 99.0, 100.0, 110.0])
    reminders = Reminders(every_seconds=100, now=lambda: next(times))
    asked = [("acme", "a"), ("acme", "a"), ("acme", "b"), ("acme", "a"), ("acme", "a"), ("acme", "b")]
    assert [reminders.due(*one) for one in asked] == [True, False, True, False, True, True]


async def test_a_cumulative_series_is_one_event_whatever_remembers_it() -> None:
    """Each export may meet another replica, or one that has just been started."""
    replicas = [_metered() for _ in range(4)]
    for total, served in zip((100.0, 250.0, 250.0, 900.0), replicas, strict=True):
        assert (await served.post("metrics", _metrics(total))).status_code == 200
    assert len({event.event_key for served in replicas for event in served.kept.events}) == 1
    assert _sum(*replicas) == 900
    (last,) = replicas[-1].kept.events
    assert last.time_unix_micros == START // 1_000
    assert buckets(last) == {"input_tokens": 900, "requests": 3}


async def test_an_older_total_that_was_overtaken_does_not_take_the_newer_one_back() -> None:
    served = _metered()
    await served.post("metrics", _metrics(900))
    older = await served.post("metrics", _metrics(250, time=NOW_NANOS - 60 * SECOND))
    assert not answer("metrics", older).HasField("partial_success")
    await served.post("metrics", _metrics(900))
    assert [event.quantities.input_tokens for event in served.kept.events] == [900, 900]


def test_only_so_many_series_are_remembered() -> None:
    def point(series: str, time: int) -> Point:
        return Point(TOKENS, series, START, time, True, True, 5, 1, {}, {}, "")

    newest = Newest(most=2)
    for series in ("a", "b", "a", "c"):
        assert not newest.overtaken("acme", point(series, NOW_NANOS))
    assert newest.overtaken("acme", point("a", START))
    assert not newest.overtaken("other", point("a", START))
    assert not newest.overtaken("acme", point("b", START))
    assert not newest.overtaken("acme", point("a", START)._replace(cumulative=False))


async def test_a_reset_is_a_new_event() -> None:
    served = _metered()
    await served.post("metrics", _metrics(900))
    await served.post("metrics", _metrics(40, start=NOW_NANOS - 60 * SECOND))
    await served.post("metrics", _metrics(70, start=NOW_NANOS - 60 * SECOND))
    assert _sum(served) == 970


async def test_deltas_add_up_and_a_resend_does_not() -> None:
    served = _metered()
    for number, total in enumerate((10, 20, 30)):
        request = _metrics(
            total,
            start=START + number * 60 * SECOND,
            time=START + (number + 1) * 60 * SECOND,
            temporality=DELTA,
        )
        await served.post("metrics", request)
        await served.post("metrics", request)
    assert len(served.kept.events) == 6
    assert _sum(served) == 60
    assert served.kept.events[0].time_unix_micros == START // 1_000 + 60_000_000


async def test_series_differ_by_any_attribute_but_not_by_their_order() -> None:
    served = _metered()
    one = _metrics(10, server__port=443)
    await served.post("metrics", one)
    attributes = one["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["histogram"]["dataPoints"][0]["attributes"]
    attributes.reverse()
    await served.post("metrics", one)
    await served.post("metrics", _metrics(10, server__port=444))
    assert _sum(served) == 20


async def test_reported_metrics_are_marked() -> None:
    served = serve(metrics={TOKENS: "reported"})
    await served.post("metrics", _metrics(10))
    assert served.kept.events[0].measurement == 1


async def test_a_series_that_did_not_grow_says_nothing() -> None:
    served = _metered()
    response = await served.post("metrics", _metrics(0))
    assert not answer("metrics", response).HasField("partial_success")
    assert served.kept.batches == []


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (_metrics(5, start=0), "startTimeUnixNano: is missing"),
        (_metrics(5, temporality=0), "aggregationTemporality"),
        (_metrics(5.5), "must be a whole number"),
        (_metrics(-5), "cannot be negative"),
        (_metrics(1e11), "is taken for an error"),
        (_metrics(5, gen_ai__token__type="thoughts"), "must be one of input, output"),
        (_metrics(5, gen_ai__token__type=None), "must be one of input, output"),
        (_metrics(5, gen_ai__request__model=None), "tokens of no model"),
    ],
)
async def test_what_cannot_be_counted_is_refused_with_a_reason(request_: dict[str, Any], told: str) -> None:
    served = _metered()
    partial = answer("metrics", await served.post("metrics", request_)).partial_success
    assert partial.rejected_data_points == 1
    assert told in partial.error_message
    assert served.kept.batches == []


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"otlp_metrics": {"http.server.duration": "metered"}}, "is not read: use claude_code.cost.usage"),
        ({"otlp_metrics": {"claude_code.cost.usage": "metered"}}, "can only be reported"),
        ({"otlp_attributes": {"colour": ["x"]}}, "is no dimension: use team"),
        ({"otlp_attributes": {"tag:": ["x"]}}, "is no dimension"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(setting: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        IngestOptions(**setting)
