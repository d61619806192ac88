"""What the organisation set up before: budgets, tools, approvals. Whatever is there already stays as it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.demo.client import Client, DemoError
from services.demo.planning import COMPANY, PLANS, TIME_ZONE, Plan, amount
from services.demo.wire import Json

_TAKEN = 409
_CONFLICT = frozenset({_TAKEN})


@dataclass(frozen=True)
class RegisteredTool:
    """A tool in use that the company knows."""

    id: str
    title: str
    category: str
    owner: str


@dataclass(frozen=True)
class Request:
    """Somebody asked for a tool."""

    id: str
    title: str
    category: str
    why: str
    denied_because: str = ""
    """Empty: nobody has decided yet."""


TOOLS: tuple[RegisteredTool, ...] = (
    RegisteredTool("openai-api", "OpenAI API", "api", "platform"),
    RegisteredTool("anthropic-api", "Anthropic API", "api", "platform"),
    RegisteredTool("gemini-api", "Gemini API", "api", "platform"),
    RegisteredTool("mistral-api", "Mistral API", "api", "platform"),
    RegisteredTool("litellm-gateway", "LiteLLM gateway", "api", "platform"),
    RegisteredTool("claude-code", "Claude Code", "agent", "platform"),
    RegisteredTool("github-copilot", "GitHub Copilot", "ide", "platform"),
    RegisteredTool("cursor", "Cursor", "ide", "web"),
    RegisteredTool("chatgpt", "ChatGPT", "chat", "finance"),
    RegisteredTool("research-sandbox", "Research sandbox", "other", "ml-research"),
)

REQUESTS: tuple[Request, ...] = (
    Request(
        "voice-studio", "Voice Studio", "other", "Voice-overs for the spring campaign.",
        denied_because="The vendor trains on what it is given.",
    ),
    Request("answer-desk", "Answer Desk", "chat", "Sales would like cited answers from the web before calls."),
)  # fmt: skip


async def anchor_of(client: Client, now: datetime, days: int) -> datetime:
    """The hour at which the history ends: that of the first run against this data.

    The company's budget remembers it by the time it was made, so that a later run tells the same history again.
    """
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    made = await client.post("/api/v1/budgets", await _budget(COMPANY, this_hour, days), allowed=_CONFLICT)
    if made.status == _TAKEN:
        made = await client.get(f"/api/v1/budgets/{COMPANY.id}")
    created = made.body.get("create_time") if isinstance(made.body, dict) else None
    if not isinstance(created, str):
        raise DemoError(f"budget {COMPANY.id!r} came back without its create_time: {made.body!r}")
    return min(datetime.fromisoformat(created), now).replace(minute=0, second=0, microsecond=0)


async def set_up(client: Client, anchor: datetime, days: int) -> None:
    """Creates the budgets, tools and approvals that are missing."""
    for plan in PLANS:
        if plan is not COMPANY:
            await client.post("/api/v1/budgets", await _budget(plan, anchor, days), allowed=_CONFLICT)
    for tool in TOOLS:
        body = {"id": tool.id, "display_name": tool.title, "category": tool.category, "owner": tool.owner}
        await client.post("/api/v1/tools", body, allowed=_CONFLICT)
    for request in REQUESTS:
        await _ask(client, request)


async def _ask(client: Client, request: Request) -> None:
    body = {
        "tool": request.id,
        "display_name": request.title,
        "category": request.category,
        "justification": request.why,
        "request_id": f"demo-{request.id}",
    }
    asked = await client.post("/api/v1/approvals", body, allowed=_CONFLICT)
    if asked.status == _TAKEN or not request.denied_because or asked.body.get("state") != "requested":
        return
    await client.post(f"/api/v1/approvals/{asked.body['id']}:deny", {"reason": request.denied_because})


async def _budget(plan: Plan, anchor: datetime, days: int) -> Json:
    dollars = await asyncio.to_thread(amount, plan, anchor, anchor - timedelta(days=days))
    return {
        "id": plan.id,
        "display_name": plan.title,
        "filter": plan.filter,
        "amount": f"{dollars:.2f}",
        "period": plan.period,
        "time_zone": TIME_ZONE,
        "threshold_percents": [50, 80, 100],
        "enforcement": plan.enforcement,
    }
