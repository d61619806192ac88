"""Tags with too many values."""

from __future__ import annotations

from services.common.clock import DAY
from services.ingest.domain.cardinality import OVERFLOW, OVERFLOW_NAME, TagGuard
from tests.unit.ingest.building import NOW, native
from tests.unit.ingest.serving import serve


def _values(guard: TagGuard, count: int, *, tenant: str = "acme", name: str = "trace", now: int = NOW) -> list[str]:
    found = []
    for number in range(count):
        tags = {name: f"v{number}"}
        guard.apply(tenant, tags, now)
        found.append(tags[name])
    return found


def test_values_beyond_the_limit_become_one() -> None:
    guard = TagGuard(3)
    assert _values(guard, 5) == ["v0", "v1", "v2", OVERFLOW, OVERFLOW]
    assert _values(guard, 4) == ["v0", "v1", "v2", OVERFLOW]  # those that were there stay


def test_each_tag_tenant_and_day_has_its_own_limit() -> None:
    guard = TagGuard(1)
    assert _values(guard, 2) == ["v0", OVERFLOW]
    assert _values(guard, 2, name="other") == ["v0", OVERFLOW]
    assert _values(guard, 2, tenant="globex") == ["v0", OVERFLOW]
    assert _values(guard, 2, now=NOW + DAY) == ["v0", OVERFLOW]


def test_names_are_limited_too() -> None:
    guard = TagGuard(10, names=2)
    tags = {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert guard.apply("acme", tags, NOW) == 2
    assert tags == {"a": "1", "b": "2", OVERFLOW_NAME: OVERFLOW}


def test_all_tenants_together_are_bounded() -> None:
    guard = TagGuard(100, remembered=3)
    assert _values(guard, 5) == ["v0", "v1", "v2", OVERFLOW, OVERFLOW]
    assert _values(guard, 1, tenant="globex") == [OVERFLOW]
    assert _values(guard, 1, tenant="globex", now=NOW + DAY) == ["v0"]


async def test_it_guards_events_of_every_source() -> None:
    served = serve(tag_guard=TagGuard(2))
    events = [native(id=f"e{number}", tags={"trace": f"t{number}", "feature": "x"}) for number in range(4)]
    await served.client.post("/v1/events", json=events)
    usage = {"id": "c", "usage": {"prompt_tokens": 1}}
    await served.client.post("/v1/usage/openai", json=usage, headers={"X-Tags": "trace=t9"})
    assert [event.tags["trace"] for event in served.kept.events] == ["t0", "t1", OVERFLOW, OVERFLOW, OVERFLOW]
    assert {event.tags["feature"] for event in served.kept.events[:4]} == {"x"}
