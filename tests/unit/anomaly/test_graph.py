"""State as bytes, and back."""

from __future__ import annotations

import json
import math
from collections import defaultdict, deque
from typing import Any

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.graph import GraphError, dump, load
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.run import Run, Spell
from services.anomaly.domain.series import Series
from services.anomaly.domain.tenant import LateRecords


def through(value: Any) -> Any:
    return load(b"".join(dump(value)))


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**80), 0.1, math.inf, "naïve\ud800", b"\x00\xff", (1, (2, "x")), [], [1, [2]], {},
        {1: {2: 3}},
        {("a", 1): [None]}, {1, 2}, frozenset({3}), deque([1, 2], maxlen=5), Series("team", "a"), Policy(),
        Run(start=5, total=Spell(1, 10**20)), Anomaly(name="x", series={"a": "b"}), np.float64(0.1),
        {Series("team", "a"): np.int64(3)},
    ],
)  # fmt: skip
def test_it_comes_back_as_it_was(value: Any) -> None:
    found = through(value)
    assert found == value
    assert type(found) is type(value)


def test_arrays_come_back_with_their_kind_and_can_be_written() -> None:
    for kind in (np.float16, np.float64, np.int64, np.bool_):
        before = np.array([[0, 1, 2], [3, 4, 5]]).astype(kind)
        after = through([before, before.T])
        np.testing.assert_array_equal(after[0], before)
        np.testing.assert_array_equal(after[1], before.T)
        assert after[0].dtype == before.dtype
        after[0][0] = 1
    assert np.isnan(through(np.array([np.nan]))[0])
    assert through(np.zeros((0, 7))).shape == (0, 7)


def test_what_is_shared_stays_shared_also_in_circles() -> None:
    late = LateRecords()
    late.hours, late.requests = {4}, late  # type: ignore[assignment]
    found = through({"a": late, "b": [late]})
    assert found["a"] is found["b"][0] is found["a"].requests
    assert found["a"].hours == {4}
    counts = through(defaultdict(int, a=1))
    counts["b"] += 1
    assert counts == {"a": 1, "b": 1}
    assert through(deque(range(3), maxlen=3)).maxlen == 3


def test_a_bound_method_belongs_to_the_same_object() -> None:
    late = LateRecords()
    found = through([late, late.note])
    found[1](4, 9)
    assert found[0].requests == 9


@pytest.mark.parametrize("value", [lambda: 1, open, object(), np.array([object()]), [json.JSONEncoder()], {"a": int}])
def test_what_cannot_be_kept_is_refused(value: object) -> None:
    with pytest.raises(GraphError):
        list(dump(value))


def _graph(**changes: object) -> bytes:
    head = {"root": ["r", 0], "classes": [], "nodes": [["l", []]], "arrays": []} | changes
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "big") + text


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x" * 40, _graph()[:-1], _graph() + b"x", _graph(root=["r", 5]), _graph(root=["?", 5]),
        _graph(nodes=[["?", 1]]), _graph(classes=["os:_Environ"]),
        _graph(classes=["services.anomaly.domain.graph:json"]),
        _graph(classes=["services.anomaly.domain.graph:json.JSONEncoder"]), _graph(classes=["subprocess:Popen"]),
        _graph(classes=["services.anomaly.domain.nothing:Thing"]), _graph(arrays=[["<f8", [3]]]),
        _graph(arrays=[["|O", [3]]]), _graph(nodes=[["m", "google.protobuf.Any", ""]]), _graph(nodes=None),
        _graph(classes=["services.anomaly.domain.series:Totals"], root=["c", 0, "plus", 5]),
    ],
)  # fmt: skip
def test_what_is_no_graph_is_refused(data: bytes) -> None:
    with pytest.raises(GraphError):
        load(data)
