"""Decisions that say of any small enough spend that it fits: told again until a figure of one of their budgets changes.

Most budgets are far from their limits most of the time, and what is answered then depends on no estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from finops.budget.v1.budget_pb2 import Decision

from services.budget.domain.attribution import Matched
from services.budget.domain.deciding import Headroom
from services.budget.handlers.changes import Changes, Version
from services.common.clock import Micros
from services.common.money import Picos

MOST = 8_192
"""Decisions remembered, of some kilobytes each; then all are forgotten."""


class _Fitting(NamedTuple):
    told: bytes
    """The decision, serialized."""
    least: Picos
    """What remains of the strictest budget."""
    versions: Sequence[Version]
    counts: Sequence[int]
    """Of the versions when this was told."""
    basis: object
    since: Micros
    until: Micros


class Fitting:
    """By what a spend matches."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._known: dict[Matched, _Fitting] = {}

    def tell(self, matched: Matched, estimate: Picos, basis: object, now: Micros, decision: Decision) -> bool:
        """Writes into an empty decision that the spend fits; False: that is not known."""
        known = self._known.get(matched)
        if known is None or estimate > known.least or not known.since <= now < known.until or known.basis != basis:
            return False
        if [version.count for version in known.versions] != known.counts:
            return False
        decision.MergeFromString(known.told)
        return True

    def put(
        self,
        matched: Matched,
        headrooms: Sequence[Headroom],
        estimate: Picos,
        decision: Decision,
        *,
        basis: object,
        since: Micros,
        until: Micros,
    ) -> None:
        """Remembers a decision about these headrooms, if it is one of that kind. Before `until` time alone changes
        nothing in it."""
        least = min((headroom.remaining for headroom in headrooms), default=estimate)
        if estimate > least or not all(headroom.complete for headroom in headrooms):
            return
        versions = [self._changes.version_of(*headroom.budget.key) for headroom in headrooms]
        if len(self._known) >= MOST:
            self._known.clear()
        counts = [version.count for version in versions]
        self._known[matched] = _Fitting(decision.SerializeToString(), least, versions, counts, basis, since, until)
