"""A made-up organisation whose figures are the same in every run: what the console's peers answer in tests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Cause, CauseDriver, CauseEvent, CausePart, PlannedWindow
from finops.budget.v1 import budget_pb2 as budget
from finops.cost.v1.cost_pb2 import CostLine, CostRecord, Rating, RatingStatus
from finops.governance.v1 import governance_pb2 as governance
from finops.pricing.v1 import pricing_pb2 as pricing
from finops.recommendation.v1.recommendation_pb2 import Evidence, Recommendation
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.common import money
from services.common.clock import DAY, HOUR, MINUTE, Micros, to_datetime

DAYS = 62
TEAMS = {"search": 5.0, "checkout": 3.4, "support-bot": 2.6, "data-platform": 1.7, "growth": 1.0, "legal": 0.5}
MODELS = [
    # provider, model, tool, picodollars a million input and output tokens, weight
    ("openai", "gpt-4o", "openai-api", 2_500_000_000_000, 10_000_000_000_000, 1.0),
    ("openai", "gpt-4o-mini", "openai-api", 150_000_000_000, 600_000_000_000, 3.0),
    ("anthropic", "claude-sonnet-4-5", "anthropic-api", 3_000_000_000_000, 15_000_000_000_000, 0.9),
    ("google", "gemini-2.5-flash", "vertex", 300_000_000_000, 2_500_000_000_000, 2.0),
]
UNPRICED_MODEL = "house-model-7b"


@dataclass
class Tenant:
    """What the services know of one tenant."""

    hours: list[CostRecord] = field(default_factory=list)
    budgets: dict[str, budget.BudgetStatus] = field(default_factory=dict)
    anomalies: list[Anomaly] = field(default_factory=list)
    windows: list[PlannedWindow] = field(default_factory=list)
    recommendations: list[Recommendation] = field(default_factory=list)
    tools: dict[str, governance.Tool] = field(default_factory=dict)
    contracts: dict[str, pricing.Contract] = field(default_factory=dict)
    rates: list[pricing.FxRate] = field(default_factory=list)
    approvals: dict[str, governance.Approval] = field(default_factory=dict)
    audit: list[governance.AuditEntry] = field(default_factory=list)


def organisation(now: Micros, scale: float = 1.0) -> Tenant:
    """A tenant with two months of history up to `now`."""
    tenant = Tenant(hours=list(_usage(now, scale)))
    for status in _budgets(now):
        tenant.budgets[status.budget.name] = status
    tenant.anomalies = _anomalies(now)
    tenant.contracts["reseller-2026"] = _contract(now)
    tenant.recommendations = _recommendations(now)
    _govern(tenant, now)
    return tenant


def _usage(now: Micros, scale: float) -> Iterator[CostRecord]:
    chance = random.Random(7)
    start = (now - DAYS * DAY) // HOUR * HOUR
    for moment in range(start, now, HOUR):
        local = to_datetime(moment)
        rhythm = (0.25 if local.weekday() >= 5 else 1.0) * (1.0 if 8 <= local.hour < 19 else 0.18)
        growth = 1 + 0.5 * (moment - start) / (DAYS * DAY)
        for team, size in TEAMS.items():
            provider, model, tool, price_in, price_out, weight = MODELS[chance.randrange(len(MODELS))]
            spike = 7.0 if team == "search" and now - 9 * HOUR <= moment < now - 3 * HOUR else 1.0
            tokens = int(chance.lognormvariate(0, 0.35) * 900_000 * size * weight * rhythm * growth * spike * scale)
            user = f"{chance.choice(['ann', 'bo', 'cy', 'dee'])}@{team}.example.com"
            usage = UsageEvent(
                source="gateway", source_event_id=f"req-{moment // HOUR}-{team}", time_unix_micros=moment + 7 * MINUTE,
                event_key=chance.randbytes(16), provider=provider, model=model, tool=tool, team=team, user=user,
                project=f"{team}-prod", key=f"{team}-key", environment="prod", tags={"feature": "answers"},
                quantities=Quantities(input_tokens=tokens, output_tokens=tokens // 6, requests=max(1, tokens // 2_400)),
            )  # fmt: skip
            yield _rate(usage, price_in, price_out)
    usage = UsageEvent(
        source="gateway", source_event_id="req-house", time_unix_micros=now - 2 * HOUR, provider="house",
        model=UNPRICED_MODEL, team="data-platform", user="bo@data-platform.example.com", event_key=b"h" * 16,
        quantities=Quantities(input_tokens=120_000, requests=40, business_metrics={"orders": 1_250}),
    )  # fmt: skip
    rating = Rating(
        status=RatingStatus.RATING_STATUS_UNPRICED, unpriced_buckets=["input_tokens"], shadow_cost_picos=360_000_000_000
    )
    yield CostRecord(usage=usage, revision=1, events_delta=1, rating=rating, shadow_cost_delta_picos=360_000_000_000,
                     quantity_delta=usage.quantities, unpriced_events_delta=1)  # fmt: skip


def _rate(usage: UsageEvent, price_in: int, price_out: int) -> CostRecord:
    lines = [
        CostLine(bucket=bucket, quantity=count, price_picos_per_million=price, cost_picos=money.cost_of(count, price))
        for bucket, count, price in (
            ("input_tokens", usage.quantities.input_tokens, price_in),
            ("output_tokens", usage.quantities.output_tokens, price_out),
        )
    ]
    cost = sum(line.cost_picos for line in lines)
    rating = Rating(
        cost_picos=cost, status=RatingStatus.RATING_STATUS_PRICED, lines=lines,
        price_id=f"{usage.provider}/{usage.model}", price_book_version="2026-11-20",
    )  # fmt: skip
    return CostRecord(
        usage=usage, revision=1, events_delta=1, rating=rating, cost_delta_picos=cost, quantity_delta=usage.quantities
    )


def _dollars(amount: float) -> money.Money:
    return money.to_proto(round(amount * 100) * money.PICOS_PER_DOLLAR // 100)


def budget_status(name: str, title: str, amount: float, spent: float, forecast: float, condition: str, now: Micros,
                  enforcement: budget.Enforcement = budget.ENFORCEMENT_OBSERVE) -> budget.BudgetStatus:  # fmt: skip
    """A monthly budget's status."""
    return budget.BudgetStatus(
        budget=budget.Budget(
            name=f"budgets/{name}", display_name=title, filter=condition, amount=_dollars(amount),
            period=budget.PERIOD_MONTH, time_zone="UTC", threshold_percents=[50, 80, 100], enforcement=enforcement,
            create_unix_micros=now - 30 * DAY, update_unix_micros=now - 30 * DAY, etag="1",
        ),
        period_start_unix_micros=now - 20 * DAY, period_end_unix_micros=now + 10 * DAY, actual=_dollars(spent),
        shadow=_dollars(0), held=_dollars(0), remaining=_dollars(amount - spent), forecast=_dollars(forecast),
        used_ratio=spent / amount, update_unix_micros=now,
        thresholds=[budget.ThresholdStatus(percent=p, crossed_unix_micros=now - DAY if spent * 100 >= amount * p else 0)
                    for p in (50, 80, 100)],
    )  # fmt: skip


