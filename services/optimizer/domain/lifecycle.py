"""The life of a recommendation: created, updated when it changes in substance, withdrawn when its reason is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from finops.recommendation.v1.recommendation_pb2 import Evidence, Recommendation, RecommendationEvent

from services.common import money
from services.common.clock import Micros
from services.common.money import Picos
from services.optimizer.domain.confidence import TrackRecord, confidence
from services.optimizer.domain.drafts import Draft
from services.optimizer.domain.ids import RECOMMENDATIONS, digest

_MATERIAL = 10
"""A median that moves by more than a tenth is news."""


@dataclass(frozen=True)
class Stored:
    """A recommendation as last told, and how often it was told."""

    recommendation: Recommendation
    revision: int


@dataclass(frozen=True)
class Change:
    """What is told next. Its event's id depends on name and revision alone: telling it again after a crash is the same
    event."""

    type: RecommendationEvent.Type
    stored: Stored

    @property
    def event(self) -> RecommendationEvent:
        """As it stands in the log."""
        recommendation = self.stored.recommendation
        return RecommendationEvent(
            event_id=digest(recommendation.tenant_id, recommendation.name, str(self.stored.revision)),
            type=self.type,
            recommendation=recommendation,
        )


def name_of(tenant_id: str, draft: Draft) -> str:
    """recommendations/{recommendation}: the same for the same rule and subject of a tenant."""
    subject = [part for item in sorted(draft.subject.items()) for part in item]
    return RECOMMENDATIONS + digest(tenant_id, draft.rule, *subject)


def reconcile(
    tenant_id: str, stored: Mapping[str, Stored], drafts: Iterable[Draft], min_saving: Picos, now: Micros
) -> list[Change]:
    """What changed between what was told and what the rules say now.

    A draft below `min_saving` keeps an open recommendation open, and makes no new one.
    """
    changes: list[Change] = []
    proposed = {name_of(tenant_id, draft): draft for draft in drafts}
    for name, draft in proposed.items():
        known = stored.get(name)
        told = known.recommendation if known is not None else None
        is_open = told is not None and told.state == Recommendation.STATE_OPEN
        if told is not None and told.state == Recommendation.STATE_REALISED:
            continue
        revision = known.revision + 1 if known is not None else 1
        if told is not None and is_open:
            fresh = _recommendation(tenant_id, name, draft, told.create_unix_micros, now)
            if _differs(told, fresh):
                changes.append(Change(RecommendationEvent.TYPE_UPDATED, Stored(fresh, revision)))
        elif draft.saving.median >= min_saving:
            fresh = _recommendation(tenant_id, name, draft, now, now)
            changes.append(Change(RecommendationEvent.TYPE_CREATED, Stored(fresh, revision)))
    for name, known in stored.items():
        if known.recommendation.state == Recommendation.STATE_OPEN and name not in proposed:
            withdrawn = Recommendation()
            withdrawn.CopyFrom(known.recommendation)
            withdrawn.state = Recommendation.STATE_WITHDRAWN
            withdrawn.update_unix_micros = now
            changes.append(Change(RecommendationEvent.TYPE_WITHDRAWN, Stored(withdrawn, known.revision + 1)))
    return changes


def _recommendation(tenant_id: str, name: str, draft: Draft, created: Micros, now: Micros) -> Recommendation:
    return Recommendation(
        name=name,
        tenant_id=tenant_id,
        rule=draft.rule,
        subject=dict(draft.subject),
        state=Recommendation.STATE_OPEN,
        title=draft.title,
        action=draft.action,
        monthly_saving_low=money.to_proto(draft.saving.low),
        monthly_saving=money.to_proto(draft.saving.median),
        monthly_saving_high=money.to_proto(draft.saving.high),
        # No prediction of either rule has been followed up yet.
        confidence=confidence(draft, TrackRecord()),
        evidence=[Evidence(statement=fact.statement, present=fact.present) for fact in draft.evidence],
        create_unix_micros=created,
        update_unix_micros=now,
    )


def _differs(told: Recommendation, fresh: Recommendation) -> bool:
    before, after = money.from_proto(told.monthly_saving), money.from_proto(fresh.monthly_saving)
    return (
        (told.title, told.action) != (fresh.title, fresh.action)
        or [e.present for e in told.evidence] != [e.present for e in fresh.evidence]
        or abs(after - before) * _MATERIAL > abs(before)
    )
