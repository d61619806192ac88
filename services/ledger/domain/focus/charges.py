"""What one revision of an event costs, as charges: one for each bucket, and one for an amount that no bucket explains.

The four costs of an event's charges add up to the four of its rating exactly, whatever the rating's lines say.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from operator import add, sub
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostLine, CostRecord, Rating
from finops.usage.v1.usage_pb2 import CorrectionKind, Measurement, UsageEvent

from services.common import cost_lines, dimensions
from services.common.money import Picos, cost_of

CHARGE_TAG = "charge"
"""Tag that says what kind of charge an amount is, as bills are imported with it."""

_TAGGED = frozenset({"Tax", "Credit", "Purchase", "Adjustment"})
_SEATS = "seats"


class Category(StrEnum):
    """FOCUS's ChargeCategory."""

    USAGE = "Usage"
    PURCHASE = "Purchase"
    TAX = "Tax"
    CREDIT = "Credit"
    ADJUSTMENT = "Adjustment"


class Status(StrEnum):
    """Whether and how a charge has a price."""

    PRICED = "Priced"
    AMOUNT = "Amount"
    """It is an amount, not a quantity at a price."""
    FREE = "Not charged"
    UNPRICED = "Unpriced"
    """Nobody knows its price: it is missing from every cost."""


class Attribution(NamedTuple):
    """Whose a charge is. Texts may be empty."""

    tenant: str
    provider: str
    tool: str
    model: str
    team: str
    user: str
    project: str
    key: str
    environment: str
    source: str
    service_tier: str
    region: str
    batch: bool
    tags: tuple[tuple[str, str], ...]


class Charge(NamedTuple):
    """What tells one row from another, beside its periods."""

    attribution: Attribution
    category: Category
    status: Status
    bucket: str
    """A field of Quantities; empty for an amount."""
    list_price: Picos
    """Picodollars for a million of the bucket's units; zero for what has none."""
    contracted_price: Picos
    price_id: str


class Amounts(NamedTuple):
    """Adds up. `quantity` is in the bucket's own units, costs are picodollars."""

    quantity: int = 0
    listed: Picos = 0
    contracted: Picos = 0
    effective: Picos = 0
    billed: Picos = 0
    events: int = 0
    unpriced_events: int = 0
    shadow: Picos = 0

    def plus(self, other: Amounts) -> Amounts:
        """The sum."""
        return Amounts(*map(add, self, other))

    def minus(self, other: Amounts) -> Amounts:
        """The difference."""
        return Amounts(*map(sub, self, other))


def is_reported(record: CostRecord) -> bool:
    """A figure of a provider's own report, which is no spend."""
    return record.usage.measurement == Measurement.MEASUREMENT_REPORTED


def charges(record: CostRecord) -> list[tuple[Charge, Amounts]]:
    """All that a revision counts (not what it changes); at least one charge. The event is counted on its first one, an
    unpriced event and its shadow cost on the first that has no price."""
    usage, rating = record.usage, record.rating
    whose = _attribution(usage)
    found = [
        *_priced(whose, rating),
        *_without_price(whose, usage, rating),
    ]
    rest = _rest(rating, found)
    if any(rest) or not found:
        found += _amount(whose, usage, rating, rest, alone=not rating.lines)
    _count(found, 0, Amounts(events=1))
    doubtful = next((at for at, (charge, _) in enumerate(found) if charge.status is Status.UNPRICED), 0)
    unpriced = int(bool(rating.unpriced_buckets))
    _count(found, doubtful, Amounts(unpriced_events=unpriced, shadow=rating.shadow_cost_picos))
    return found


def _count(found: list[tuple[Charge, Amounts]], at: int, more: Amounts) -> None:
    charge, amounts = found[at]
    found[at] = (charge, amounts.plus(more))


def _attribution(usage: UsageEvent) -> Attribution:
    return Attribution(
        tenant=usage.tenant_id,
        provider=usage.provider,
        tool=usage.tool,
        model=usage.model,
        team=usage.team,
        user=usage.user,
        project=usage.project,
        key=usage.key,
        environment=usage.environment,
        source=usage.source,
        service_tier=usage.service_tier,
        region=usage.region,
        batch=usage.batch,
        tags=tuple(sorted(usage.tags.items())),
    )


