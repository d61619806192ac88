"""Claude Code: `~/.claude/projects/<folder>/<session>.jsonl`, and those of its subagents below.

An assistant's message is a line for each of its content blocks, all with the same `message.id`; `output_tokens` grows
from line to line while it streams, and the others repeat. Forks and resumed sessions copy lines into further files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from services.connectors.agents.parsing import folder_name, loads
from services.connectors.agents.use import Agent, Context, Find, Use
from services.connectors.domain.event import rfc3339
from services.connectors.domain.row import Row

_MARK = b'"usage"'
_SYNTHETIC = "<synthetic>"
_ANTHROPIC_ID = "msg_"


def files(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Every session; `CLAUDE_CONFIG_DIR` may name other folders, separated by commas."""
    named = [Path(part.strip()) for part in environment.get("CLAUDE_CONFIG_DIR", "").split(",") if part.strip()]
    for folder in named or [home / ".config" / "claude", home / ".claude"]:
        yield from sorted((folder / "projects").rglob("*.jsonl"))


class Reader:
    """Every line stands for itself."""

    def __init__(self) -> None:
        self.context: Context = {}

    def uses(self, line: bytes) -> Iterator[Use]:
        """A line's message, where it has one with usage."""
        if _MARK not in line:
            return
        entry = Row(loads(line))
        if entry.raw("type") != "assistant":
            return
        message = entry.row("message")
        if not message.has("usage") or message.text("model") in ("", _SYNTHETIC):
            return
        usage = message.row("usage")
        written = usage.count("cache_creation_input_tokens")
        written_1h = usage.row("cache_creation").count("ephemeral_1h_input_tokens")
        if written_1h > written:
            raise ValueError("cache_creation exceeds cache_creation_input_tokens, of which it is a part")
        tier = usage.text("service_tier")
        yield Use(
            id=_identity(entry, message),
            time=rfc3339(entry.moment("timestamp")),
            usage={
                "input_tokens": usage.count("input_tokens"),
                "cache_read_tokens": usage.count("cache_read_input_tokens"),
                "cache_write_tokens": written - written_1h,
                "cache_write_1h_tokens": written_1h,
                "output_tokens": usage.count("output_tokens"),
                "web_searches": usage.row("server_tool_use").count("web_search_requests"),
            },
            model=message.text("model"),
            provider=_provider(message.text("id")),
            session=entry.text("sessionId"),
            folder=folder_name(entry.text("cwd")),
            service_tier="fast" if usage.text("speed") == "fast" else "" if tier == "standard" else tier,
        )


def _identity(entry: Row, message: Row) -> str:
    """Anthropic's message id is unique by itself; copies of it may lack the request's id or have another. A gateway's
    own may repeat, so there the request's belongs to it."""
    id = message.text("id")
    if id.startswith(_ANTHROPIC_ID):
        return id
    return ":".join(part for part in (id, entry.text("requestId")) if part) or entry.needed("uuid")


def _provider(message_id: str) -> str:
    """Bedrock and Vertex mark the ids of their messages."""
    if message_id.startswith("msg_bdrk_"):
        return "aws"
    return "google" if message_id.startswith("msg_vrtx_") else "anthropic"


def _reader(_path: Path, _context: Context, _find: Find) -> Reader:
    return Reader()


CLAUDE_CODE = Agent("claude-code", "claude-code", files, _reader)
