"""Which budgets count a spend, without trying each of them.

A spend is looked at as the tuple of values of those dimensions that any filter reads. Most filters can only let a
spend pass that has one of a few values in one dimension (`team = "search"`, or an OR of such). They are filed under
these values, so that a spend meets only what is filed under its own, and what cannot be filed. Of several ways to file
a filter the one is taken whose values the fewest filters ask for; what the place says already is not tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from types import MappingProxyType
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


Anchor = tuple[str, str]
"""A dimension and a value in it."""


class _Way(NamedTuple):
    """One way to file a filter."""

    anchors: Sequence[Anchor]
    """Every spend that passes has one of them."""
    rest: Filter | None
    """What is still to be tried of a spend that has one; None: it passes."""


class _Filed(NamedTuple):
    number: int
    passes: Callable[[Values], bool]


@dataclass
class _Place:
    """What is filed under one value of a dimension."""

    sure: list[int] = field(default_factory=list)
    tried: list[_Filed] = field(default_factory=list)


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
        self._filed: dict[int, dict[str, _Place]] = {}
        self._unfiled: list[_Filed] = []
        ways = [_ways(parsed) for parsed in filters]
        crowd = Counter(anchor for some in ways for way in some for anchor in dict.fromkeys(way.anchors))
        for number, (parsed, some) in enumerate(zip(filters, ways, strict=True)):
            if some:
                self._file(number, min(some, key=lambda way: _coarseness(way.anchors, crowd)))
            else:
                self._unfiled.append(_Filed(number, self._test(parsed)))

    def matching(self, values: Values) -> Sequence[Target]:
        """Targets whose filter lets a spend with these values pass, in the order they were given."""
        found = {number for number, passes in self._unfiled if passes(values)}
        for place, by_value in self._filed.items():
            filed = by_value.get(values[place])
            if filed is not None:
                found.update(filed.sure)
                found.update([number for number, passes in filed.tried if passes(values)])
        return [self._targets[number] for number in sorted(found)]

    def _file(self, number: int, way: _Way) -> None:
        passes = None if way.rest is None else self._test(way.rest)
        for dimension, value in dict.fromkeys(way.anchors):
            filed = self._filed.setdefault(self.place[dimension], {}).setdefault(value, _Place())
            if passes is None:
                filed.sure.append(number)
            else:
                filed.tried.append(_Filed(number, passes))

    def _test(self, parsed: Filter) -> Callable[[Values], bool]:
        return predicate(parsed, lambda dimension: itemgetter(self.place[dimension]))


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


def _ways(parsed: Filter) -> Sequence[_Way]:
    """Every way to file a filter; none: it may let any spend pass."""
    operands = parsed.operands if isinstance(parsed, And) else (parsed,)
    found = []
    for number, operand in enumerate(operands):
        anchors = _anchors(operand)
        if anchors is not None:
            others = operands[:number] + operands[number + 1 :]
            said = operands if not _is_told_by_its_anchors(operand) else others
            rest = None if not said else said[0] if len(said) == 1 else And(said)
            found.append(_Way(anchors, rest))
    return found


def _is_told_by_its_anchors(parsed: Filter) -> bool:
    """Whether a spend that has one of the anchors passes."""
    alternatives = parsed.operands if isinstance(parsed, Or) else (parsed,)
    return all(isinstance(each, Comparison) for each in alternatives)


def _anchors(parsed: Filter, negated: bool = False) -> Sequence[Anchor] | None:
    """Values one of which every spend has that passes; None: there are no such."""
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


def _coarseness(anchors: Sequence[Anchor], crowd: Mapping[Anchor, int] = MappingProxyType({})) -> tuple[int, int, int]:
    """How many filters a spend with one of them meets there (`crowd`: by anchor), and how many spends may have one:
    the lower the better."""
    most = max((crowd.get(anchor, 0) for anchor in anchors), default=0)
    return most, max((_rank(dimension) for dimension, _ in anchors), default=0), len(anchors)


def _rank(dimension: str) -> int:
    if dimension in _SELECTIVE:
        return _SELECTIVE.index(dimension)
    return -1 if dimension.startswith(TAG_PREFIX) else len(_SELECTIVE)