def _budgets(now: Micros) -> list[budget.BudgetStatus]:
    return [
        budget_status("search-monthly", "Search, monthly", 9_000, 8_312.44, 11_240, 'team = "search"', now,
                      budget.ENFORCEMENT_BLOCK),
        budget_status("all", "All of AI, quarterly", 60_000, 31_870.12, 52_300, "", now),
        budget_status("support", "Support bot", 4_000, 2_704.9, 4_310, 'team = "support-bot"', now,
                      budget.ENFORCEMENT_WARN),
        budget_status("legal", "Legal", 1_500, 402.77, 610, 'team = "legal" AND environment = "prod"', now),
    ]  # fmt: skip


def _contract(now: Micros) -> pricing.Contract:
    scope = pricing.Scope(provider="anthropic")
    return pricing.Contract(
        name="reseller-2026", source="Order form 4711", effective_from_unix_micros=now // DAY * DAY - 30 * DAY,
        discounts=[pricing.PercentTerm(scope=scope, parts_per_million=125_000)],
        commitments=[pricing.Commitment(id="minimum", scope=scope, amount_picos=10_000 * money.PICOS_PER_DOLLAR,
                                        period=pricing.COMMITMENT_PERIOD_MONTH)],
        recorded_unix_micros=now - 3 * DAY, recorded_by="first admin",
    )  # fmt: skip


