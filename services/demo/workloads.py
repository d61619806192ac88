"""What they use AI for: each workload's model, size, rhythm and shape of a request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Rhythm(Enum):
    """When a workload runs. UTC."""

    OFFICE = "office"
    """People at work: mornings and afternoons of working days."""
    CUSTOMERS = "customers"
    """Day and night, most in the evening, somewhat less at weekends."""
    NIGHT = "night"
    """Jobs that start after eleven in the evening."""


class Route(StrEnum):
    """Which public endpoint the workload's events go to."""

    NATIVE = "/v1/events"
    OPENAI = "/v1/usage/openai"
    ANTHROPIC = "/v1/usage/anthropic"
    LITELLM = "/v1/litellm"


@dataclass(frozen=True)
class Shape:
    """Means of one request."""

    prompt: int
    """Input tokens, cached ones included."""
    output: int
    """Output tokens, reasoning included."""
    cached: float = 0.0
    """Share of the prompt read from the provider's cache."""
    written: float = 0.0
    """Share of the prompt written to it."""
    reasoning: float = 0.0
    """Share of the output that is reasoning."""
    spread: float = 0.5
    """Sigma of the logarithm of a request's size."""


@dataclass(frozen=True)
class Workload:
    """One use of AI, which a team pays for."""

    project: str
    team: str
    tool: str
    provider: str
    model: str
    daily_requests: int
    """On a working day, at the end of the history."""
    rollup: int
    """Requests that one event of the history stands for: 1 where the route carries single requests, few where the price
    depends on the length of a request."""
    rhythm: Rhythm
    shape: Shape
    by_people: bool = False
    """A person sends each request; otherwise a service does."""
    users: int = 0
    """How many of the team's people; 0: all of them."""
    environment: str = "prod"
    batch: bool = False
    route: Route = Route.NATIVE

    @property
    def name(self) -> str:
        """Unique among the workloads."""
        return f"{self.team}/{self.project}"

    @property
    def key(self) -> str:
        """Name of the provider's API key it uses."""
        return f"{self.project}-{self.environment}"


SHADOW_TOOL = "meeting-scribe"
"""Nobody registered it."""

UNPRICED_MODEL = "aurora-preview-2"
"""No price list has it."""

_AGENT = Shape(prompt=60_000, output=700, cached=0.88, written=0.04, reasoning=0.2, spread=0.6)
_CHAT = Shape(prompt=1_400, output=450)

