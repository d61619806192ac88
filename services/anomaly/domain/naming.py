"""After which of the runs that show the same incident it is named: the one in which it is most concentrated.

A whole may show what several of its parts did at once. Then each of them is an incident.
"""

from __future__ import annotations

from collections.abc import Sequence

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.in_common import EXPLAINED, explains, same_money, spends_with
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.suspects import Suspect, channel_of
from services.anomaly.domain.watched import RATIO_CHANNELS
from services.anomaly.domain.worth import is_certain, is_worth_telling

COMPARABLE = 0.8
"""A series shows the same incident if its excess is at least this share of the largest."""
SUBSTITUTE = 0.9
"""What is bought and was hardly bought before in these hours: some of it replaces something else."""
COMPARABLE_TO_SUBSTITUTE = 0.5
MOSTLY_EXCESS = 0.5
"""An owner most of whose spend is excess is named before what it bought."""
AS_CONCENTRATED = 0.85
"""So many times as concentrated as the most concentrated counts as equal to it."""
PARTS_CONCENTRATED = 1.3
"""What several parts did is theirs, and not the whole's, where each is so many times as concentrated."""


def named_after(candidate: Suspect, others: Sequence[Suspect], overlap: Overlap, policy: Policy) -> Suspect:
    """The run to tell where the candidate is worth telling: it, or another that shows the same, or a part of it."""
    whole = largest_part(candidate, others, overlap, policy) or candidate
    return most_telling(whole, [one for one in others if one is whole or same_money(whole, one, overlap)], policy)


def largest_part(candidate: Suspect, others: Sequence[Suspect], overlap: Overlap, policy: Policy) -> Suspect | None:
    """The dearest of the runs worth telling alone, much more concentrated than the candidate, that have no spend in
    common and make up most of its excess; None if there are no such runs."""
    if candidate.family != Anomaly.CHANNEL_COST or overlap.shared(candidate.series, candidate.series) is None:
        return None
    concentration = PARTS_CONCENTRATED * candidate.concentration()
    found: list[Suspect] = []
    for one in sorted(others, key=lambda s: (-s.size, s.series, s.channel)):
        if (
            one.family == candidate.family
            and not one.run.held
            and one.concentration() >= concentration
            and is_worth_telling(one, candidate.run.last, policy)
            and explains(candidate.series, one, overlap)
            and not any(spends_with(one.series, other.series, overlap) for other in found)
        ):
            found.append(one)
    enough = sum(one.shown.excess for one in found) >= EXPLAINED * candidate.shown.excess
    return found[0] if found and enough else None


def most_telling(candidate: Suspect, others: Sequence[Suspect], policy: Policy) -> Suspect:
    """Of the runs that show the same incident as the candidate, the one to name it after."""
    replaces = (
        candidate.family == Anomaly.CHANNEL_COST
        and candidate.series.dimension not in policy.owner_dimensions
        and candidate.shown.share > SUBSTITUTE
    )
    least = (COMPARABLE_TO_SUBSTITUTE if replaces else COMPARABLE) * candidate.extent
    same = [
        suspect
        for suspect in others
        if suspect.family == candidate.family
        and not suspect.run.held
        and suspect.run.last == candidate.run.last
        and (suspect.silence or suspect is candidate or is_certain(suspect, policy))
        and suspect.extent >= least
    ]
    if candidate.channel in RATIO_CHANNELS:
        # More requests in the same hour are another matter.
        same = [suspect for suspect in same if channel_of(suspect, policy) in RATIO_CHANNELS]
    if not candidate.silence:
        owners = [s for s in same if s.series.dimension in policy.owner_dimensions and s.shown.share >= MOSTLY_EXCESS]
        same = owners or same
    order = policy.silence_order if candidate.silence else policy.dimension_order
    rank = {dimension: place for place, dimension in enumerate(order)}
    concentrated = same if candidate.silence else _most_concentrated(same)

    def preference(suspect: Suspect) -> tuple[int, int, int, str]:
        place = rank.get(suspect.series.dimension, len(rank))
        # Cost before unit cost, so that the channel is decided by what drove the cost.
        return place, -suspect.size, suspect.channel, suspect.series.value

    return min(concentrated or [candidate], key=preference)


def _most_concentrated(suspects: Sequence[Suspect]) -> list[Suspect]:
    by = [suspect.concentration() for suspect in suspects]
    return [one for one, concentration in zip(suspects, by, strict=True) if concentration >= AS_CONCENTRATED * max(by)]
