"""What a token costs: a price that rose, or a dearer model, whatever is asked of it and how often.

Prompts differ a thousandfold in length, and the mean cost of a few of them says little; what each token costs says it
at once. Tokens count as they are priced in most lists: output for several of input, and hardly what a cache served.

Who asks a dear model on some days and a cheap one on others pays two prices, and neither is news.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.amounts import CACHE_READ, COST, INPUT, OUTPUT, Amounts
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.detectors.ratios import Pool, RatioDetector
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.reason import CACHED_DISCOUNT, OUTPUT_WEIGHT
from services.anomaly.domain.rows import NOBODY, Floats, Mask, RowArrays, largest_but_one, rows_of
from services.anomaly.domain.run import Spell, Verdict
from services.anomaly.domain.series import Hour
from services.common.money import PICOS_PER_DOLLAR

LEAST_REQUESTS = 5
"""Hours are pooled until they hold so many."""
REMEMBERED_DAYS = 28
ABOUT = 0.1
"""Of the logarithm: so much below a price is about as much."""


class PricesPaid(RowArrays):
    """The dearest price of each day. What belongs to an anomaly counts once that is over."""

    ARRAYS = ("_days", "_meanwhile")

    def __init__(self) -> None:
        self._days = np.full((0, REMEMBERED_DAYS), np.nan, np.float32)
        self._meanwhile = np.zeros(0)

    def were_paid(self, rows: np.ndarray, prices: Floats, hour: Hour) -> Mask:
        """Which of these rows paid about as much on two days before this one."""
        before = self._days[rows]
        before[:, hour // HOURS_A_DAY % REMEMBERED_DAYS] = np.nan
        found: Mask = largest_but_one(before) >= prices - ABOUT
        return found

    def note(self, hour: Hour, prices: Floats, learned: Mask, kept: Mask) -> None:
        """Takes in an hour: of rows that are not `learned` it belongs to an anomaly, and of those that are `kept` it is
        as if it had not been. NaN: no price."""
        day = hour // HOURS_A_DAY % REMEMBERED_DAYS
        if hour % HOURS_A_DAY == 0:
            self._days[:, day] = np.nan
        paid = np.fmax(self._meanwhile, np.where(kept, np.nan, prices))
        self._days[:, day] = np.where(learned, np.fmax(self._days[:, day], paid), self._days[:, day])
        self._meanwhile = np.where(learned, np.nan, paid)


class TokenPriceDetector(RatioDetector):
    """Dollars for as many tokens as cost what one of input does. It is told as what a request costs."""

    channel = Anomaly.CHANNEL_UNIT_COST
    name = "token_price"
    absolute_spread = 0.05

    def __init__(self, policy: Policy) -> None:
        super().__init__(Pool(replace(policy, min_requests=min(LEAST_REQUESTS, policy.min_requests))))
        self._paid = PricesPaid()

    def value(self, totals: Floats, answered: np.ndarray) -> Floats:
        tokens = totals[:, INPUT] - CACHED_DISCOUNT * totals[:, CACHE_READ] + OUTPUT_WEIGHT * totals[:, OUTPUT]
        found: Floats = np.log(totals[:, COST] / PICOS_PER_DOLLAR / tokens)
        return found

    def judge_hour(self, hour: Hour, amounts: Amounts, under_way: Mask) -> None:
        """Looks at an hour that closed. Rows whose price is an anomaly `under_way` paid it yesterday, too."""
        self._pool.add(hour, amounts)
        self.judge(hour)
        rows = rows_of((self.surprise > 0) & ~under_way)
        if len(rows):
            self.surprise[rows[self._paid.were_paid(rows, self._values[rows], hour)]] = 0.0

    def learn(
        self, hour: Hour, learned: Mask, clipped: Mask, kept: Mask = NOBODY, adding_up: Mask = NOBODY
    ) -> None:  # fmt: skip
        super().learn(hour, learned, clipped, kept, adding_up)
        if not self._idle:
            self._paid.note(hour, self._values, learned, kept)

    def clear(self, row: int) -> None:
        super().clear(row)
        self._pool.clear(row)
        self._paid.clear(row)

    def grow(self, rows: int) -> None:
        super().grow(rows)
        self._pool.grow(rows)
        self._paid.grow(rows)

    def word(self, hour: Hour, row: int) -> Verdict:
        """On the hour that was judged last, in dollars a request; money is what these tokens cost beyond their usual
        price."""
        totals = self._pool.totals[row]
        requests, start = int(self._pool.answered()[row]), int(self._pool.start[row])
        spent, value = int(totals[COST]) / PICOS_PER_DOLLAR, float(self._values[row])
        cheap, usual, dear = (spent * math.exp(level - value) for level in self.band(row))
        spell = Spell(hour - start + 1, int(totals[COST]), usual, cheap, dear, requests, requests)
        figures = (dollars / requests for dollars in (spent, usual, cheap, dear))
        return self._verdict(row, start, figures, spell)
