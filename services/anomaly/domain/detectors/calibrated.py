"""A channel's values against their seasonal baseline, calibrated so that a surprise is a probability: what the hourly
detectors have in common."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.bank import Expectation, SeasonalBank
from services.anomaly.domain.rows import NOBODY, Floats, Mask
from services.anomaly.domain.run import Spell, Verdict
from services.anomaly.domain.series import Hour
from services.anomaly.domain.surprise import PersistenceBank, TailBank


class Band(NamedTuple):
    """What a channel usually is, and between what: one hour in twenty leaves that upwards."""

    low: float
    expected: float
    high: float


class Calibrated:
    """One channel of all series of a tenant."""

    channel: ClassVar[Anomaly.Channel]
    name: ClassVar[str]
    sign: ClassVar[float] = 1.0
    """-1: it is the low values that cost money."""

    def __init__(self, *, weeks: int, relative_spread: float, absolute_spread: float) -> None:
        self.baseline = SeasonalBank(weeks=weeks, relative_spread=relative_spread, absolute_spread=absolute_spread)
        self._tail = TailBank()
        self._persistence = PersistenceBank()
        self._values = np.zeros(0)
        self._expected = Expectation(np.zeros(0), np.zeros(0))
        self._idle = False
        """No series ever had such a value: there is nothing to compare or learn."""
        self.score = np.zeros(0)
        """Of the hour judged last, in spreads; NaN where it cannot be told."""
        self.surprise = np.zeros(0)
        """-ln p of it; 0 for any of the usual ones."""
        self.lasting = np.zeros(0)
        self.steepness = np.zeros(0)

    @property
    def parts(self) -> Mapping[str, SeasonalBank | TailBank | PersistenceBank]:
        return {"baseline": self.baseline, "tail": self._tail, "persistence": self._persistence}

    def grow(self, rows: int) -> None:
        for part in self.parts.values():
            part.grow(rows)

    def clear(self, row: int) -> None:
        for part in self.parts.values():
            part.clear(row)

    def pick(self, rows: npt.NDArray[np.int64]) -> Self:
        """These rows alone: what they judge changes nothing here."""
        picked = copy.copy(self)
        picked.baseline, picked._tail = self.baseline.pick(rows), self._tail.pick(rows)
        picked._persistence = self._persistence.pick(rows)
        return picked

    def judge_values(self, hour: Hour, values: Floats) -> None:
        """Compares an hour's values with what is usual; NaN: the hour has none."""
        self._idle = not self.baseline.observations.any() and bool(np.isnan(values).all())
        if self._idle:
            self.score, self.surprise, self.lasting = values, np.zeros(len(values)), np.zeros(len(values))
            self.steepness = self.lasting
            return
        self._values, self._expected = values, self.baseline.expect(hour)
        self.score = self.sign * self._expected.score(values)
        self.surprise = self._tail.surprise(self.score)
        self.lasting, self.steepness = self._persistence.get(), self._tail.steepness()

    def known(self, least: int = 1) -> Mask:
        """Rows of which so many values were learned."""
        found: Mask = self.baseline.observations >= least
        return found

    def band(self, row: int) -> tuple[float, float, float]:
        """Low, level and high of the hour judged last, on the baseline's scale."""
        level = float(self._expected.level[row])
        edge = float(self._tail.edge()[row] * self._expected.spread[row])
        return level - edge, level, level + edge

    def natural(self, value: float) -> float:
        """From the baseline's scale to the channel's unit."""
        raise NotImplementedError

    def _verdict(self, row: int, start: Hour, figures: Iterable[float], spell: Spell) -> Verdict:
        """The word on the hour that was judged last: from `start`, with what was, is usual, and the band, in the
        channel's unit."""
        actual, expected, low, high = figures
        return Verdict(
            start, float(self.score[row]), float(self.surprise[row]), actual, expected, low, high, spell,
            float(self.lasting[row]), float(self.steepness[row]),
        )  # fmt: skip

    def course(self, row: int, hours: Iterable[Hour]) -> Iterator[Band | None]:
        """What is usual in these hours as far as is known now, in the channel's unit; None: nothing is known."""
        baseline, edge = self.baseline.only(row), float(self._tail.edge()[row])
        for hour in hours:
            expected = baseline.expect(hour)
            level, reach = float(expected.level[0]), edge * float(expected.spread[0])
            known = not math.isnan(level + reach)
            yield Band(*map(self.natural, (level - reach, level, level + reach))) if known else None

    def learn(
        self, hour: Hour, learned: Mask, clipped: Mask, kept: Mask = NOBODY, adding_up: Mask = NOBODY
    ) -> None:  # fmt: skip
        """Takes in the hour judged last.

        Args:
            hour: which.
            learned: rows that learn from it; of the others it belongs to an anomaly.
            clipped: rows that hold back what lies far outside.
            kept: rows that are as if the hour had not been.
            adding_up: rows whose score is told by `came_to_nothing`, if it is.
        """
        if self._idle:
            return
        self._tail.learn(hour, self.score, learned & ~adding_up, kept)
        self._persistence.learn(self.score, learned & ~kept)
        self.baseline.learn(hour, self._values, self._expected, learned, clipped, kept)

    def came_to_nothing(self, row: int, scores: Iterable[tuple[Hour, float]]) -> None:
        """Scores beyond the edge of hours gone by that made no alarm: so far out is usual now and then."""
        for hour, score in scores:
            self._tail.learn_late(row, hour, score)

    def relearn(self, row: int, since: Hour, through: Hour) -> None:
        self.baseline.relearn(row, since, through)

    def accept(self, row: int, since: Hour, through: Hour, now: Hour, *, goes_on: bool) -> None:
        """What those hours were is usual from now on."""
        self.baseline.accept(row, since, through, now, self.sign, goes_on=goes_on)
