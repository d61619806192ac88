"""In which series and hours each told anomaly showed: where a label teaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.anomaly.domain.doubts import LASTS_HOURS
from services.anomaly.domain.run import Run
from services.anomaly.domain.series import Hour, Series
from services.anomaly.domain.suspects import Suspect


class Stretch(NamedTuple):
    """Hours that an anomaly took out of a detector's learning of a series: those of the run, also when it is over."""

    series: Series
    detector: str
    run: Run


class ShownIn:
    """Stretches by the name of the anomaly, as long as memory reaches back."""

    def __init__(self) -> None:
        self._stretches: dict[str, list[Stretch]] = {}

    def add(self, name: str, suspect: Suspect) -> None:
        """The anomaly shows in this run, too."""
        self._stretches.setdefault(name, []).append(Stretch(suspect.series, suspect.detector, suspect.run))

    def of(self, name: str) -> Sequence[Stretch]:
        """Of an anomaly; nothing of one that is unknown or too long ago."""
        return self._stretches.get(name, ())

    def forget_before(self, hour: Hour) -> None:
        """Drops what is out of memory at this hour."""
        oldest = hour - LASTS_HOURS
        for name, stretches in list(self._stretches.items()):
            if all(not stretch.run.held and stretch.run.last < oldest for stretch in stretches):
                del self._stretches[name]
