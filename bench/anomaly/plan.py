"""What happens to the uses of an organisation, hour by hour: as tables that incidents and traps write into."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.anomaly.world import Floats, Labels, Use


@dataclass(frozen=True)
class Renamed:
    """From an hour on, a use goes by other names."""

    use: int
    since: int
    labels: Labels


@dataclass
class Plan:
    """Multipliers of (hours, uses)."""

    uses: list[Use]
    hours: int
    volume: Floats = field(init=False)
    prompt: Floats = field(init=False)
    answer: Floats = field(init=False)
    cached: Floats = field(init=False)
    price: Floats = field(init=False)
    failing: Floats = field(init=False)
    """No multiplier: the least share of requests that fails."""
    owner: npt.NDArray[np.int16] = field(init=False)
    """Number of the incident that touches the hour of a use; -1: none."""
    renamed: list[Renamed] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = (self.hours, len(self.uses))
        for name in ("volume", "prompt", "answer", "cached", "price"):
            setattr(self, name, np.ones(shape))
        self.failing = np.zeros(shape)
        self.owner = np.full(shape, -1, np.int16)

    def add(self, use: Use) -> int:
        """One more use, that so far does nothing; returns its number."""
        self.uses.append(use)
        for name in ("volume", "prompt", "answer", "cached", "price"):
            table = getattr(self, name)
            fresh = np.zeros((self.hours, 1)) if name == "volume" else np.ones((self.hours, 1))
            setattr(self, name, np.hstack([table, fresh]))
        self.failing = np.hstack([self.failing, np.zeros((self.hours, 1))])
        self.owner = np.hstack([self.owner, np.full((self.hours, 1), -1, np.int16)])
        return len(self.uses) - 1