WORKLOADS: tuple[Workload, ...] = (
    Workload("answers", "search", "openai-api", "openai", "gpt-5-mini", 40_000, 200, Rhythm.CUSTOMERS,
             Shape(3_000, 400, cached=0.5, reasoning=0.4)),
    Workload("ranker", "search", "openai-api", "openai", "gpt-4o", 2_400, 40, Rhythm.CUSTOMERS, Shape(1_800, 40)),
    Workload("catalogue-embeddings", "search", "openai-api", "openai", "text-embedding-3-small", 12_000, 800,
             Rhythm.NIGHT, Shape(2_500, 0)),
    Workload("support-assistant", "support", "anthropic-api", "anthropic", "claude-haiku-4-5", 12_000, 50,
             Rhythm.CUSTOMERS, Shape(6_000, 350, cached=0.6, written=0.05)),
    Workload("ticket-triage", "support", "openai-api", "openai", "gpt-4o-mini", 12_000, 120, Rhythm.CUSTOMERS,
             Shape(900, 60)),
    Workload("document-enrichment", "data-platform", "openai-api", "openai", "gpt-4.1", 7_000, 40, Rhythm.NIGHT,
             Shape(5_000, 600), batch=True),
    Workload("sql-helper", "data-platform", "litellm-gateway", "openai", "gpt-5", 160, 1, Rhythm.OFFICE,
             Shape(6_000, 900, cached=0.3, reasoning=0.5), by_people=True, route=Route.LITELLM),
    Workload("fraud-explanations", "payments", "openai-api", "openai", "gpt-4o", 1_800, 40, Rhythm.CUSTOMERS,
             Shape(2_200, 250)),
    Workload("chargeback-letters", "payments", "anthropic-api", "anthropic", "claude-sonnet-4-5", 260, 8,
             Rhythm.OFFICE, Shape(3_500, 900)),
    Workload("app-development", "mobile", "claude-code", "anthropic", "claude-sonnet-4-6", 1_200, 14, Rhythm.OFFICE,
             _AGENT, by_people=True, environment="dev"),
    Workload("storefront", "web", "claude-code", "anthropic", "claude-sonnet-4-6", 1_400, 14, Rhythm.OFFICE, _AGENT,
             by_people=True, environment="dev"),
    Workload("code-review", "web", "openai-api", "openai", "gpt-5", 700, 20, Rhythm.OFFICE,
             Shape(12_000, 900, cached=0.3, reasoning=0.6), environment="ci"),
    Workload("internal-platform", "platform", "claude-code", "anthropic", "claude-sonnet-4-6", 1_300, 14,
             Rhythm.OFFICE, _AGENT, by_people=True, environment="dev"),
    Workload("migrations", "platform", "claude-code", "anthropic", "claude-opus-4-6", 260, 8, Rhythm.OFFICE,
             Shape(80_000, 900, cached=0.88, written=0.04, reasoning=0.3, spread=0.6), by_people=True, users=4,
             environment="dev"),
    Workload("incident-summaries", "platform", "openai-api", "openai", "gpt-4o-mini", 24, 1, Rhythm.CUSTOMERS,
             Shape(4_000, 500), route=Route.OPENAI),
    Workload("long-context-reading", "ml-research", "gemini-api", "google", "gemini-2.5-pro", 120, 1, Rhythm.OFFICE,
             Shape(110_000, 1_500, reasoning=0.5, spread=0.7), by_people=True, environment="dev"),
    Workload("model-evals", "ml-research", "openai-api", "openai", "gpt-5", 2_500, 50, Rhythm.NIGHT,
             Shape(2_000, 700, reasoning=0.6), environment="dev", batch=True),
    Workload("new-model-trial", "ml-research", "research-sandbox", "aurora", UNPRICED_MODEL, 90, 10, Rhythm.OFFICE,
             Shape(3_000, 700), by_people=True, users=3, environment="dev"),
    Workload("contract-review", "legal", "mistral-api", "mistral", "mistral-large-latest", 300, 8, Rhythm.OFFICE,
             Shape(9_000, 700), by_people=True),
    Workload("case-research", "legal", "anthropic-api", "anthropic", "claude-opus-4-5", 40, 1, Rhythm.OFFICE,
             Shape(25_000, 1_800), by_people=True, route=Route.ANTHROPIC),
    Workload("copywriting", "marketing", "litellm-gateway", "openai", "gpt-4o", 900, 25, Rhythm.OFFICE, _CHAT,
             by_people=True),
    Workload("meeting-notes", "marketing", SHADOW_TOOL, "openai", "gpt-4o-mini", 40, 2, Rhythm.OFFICE,
             Shape(9_000, 800), by_people=True, users=4),
    Workload("outreach-drafts", "sales", "gemini-api", "google", "gemini-2.5-flash", 1_500, 40, Rhythm.OFFICE, _CHAT,
             by_people=True),
    Workload("crm-summaries", "sales", "gemini-api", "google", "gemini-2.5-flash", 2_500, 100, Rhythm.NIGHT,
             Shape(5_000, 300)),
    Workload("invoice-extraction", "finance", "mistral-api", "mistral", "mistral-small-latest", 1_400, 50,
             Rhythm.OFFICE, Shape(3_500, 400)),
    Workload("staff-chat", "finance", "litellm-gateway", "openai", "gpt-4o-mini", 60, 1, Rhythm.OFFICE, _CHAT,
             by_people=True, route=Route.LITELLM),
)  # fmt: skip