def _anomalies(now: Micros) -> list[Anomaly]:
    hour = now // HOUR * HOUR
    return [
        Anomaly(
            name="anomalies/a1", series={"team": "search"}, channel=Anomaly.CHANNEL_COST, state=Anomaly.STATE_OPEN,
            start_unix_micros=hour - 8 * HOUR, end_unix_micros=hour - 2 * HOUR, create_unix_micros=hour - 7 * HOUR,
            update_unix_micros=hour, actual=96.4, expected=14.2, expected_low=8.9, expected_high=21.7, unit="USD/hour",
            impact=_dollars(493.11), severity=Anomaly.SEVERITY_HIGH,
            summary="Team search spent $96.40 an hour, 6.8 times the $14.20 usual for this hour of the week. "
                    "So far that is $493.11 more than expected.",
            tenant_id="acme", hours_between=412_000, cause=_cause(hour),
        ),
        Anomaly(
            name="anomalies/a2", series={"model": "gpt-4o", "team": "growth"}, channel=Anomaly.CHANNEL_UNIT_COST,
            state=Anomaly.STATE_OPEN, start_unix_micros=hour - 30 * HOUR, end_unix_micros=hour - 20 * HOUR,
            actual=0.0412, expected=0.0123, expected_low=0.0098, expected_high=0.0161, unit="USD/request",
            impact=_dollars(61.02), severity=Anomaly.SEVERITY_MEDIUM,
            summary="A request of growth to gpt-4o costs $0.0412 instead of $0.0123: prompts have grown.",
        ),
        Anomaly(
            name="anomalies/a3", series={"team": "legal"}, channel=Anomaly.CHANNEL_SILENCE, state=Anomaly.STATE_CLOSED,
            start_unix_micros=hour - 200 * HOUR, end_unix_micros=hour - 190 * HOUR, actual=0, expected=42,
            expected_low=20, expected_high=70, unit="requests/hour", impact=_dollars(-12.5),
            severity=Anomaly.SEVERITY_LOW, summary="Nothing came from legal for ten hours.",
        ),
    ]  # fmt: skip


def _cause(hour: Micros) -> Cause:
    return Cause(
        compared_weeks=4, actual=_dollars(578.40), usual=_dollars(85.29),
        parts=[
            CausePart(factor=CausePart.FACTOR_MIX, amount=_dollars(431.20),
                      detail="gpt-5 has 62% of requests, where 8% is usual"),
            CausePart(factor=CausePart.FACTOR_REQUESTS, amount=_dollars(80.31),
                      detail="4,210 requests, where 3,020 are usual"),
            CausePart(factor=CausePart.FACTOR_PRICE, amount=_dollars(-18.40),
                      detail="$1.62 for a million tokens, where $1.70 is usual"),
        ],
        drivers=[
            CauseDriver(dimension="user", value="ann@example.com", actual=_dollars(470), usual=_dollars(12),
                        explained_share=0.929),
            CauseDriver(dimension="model", value="gpt-5", actual=_dollars(495), usual=_dollars(20),
                        explained_share=0.963),
        ],
        first_events=[
            CauseEvent(source="search-api", source_event_id="req-7", time_unix_micros=hour - 8 * HOUR,
                       cost=_dollars(1.25)),
        ],
        summary="$431 of it because requests moved to a dearer model (gpt-5 has 62% of requests, where 8% is usual), "
                "mostly by ann@example.com.",
    )  # fmt: skip


