"""Gemini CLI: `~/.gemini/tmp/<project>/chats/session-<time>-<id>.jsonl`, `.json` of older versions, and those of
subagents in a folder below.

A message of the model has `tokens`; the line is written again when they become known, and by resumed sessions. Messages
that were rewound were answered nevertheless, and are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.connectors.agents.parsing import folder_name, loads
from services.connectors.agents.use import Agent, Context, Find, Use
from services.connectors.domain.event import rfc3339
from services.connectors.domain.row import Row

_MARKS = (b'"tokens"', b'"sessionId"')
_HASH = re.compile(r"[0-9a-f]{32,64}")


def files(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Every session; `GEMINI_CLI_HOME` may name another home."""
    folder = Path(environment["GEMINI_CLI_HOME"]) if environment.get("GEMINI_CLI_HOME") else home
    for pattern in ("*/chats/**/*.jsonl", "*/chats/**/*.json"):
        yield from sorted((folder / ".gemini" / "tmp").glob(pattern))


class Reader:
    """Knows the session from the first line."""

    def __init__(self, path: Path, context: Context) -> None:
        self.context: Context = {"session": "", **context}
        self._folder = _project(path)

    def uses(self, line: bytes) -> Iterator[Use]:
        """The messages a line tells, or a whole file of an older version."""
        if not any(mark in line for mark in _MARKS):
            return
        record = Row(loads(line))
        self.context["session"] = record.text("sessionId") or self.context["session"]
        if record.raw("type") == "gemini":
            yield from self._message(record)
        holder = record.row("$set") if record.has("$set") else record
        if isinstance(holder.raw("messages"), list):
            for message in holder.items("messages"):
                yield from self._message(Row(message))

    def _message(self, message: Row) -> Iterator[Use]:
        if message.raw("type") != "gemini" or not message.has("tokens"):
            return
        tokens = message.row("tokens")
        prompt, cached = tokens.count("input"), tokens.count("cached")
        if cached > prompt:
            raise ValueError(f"tokens.cached {cached} exceeds tokens.input {prompt}, of which it is a part")
        yield Use(
            id=message.needed("id"),
            time=rfc3339(message.moment("timestamp")),
            usage={
                "input_tokens": prompt - cached + tokens.count("tool"),
                "cache_read_tokens": cached,
                "output_tokens": tokens.count("output"),
                "reasoning_tokens": tokens.count("thoughts"),
            },
            model=message.text("model"),
            provider="google",
            session=self.context["session"],
            folder=self._folder,
        )


def _project(path: Path) -> str:
    """The project's folder by name, where the log tells it; older versions tell only a hash of its path."""
    project: Any = next((parent for parent in path.parents if (parent / "chats").is_dir()), None)
    if project is None:
        return ""
    try:
        return folder_name((project / ".project_root").read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return "" if _HASH.fullmatch(project.name) else str(project.name)


def _reader(path: Path, context: Context, _find: Find) -> Reader:
    return Reader(path, context)


GEMINI_CLI = Agent("gemini", "gemini-cli", files, _reader)
