"""Which budgets are allowed, and what an update may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from finops.budget.v1 import budget_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.budget.domain import codec
from services.budget.domain.faults import faults
from services.budget.domain.faults.values import MAX_AMOUNT as MAX_AMOUNT
from services.budget.domain.names import check_id as check_id
from services.budget.domain.names import id_of as id_of
from services.budget.domain.terms import TemporaryIncrease, Terms
from services.common.errors import InvalidArgumentError

_SET_BY_THE_SERVICE = ("name", "create_unix_micros", "update_unix_micros", "etag")

UPDATABLE = tuple(name for name in pb.Budget.DESCRIPTOR.fields_by_name if name not in _SET_BY_THE_SERVICE)
"""Fields an update mask may name."""


def terms_of(message: pb.Budget) -> Terms:
    """The terms a message asks for.

    Raises:
        InvalidArgumentError: with a violation for each field that is wrong.
    """
    violations = faults(message)
    if violations:
        listed = "; ".join(f"{v.field}: {v.description}" for v in violations)
        raise InvalidArgumentError(f"the budget cannot be stored: {listed}", violations=violations)
    return codec.terms_of(message)


def masked(current: pb.Budget, wanted: pb.Budget, paths: Iterable[str]) -> pb.Budget:
    """`current` with the fields named by an update mask taken from `wanted`; no path, or `*`, names every field.

    Raises:
        InvalidArgumentError: a path that cannot be updated.
    """
    named = list(paths)
    unknown = [path for path in named if path != "*" and path not in UPDATABLE]
    if unknown:
        raise InvalidArgumentError.of("update_mask", f"{unknown[0]!r} cannot be updated: use {', '.join(UPDATABLE)}")
    mask = FieldMask(paths=UPDATABLE if not named or "*" in named else named)
    result = pb.Budget()
    result.CopyFrom(current)
    mask.MergeMessage(wanted, result, replace_message_field=True, replace_repeated_field=True)
    return result


def signed(terms: Terms, before: Sequence[TemporaryIncrease], author: str) -> Terms:
    """The terms with the name of whoever asked for each increase: those that were there before keep theirs, new and
    changed ones get this author's."""
    known = {replace(increase, author=""): increase for increase in before}
    bare = [replace(increase, author="") for increase in terms.increases]
    return replace(terms, increases=tuple(known.get(i, replace(i, author=author)) for i in bare))
