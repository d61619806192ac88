"""How many tokens a billed quantity is."""

from __future__ import annotations

import re
from decimal import Decimal

_UNIT = re.compile(r"(?P<number>\d+)?\s*(?P<scale>k|thousand|m|million)?\s*(?P<of>tokens?|counts?|requests?|units?)?")
_SCALES = {"k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6}


def tokens_of(quantity: Decimal, unit: str, meter: str = "", description: str = "") -> int | None:
    """How many tokens a quantity is, for a meter that counts tokens; None where the unit does not say.

    Args:
        quantity: as billed.
        unit: `1K tokens`, `Tokens`, `1M`, `count`; Google's usage unit of a token is a `request`.
        meter: an AWS usage type. A `Unit` of an AWS Marketplace product is a million tokens, unless its description
            says a thousand.
        description: of the row.
    """
    read = _UNIT.fullmatch(unit.strip().lower())
    if read is None or not unit.strip():
        return None
    per_unit = int(read["number"] or 1) * _SCALES.get(read["scale"] or "", 1)
    if (read["of"] or "").startswith("unit") and "MP:" in meter:
        per_unit = 10**3 if "thousand" in description.lower() else 10**6
    return round(quantity * per_unit)
