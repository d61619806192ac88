"""What a budget is, and what identifies the spend it counts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from zlib import crc32

from finops.budget.v1 import budget_pb2

from services.budget.domain.periods import Period
from services.common import money
from services.common.clock import Micros
from services.common.money import Picos

DEFAULT_THRESHOLDS = (50, 80, 100)
"""Percent, where a budget names none; the contract's default."""

NAME_PREFIX = "budgets/"


class Enforcement(IntEnum):
    """What happens where a budget would be passed; numbered as `finops.budget.v1.Enforcement`."""

    OBSERVE = 1
    WARN = 2
    BLOCK = 3


@dataclass(frozen=True)
class Terms:
    """What an owner sets."""

    display_name: str
    filter: str
    amount: Picos
    period: Period
    time_zone: str = "UTC"
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    """Percent of the amount, rising."""
    enforcement: Enforcement = Enforcement.OBSERVE


@dataclass(frozen=True)
class Budget:
    """A budget as it is stored."""

    tenant_id: str
    budget_id: str
    terms: Terms
    created: Micros
    updated: Micros
    version: int
    """Rises with every write."""
    deleted: bool = False

    @property
    def name(self) -> str:
        return NAME_PREFIX + self.budget_id

    @property
    def etag(self) -> str:
        return f"{self.version:x}"

    @cached_property
    def scope_hash(self) -> str:
        """Equal where the same spend is counted over the same periods. The amount and the thresholds do not matter."""
        scope = [self.terms.filter.strip(), self.terms.period.name, self.terms.time_zone]
        return hashlib.blake2b(json.dumps(scope).encode(), digest_size=8).hexdigest()

    def home(self, partitions: int) -> int:
        """The partition of the cost log whose owner watches this budget's thresholds, so that exactly one process
        does."""
        return crc32(f"{self.tenant_id}/{self.budget_id}".encode()) % partitions


def to_proto(budget: Budget) -> budget_pb2.Budget:
    """As the API shows it."""
    terms = budget.terms
    return budget_pb2.Budget(
        name=budget.name,
        display_name=terms.display_name,
        filter=terms.filter,
        amount=money.to_proto(terms.amount),
        period=f"PERIOD_{terms.period.name}",
        time_zone=terms.time_zone,
        threshold_percents=terms.thresholds,
        enforcement=f"ENFORCEMENT_{terms.enforcement.name}",
        create_unix_micros=budget.created,
        update_unix_micros=budget.updated,
        etag=budget.etag,
    )
