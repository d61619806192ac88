"""A batch's ratings, serialized at once as they stand in a PriceBatchResponse.

In a template of a form's ratings every number takes nine bytes. So all ratings of a form have one length and their
numbers one place: they are a table of bytes, filled in column by column. A varint need not be the shortest (Protocol
Buffers encoding guide); whoever parses it has the same number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from finops.cost.v1.cost_pb2 import Rating
from finops.pricing.v1.pricing_pb2 import PriceBatchResponse

from services.common.wire import encode_varint, tag_of
from services.pricing.domain.batches import PricedBatch
from services.pricing.domain.columns import Alike
from services.pricing.domain.forms import Priced

_RATINGS = tag_of(PriceBatchResponse, "ratings")
_WIDTH = 9
"""Bytes of a varint that hold 63 bits: every number that is not negative."""
_MARK = 2**62
"""Takes just so many bytes, as does every number a little above it."""
_SHIFTS = np.arange(0, 7 * _WIDTH, 7, dtype=np.int64)
_GOES_ON = np.array([0x80] * (_WIDTH - 1) + [0], dtype=np.int64)
_FEW = 8
"""Ratings for which a table does not pay."""


class _Template(NamedTuple):
    """A rating of a form as it stands in the response."""

    blank: npt.NDArray[np.uint8]
    numbers: npt.NDArray[np.intp]
    """Where the bytes of the cost are, then those of each line's quantity, then those of each line's cost."""


def ratings(batch: PricedBatch, events: int) -> bytes:
    """The field `ratings` of the batch's PriceBatchResponse; ratings of what was refused are empty."""
    found = [_element(b"")] * events
    for some in batch.alike:
        for position, element in zip(some.rows.tolist(), _elements(some), strict=True):
            found[position] = element
    for position, priced in batch.alone.items():
        found[position] = _alone(priced)
    return b"".join(found)


def _alone(priced: Priced) -> bytes:
    rating = Rating()
    priced.fill_in(rating)
    return _element(rating.SerializeToString())


def _element(rating: bytes) -> bytes:
    return _RATINGS + encode_varint(len(rating)) + rating


def _elements(some: Alike) -> Iterator[bytes]:
    template = _template(some.form.blank) if some.plain and len(some.rows) >= _FEW else None
    if template is None:
        yield from map(_alone, some.priced())
        return
    table = np.tile(template.blank, (len(some.costs), 1))
    table[:, template.numbers] = _varints(some)
    whole, width = table.tobytes(), table.shape[1]
    for start in range(0, len(whole), width):
        yield whole[start : start + width]


def _varints(some: Alike) -> npt.NDArray[np.uint8]:
    numbers = np.column_stack([some.costs, *some.quantities, *some.amounts])
    sevens = (numbers[:, :, None] >> _SHIFTS & 0x7F | _GOES_ON).astype(np.uint8)
    return sevens.reshape(len(some.costs), -1)


@lru_cache(maxsize=4_096)
def _template(blank: bytes) -> _Template | None:
    """None where a text or a price happens to look like one of the marks."""
    rating = Rating.FromString(blank)
    marks = range(_MARK, _MARK + 1 + 2 * len(rating.lines))
    rating.cost_picos, quantities, amounts = marks[0], marks[1 : 1 + len(rating.lines)], marks[1 + len(rating.lines) :]
    for line, quantity, amount in zip(rating.lines, quantities, amounts, strict=True):
        line.quantity, line.cost_picos = quantity, amount
    element = _element(rating.SerializeToString())
    encoded = [encode_varint(mark) for mark in marks]
    if any(element.count(mark) != 1 for mark in encoded):
        return None
    places: Sequence[int] = [element.index(mark) + byte for mark in encoded for byte in range(_WIDTH)]
    return _Template(np.frombuffer(element, dtype=np.uint8), np.array(places))
