"""Which budgets count a spend, without trying each of them.

A spend is looked at as the tuple of values of those dimensions that any filter reads. Most filters can only let a
spend pass that has one of a few values in one dimension (`team = "search"`, or an OR of such). They are filed under
these values, so that a spend meets only what is filed under its own, and what cannot be filed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Generic, NamedTuple, TypeVar

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common import dimensions
from services.common.dimensions import TAG_PREFIX
from services.common.filters import And, Comparison, Filter, Not, Or, dimensions_of, parse, predicate

Target = TypeVar("Target")

Values = tuple[str, ...]
"""Of an index's dimensions, in their order."""

_SELECTIVE = ("user", "key", "project", "team", "tool", "model", "source", "environment", "provider", "service_tier")
"""Dimensions by how finely they usually divide spend; tags come before all of them."""


class _Filed(NamedTuple):
    number: int
    passes: Callable[[Values], bool]


class BudgetIndex(Generic[Target]):
    """Targets (budgets) by their filters."""

    def __init__(self, targets: Iterable[tuple[str, Target]], also: Iterable[str] = ()) -> None:
        """Takes (filter, target) pairs, and dimensions to read beyond those of the filters.

        Raises:
            FilterError: a filter that does not parse.
        """
        filters = []
        self._targets: list[Target] = []
        for text, target in targets:
            filters.append(parse(text))
            self._targets.append(target)
        names = set(also).union(*map(dimensions_of, filters))
        self.dimensions: tuple[str, ...] = tuple(sorted(names, key=lambda name: (name.startswith(TAG_PREFIX), name)))
        """Whose values decide; tags come last."""
        self.place: Mapping[str, int] = {name: place for place, name in enumerate(self.dimensions)}
        self._filed: dict[str, dict[str, list[_Filed]]] = {}
        self._unfiled: list[_Filed] = []
        for number, parsed in enumerate(filters):
            self._file(number, parsed)

    def matching(self, values: Values) -> Sequence[Target]:
        """Targets whose filter lets a spend with these values pass, in the order they were given."""
        found = {number for number, passes in self._unfiled if passes(values)}
        for dimension, by_value in self._filed.items():
            for number, passes in by_value.get(values[self.place[dimension]], ()):
                if number not in found and passes(values):
                    found.add(number)
        return [self._targets[number] for number in sorted(found)]

    def _file(self, number: int, parsed: Filter) -> None:
        filed = _Filed(number, predicate(parsed, lambda dimension: itemgetter(self.place[dimension])))
        anchors = _anchors(parsed)
        if anchors is None:
            self._unfiled.append(filed)
            return
        for dimension, value in dict.fromkeys(anchors):
            self._filed.setdefault(dimension, {}).setdefault(value, []).append(filed)


def event_reader(names: Sequence[str]) -> Callable[[UsageEvent], Values]:
    """A function that reads these dimensions off an event, tags last, in one go."""
    plain = ["tenant_id" if name == "tenant" else name for name in names if not name.startswith(TAG_PREFIX)]
    tags = [name.removeprefix(TAG_PREFIX) for name in names if name.startswith(TAG_PREFIX)]
    read = _fields_reader(plain)
    if not tags:
        return read

    def with_tags(event: UsageEvent) -> Values:
        found = event.tags
        return (*read(event), *[found.get(tag, "") for tag in tags])

    return with_tags


def mapping_reader(names: Sequence[str]) -> Callable[[Mapping[str, str]], Values]:
    """The same reading from a plain mapping of dimension names."""
    return lambda mapping: tuple([dimensions.of_mapping(mapping, name) for name in names])


def _fields_reader(fields: Sequence[str]) -> Callable[[UsageEvent], Values]:
    if len(fields) > 1:
        return attrgetter(*fields)
    # attrgetter of one name gives the bare value.
    return lambda event: tuple([getattr(event, name) for name in fields])


def _anchors(parsed: Filter, negated: bool = False) -> Sequence[tuple[str, str]] | None:
    """(dimension, value) pairs one of which every spend has that passes; None: there are no such."""
    match parsed:
        case Comparison(dimension, value, unequal, prefix):
            return None if prefix or unequal is not negated else [(dimension, value)]
        case Not(operand):
            return _anchors(operand, not negated)
        case And(operands) | Or(operands):
            found = [_anchors(operand, negated) for operand in operands]
            if isinstance(parsed, And) is not negated:
                return min((anchors for anchors in found if anchors is not None), key=_coarseness, default=None)
            if any(anchors is None for anchors in found):
                return None
            return [anchor for anchors in found if anchors is not None for anchor in anchors]


def _coarseness(anchors: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """How many spends may have one of them: the lower the better."""
    return max((_rank(dimension) for dimension, _ in anchors), default=0), len(anchors)


def _rank(dimension: str) -> int:
    if dimension in _SELECTIVE:
        return _SELECTIVE.index(dimension)
    return -1 if dimension.startswith(TAG_PREFIX) else len(_SELECTIVE)
