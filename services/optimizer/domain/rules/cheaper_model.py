"""The same tokens on a smaller model of the same family.

    saving = sum over days [cost as billed - cost of the same quantities on the alternative]

Whether the smaller model's answers are good enough is not known here: that evidence is absent, and the recommendation
asks for an evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from finops.cost.v1.cost_pb2 import RATING_STATUS_PRICED, Rating
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.common.clock import DAY, Micros
from services.common.dimensions import quantities_of
from services.common.money import Picos, round_half_even
from services.optimizer.domain import statistics
from services.optimizer.domain.alternatives import Alternatives
from services.optimizer.domain.drafts import Draft, Fact
from services.optimizer.domain.ids import seed

RULE = "cheaper_model"

_INPUT_BUCKETS = (
    "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "input_audio_tokens",
    "input_image_tokens",
)  # fmt: skip
_SAMPLE_INPUT_TOKENS = 100_000
"""Below the input length from which any provider bills the whole request at a higher price (128,000)."""


@dataclass(frozen=True)
class DayUse:
    """A UTC day of a workload: what it used and what that cost."""

    day: Micros
    cost: Picos
    quantities: Mapping[str, int]
    events: int

    @property
    def requests(self) -> int:
        """As counted by the source, or one for each event."""
        return self.quantities.get("requests", 0) or self.events


@dataclass(frozen=True)
class Workload:
    """A team's use of a model."""

    tenant_id: str
    team: str
    provider: str
    model: str
    days: Sequence[DayUse]
    """Those with any use, oldest first."""


@dataclass(frozen=True)
class Policy:
    """When a workload is worth a recommendation."""

    min_days: int
    max_mean_output_tokens: int
    min_saving: Picos
    """A month, median."""


@dataclass(frozen=True)
class Question:
    """What the alternative would cost, day by day: `events[i]` stands for `1 / shares[i]` of day i."""

    workload: Workload
    alternative: str
    events: Sequence[UsageEvent]
    shares: Sequence[Fraction]


def questions(
    workloads: Iterable[Workload], alternatives: Alternatives, policy: Policy, window_end: Micros
) -> list[Question]:
    """The events to be priced. Alternatives are priced as of the window's end: what would be paid from now on."""
    return [
        _question(workload, alternative, window_end)
        for workload in workloads
        if _suits(workload, policy, window_end)
        for alternative in alternatives.of(workload.provider, workload.model)
    ]


def drafts(answers: Iterable[tuple[Question, Sequence[Rating]]], policy: Policy, window_end: Micros) -> list[Draft]:
    """One draft at most for each workload: the nearest alternative that saves enough."""
    found: dict[tuple[str, str, str], Draft] = {}
    for question, ratings in answers:
        workload = question.workload
        key = (workload.team, workload.provider, workload.model)
        if key in found or any(rating.status != RATING_STATUS_PRICED for rating in ratings):
            continue
        draft = _draft(question, ratings, window_end)
        if draft.saving.median >= policy.min_saving:
            found[key] = draft
    return list(found.values())


def _suits(workload: Workload, policy: Policy, window_end: Micros) -> bool:
    requests = sum(day.requests for day in workload.days)
    output = sum(day.quantities.get(b, 0) for day in workload.days for b in ("output_tokens", "reasoning_tokens"))
    observed = (window_end - workload.days[0].day) // DAY if workload.days else 0
    return observed >= policy.min_days and 0 < output <= requests * policy.max_mean_output_tokens


def _question(workload: Workload, alternative: str, moment: Micros) -> Question:
    events, shares = [], []
    for day in workload.days:
        quantities, share = _sample(day)
        shares.append(share)
        events.append(
            UsageEvent(
                tenant_id=workload.tenant_id,
                provider=workload.provider,
                model=alternative,
                time_unix_micros=moment,
                quantities=quantities,
            )
        )
    return Question(workload, alternative, events, shares)


def _sample(day: DayUse) -> tuple[Quantities, Fraction]:
    """As many average requests as stay below the long-context price, and which share of the day they are.

    Pricing a whole day as one event would bill it as one enormous request.
    """
    requests = max(1, day.requests)
    input_tokens = sum(day.quantities.get(bucket, 0) for bucket in _INPUT_BUCKETS)
    fitting = _SAMPLE_INPUT_TOKENS * requests // input_tokens if input_tokens else requests
    share = Fraction(max(1, min(requests, fitting)), requests)
    return quantities_of({b: round_half_even(amount * share) for b, amount in day.quantities.items()}), share


def _draft(question: Question, ratings: Sequence[Rating], window_end: Micros) -> Draft:
    workload, alternative = question.workload, question.alternative
    daily: dict[Micros, Picos] = {}
    for day, rating, share in zip(workload.days, ratings, question.shares, strict=True):
        daily[day.day] = day.cost - round_half_even(rating.cost_picos / share)
    # Days without use are days without a saving.
    days = range(workload.days[0].day, window_end, DAY)
    subject = {"team": workload.team, "provider": workload.provider, "model": workload.model}
    saving = statistics.bootstrap(
        [daily.get(day, 0) for day in days], seed(workload.tenant_id, RULE, *subject.values())
    )
    who = workload.team or "requests without a team"
    billed = sum(day.cost for day in workload.days)
    requests = sum(day.requests for day in workload.days)
    return Draft(
        rule=RULE,
        subject=subject,
        title=f"{alternative} instead of {workload.model} for {who}: needs an evaluation",
        action=(
            f"Evaluate {alternative} on the traffic of {who}; send it the requests where its answers are as good, "
            f"which go to {workload.model} now."
        ),
        saving=saving,
        evidence=(
            Fact(f"same tokens re-priced: {requests:,} requests of {len(days)} days on {alternative}", present=True),
            Fact(f"evaluation of the quality of {alternative} on your traffic", present=False),
        ),
        claims={
            f"tokens/{workload.team}/{workload.provider}/{workload.model}": billed * statistics.MONTH_DAYS // len(days)
        },
    )
