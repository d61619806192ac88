"""A budget as it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from finops.budget.v1 import budget_pb2

from services.budget.domain.codec import NAME_PREFIX as NAME_PREFIX
from services.budget.domain.codec import message_of
from services.budget.domain.terms import Enforcement as Enforcement
from services.budget.domain.terms import Terms as Terms
from services.common.clock import Micros


@dataclass(frozen=True)
class Budget:
    """One version of a budget."""

    tenant_id: str
    budget_id: str
    terms: Terms
    created: Micros
    updated: Micros
    version: int
    """Rises with every write."""
    deleted: bool = False
    author: str = ""
    """Name of the key that wrote this version."""

    @property
    def key(self) -> tuple[str, str]:
        return self.tenant_id, self.budget_id

    @property
    def name(self) -> str:
        return NAME_PREFIX + self.budget_id

    @property
    def etag(self) -> str:
        return f"{self.version:x}"


def to_proto(budget: Budget) -> budget_pb2.Budget:
    """As the API shows it."""
    message = message_of(budget.terms)
    message.name = budget.name
    message.create_unix_micros = budget.created
    message.update_unix_micros = budget.updated
    message.etag = budget.etag
    return message
