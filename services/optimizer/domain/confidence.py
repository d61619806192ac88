"""How sure a recommendation is."""

from __future__ import annotations

from dataclasses import dataclass

from services.optimizer.domain.drafts import Draft


@dataclass(frozen=True)
class TrackRecord:
    """Past predictions of a rule, and how many came true."""

    predictions: int = 0
    hits: int = 0

    def factor(self) -> float:
        """Laplace's rule of succession: a half while nothing is known."""
        return (1 + self.hits) / (2 + self.predictions)


def confidence(draft: Draft, record: TrackRecord) -> float:
    """P(at least half the estimate) x track record x share of the evidence that is present; 0 to 1."""
    present = sum(fact.present for fact in draft.evidence)
    share = present / len(draft.evidence) if draft.evidence else 0.0
    return draft.saving.likely * record.factor() * share
