"""Incidents that are told before their hour is over.

What is spent only adds up, so that an hour which has cost too much by now will have when it ends: what would be an
alarm then is one already. Whether requests are dearer, and why, or whether something fell silent, only a whole hour
tells. The hour bears its early words out when it is judged, and they go on under the name that people know.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.amounts import amounts
from services.anomaly.domain.detectors.cost import CostDetector
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.series import Hour, Series, Totals
from services.anomaly.domain.suspects import Suspect
from services.anomaly.domain.watched import Watched
from services.common.money import PICOS_PER_DOLLAR

FACETS = 0.5
"""What shows the same incident may have cost so much less."""


def suspects_so_far(panel: Panel, hour: Hour, totals: Mapping[Series, Totals]) -> list[Suspect]:
    """Runs of cost as they would be if the hour were over; those under way are left as they are.

    Args:
        panel: has judged and learned every hour before.
        hour: that is under way.
        totals: what was spent in it by now.
    """
    least = FACETS * panel.policy.min_impact_usd * PICOS_PER_DOLLAR
    known = panel.cost.known() & (hour - panel.lives.first >= panel.policy.min_history_hours)
    large = sorted(series for series, sums in totals.items() if sums.cost >= least and series in panel.index)
    watched = [series for series in large if known[panel.index[series]]]
    if not watched:
        return []
    rows = np.array([panel.index[series] for series in watched])
    detector = panel.cost.pick(rows)
    detector.judge(hour, amounts(len(rows), {series: place for place, series in enumerate(watched)}, totals))
    found = []
    usual = panel.requests.usual(hour, rows)
    for place in np.flatnonzero(detector.surprise > 0).tolist():
        verdict = panel.word_on_cost(detector.verdict(hour, place), hour, int(rows[place]), float(usual[place]))
        run = panel.under_way.foresee(CostDetector.name, int(rows[place]), hour, verdict)
        if run is not None:
            found.append(Suspect(Watched(panel, watched[place]), run, Anomaly.CHANNEL_COST, CostDetector.name))
    return found
