"""What a contract says, term by term."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from fractions import Fraction

from services.common.clock import Micros
from services.common.money import Picos
from services.pricing.domain.fx import USD
from services.pricing.domain.overrides import Override


@dataclass(frozen=True)
class Scope:
    """What use a term is about, all names in lower case."""

    provider: str = ""
    """Empty: every one."""
    models: tuple[str, ...] = ()
    """Globs; none: every model and plan."""

    def covers(self, providers: Collection[str], names: Iterable[str]) -> bool:
        """Whether it is about a provider's model that go by these names."""
        if self.provider and self.provider not in providers:
            return False
        return not self.models or any(fnmatchcase(name, glob) for name in names for glob in self.models)


@dataclass(frozen=True)
class Percent:
    """A discount or mark-up: a share of the price, 0.125 for 12.5 percent."""

    scope: Scope
    share: Fraction


@dataclass(frozen=True)
class SeatTerm:
    """A plan's price for one seat; exactly one of the two is set. Trillionths of the contract's currency."""

    provider: str
    plan: str
    monthly: Picos | None = None
    yearly: Picos | None = None


@dataclass(frozen=True)
class Allowance:
    """Units of a bucket that a plan includes each calendar month, and the price of those beyond."""

    id: str
    scope: Scope
    bucket: str
    included: tuple[tuple[str, int], ...]
    """(plan, units for each of its seats)."""
    pool: int
    """Units besides, whatever the seats."""
    overage: Picos
    """For a million units, in trillionths of the contract's currency."""
    per_user: bool = False


@dataclass(frozen=True)
class Credit:
    """Money that pays for use between two midnights until it is used up."""

    id: str
    scope: Scope
    amount: Picos
    starts: Micros
    ends: Micros
    """0: no end."""


class Period(Enum):
    """How long a commitment's amount is for."""

    TERM = 0
    MONTH = 1
    YEAR = 2


@dataclass(frozen=True)
class Commitment:
    """Spend promised for each period."""

    id: str
    scope: Scope
    amount: Picos
    period: Period
    prepaid: bool = False
    """Billed at the start of each period; what it covers is not billed again."""


@dataclass(frozen=True)
class Contract:
    """A tenant's agreement with a provider or reseller."""

    tenant_id: str
    name: str
    starts: Micros
    ends: Micros
    """0: no end."""
    recorded: Micros
    currency: str = USD
    recorded_by: str = ""
    source: str = ""
    discounts: tuple[Percent, ...] = ()
    markups: tuple[Percent, ...] = ()
    prices: tuple[Override, ...] = field(default=())
    seats: tuple[SeatTerm, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    credits: tuple[Credit, ...] = ()
    commitments: tuple[Commitment, ...] = ()

    def holds(self, time: Micros) -> bool:
        return self.starts <= time and (not self.ends or time < self.ends)
