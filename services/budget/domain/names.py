"""Names of budgets: `budgets/{id}`."""

from __future__ import annotations

import re

from services.budget.domain.codec import NAME_PREFIX
from services.common.errors import InvalidArgumentError, NotFoundError

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def is_id(text: str) -> bool:
    """1 to 63 lower-case letters, digits and dashes, a letter first and no dash last."""
    return _ID.fullmatch(text) is not None


def check_id(budget_id: str) -> str:
    """The id, if a new budget may bear it.

    Raises:
        InvalidArgumentError: it is none.
    """
    if not is_id(budget_id):
        raise InvalidArgumentError.of(
            "budget_id", "1 to 63 lower-case letters, digits and dashes; starts with a letter, does not end with a dash"
        )
    return budget_id


def id_of(name: str, field: str = "name") -> str:
    """The id in a resource name.

    Raises:
        InvalidArgumentError: not of the form `budgets/{budget}`.
        NotFoundError: no budget can bear this id.
    """
    if not name.startswith(NAME_PREFIX):
        raise InvalidArgumentError.of(field, f"must read budgets/{{budget}}, not {name[:80]!r}")
    budget_id = name.removeprefix(NAME_PREFIX)
    if not is_id(budget_id):
        raise NotFoundError(f"no budget {name[:80]!r}")
    return budget_id
