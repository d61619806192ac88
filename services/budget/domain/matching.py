"""Which budgets count a spend, without trying each of them.

A filter's top-level AND often holds an equality (`team = "search"`). Such a budget is filed under that dimension and
value, so that a record meets only the budgets filed under its own values; the rest of the filter is then tried on
those alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from services.common.filters import EVERYTHING, And, Comparison, Filter, parse, predicate

Record = TypeVar("Record")
Target = TypeVar("Target")
Reader = Callable[[str], Callable[[Record], str]]

_SELECTIVE = ("user", "key", "project", "team", "tool", "model", "source", "environment", "provider", "service_tier")
"""Dimensions by how finely they usually divide spend; tags come before all of them."""


class BudgetIndex(Generic[Target, Record]):
    """Targets (budgets) by their filters."""

    def __init__(self, targets: Iterable[tuple[str, Target]], reader: Reader[Record]) -> None:
        """Takes (filter, target) pairs; `reader(dimension)` gives how to read one dimension off a record.

        Raises:
            FilterError: a filter that does not parse.
        """
        filed: dict[str, dict[str, list[tuple[Callable[[Record], bool] | None, Target]]]] = {}
        self._unfiled: list[tuple[Callable[[Record], bool] | None, Target]] = []
        for text, target in targets:
            equality, rest = _split(text)
            test = None if rest == EVERYTHING else predicate(rest, reader)
            if equality is None:
                self._unfiled.append((test, target))
            else:
                filed.setdefault(equality.dimension, {}).setdefault(equality.value, []).append((test, target))
        self._filed = [(reader(dimension), by_value) for dimension, by_value in filed.items()]

    def matching(self, record: Record) -> Sequence[Target]:
        """Targets whose filter lets the record pass."""
        found = [target for test, target in self._unfiled if test is None or test(record)]
        for read, by_value in self._filed:
            for test, target in by_value.get(read(record), ()):
                if test is None or test(record):
                    found.append(target)
        return found


@lru_cache(maxsize=16_384)
def _split(text: str) -> tuple[Comparison | None, Filter]:
    """The equality a filter is filed under, and what else must hold."""
    parsed = parse(text)
    operands = parsed.operands if isinstance(parsed, And) else (parsed,)
    equalities = [o for o in operands if isinstance(o, Comparison) and not o.negated and not o.prefix]
    if not equalities:
        return None, parsed
    chosen = min(equalities, key=_coarseness)
    rest = list(operands)
    rest.remove(chosen)
    return chosen, And(tuple(rest))


def _coarseness(equality: Comparison) -> int:
    dimension = equality.dimension
    return _SELECTIVE.index(dimension) if dimension in _SELECTIVE else (-1 if ":" in dimension else len(_SELECTIVE))
