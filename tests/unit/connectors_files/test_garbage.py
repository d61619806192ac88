"""Whatever a file holds, reading it ends, and what cannot be read is said."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.connectors.agents.claude_code import CLAUDE_CODE
from services.connectors.agents.codex import CODEX
from services.connectors.agents.gemini_cli import GEMINI_CLI
from services.connectors.agents.use import Agent
from services.connectors.files.billing import cur, focus
from services.connectors.files.mapping import Mapped, MappingError, RowError
from services.connectors.files.opening import FileError
from services.connectors.files.reading import Found, Options, Reading, Unusable
from services.connectors.files.tables import Row
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Rejected
from services.ingest.domain.sources import native
from services.ingest.domain.times import TimeWindow

_QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.datetimes()
    | st.sampled_from(["1", "0.5", "-3", "1e400", "NaN", "2026-11-20T10:00:00Z", "USD", "1K tokens", "Units", "{}"])
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def _takes(event: Any) -> None:
    """Ingest takes an event or says what is wrong with it; nothing else."""
    with contextlib.suppress(Rejected):
        native.decode(json.loads(json.dumps(event, default=str)), Context("acme", 0, TimeWindow(-(10**18), 10**18)))


@_QUICK
@given(content=st.binary(max_size=300))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    for start in (
        b"",
        b"time,requests\n",
        b'{"time":"2026-11-20","requests":1}\n',
        b"PAR1",
        b"\x1f\x8b\x08",
        b"\xff\xfe",
    ):
        path = tmp_path / "any"
        path.write_bytes(start + content)
        with contextlib.suppress(FileError, MappingError):
            for item in Reading([path], Options()):
                assert isinstance(item, (Found, Unusable))


@_QUICK
@given(content=st.binary(max_size=200), at=st.integers(0, 2_000))
def test_a_damaged_parquet_file(tmp_path: Path, content: bytes, at: int) -> None:
    path = tmp_path / "damaged.parquet"
    pa.parquet.write_table(pa.table({"time": ["2026-11-20"] * 50, "requests": [1] * 50}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: at % len(whole)] + content + whole[at % len(whole) + len(content) :])
    with contextlib.suppress(FileError, MappingError):
        for item in Reading([path], Options()):
            assert isinstance(item, (Found, Unusable))


@_QUICK
@given(
    row=st.dictionaries(st.sampled_from(["id", "time", "model", "requests", "usage", "tags", "seat", "tag:a"]), _VALUES)
)
def test_any_row_of_our_own_fields(row: dict[str, Any]) -> None:
    mapped = Mapped([], ["id", "time", "model", "requests", "usage", "tags", "seat", "tag:a"], "import")
    try:
        event = mapped.event(Row(1, row))
    except RowError:
        return
    assert event["id"]
    assert event["time"].endswith("Z")
    _takes(event)


@pytest.mark.parametrize(
    ("make", "columns", "ai"),
    [
        (focus.Focus, sorted(focus._COLUMNS), {"ServiceSubcategory": "Generative AI"}),
        (cur.Report, sorted(cur._COLUMNS), {"line_item_product_code": "AmazonBedrock"}),
    ],
    ids=["focus", "cur"],
)
@_QUICK
@given(data=st.data())
def test_any_row_of_a_bill(
    make: Callable[..., Any], columns: list[str], ai: dict[str, str], data: st.DataObject
) -> None:
    bill = make(columns, [])
    row = data.draw(st.dictionaries(st.sampled_from(columns), _VALUES)) | ai
    try:
        charge = bill.charge(row)
    except RowError:
        return
    assert charge is not None
    assert charge.cost.is_finite()
    hash(charge.about)


_NAMES = [
    "type", "message", "usage", "id", "model", "timestamp", "sessionId", "cwd", "payload", "info", "total_token_usage",
    "last_token_usage", "source", "input_tokens", "output_tokens", "cached_input_tokens", "tokens", "input", "output",
    "cached", "messages", "$set", "subagent",
]  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=25,
)


@pytest.mark.parametrize("agent", [CLAUDE_CODE, CODEX, GEMINI_CLI], ids=lambda agent: agent.name)
@pytest.mark.parametrize("kind", ["assistant", "event_msg", "session_meta", "turn_context", "gemini"])
@_QUICK
@given(value=_JSON, payload=_JSON)
def test_any_line_of_a_log(agent: Agent, kind: str, value: Any, payload: Any) -> None:
    marks = {"usage": 1, "token_count": 1, "tokens": 1}
    entry = {
        "type": kind,
        "marks": marks,
        "payload": payload,
        "message": payload,
        **(value if isinstance(value, dict) else {}),
    }
    reader = agent.reader(Path("/nowhere/rollout.jsonl"), {}, lambda _: None)
    for line in (json.dumps(entry), json.dumps(value) + ' "usage" "token_count" "tokens"', json.dumps({"type": kind})):
        with contextlib.suppress(ValueError):
            for use in reader.uses(line.encode()):
                assert use.id
                assert use.weight >= 0
        json.dumps(reader.context)
