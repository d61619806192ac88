"""Cost records of every kind that an export meets, with prices written out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from finops.cost.v1.cost_pb2 import CostLine, CostRecord, LogPosition, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, Measurement, Outcome, Quantities, UsageEvent

from services.common.clock import Micros, parse_rfc3339
from services.common.dimensions import BUCKETS
from tests.unit.ledger.records import INCARNATION, event_key

DAY_START: Micros = parse_rfc3339("2026-03-10T00:00:00Z")
AT: Micros = parse_rfc3339("2026-03-10T12:00:00Z")
DOLLAR = 10**12
GPT_4O = {"input_tokens": 5 * DOLLAR // 2, "cache_read_tokens": 5 * DOLLAR // 4, "output_tokens": 10 * DOLLAR}
"""Picodollars for a million: $2.50, $1.25 and $10."""


def line(bucket: str, quantity: int, price: int, listed: int | None = None) -> CostLine:
    """A line whose cost is whole picodollars."""
    cost, rest = divmod(quantity * price, 1_000_000)
    assert not rest
    made = CostLine(bucket=bucket, quantity=quantity, price_picos_per_million=price, cost_picos=cost)
    if listed is not None:
        made.list_price_picos_per_million = listed
    return made


def rating(*lines: CostLine, unpriced: tuple[str, ...] = (), shadow: int = 0, **views: int) -> Rating:
    """`views`: list, contracted, billed; without one it is the effective cost, the sum of the lines."""
    status = RatingStatus.RATING_STATUS_PARTIAL if lines else RatingStatus.RATING_STATUS_UNPRICED
    made = Rating(
        cost_picos=sum(each.cost_picos for each in lines),
        shadow_cost_picos=shadow,
        status=status if unpriced else RatingStatus.RATING_STATUS_PRICED,
        lines=lines,
        unpriced_buckets=unpriced,
        price_id="openai/gpt-4o" if lines else "",
        price_book_version="2026-03-01" if lines else "",
    )
    for view, picos in views.items():
        setattr(made, f"{view}_cost_picos", picos)
    return made


def priced(quantities: Mapping[str, int], prices: Mapping[str, int] = GPT_4O) -> Rating:
    """At list prices."""
    return rating(
        *(line(bucket, quantity, prices[bucket]) for bucket, quantity in quantities.items() if bucket in prices)
    )


def amount(picos: int, **views: int) -> Rating:
    """What a vendor bills for the event itself."""
    made = rating(**views)
    made.cost_picos, made.price_id = picos, "gateway (billed)"
    return made


def record(
    event: str,
    quantities: Mapping[str, int],
    rated: Rating,
    *,
    revision: int = 1,
    before: CostRecord | None = None,
    tenant: str = "acme",
    time: Micros = AT,
    reported: bool = False,
    outcome: Outcome = Outcome.OUTCOME_UNSPECIFIED,
    correction: CorrectionKind = CorrectionKind.CORRECTION_KIND_UNSPECIFIED,
    batch: bool = False,
    region: str = "",
    tags: Mapping[str, str] | None = None,
    **dimensions: str,
) -> CostRecord:
    """A revision, with deltas from the one before."""
    usage = UsageEvent(
        event_key=event_key(tenant, event),
        content_hash=hashlib.blake2b(f"{event}/{revision}".encode(), digest_size=16).digest(),
        tenant_id=tenant,
        source_event_id=event,
        time_unix_micros=time,
        received_unix_micros=time + 1_000_000,
        quantities=Quantities(**quantities),
        measurement=Measurement.MEASUREMENT_REPORTED if reported else Measurement.MEASUREMENT_UNSPECIFIED,
        outcome=outcome,
        batch=batch,
        region=region,
        tags=tags or {},
        **{"source": "checkout", "provider": "openai", "model": "gpt-4o", "team": "search"} | dimensions,
    )
    if correction:
        usage.correction.CopyFrom(Correction(kind=correction, author="ann", reason="test"))
    old = before.rating if before is not None else Rating()
    made = CostRecord(
        usage=usage,
        revision=revision,
        rating=rated,
        cost_delta_picos=rated.cost_picos - old.cost_picos,
        shadow_cost_delta_picos=rated.shadow_cost_picos - old.shadow_cost_picos,
        quantity_delta=_difference(usage.quantities, before.usage.quantities if before else Quantities()),
        unpriced_events_delta=bool(rated.unpriced_buckets) - bool(old.unpriced_buckets),
        events_delta=int(before is None),
        usage_position=LogPosition(incarnation=INCARNATION, partition=0, offset=0),
    )
    for view in ("list", "contracted", "billed"):
        setattr(made, f"{view}_cost_delta_picos", _view(rated, view) - _view(old, view))
    return made


def samples() -> list[CostRecord]:
    """One revision each of many events on one day: every category, status and unit."""
    usage = {"input_tokens": 900, "cache_read_tokens": 100, "output_tokens": 50, "requests": 1}
    agreed = rating(line("input_tokens", 1_000, 2 * DOLLAR, listed=GPT_4O["input_tokens"]), list=2_500_000_000)
    seat = rating(line("seats", 1, 633_333_333_333 * 1_000_000))
    return [
        *(record(f"plain-{number}", usage, priced(usage)) for number in range(5)),
        record("who", usage, priced(usage), user="ann@example.com", project="ranker", key="prod-1", tool="api",
               environment="prod", region="eu-west-1", tags={"feature": "answers", "näme": 'quo"ted, ünï'}),
        record("batch", usage, priced(usage, {name: price // 2 for name, price in GPT_4O.items()}), batch=True),
        record("flex", usage, priced(usage, {name: price // 2 for name, price in GPT_4O.items()}), service_tier="flex"),
        record("agreed", {"input_tokens": 1_000}, agreed),
        record("marketplace", {"input_tokens": 1_000_000}, rating(
               line("input_tokens", 1_000_000, 2_253_125_000_000, listed=GPT_4O["input_tokens"]),
               list=2_500_000_000_000, contracted=2_187_500_000_000)),
        record("covered", usage, with_fields(priced(usage), {"billed_cost_picos": 0})),
        record("marked-up", usage, with_fields(priced(usage), {"billed_cost_picos": priced(usage).cost_picos + 123})),
        record("searched", {"web_searches": 3, "requests": 1}, rating(line("web_searches", 3, 10_000 * DOLLAR))),
        record("spoken", {"audio_milliseconds": 61_500}, rating(line("audio_milliseconds", 61_500, DOLLAR // 10)),
               model="whisper-1"),
        *(record(f"seat-{number}", {"seats": 1}, seat, provider="github", model="copilot-business", tool="copilot",
                 user=f"user-{number}") for number in range(3)),
        record("included", {"credit_micros": 1_000_000}, with_fields(rating(CostLine(
                   bucket="credit_micros", quantity=1_000_000, price_picos_per_million=40_000_000_000)),
               {"list_cost_picos": 40_000_000_000}), provider="cursor", model="pro", tool="cursor"),
        record("dear", {"seats": 1}, rating(CostLine(bucket="seats", quantity=1, cost_picos=20 * DOLLAR,
               price_picos_per_unit=20 * DOLLAR, list_price_picos_per_unit=25 * DOLLAR), list=25 * DOLLAR),
               provider="vendor", model="enterprise", tool="vendor"),
        record("credits", {"credit_micros": 2_500_000}, rating(line("credit_micros", 2_500_000, 40_000_000_000)),
               provider="cursor", model="pro", tool="cursor"),
        record("unpriced", usage, rating(unpriced=("input_tokens", "cache_read_tokens", "output_tokens"), shadow=777),
               model="brand-new"),
        record("half", usage, rating(line("input_tokens", 900, GPT_4O["input_tokens"]), unpriced=("output_tokens",),
                                     shadow=55)),
        record("failed", {"input_tokens": 10, "requests": 1}, Rating(), outcome=Outcome.OUTCOME_FAILED),
        record("nothing", {}, Rating(), outcome=Outcome.OUTCOME_FAILED),
        record("billed", usage, amount(4_200_000_001), source="gateway"),
        record("billed-2", usage, amount(1), source="gateway"),
        record("refund", {}, amount(-5_000_000), source="gateway", tool="refunds"),
        record("apart", {}, amount(-5_000_000, list=7), source="gateway", tool="apart"),
        record("by-hand", {}, amount(-DOLLAR), correction=CorrectionKind.CORRECTION_KIND_MANUAL_ADJUSTMENT),
        record("credit", {}, amount(-2 * DOLLAR), correction=CorrectionKind.CORRECTION_KIND_SETTLEMENT),
        record("tax", {}, amount(19 * DOLLAR // 100), tags={"charge": "Tax"}),
        record("bought", {}, amount(3 * DOLLAR), tags={"charge": "Purchase"}),
        record("paid", {}, amount(0, billed=9 * DOLLAR), tags={"charge": "Purchase"},
               correction=CorrectionKind.CORRECTION_KIND_SETTLEMENT),
        record("lost", {}, amount(4 * DOLLAR, billed=0), correction=CorrectionKind.CORRECTION_KIND_SETTLEMENT),
        record("beyond", {}, amount(0, billed=DOLLAR), correction=CorrectionKind.CORRECTION_KIND_SETTLEMENT),
        record("nobody", usage, priced(usage), provider="", model="", team="", source=""),
        record("told", usage, amount(9 * DOLLAR), reported=True),
    ]  # fmt: skip


def with_fields(made: Rating, fields: Mapping[str, int]) -> Rating:
    """The rating itself, changed."""
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _view(rated: Rating, view: str) -> int:
    field = f"{view}_cost_picos"
    found: int = getattr(rated, field) if rated.HasField(field) else rated.cost_picos
    return found


def _difference(now: Quantities, before: Quantities) -> Quantities:
    return Quantities(**{bucket: getattr(now, bucket) - getattr(before, bucket) for bucket in BUCKETS})
