"""What a spend counts towards: the windows of the budgets that match it, remembered by what decides that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.budget.domain.matching import BudgetIndex, Values, event_reader, mapping_reader
from services.budget.domain.tracking import FOREVER, ScopeKey, Tracked
from services.common.clock import Micros

REMEMBERED = 65_536
"""Sets of values, of one tenant; when there are more, all are forgotten."""


class Match(NamedTuple):
    """A budget that counts a spend, and as whose: the member of a budget that has `per`."""

    tracked: Tracked
    member: str | None


class Matched:
    """What one set of values matches, and the scopes of a time, which nearly all spend has in common. Another object
    once anything about the budgets has changed."""

    __slots__ = ("end", "matches", "scopes", "start")

    def __init__(self, matches: Sequence[Match]) -> None:
        self.matches = matches
        self.start: Micros = 0
        self.end: Micros = 0
        self.scopes: tuple[ScopeKey, ...] = ()

    def move(self, time: Micros) -> tuple[ScopeKey, ...]:
        """The scopes of another time, remembered instead."""
        start, end = -FOREVER, FOREVER
        scopes: list[ScopeKey] = []
        for tracked, member in self.matches:
            begins, ends, scope = tracked.span_at(time)
            if begins > start:
                start = begins
            if ends < end:
                end = ends
            if scope is not None:
                scopes.append(scope)
                if member is not None:
                    scopes.append(ScopeKey(scope.family, member))
        self.start, self.end, self.scopes = start, end, tuple(scopes)
        return self.scopes


class Attribution:
    """The budgets of one tenant as they are now."""

    def __init__(self, budgets: Iterable[Tracked]) -> None:
        """Takes tens of microseconds a budget."""
        self._budgets = {tracked.budget.budget_id: tracked for tracked in budgets}
        members = {tracked.budget.terms.per for tracked in self._budgets.values()} - {""}
        self._index = BudgetIndex([(tracked.filter, tracked) for tracked in self._budgets.values()], members)
        self._of_event = event_reader(self._index.dimensions)
        self._of_intent = mapping_reader(self._index.dimensions)
        self._matched: dict[Values, Matched] = {}

    def put(self, tracked: Tracked) -> bool:
        """Takes in a budget, or another version of one. False: it must all be made anew."""
        per = tracked.budget.terms.per
        if not self.remove(tracked.budget.budget_id) or (per and per not in self._index.place):
            return False
        self._budgets[tracked.budget.budget_id] = tracked
        return self._index.add(tracked.filter, tracked)

    def remove(self, budget_id: str) -> bool:
        """Takes out a budget, if it is there. False: it should all be made anew."""
        self.forget()
        before = self._budgets.pop(budget_id, None)
        return before is None or self._index.remove(before)

    def forget(self) -> None:
        """What was matched: windows moved on."""
        self._matched.clear()

    def scopes_of(self, usage: UsageEvent) -> Sequence[ScopeKey]:
        """Every kept window that the event's cost counts towards, as a whole and as a member."""
        values = self._of_event(usage)
        matched = self._matched.get(values) or self._match(values)
        time = usage.time_unix_micros
        return matched.scopes if matched.start <= time < matched.end else matched.move(time)

    def of_intent(self, intent: Mapping[str, str]) -> Matched:
        """The budgets that a spend of these dimensions would count towards."""
        values = self._of_intent(intent)
        return self._matched.get(values) or self._match(values)

    def _match(self, values: Values) -> Matched:
        if len(self._matched) >= REMEMBERED:
            self._matched.clear()
        place = self._index.place
        found = self._matched[values] = Matched(
            [
                Match(tracked, values[place[tracked.budget.terms.per]] if tracked.budget.terms.per else None)
                for tracked in sorted(self._index.matching(values), key=_id)
            ]
        )
        return found


_id = attrgetter("budget.budget_id")
