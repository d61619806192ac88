"""What happened in an organisation, as events and as the truth about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.anomaly.clockwork import WEEK
from bench.anomaly.draw import draw
from bench.anomaly.incidents import Story, inject
from bench.anomaly.outside import log
from bench.anomaly.outside.happen import go_wrong
from bench.anomaly.outside.stern import SternTruth
from bench.anomaly.outside.worlds import WORLDS as OUTSIDE
from bench.anomaly.plan import Plan
from bench.anomaly.score import Truth
from bench.anomaly.stream import StoredRecord, records, sums
from bench.anomaly.traps import set_traps
from bench.anomaly.world import WORLDS
from services.anomaly.domain.series import Reader
from services.anomaly.settings import AnomalyOptions

NAMES = (*WORLDS, *OUTSIDE)


@dataclass(frozen=True)
class Year:
    """One made-up organisation and what happened in it."""

    hours: int
    events: int
    truth: Truth
    records: Callable[[], Iterator[StoredRecord]]
    """Its cost log."""


def make(world: str, seed: int, weeks: int, times: int) -> Year:
    """The whole of a seed.

    Args:
        world: one of `NAMES`.
        seed: of all draws.
        weeks: that pass.
        times: incidents of each kind, as far as there is room.
    """
    rng = np.random.default_rng([seed, sum(world.encode())])
    reader = Reader(AnomalyOptions().dimensions)
    if world not in WORLDS:
        return _outside(world, rng, weeks, times, reader)
    story = Story(Plan(WORLDS[world](rng), weeks * WEEK), rng)
    set_traps(story)
    inject(story, times)
    drawn = draw(story.plan, rng, story.sprints)
    truth = Truth(story.incidents, sums(story.plan, drawn, reader, len(story.incidents)))
    return Year(story.plan.hours, len(drawn), truth, lambda: records(story.plan, drawn))


def _outside(world: str, rng: np.random.Generator, weeks: int, times: int, reader: Reader) -> Year:
    history = OUTSIDE[world](rng, weeks)
    history.start()
    go_wrong(history, times)
    truth = SternTruth(history.incidents, log.sums(history, reader))
    return Year(history.hours, history.came, truth, lambda: log.records(history))
