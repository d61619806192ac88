"""Savings never count twice: a later rule saves only out of what earlier ones leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from services.common.money import Picos
from services.optimizer.domain.drafts import Draft

ORDER = ("idle_seats", "cheaper_model")
"""Seats first, then the model; what is saved on either is not there for the next."""


def apply(drafts: Iterable[Draft]) -> list[Draft]:
    """The drafts in the rules' order, larger savings first within a rule, each scaled to the spend that is left to it.

    One that nothing is left for falls away.
    """
    left: dict[str, Picos] = {}
    kept: list[Draft] = []
    for draft in sorted(drafts, key=lambda d: (ORDER.index(d.rule), -d.saving.median, sorted(d.subject.items()))):
        spend = sum(draft.claims.values())
        available = sum(min(left.get(name, amount), amount) for name, amount in draft.claims.items())
        if spend <= 0 or available <= 0:
            continue
        scaled = replace(draft, saving=draft.saving.scaled(Fraction(available, spend)))
        for name, amount in draft.claims.items():
            remaining = min(left.get(name, amount), amount)
            left[name] = remaining - scaled.saving.median * remaining // available
        kept.append(scaled)
    return kept
