"""What looks unusual and is harmless: nobody is to hear of it."""

from __future__ import annotations

import numpy as np

from bench.anomaly.clockwork import DAY, WEEK, month_end
from bench.anomaly.incidents import Story
from bench.anomaly.plan import Renamed


def set_traps(story: Story) -> None:
    """Two holidays, busy month ends of one team, a renamed team, a rotated key. Growth, weekly batches and daylight
    saving are in every organisation."""
    plan, rng = story.plan, story.rng
    people = [n for n, use in enumerate(plan.uses) if use.person]
    for day in rng.choice(np.arange(28, plan.hours // DAY - 3), 2, replace=False):
        plan.volume[day * DAY : (day + 1) * DAY, people] *= 0.08
    teams = sorted({use.labels["team"] for use in plan.uses})
    busy, renamed, rotated = rng.choice(teams, 3, replace=len(teams) < 3)
    closing = np.ix_(month_end(plan.hours), np.array(_of_team(story, busy, people=True), np.intp))
    plan.volume[closing] *= 1.6
    since = int(rng.integers(4 * WEEK, 7 * WEEK))
    _rename(story, _of_team(story, renamed), since, "team")
    since = int(rng.integers(4 * WEEK, 7 * WEEK))
    _rename(story, [n for n in _of_team(story, rotated) if not plan.uses[n].person], since, "key")


def _of_team(story: Story, team: str, *, people: bool = False) -> list[int]:
    return [
        n for n, use in enumerate(story.plan.uses) if use.labels["team"] == team and (use.person or not people)
    ]  # fmt: skip


def _rename(story: Story, uses: list[int], since: int, dimension: str) -> None:
    for use in uses:
        value = story.plan.uses[use].labels[dimension]
        story.plan.renamed.append(Renamed(use, since, {dimension: f"{value}-2"}))
