"""Which budgets count a spend, without trying each of them.

A spend is looked at as the tuple of values of those dimensions that any filter reads. Most filters can only let a
spend pass that has one of a few values in one dimension (`team = "search"`, or an OR of such). They are filed under
these values, so that a spend meets only what is filed under its own, and what cannot be filed. Of several ways to file
a filter the one is taken whose values the fewest filters ask for; what the place says already is not tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.dimensions import TAG_PREFIX
from services.common.filters import And, Comparison, Filter, Not, Or, dimensions_of, parse, predicate

Target = TypeVar("Target", bound=Hashable)

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


Passes = Callable[[Values], bool]


@dataclass
class _Place(Generic[Target]):
    """What is filed under one value of a dimension."""

    sure: set[Target] = field(default_factory=set)
    tried: dict[Target, Passes] = field(default_factory=dict)


class _Filing(NamedTuple):
    """Where a target is filed, and what its filter reads."""

    anchors: Sequence[Anchor]
    """None of them: it is tried with every spend."""
    reads: frozenset[str]


class BudgetIndex(Generic[Target]):
    """Targets (budgets) by their filters."""

    def __init__(self, targets: Iterable[tuple[str, Target]], also: Iterable[str] = ()) -> None:
        """Takes (filter, target) pairs, no target twice, and dimensions to read beyond those of the filters.

        Raises:
            FilterError: a filter that does not parse.
        """
        parsed = [(parse(text), target) for text, target in targets]
        self._readers = Counter(name for each, _ in parsed for name in dimensions_of(each))
        names = set(also).union(self._readers)
        self.dimensions: tuple[str, ...] = tuple(sorted(names, key=lambda name: (name.startswith(TAG_PREFIX), name)))
        """Whose values decide; tags come last."""
        self.place: Mapping[str, int] = {name: place for place, name in enumerate(self.dimensions)}
        self._filed: dict[int, dict[str, _Place[Target]]] = {}
        self._unfiled: dict[Target, Passes] = {}
        self._filings: dict[Target, _Filing] = {}
        ways = [_ways(each) for each, _ in parsed]
        self._crowd = Counter(anchor for some in ways for way in some for anchor in dict.fromkeys(way.anchors))
        for (each, target), some in zip(parsed, ways, strict=True):
            self._file(target, each, some)

    def matching(self, values: Values) -> Collection[Target]:
        """Targets whose filter lets a spend with these values pass, each once."""
        found = {target for target, passes in self._unfiled.items() if passes(values)}
        for place, by_value in self._filed.items():
            filed = by_value.get(values[place])
            if filed is not None:
                found.update(filed.sure)
                found.update([target for target, passes in filed.tried.items() if passes(values)])
        return found

    def add(self, text: str, target: Target) -> bool:
        """Takes in another target. False: its filter reads what the index does not, so that it must be made anew.

        Raises:
            FilterError: a filter that does not parse.
        """
        parsed = parse(text)
        reads = dimensions_of(parsed)
        if not reads <= self.place.keys():
            return False
        self._readers.update(reads)
        self._file(target, parsed, _ways(parsed))
        return True

    def remove(self, target: Target) -> bool:
        """Takes a target out. False: nobody reads some dimension any more, by which spend would still be told apart, so
        that the index should be made anew."""
        filing = self._filings.pop(target)
        self._unfiled.pop(target, None)
        for dimension, value in filing.anchors:
            by_value = self._filed[self.place[dimension]]
            by_value[value].sure.discard(target)
            by_value[value].tried.pop(target, None)
            if not by_value[value].sure and not by_value[value].tried:
                del by_value[value]
        self._readers.subtract(filing.reads)
        return all(self._readers[name] for name in filing.reads)

    def _file(self, target: Target, parsed: Filter, ways: Sequence[_Way]) -> None:
        if not ways:
            self._unfiled[target] = self._test(parsed)
            self._filings[target] = _Filing((), frozenset(dimensions_of(parsed)))
            return
        way = min(ways, key=lambda way: _coarseness(way.anchors, self._crowd))
        passes = None if way.rest is None else self._test(way.rest)
        anchors = tuple(dict.fromkeys(way.anchors))
        for dimension, value in anchors:
            filed = self._filed.setdefault(self.place[dimension], {}).setdefault(value, _Place())
            if passes is None:
                filed.sure.add(target)
            else:
                filed.tried[target] = passes
        self._filings[target] = _Filing(anchors, frozenset(dimensions_of(parsed)))

    def _test(self, parsed: Filter) -> Passes:
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

    def read(mapping: Mapping[str, str]) -> Values:
        found = mapping.get
        return tuple([found(name, "") for name in names])

    return read


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
