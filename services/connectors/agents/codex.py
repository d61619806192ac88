"""Codex CLI: `~/.codex/sessions/<year>/<month>/<day>/rollout-<time>-<session>.jsonl`.

After each request a `token_count` event tells the session's total and what the last request added; the model stands in
the `turn_context` before. A forked session, and each subagent, starts with a copy of its parent's events under new
times; what was the parent's is not counted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.connectors.agents.codex_compactions import Compactions, Vector
from services.connectors.agents.lines import complete_lines
from services.connectors.agents.parsing import folder_name, loads
from services.connectors.agents.use import Agent, Context, Find, Use
from services.connectors.domain.event import rfc3339
from services.connectors.domain.row import Row

_TOKEN_COUNT = b'"token_count"'
_MARKS = (
    _TOKEN_COUNT, b'"turn_context"', b'"session_meta"', b'"thread_settings_applied"', b'"token_usage_record"',
    b'"compaction_response_id"',
)  # fmt: skip
_BURST = timedelta(seconds=1)
"""A copied history is written at once, some tens of milliseconds long; a turn of one's own takes seconds."""
_TIERS = {"fast": "priority", "priority": "priority", "flex": "flex"}

_NAMES = (
    "input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens",
)  # fmt: skip


def files(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Every session, archived ones too; `CODEX_HOME` may name other folders, separated by commas."""
    named = [Path(part.strip()) for part in environment.get("CODEX_HOME", "").split(",") if part.strip()]
    for folder in named or [home / ".codex"]:
        for part in ("sessions", "archived_sessions"):
            for pattern in ("rollout-*.jsonl", "rollout-*.jsonl.zst"):
                yield from sorted((folder / part).rglob(pattern))


class Reader:
    """Follows a session's totals."""

    def __init__(self, path: Path, context: Context, find: Find) -> None:
        """
        Args:
            path: of the file.
            context: of the reader before.
            find: finds the file of the session this one was forked from.
        """
        self._path = path
        self._find = find
        self.context: Context = {
            "session": "", "model": "", "provider": "openai", "folder": "", "tier": "", "total": None, "records": {},
            **context,
        }  # fmt: skip
        self._compactions = Compactions(self.context["records"])
        self._parents: list[Vector] | None = None

    def uses(self, line: bytes) -> Iterator[Use]:
        """The request a line tells of, if it does and it is this session's own."""
        if not any(mark in line for mark in _MARKS):
            return
        entry = Row(loads(line))
        kind = entry.raw("type")
        payload = entry.row("payload")
        if kind == "session_meta":
            self._opened(entry, payload)
        elif kind == "turn_context":
            self.context["model"] = payload.text("model") or self.context["model"]
            self.context["folder"] = folder_name(payload.text("cwd")) or self.context["folder"]
        elif kind == "event_msg" and payload.raw("type") == "thread_settings_applied":
            tier = payload.row("thread_settings").text("service_tier")
            self.context["tier"] = _TIERS.get(tier, "") if tier else self.context["tier"]
        elif kind == "event_msg" and payload.raw("type") == "token_count" and payload.has("info"):
            yield from self._counted(entry, payload.row("info"))
        elif kind == "token_usage_record":
            used = _vector(payload, "usage")
            if used is not None and any(used):
                total, time = _vector(payload, "thread_token_usage"), rfc3339(entry.moment("timestamp"))
                self._compactions.recorded(payload.needed("response_id"), used, total, time)
        elif kind == "compacted":
            response = payload.text("compaction_response_id")
            compacted = self._compactions.compacted(response)
            if compacted is not None:
                yield self._use(response, *compacted)

    def _opened(self, entry: Row, payload: Row) -> None:
        """Only the first is of this session; a copied history holds its parent's too."""
        context = self.context
        if context["session"]:
            return
        context["session"] = payload.needed("id")
        context["provider"] = payload.text("model_provider") or "openai"
        context["folder"] = folder_name(payload.text("cwd"))
        parent = payload.text("forked_from_id")
        source = payload.raw("source")
        if not parent and isinstance(source, dict):
            spawned = Row(source).row("subagent")
            parent = spawned.row("thread_spawn").text("parent_thread_id") if spawned.has("thread_spawn") else ""
        if parent and parent != context["session"]:
            context["copied"] = {"from": parent, "matched": 0, "until": "", "at": rfc3339(entry.moment("timestamp"))}

    def _counted(self, entry: Row, info: Row) -> Iterator[Use]:
        total = _vector(info, "total_token_usage")
        last = _vector(info, "last_token_usage")
        before = tuple(self.context["total"]) if self.context["total"] else None
        if total is not None:
            self.context["total"] = total
            if total == before:
                return  # Told again, such as with new rate limits.
        added = last if last is not None else _difference(total, before)
        if added is None or not any(added):
            return
        time = entry.moment("timestamp")
        if "copied" in self.context:
            if self._is_copy(added, time):
                return
            del self.context["copied"]
        self._compactions.counted(added, total)
        session = self.context["session"] or self._path.stem
        counted = "-".join(map(str, total)) if total is not None else rfc3339(time)
        yield self._use(f"{session}:{counted}", added, rfc3339(time))

    def _is_copy(self, added: Vector, time: datetime) -> bool:
        """Whether it is the next of the parent's own; where the parent's file is gone, whether it belongs to the burst
        in which a copied history is written."""
        copied = self.context["copied"]
        if self._parents is None:
            self._parents = _own_history(self._find(copied["from"]), datetime.fromisoformat(copied["at"]))
        at = copied["matched"]
        if not copied["until"] and at < len(self._parents) and self._parents[at] == added:
            copied["matched"] = at + 1
            return True
        if at:
            return False
        # Some versions keep the times of the copied events, which then lie before the fork.
        since = datetime.fromisoformat(copied["until"] or copied["at"])
        copied["until"] = rfc3339(max(since, time))
        return time - since <= _BURST

    def _use(self, id: str, added: Vector, time: str) -> Use:
        prompt, cached, written, output, reasoning = added
        if cached + written > prompt or reasoning > output:
            raise ValueError(f"token_count: parts exceed their total in {dict(zip(_NAMES, added, strict=True))}")
        context = self.context
        return Use(
            id=id,
            time=time,
            usage={
                "input_tokens": prompt - cached - written,
                "cache_read_tokens": cached,
                "cache_write_tokens": written,
                "output_tokens": output - reasoning,
                "reasoning_tokens": reasoning,
            },
            model=context["model"],
            provider=context["provider"],
            session=context["session"] or self._path.stem,
            folder=context["folder"],
            service_tier=context["tier"],
        )


def _vector(info: Row, name: str) -> Vector | None:
    if not info.has(name):
        return None
    usage = info.row(name)
    prompt, cached, written, output, reasoning = (usage.count(part) for part in _NAMES)
    return prompt, cached, written, output, reasoning


def _difference(total: Vector | None, before: Any) -> Vector | None:
    """What a total grew by; one that shrank began anew."""
    if total is None or before is None:
        return total
    a, b, c, d, e = (now - then for now, then in zip(total, before, strict=True))
    return total if min(a, b, c, d, e) < 0 else (a, b, c, d, e)


def _own_history(path: Path | None, until: datetime) -> list[Vector]:
    """What a session's requests added, up to a moment, copies of its own parent's included: they are copied on."""
    if path is None:
        return []
    found: list[Vector] = []
    before: Vector | None = None
    for line in complete_lines(path, 0):
        if _TOKEN_COUNT not in line.data:
            continue
        try:
            entry = Row(loads(line.data))
            info = entry.row("payload").row("info")
            total, last = _vector(info, "total_token_usage"), _vector(info, "last_token_usage")
            if entry.moment("timestamp") > until:
                break
        except ValueError:
            continue
        if total is not None and total == before:
            continue
        added = last if last is not None else _difference(total, before)
        before = total if total is not None else before
        if added is not None and any(added):
            found.append(added)
    return found


CODEX = Agent("codex", "codex", files, Reader)
