"""One place on the bill of one day: why the amount there is not what was metered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction

from services.common.money import Picos, round_half_even
from services.ledger.domain.bill_rows import CREDITS


class Cause(IntEnum):
    """In the order in which they are told; the numbers are those of `finops.ledger.v1.BillCause`."""

    UNPRICED = 1
    NO_REPORT = 2
    MISSING_EVENTS = 3
    EXTRA_EVENTS = 4
    ROUNDING = 5
    DISCOUNT = 6
    PRICE = 7
    UNATTRIBUTED = 8
    SEATS = 9
    TAX = 10
    PURCHASE = 11
    BOOKED = 12
    UNEXPLAINED = 13


@dataclass
class Cell:
    """What a report and the meter say of one place. Amounts of use only; the rest of the bill is in `explained`."""

    billed: dict[str, Picos] = field(default_factory=dict)
    """Of use, by bucket of tokens; under "" what is told of no bucket."""
    slack: Picos = 0
    billed_tokens: dict[str, int] = field(default_factory=dict)
    """Empty: no report counts any."""
    rated: bool = False
    """`billed` is not an amount of the bill but what the ledger rates the reported usage at."""
    metered: Picos = 0
    """Of use, after what is spread from places the bill does not know."""
    shadow: Picos = 0
    tokens: dict[str, int] = field(default_factory=dict)
    was_billed: bool = False
    was_metered: bool = False
    reported_total: Picos = 0
    """Everything the bill says here."""
    metered_total: Picos = 0
    """Everything that was metered here."""
    explained: dict[Cause, Picos] = field(default_factory=dict)

    @property
    def difference(self) -> Picos:
        return self.reported_total - self.metered_total

    def explain(self, cause: Cause, amount: Picos) -> None:
        if amount:
            self.explained[cause] = self.explained.get(cause, 0) + amount
            if not self.explained[cause]:
                del self.explained[cause]

    @property
    def rest(self) -> Picos:
        """What no cause was found for yet."""
        return self.difference - sum(self.explained.values())


def explain_use(cell: Cell) -> Fraction | None:
    """Explains the use of a cell. What is left at the end is at the price, and `rest` is it.

    Returns:
        Where the tokens are the same and the price is not: billed for metered. None where nothing is left to say, or
        nothing can be said; then the rest is booked as unexplained.
    """
    if cell.rated:
        _explain_rated(cell)
        return None
    uncounted = _explain_tokens(cell)
    if cell.shadow and cell.rest > 0:
        cell.explain(Cause.UNPRICED, min(cell.shadow, cell.rest))
    if abs(cell.rest) <= cell.slack:
        cell.explain(Cause.ROUNDING, cell.rest)
        return None
    expected = cell.metered + cell.explained.get(Cause.UNPRICED, 0)
    if not cell.billed_tokens or expected <= 0:
        cell.explain(Cause.UNEXPLAINED, cell.rest)
        return None
    if cell.rest > 0:
        # Amounts for what nobody counts in tokens are no dearer tokens.
        cell.explain(Cause.UNEXPLAINED, min(uncounted, cell.rest))
    return Fraction(expected + cell.rest, expected) if cell.rest else None


def _explain_rated(cell: Cell) -> None:
    """Both sides are rated by the ledger: they differ by tokens, or because the report lumps requests together."""
    reported, metered = sum(cell.billed_tokens.values()), sum(cell.tokens.values())
    if cell.shadow and cell.rest > 0:
        cell.explain(Cause.UNPRICED, min(cell.shadow, cell.rest))
    if cell.rest > 0 and reported > metered:
        cell.explain(Cause.MISSING_EVENTS, cell.rest)
    elif cell.rest < 0 and reported < metered:
        cell.explain(Cause.EXTRA_EVENTS, cell.rest)
    else:
        cell.explain(Cause.PRICE, cell.rest)


def _explain_tokens(cell: Cell) -> Picos:
    """Missing and extra events, at the price of a token that the bill itself comes to, bucket by bucket.

    Returns:
        What is billed for no tokens at all.
    """
    uncounted = 0
    if cell.billed_tokens or cell.was_billed:
        for billed, reported, metered in _pools(cell):
            if not reported:
                uncounted += billed
                continue
            worth = round_half_even(Fraction(billed * (reported - metered), reported))
            cell.explain(Cause.MISSING_EVENTS if worth > 0 else Cause.EXTRA_EVENTS, worth)
    elif cell.was_metered:
        cell.explain(Cause.EXTRA_EVENTS, cell.rest)
    return uncounted


def _pools(cell: Cell) -> list[tuple[Picos, int, int]]:
    """Amount, reported tokens and metered tokens: of each bucket with an amount of its own, and of all others."""
    own = [bucket for bucket in cell.billed if bucket and cell.billed_tokens.get(bucket)]
    pools = [(cell.billed[b], cell.billed_tokens[b], cell.tokens.get(b, 0)) for b in own]
    other = sum(amount for bucket, amount in cell.billed.items() if bucket not in own)
    return [*pools, (other, _others(cell.billed_tokens, own), _others(cell.tokens, own))]


def _others(tokens: Mapping[str, int], own: list[str]) -> int:
    return sum(count for bucket, count in tokens.items() if bucket not in own and bucket != CREDITS)