def _recommendations(now: Micros) -> list[Recommendation]:
    return [
        Recommendation(
            name="recommendations/r1", rule="cheaper_model", subject={"team": "search", "model": "gpt-4o"},
            state=Recommendation.STATE_OPEN, title="Use gpt-4o-mini for short answers in search",
            action="Route requests of search with less than 600 output tokens from gpt-4o to gpt-4o-mini.",
            monthly_saving_low=_dollars(1_120), monthly_saving=_dollars(1_870.4), monthly_saving_high=_dollars(2_410),
            confidence=0.72, create_unix_micros=now - 3 * DAY, update_unix_micros=now,
            evidence=[Evidence(statement="71% of gpt-4o requests answer with less than 600 tokens", present=True),
                      Evidence(statement="Price per million tokens: $10.00 against $0.60 for output", present=True),
                      Evidence(statement="An evaluation of answer quality on both models", present=False)],
        ),
        Recommendation(
            name="recommendations/r2", rule="idle_seats", subject={"tool": "copilot"}, state=Recommendation.STATE_OPEN,
            title="Give back 14 idle Copilot seats", action="Unassign the 14 seats that nobody used for 30 days.",
            monthly_saving_low=_dollars(228), monthly_saving=_dollars(266), monthly_saving_high=_dollars(266),
            confidence=0.94, create_unix_micros=now - 3 * DAY, update_unix_micros=now,
            evidence=[Evidence(statement="14 of 61 seats have no activity since 30 days", present=True)],
        ),
        Recommendation(
            name="recommendations/r3", rule="idle_seats", subject={"tool": "chatgpt-team"},
            state=Recommendation.STATE_REALISED, title="Give back 3 idle ChatGPT seats", action="Unassign them.",
            monthly_saving_low=_dollars(75), monthly_saving=_dollars(75), monthly_saving_high=_dollars(75),
            confidence=1,
        ),
    ]  # fmt: skip


def _govern(tenant: Tenant, now: Micros) -> None:
    for tool_id, title, category, owner, status, users in (
        ("openai-api", "OpenAI API", "api", "platform@example.com", governance.TOOL_STATUS_APPROVED, 84),
        ("anthropic-api", "Anthropic API", "api", "platform@example.com", governance.TOOL_STATUS_APPROVED, 41),
        ("copilot", "GitHub Copilot", "ide", "dev-tools@example.com", governance.TOOL_STATUS_APPROVED, 61),
        ("cursor", "Cursor", "ide", "", governance.TOOL_STATUS_REQUESTED, 9),
        ("notetaker-ai", "", "", "", governance.TOOL_STATUS_SHADOW, 6),
        ("deepthink", "DeepThink", "chat", "", governance.TOOL_STATUS_DENIED, 0),
    ):
        tenant.tools[f"tools/{tool_id}"] = governance.Tool(
            name=f"tools/{tool_id}", display_name=title, category=category, owner=owner, status=status, users=users,
            create_unix_micros=now - 40 * DAY, update_unix_micros=now - 3 * DAY,
            first_seen_unix_micros=now - 30 * DAY if users else 0,
            last_seen_unix_micros=now - 11 * MINUTE if users else 0,
        )  # fmt: skip
    tenant.approvals["approvals/p1"] = governance.Approval(
        name="approvals/p1", tool="tools/cursor", display_name="Cursor", category="ide", requester="Ann, search",
        justification="Six of us tried it on our own time; reviews got faster. Sees source code of search only.",
        state=governance.APPROVAL_STATE_REQUESTED, create_unix_micros=now - 5 * HOUR,
    )  # fmt: skip
    tenant.approvals["approvals/p2"] = governance.Approval(
        name="approvals/p2", tool="tools/gemini-chat", display_name="Gemini chat", category="chat",
        requester="Bo, growth", justification="Drafts for campaigns", create_unix_micros=now - DAY,
        state=governance.APPROVAL_STATE_REQUESTED,
    )  # fmt: skip
    tenant.audit = [
        governance.AuditEntry(id="e2", time_unix_micros=now - 2 * DAY, actor="system", action="tool.shadow_found",
                              subject="tools/notetaker-ai", detail="first used by cy@growth.example.com"),
        governance.AuditEntry(id="e1", time_unix_micros=now - 3 * DAY, actor="first admin", action="approval.deny",
                              subject="approvals/p0", detail="DeepThink: no data processing agreement"),
    ]  # fmt: skip
