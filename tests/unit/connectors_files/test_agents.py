"""Logs of coding agents; the expected figures are worked out by hand from tests/golden/agents."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from services.connectors.agents.claude_code import CLAUDE_CODE
from services.connectors.agents.codex import CODEX
from services.connectors.agents.gemini_cli import GEMINI_CLI
from services.connectors.agents.memory import ForgottenError, Memory
from services.connectors.agents.parsing import folder_name
from services.connectors.agents.use import Agent, Owner
from services.connectors.domain.event import Event
from services.connectors.handlers.collecting import Collected, Collector, Places, named
from services.ingest.domain.context import Context
from services.ingest.domain.sources import native
from services.ingest.domain.times import TimeWindow

GOLDEN = Path(__file__).parents[2] / "golden" / "agents"
SECRET = "the launch is on Friday"


@dataclass(frozen=True)
class Taken:
    accepted: int
    rejected: Sequence[Any] = ()


@dataclass
class Ingest:
    """Keeps the last word on each event, as ingest does, and refuses what it would refuse."""

    events: dict[str, Any] = field(default_factory=dict)
    sent: int = 0
    away: bool = False

    async def send(self, events: Sequence[Event]) -> Taken:
        if self.away:
            raise ConnectionError("away")
        for event in events:
            native.decode(dict(event), Context("acme", 0, TimeWindow(0, 4 * 10**15)))
            self.events[event["id"]] = event
        self.sent += len(events)
        return Taken(len(events))

    def totals(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for event in self.events.values():
            found.update(event["usage"])
        return found


def _collector(
    home: Path, agent: Agent, ingest: Ingest, memory: Memory | None = None, owner: Owner | None = None, **more: Any
) -> Collector:
    places = Places(home, {}, **more)
    return Collector([agent], places, owner or Owner("ann@example.com"), memory or Memory(None), ingest)


def _below(folder: Path, pattern: str) -> list[Path]:
    return list(folder.rglob(pattern))


async def _look(home: Path, agent: Agent, **more: Any) -> tuple[Ingest, Collected]:
    ingest = Ingest()
    return ingest, await _collector(home, agent, ingest, **more).look()


async def test_claude_code() -> None:
    ingest, found = await _look(GOLDEN / "claude", CLAUDE_CODE)
    # Of message A the last of three lines; B once, though a fork has it under another request; C; the subagent's D.
    assert set(ingest.events) == {"msg_01A", "msg_01B", "msg_01C", "msg_bdrk_01D"}
    assert ingest.totals() == {
        "input_tokens": 2 + 10 + 5 + 300,
        "cache_read_tokens": 15_030 + 23_685 + 100,
        "cache_write_tokens": 8_655 + 600,
        "cache_write_1h_tokens": 400,
        "output_tokens": 211 + 90 + 40 + 20,
        "web_searches": 2,
        "requests": 4,
    }
    assert ingest.events["msg_01A"] == {
        "id": "msg_01A", "time": "2026-11-20T10:00:01Z", "source": "claude-code", "tool": "claude-code",
        "provider": "anthropic", "model": "claude-sonnet-4-5-20250929", "user": "ann@example.com", "project": "search",
        "session": "aaaaaaaa-0000-4000-8000-000000000001",
        "usage": {
            "input_tokens": 2, "cache_read_tokens": 15_030, "cache_write_tokens": 8_655, "output_tokens": 211,
            "requests": 1,
        },
    }  # fmt: skip
    assert ingest.events["msg_bdrk_01D"]["provider"] == "aws"
    assert (found.files, found.accepted, found.unreadable) == (3, 4, 1)


async def test_codex() -> None:
    ingest, found = await _look(GOLDEN / "codex", CODEX)
    # The parent's three requests (one of them told twice), the fork's own one, the orphan's own one.
    assert found.accepted == 5
    assert ingest.totals() == {
        "input_tokens": (20_149 - 9_984) + (23_735 - 10_496 - 100) + 1_000 + (2_000 - 1_000) + 500,
        "cache_read_tokens": 9_984 + 10_496 + 1_000,
        "cache_write_tokens": 100,
        "output_tokens": 5 + (406 - 320) + 10 + (50 - 10) + 20,
        "reasoning_tokens": 320 + 10,
        "requests": 5,
    }
    own = [event for event in ingest.events.values() if event["model"] == "gpt-5.1-codex-mini"]
    assert [(event["session"], event["time"]) for event in own] == [
        ("019fa150-0000-7000-8000-000000000002", "2026-11-20T09:10:12Z")
    ]
    tiers = {event["time"]: event.get("service_tier") for event in ingest.events.values()}
    assert (tiers["2026-11-20T09:00:10Z"], tiers["2026-11-20T09:00:30Z"]) == (None, "priority")
    assert {event["project"] for event in ingest.events.values()} == {"ranker"}


def _codex_line(second: int, kind: str, payload: dict[str, Any]) -> str:
    return json.dumps({"timestamp": f"2026-11-20T13:00:{second:02d}.000Z", "type": kind, "payload": payload}) + "\n"


def _usage(input_tokens: int, output_tokens: int) -> dict[str, int]:
    return {"input_tokens": input_tokens, "output_tokens": output_tokens}


async def test_codex_compactions_that_its_totals_leave_out(tmp_path: Path) -> None:
    """The first one is in no total; the second is, and counts once; the third record is of no compaction."""
    log = tmp_path / ".codex" / "sessions" / "rollout-2026-11-20T13-00-00-s1.jsonl"
    log.parent.mkdir(parents=True)
    told = {"type": "token_count", "info": {"total_token_usage": _usage(400, 50), "last_token_usage": _usage(300, 30)}}
    log.write_text(
        _codex_line(0, "session_meta", {"id": "s1", "cwd": "/x"})
        + _codex_line(1, "turn_context", {"model": "gpt-5.1-codex"})
        + _codex_line(2, "token_usage_record", {"response_id": "resp_1", "usage": _usage(5000, 200)})
        + _codex_line(3, "compacted", {"compaction_response_id": "resp_1", "message": SECRET})
        + _codex_line(4, "token_usage_record", {"response_id": "resp_2", "usage": _usage(300, 30)})
        + _codex_line(5, "event_msg", told)
        + _codex_line(6, "compacted", {"compaction_response_id": "resp_2"})
        + _codex_line(7, "token_usage_record", {"response_id": "resp_3", "usage": _usage(7, 7)})
    )
    ingest, found = await _look(tmp_path, CODEX)
    assert (set(ingest.events), found.unreadable) == ({"resp_1", "s1:400-0-0-50-0"}, 0)
    assert ingest.totals() == {"input_tokens": 5_300, "output_tokens": 230, "requests": 2}
    # A copy in a forked session has the same response.
    shutil.copy(log, log.with_name("rollout-2026-11-20T14-00-00-s2.jsonl"))
    again, _ = await _look(tmp_path, CODEX)
    assert again.totals() == ingest.totals()


async def test_a_fork_whose_parent_is_gone(tmp_path: Path) -> None:
    """The burst of the copied history is passed over all the same."""
    shutil.copytree(GOLDEN / "codex", tmp_path, dirs_exist_ok=True)
    for path in _below(tmp_path, "*-019fa149-*.jsonl"):
        path.unlink()
    ingest, _ = await _look(tmp_path, CODEX)
    assert sorted(event["usage"]["output_tokens"] for event in ingest.events.values()) == [20, 40]


@pytest.mark.parametrize("parent_is_there", [True, False])
@pytest.mark.parametrize("times_are_kept", [True, False])
async def test_siblings_that_copy_one_history(parent_is_there: bool, times_are_kept: bool, tmp_path: Path) -> None:
    """Each has the parent's two requests, at their own times or at that of the fork, and one of its own; the siblings'
    own ones are alike to the token, and are two."""

    def told(second: int, total: int, last: int) -> str:
        info = {"total_token_usage": _usage(total, 2 * total), "last_token_usage": _usage(last, 2 * last)}
        return _codex_line(second, "event_msg", {"type": "token_count", "info": info})

    folder = tmp_path / ".codex" / "sessions"
    folder.mkdir(parents=True)
    history = (told(1, 100, 100), told(8, 150, 50))
    if parent_is_there:
        (folder / "rollout-p.jsonl").write_text(_codex_line(0, "session_meta", {"id": "p"}) + "".join(history))
    for child in ("c1", "c2"):
        copied = history if times_are_kept else (told(30, 100, 100), told(30, 150, 50))
        (folder / f"rollout-{child}.jsonl").write_text(
            _codex_line(30, "session_meta", {"id": child, "forked_from_id": "p"})
            + "".join(copied)
            + _codex_line(31, "turn_context", {"model": "gpt-5.1-codex"})
            + told(40, 157, 7)
        )
    ingest, _ = await _look(tmp_path, CODEX)
    own = 7 + 7
    assert ingest.totals()["input_tokens"] == (100 + 50 + own if parent_is_there else own)
    assert {event["session"] for event in ingest.events.values()} >= {"c1", "c2"}


async def test_gemini_cli() -> None:
    ingest, found = await _look(GOLDEN / "gemini", GEMINI_CLI)
    assert set(ingest.events) == {"g1", "h1", "h2", "k1"}
    assert ingest.totals() == {
        "input_tokens": (7_173 - 5_000) + (1_000 - 200 + 7) + 400 + 90,
        "cache_read_tokens": 5_000 + 200,
        "output_tokens": 40 + 50 + 5 + 10,
        "reasoning_tokens": 17 + 30,
        "requests": 4,
    }
    # Their sum is what the log itself calls the total.
    assert sum(ingest.totals().values()) - 4 == 7_230 + 1_087 + 405 + 100
    assert (ingest.events["h1"]["project"], ingest.events["k1"]["session"]) == ("ads-ranking", "bbbb2222")
    assert "project" not in ingest.events["g1"]
    assert found.unreadable == 0


@pytest.mark.parametrize(("folder", "agent"), [("claude", CLAUDE_CODE), ("codex", CODEX), ("gemini", GEMINI_CLI)])
async def test_nothing_that_was_said_leaves(folder: str, agent: Agent) -> None:
    ingest, _ = await _look(GOLDEN / folder, agent)
    sent = json.dumps(list(ingest.events.values()))
    assert ingest.events
    assert SECRET in "".join(path.read_text() for path in (GOLDEN / folder).rglob("*.json*"))
    assert SECRET not in sent
    assert "/Users/ann" not in sent
    assert "/home/ann" not in sent


@pytest.mark.parametrize(("folder", "agent"), [("claude", CLAUDE_CODE), ("codex", CODEX), ("gemini", GEMINI_CLI)])
async def test_a_second_look_sends_nothing(folder: str, agent: Agent, tmp_path: Path) -> None:
    memory, ingest = Memory(tmp_path / "state" / "collected.sqlite"), Ingest()
    collector = _collector(GOLDEN / folder, agent, ingest, memory)
    first = await collector.look()
    again = await collector.look()
    assert (again.files, again.accepted) == (0, 0)
    memory.close()
    later = await _collector(GOLDEN / folder, agent, ingest, Memory(tmp_path / "state" / "collected.sqlite")).look()
    assert later.accepted == 0
    assert ingest.sent == first.accepted
    before = dict(ingest.events)
    forgotten = await _collector(GOLDEN / folder, agent, ingest).look()
    assert forgotten.accepted == first.accepted
    assert ingest.events == before


@pytest.mark.parametrize(("folder", "agent"), [("claude", CLAUDE_CODE), ("codex", CODEX), ("gemini", GEMINI_CLI)])
async def test_logs_that_grow_line_by_line(folder: str, agent: Agent, tmp_path: Path) -> None:
    """Looked at after every line, even half-written ones, they end with the same events as read at once."""
    whole, _ = await _look(GOLDEN / folder, agent)
    memory, ingest = Memory(None), Ingest()
    collector = _collector(tmp_path, agent, ingest, memory)
    for path in sorted((GOLDEN / folder).rglob("*")):
        target = tmp_path / path.relative_to(GOLDEN / folder)
        if path.is_dir():
            target.mkdir(exist_ok=True, parents=True)
            continue
        if path.suffix != ".jsonl":
            shutil.copy(path, target)
            continue
        target.parent.mkdir(exist_ok=True, parents=True)
        for line in path.read_bytes().splitlines(keepends=True):
            for part in (line[: len(line) // 2], line[len(line) // 2 :]):
                with target.open("ab") as file:
                    file.write(part)
                await collector.look()
    assert ingest.events == whole.events


async def test_what_was_not_accepted_is_sent_again() -> None:
    memory, ingest = Memory(None), Ingest(away=True)
    collector = _collector(GOLDEN / "claude", CLAUDE_CODE, ingest, memory)
    with pytest.raises(ConnectionError):
        await collector.look()
    ingest.away = False
    assert (await collector.look()).accepted == 4


async def test_a_log_written_anew_is_read_from_its_start(tmp_path: Path) -> None:
    source = next((GOLDEN / "claude").rglob("bbbbbbbb-*.jsonl"))
    folder = tmp_path / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    shutil.copy(source, folder / "s.jsonl")
    memory, ingest = Memory(None), Ingest()
    collector = _collector(tmp_path, CLAUDE_CODE, ingest, memory)
    await collector.look()
    other = source.read_text().splitlines()[3].replace("msg_01C", "msg_01N")
    (folder / "new").write_text(other + "\n")
    (folder / "new").replace(folder / "s.jsonl")
    assert (await collector.look()).accepted == 1
    assert "msg_01N" in ingest.events


async def test_since() -> None:
    since = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
    ingest, _ = await _look(GOLDEN / "claude", CLAUDE_CODE, since=since)
    assert set(ingest.events) == {"msg_01C"}


async def test_whose_it_is() -> None:
    owner = replace(Owner("bob", "search", "dev", with_project=False, subscription=True), tags={"host": "laptop"})
    ingest, _ = await _look(GOLDEN / "claude", CLAUDE_CODE, owner=owner)
    event = ingest.events["msg_01A"]
    assert "project" not in event
    assert (event["user"], event["team"], event["environment"], event["measurement"], event["tags"]) == (
        "bob", "search", "dev", "reported", {"host": "laptop"},
    )  # fmt: skip


async def test_compressed_rollouts(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "codex", tmp_path, dirs_exist_ok=True)
    whole, _ = await _look(GOLDEN / "codex", CODEX)
    for path in _below(tmp_path, "*.jsonl"):
        with pa.OSFile(f"{path}.zst", "wb") as raw, pa.CompressedOutputStream(raw, "zstd") as stream:
            stream.write(path.read_bytes())
        path.unlink()
    ingest, _ = await _look(tmp_path, CODEX)
    assert ingest.events == whole.events


async def test_no_logs(tmp_path: Path) -> None:
    for agent in (CLAUDE_CODE, CODEX, GEMINI_CLI):
        _, found = await _look(tmp_path, agent)
        assert found == Collected()


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"assistant","message":{"id":"msg_1","model":"m","usage":{"input_tokens":-1}}}',
        '{"type":"assistant","message":{"id":"msg_1","model":"m","usage":{"input_tokens":1}}}',
        '{"type":"assistant","message":{"id":"msg_1","model":"m","usage":[]},"timestamp":"2026-11-20T10:00:00Z"}',
        '{"type":"assistant","message":7,"x":{"usage":1}}',
        "[" * 5_000 + '"usage"',
        '"usage"',
    ],
)
async def test_lines_that_are_not_as_documented_harm_no_others(tmp_path: Path, line: str) -> None:
    folder = tmp_path / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    good = next((GOLDEN / "claude").rglob("bbbbbbbb-*.jsonl")).read_text()
    (folder / "s.jsonl").write_text(f"{line}\n{good}")
    ingest, found = await _look(tmp_path, CLAUDE_CODE)
    assert (len(ingest.events), found.unreadable) == (3, 1)


def test_agents_by_name() -> None:
    assert named([CODEX, CLAUDE_CODE], ["claude-code"]) == [CLAUDE_CODE]
    with pytest.raises(ValueError, match="no agent 'clod': choose from codex"):
        named([CODEX], ["clod"])


def test_a_folder_by_name_alone() -> None:
    assert [folder_name(path) for path in ("/home/ann/x", "C:\\Users\\ann\\x\\", "x/", "", "/")] == [
        "x",
        "x",
        "x",
        "",
        "",
    ]


def test_a_state_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("not a database, and long enough to be taken for one " * 30)
    with pytest.raises(ForgottenError, match="delete it, or name another with --state"):
        Memory(path)
