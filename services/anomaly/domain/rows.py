"""Arrays with a row for each series, and sums over rows that hold NaN where there is no value."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_Halves = npt.NDArray[np.int16]
"""Half-precision numbers as their bits."""
_ALL_BUT_SIGN, _INFINITY = np.int16(0x7FFF), np.int16(0x7C00)
_LAST = np.float16(np.nan).view(np.int16)
"""NaN, which is in order behind everything."""
FEW = 4096
"""So many half-precision numbers, or fewer, are in order soonest as others: what it takes to call is most of it."""
NOBODY: Mask = np.zeros(1, np.bool_)
"""The mask of no row."""


class RowArrays:
    """State of many series: the arrays named in `ARRAYS`, all of the same length."""

    ARRAYS: ClassVar[tuple[str, ...]] = ()

    def grow(self, rows: int) -> None:
        """Makes room; new rows know nothing."""
        for name in self.ARRAYS:
            array: npt.NDArray[Any] = getattr(self, name)
            grown = np.full((rows, *array.shape[1:]), self.blank(name), array.dtype)
            grown[: len(array)] = array
            setattr(self, name, grown)

    def clear(self, row: int) -> None:
        """The row is another series' from now on."""
        for name in self.ARRAYS:
            getattr(self, name)[row] = self.blank(name)

    def only(self, row: int) -> Self:
        """A view of one row, for a question about it alone."""
        view = copy.copy(self)
        for name in self.ARRAYS:
            setattr(view, name, getattr(self, name)[row : row + 1])
        return view

    def pick(self, rows: npt.NDArray[np.int64]) -> Self:
        """Copies of these rows, to be asked about apart."""
        copies = copy.copy(self)
        for name in self.ARRAYS:
            setattr(copies, name, getattr(self, name)[rows])
        return copies

    def blank(self, name: str) -> Any:
        """What a new row holds."""
        array: npt.NDArray[Any] = getattr(self, name)
        return np.nan if np.issubdtype(array.dtype, np.floating) and name not in self.zeros() else 0

    def zeros(self) -> tuple[str, ...]:
        """Arrays of floats that begin at zero rather than unknown."""
        return ("_by_hour",)


def row_count(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """How many values each row has."""
    known = _known(_bits(values)) if values.dtype == np.float16 else values == values
    found: npt.NDArray[np.int64] = known.sum(axis=1)
    return found


def or_zero(values: Floats) -> Floats:
    """Zero where there is no value."""
    return np.where(values == values, values, 0.0)


def bounded(values: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """`np.clip` without what it takes to call it."""
    found: Floats = np.minimum(np.maximum(values, low), high)
    return found


def rows_of(mask: Mask) -> npt.NDArray[np.int64]:
    """`np.flatnonzero` likewise."""
    return mask.nonzero()[0]


class Ordered:
    """Rows in order of size, NaN last."""

    __slots__ = ("_flat", "_last", "_starts", "count")

    def __init__(self, values: npt.NDArray[Any]) -> None:
        if values.dtype == np.float16 and values.size > FEW:
            ordered, self.count = _halves_ordered(values)
        else:
            ordered, self.count = _ordered(values)
        self._flat = ordered.ravel()
        self._starts = np.arange(0, ordered.size, ordered.shape[1])
        self._last = np.maximum(self.count - 1, 0)

    def median(self) -> Floats:
        """The middle of each row; NaN of a row without values."""
        below = self._last >> 1
        low, high = self._at(below), self._at(self._last - below)
        found: Floats = low + 0.5 * (high - low)
        return found

    def quantile(self, share: float) -> Floats:
        """Of each row, interpolated linearly; NaN of a row without values."""
        place = share * self._last
        below = place.astype(np.int64)
        low, high = self._at(below), self._at(np.minimum(below + 1, self._last))
        found: Floats = low + (place - below) * (high - low)
        return found

    def largest(self) -> Floats:
        """Of each row; NaN of a row without values."""
        return self._at(self._last)

    def _at(self, places: npt.NDArray[np.int64]) -> Floats:
        return _natural(self._flat.take(self._starts + places))


def row_median(values: npt.NDArray[Any]) -> Floats:
    """The middle of each row; NaN of a row without values."""
    return Ordered(values).median()


def row_quantile(values: npt.NDArray[Any], share: float) -> Floats:
    """Quantile of each row, interpolated linearly; NaN of a row without values."""
    return Ordered(values).quantile(share)


def _ordered(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Each row in order, NaN last, and how many values it has."""
    ordered = values.astype(np.float32, order="C")
    count = (ordered == ordered).sum(axis=1)
    ordered.sort(axis=1)
    return ordered, count


def _halves_ordered(values: npt.NDArray[np.float16]) -> tuple[_Halves, npt.NDArray[np.int64]]:
    """The same of half-precision numbers, by their bits: processors have no arithmetic for them, and whole numbers sort
    in half the time. Bits are in the order of the numbers once those of negative ones are turned round."""
    bits = _bits(values)
    known = _known(bits)
    keys = np.where(known, _turned(bits), _LAST)
    keys.sort(axis=1)
    return keys, known.sum(axis=1)


def _natural(ordered: npt.NDArray[Any]) -> Floats:
    if ordered.dtype != np.int16:
        return ordered.astype(np.float64)
    return _turned(ordered).view(np.float16).astype(np.float64)


def _bits(values: npt.NDArray[np.float16]) -> _Halves:
    return np.ascontiguousarray(values).view(np.int16)


def _known(bits: _Halves) -> Mask:
    """Those that are no NaN."""
    return (bits & _ALL_BUT_SIGN) <= _INFINITY


def _turned(bits: _Halves) -> _Halves:
    return bits ^ (bits >> 15 & _ALL_BUT_SIGN)


def largest_but_one(values: npt.NDArray[Any]) -> Floats:
    """The second largest of each row; -inf where there are not two."""
    width = values.shape[1]
    if width < 2:
        return np.full(len(values), -np.inf)
    filled = values.astype(np.float64)
    filled[filled != filled] = -np.inf
    if width == 3:
        one, two, three = filled.T
        found: Floats = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
        return found
    filled.partition(width - 2, axis=1)
    return filled[:, -2]
