"""Reading a contract price as a caller sends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from finops.pricing.v1.pricing_pb2 import BucketPrice, Price

from services.common.clock import Micros
from services.common.dimensions import BUCKETS
from services.common.errors import FieldViolation, InvalidArgumentError
from services.common.money import Picos
from services.pricing.domain.names import Catalogue
from services.pricing.domain.overrides import Override
from services.pricing.domain.prices import Ladder
from services.pricing.domain.tiers import served

_MAX_NAME = 256
LATEST: Micros = 10_000_000_000 * 1_000_000
"""In the year 2286, where ClickHouse's DateTime64 still reaches."""


def override_of(price: Price, tenant_id: str, catalogue: Catalogue, now: Micros) -> Override:
    """The contract price, its names spelt as the book spells them. A seat's price is for one UTC day.

    Raises:
        InvalidArgumentError: names every field that is wrong.
    """
    faults: list[FieldViolation] = []
    for field, value in (("provider", price.provider), ("model", price.model)):
        if not 0 < len(value.strip()) <= _MAX_NAME:
            faults.append(FieldViolation(f"price.{field}", f"1 to {_MAX_NAME} characters"))
    starts, ends = price.effective_from_unix_micros or now, price.effective_to_unix_micros
    if not 0 <= starts < LATEST:
        faults.append(FieldViolation("price.effective_from_unix_micros", "from 1970 to 2286, or 0 for now"))
    if ends and not starts < ends < LATEST:
        faults.append(FieldViolation("price.effective_to_unix_micros", "after effective_from, or 0 for no end"))
    ladders, more = ladders_of(price.buckets, "price")
    faults += more
    if faults:
        raise InvalidArgumentError("the contract price cannot be used", violations=faults)
    tier, batch = served(price.service_tier, price.batch)
    return Override(
        tenant_id=tenant_id,
        provider=catalogue.provider_id(price.provider),
        model=price.model.strip().lower(),
        service_tier=tier,
        batch=batch,
        prices=ladders,
        effective_from=starts,
        effective_to=ends,
        recorded=now,
        source=price.source[:_MAX_NAME],
    )


def ladders_of(buckets: Sequence[BucketPrice], path: str) -> tuple[dict[str, Ladder], list[FieldViolation]]:
    """The prices by bucket, and what is wrong with them. `path`: of the message that has the `buckets`."""
    steps: dict[str, dict[int, Picos]] = defaultdict(dict)
    faults: list[FieldViolation] = []
    if not buckets:
        faults.append(FieldViolation(f"{path}.buckets", "at least one"))
    for position, entry in enumerate(buckets):
        place = f"{path}.buckets[{position}]"
        if entry.bucket not in BUCKETS:
            faults.append(FieldViolation(f"{place}.bucket", f"one of {', '.join(BUCKETS)}"))
        if entry.price_picos_per_million < 0:
            faults.append(FieldViolation(f"{place}.price_picos_per_million", "zero or more"))
        if entry.above_input_tokens < 0:
            faults.append(FieldViolation(f"{place}.above_input_tokens", "zero or more"))
        if entry.above_input_tokens in steps[entry.bucket]:
            faults.append(FieldViolation(place, "the same bucket and threshold twice"))
        steps[entry.bucket][entry.above_input_tokens] = entry.price_picos_per_million
    for bucket, ladder in steps.items():
        if 0 not in ladder:
            faults.append(FieldViolation(f"{path}.buckets", f"{bucket} has no base price (above_input_tokens = 0)"))
    return {bucket: tuple(sorted(ladder.items())) for bucket, ladder in steps.items()}, faults