def _priced(whose: Attribution, rating: Rating) -> Iterator[tuple[Charge, Amounts]]:
    billed_like_effective = not rating.HasField("billed_cost_picos") or rating.billed_cost_picos == rating.cost_picos
    billed = billed_like_effective or rating.billed_cost_picos != 0
    prices = [_prices(line) for line in rating.lines]
    agreed = _agreed(rating, [price for price, _ in prices])
    for line, (_, listed), price in zip(rating.lines, prices, agreed, strict=True):
        amounts = Amounts(
            quantity=line.quantity,
            listed=cost_of(line.quantity, listed),
            contracted=cost_of(line.quantity, price),
            effective=line.cost_picos,
            billed=line.cost_picos if billed else 0,
        )
        charge = Charge(whose, Category.USAGE, Status.PRICED, line.bucket, listed, price, rating.price_id)
        if line.bucket == _SEATS:
            yield from _purchase(charge, amounts)
        else:
            yield charge, amounts


def _agreed(rating: Rating, prices: list[Picos]) -> list[Picos]:
    """The contract's prices of the lines, which have them with a mark-up. It raises all alike, so it is what the whole
    event costs beyond the contract; where taking it off does not give the contracted cost exactly, it is left on."""
    total, effective = rating.contracted_cost_picos, rating.cost_picos
    if not rating.HasField("contracted_cost_picos") or total == effective or not effective:
        return prices
    agreed = [Fraction(price * total, effective) for price in prices]
    costs = (cost_of(line.quantity, price.numerator) for line, price in zip(rating.lines, agreed, strict=True))
    exact = all(price.denominator == 1 for price in agreed) and sum(costs) == total
    return [price.numerator for price in agreed] if exact and total > 0 else prices


def _prices(line: CostLine) -> tuple[Picos, Picos]:
    """What the line was priced at, and what the list says, for a million units."""
    priced, listed = cost_lines.price(line), cost_lines.list_price(line)
    return priced, priced if listed is None else listed


def _purchase(charge: Charge, amounts: Amounts) -> Iterator[tuple[Charge, Amounts]]:
    """What was bought ahead, and its use. FOCUS bills the purchase, whose effective cost is 0, and counts the effective
    cost with the use that it covers; the list and contracted costs go with the purchase."""
    if amounts.effective:
        yield charge, Amounts(quantity=amounts.quantity, effective=amounts.effective)
    yield charge._replace(category=Category.PURCHASE), amounts._replace(effective=0)


def _without_price(whose: Attribution, usage: UsageEvent, rating: Rating) -> Iterator[tuple[Charge, Amounts]]:
    lined = {line.bucket for line in rating.lines}
    unpriced = frozenset(rating.unpriced_buckets)
    for bucket, quantity in dimensions.quantities(usage.quantities).items():
        if bucket not in lined:
            status = Status.UNPRICED if bucket in unpriced else Status.FREE
            yield Charge(whose, Category.USAGE, status, bucket, 0, 0, ""), Amounts(quantity=quantity)


def _rest(rating: Rating, found: list[tuple[Charge, Amounts]]) -> tuple[Picos, Picos, Picos, Picos]:
    """What the rating's four costs say beyond the charges."""
    effective = rating.cost_picos
    listed = rating.list_cost_picos if rating.HasField("list_cost_picos") else effective
    contracted = rating.contracted_cost_picos if rating.HasField("contracted_cost_picos") else effective
    billed = rating.billed_cost_picos if rating.HasField("billed_cost_picos") else effective
    return (
        listed - sum(amounts.listed for _, amounts in found),
        contracted - sum(amounts.contracted for _, amounts in found),
        effective - sum(amounts.effective for _, amounts in found),
        billed - sum(amounts.billed for _, amounts in found),
    )


def _amount(
    whose: Attribution, usage: UsageEvent, rating: Rating, rest: tuple[Picos, Picos, Picos, Picos], *, alone: bool
) -> Iterator[tuple[Charge, Amounts]]:
    """The rest of the costs as a charge of its own; `alone`: it is all that the event costs."""
    listed, contracted, effective, billed = rest
    category = _category(usage, effective) if alone else Category.ADJUSTMENT
    charge = Charge(whose, category, Status.AMOUNT, "", 0, 0, rating.price_id)
    amounts = Amounts(1, listed, contracted, effective, billed)
    if category is Category.PURCHASE:
        yield from _purchase(charge._replace(category=Category.USAGE), amounts)
    else:
        yield charge, amounts


def _category(usage: UsageEvent, effective: Picos) -> Category:
    tagged = usage.tags.get(CHARGE_TAG, "")
    if tagged in _TAGGED:
        return Category(tagged)
    if dimensions.quantities(usage.quantities):
        return Category.USAGE
    kind = usage.correction.kind
    if kind == CorrectionKind.CORRECTION_KIND_MANUAL_ADJUSTMENT:
        return Category.ADJUSTMENT
    if kind == CorrectionKind.CORRECTION_KIND_SETTLEMENT:
        return Category.CREDIT if effective < 0 else Category.ADJUSTMENT
    return Category.USAGE
