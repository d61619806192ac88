"""Whatever JSON a vendor answers: rows become events that ingest takes, or are told as unreadable, or the source is
refused; nothing else comes out, and nothing hangs."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.connectors.domain.connector import Answer, Connector, Params, SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import MAX_ID, Event
from services.ingest.domain.rejection import Reason, Rejected
from tests.unit.connectors_sources.recordings import GOLDEN, OPTIONS, SOURCES, golden
from tests.unit.connectors_sources.vendor import accepted

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(0, 2_000)
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(json.dumps(float(number))))
    | st.sampled_from(["", "0.1", "-3", "1e400", "1e-400", "NaN", "2025-08-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
    | st.text(st.characters(codec=None), max_size=300)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


class Replies:
    """An `Api` that gives the same answers in turn, a few times over, then none."""

    def __init__(self, bodies: list[Any], next_url: str = "") -> None:
        self._bodies = bodies
        self._next_url = next_url
        self._asked = 0

    def _next(self) -> Answer:
        self._asked += 1
        if self._asked > 12:
            raise SourceRefusedError("enough")
        return Answer(copy.deepcopy(self._bodies[self._asked % len(self._bodies)]), self._next_url)

    async def get(self, path: str, params: Params | None = None) -> Answer:
        return self._next()

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self._next()


def read(connector: Connector, api: Replies, asked: Window) -> list[Event | Unreadable]:
    """Everything up to the end or a refusal."""

    async def run() -> list[Event | Unreadable]:
        rows: list[Event | Unreadable] = []
        try:
            async for page in connector.pages(api, asked, OPTIONS):
                rows += page
        except SourceRefusedError as refusal:
            assert str(refusal)
        return rows

    return asyncio.run(run())


def check(rows: list[Event | Unreadable], connector: Connector) -> None:
    for row in rows:
        if isinstance(row, Unreadable):
            assert row.row_id
            assert 0 < len(row.reason) < 400
            continue
        assert row["source"] == connector.name
        assert 0 < len(row["id"]) <= MAX_ID + 3
        try:
            assert accepted(row).source_event_id == row["id"]
        except Rejected as rejected:
            # A figure beyond anything real, or a billing cycle before 1970 or far ahead: ingest says so.
            assert rejected.reason is Reason.OUT_OF_RANGE, row


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def changed(value: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    """With other things in some places."""
    value = {"": copy.deepcopy(value)}
    for path, new in changes:
        holder: Any = value
        *way, last = ("", *path)
        try:
            for step in way:
                holder = holder[step]
            holder[last] = new
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return value[""]


@pytest.mark.parametrize(("connector", "name", "asked"), SOURCES, ids=lambda value: getattr(value, "name", ""))
def test_any_body(connector: Connector, name: str, asked: Window) -> None:
    names = st.sampled_from(["data", "seats", "usageItems", "usageEvents", "teamMemberSpend", "teamMembers"])

    @settings(max_examples=60)
    @given(st.lists(JSON | st.dictionaries(names, st.lists(JSON, max_size=4), max_size=2), min_size=1, max_size=3))
    def run(bodies: list[Any]) -> None:
        check(read(connector, Replies(bodies), asked), connector)

    run()


@pytest.mark.parametrize(("connector", "name", "asked"), SOURCES, ids=lambda value: getattr(value, "name", ""))
def test_any_change_of_a_documented_answer(connector: Connector, name: str, asked: Window) -> None:
    recorded = golden(name)
    bodies = list(recorded.values()) if name == "copilot-billing.json" else [recorded]
    reached = 0

    @settings(max_examples=150)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        nonlocal reached
        answers = []
        for body in bodies:
            place = st.sampled_from(list(places(body)))
            answers.append(changed(body, data.draw(st.lists(st.tuples(place, JSON), max_size=3))))
        url = data.draw(st.sampled_from(["", "", "/again"]))
        rows = read(connector, Replies(answers, url), asked)
        check(rows, connector)
        reached += len(rows)

    run()
    assert reached > 50, "most changes must leave something to read"


def test_every_recording_is_tried() -> None:
    assert {name for _, name, _ in SOURCES} == {file.name for file in GOLDEN.iterdir()}
