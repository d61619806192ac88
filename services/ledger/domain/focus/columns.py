"""The columns of FOCUS's dataset Cost and Usage in versions 1.2 and 1.3, and ours beside them.

All columns of a version are in its files. Those that metered AI usage never fills (commitment discounts, capacity
reservations, resources, split allocations) are empty, so that files of other sources can stand in the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Version(StrEnum):
    """Of the specification."""

    V1_2 = "1.2"
    V1_3 = "1.3"


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    JSON = "json"
    """Text that is one JSON object."""
    TIME = "time"
    """Microseconds since the epoch, UTC."""
    MONEY = "money"
    """Picodollars; written as dollars with 12 decimals."""
    PRICE = "price"
    """Millionths of a picodollar; written as dollars with 18 decimals."""
    QUANTITY = "quantity"
    """Millionths; written with 6 decimals."""
    COUNT = "count"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `nulls`: it may be empty."""

    name: str
    kind: Kind = Kind.TEXT
    nulls: bool = True
    since: Version = Version.V1_2


def _required(name: str, kind: Kind = Kind.TEXT) -> Column:
    return Column(name, kind, nulls=False)


_FOCUS: tuple[Column, ...] = (
    Column("AllocatedMethodDetails", Kind.JSON, since=Version.V1_3),
    Column("AllocatedMethodId", since=Version.V1_3),
    Column("AllocatedResourceId", since=Version.V1_3),
    Column("AllocatedResourceName", since=Version.V1_3),
    Column("AllocatedTags", Kind.JSON, since=Version.V1_3),
    Column("AvailabilityZone"),
    _required("BilledCost", Kind.MONEY),
    _required("BillingAccountId"),
    _required("BillingAccountName"),
    _required("BillingAccountType"),
    _required("BillingCurrency"),
    _required("BillingPeriodEnd", Kind.TIME),
    _required("BillingPeriodStart", Kind.TIME),
    Column("CapacityReservationId"),
    Column("CapacityReservationStatus"),
    _required("ChargeCategory"),
    Column("ChargeClass"),
    _required("ChargeDescription"),
    _required("ChargeFrequency"),
    _required("ChargePeriodEnd", Kind.TIME),
    _required("ChargePeriodStart", Kind.TIME),
    Column("CommitmentDiscountCategory"),
    Column("CommitmentDiscountId"),
    Column("CommitmentDiscountName"),
    Column("CommitmentDiscountQuantity", Kind.QUANTITY),
    Column("CommitmentDiscountStatus"),
    Column("CommitmentDiscountType"),
    Column("CommitmentDiscountUnit"),
    Column("ConsumedQuantity", Kind.QUANTITY),
    Column("ConsumedUnit"),
    Column("ContractApplied", Kind.JSON, since=Version.V1_3),
    _required("ContractedCost", Kind.MONEY),
    Column("ContractedUnitPrice", Kind.PRICE),
    _required("EffectiveCost", Kind.MONEY),
    Column("HostProviderName", since=Version.V1_3),
    Column("InvoiceId"),
    _required("InvoiceIssuerName"),
    _required("ListCost", Kind.MONEY),
    Column("ListUnitPrice", Kind.PRICE),
    Column("PricingCategory"),
    _required("PricingCurrency"),
    Column("PricingCurrencyContractedUnitPrice", Kind.PRICE),
    _required("PricingCurrencyEffectiveCost", Kind.MONEY),
    Column("PricingCurrencyListUnitPrice", Kind.PRICE),
    Column("PricingQuantity", Kind.QUANTITY),
    Column("PricingUnit"),
    _required("ProviderName"),
    _required("PublisherName"),
    Column("RegionId"),
    Column("RegionName"),
    Column("ResourceId"),
    Column("ResourceName"),
    Column("ResourceType"),
    _required("ServiceCategory"),
    _required("ServiceName"),
    Column("ServiceProviderName", nulls=False, since=Version.V1_3),
    _required("ServiceSubcategory"),
    Column("SkuId"),
    Column("SkuMeter"),
    Column("SkuPriceDetails", Kind.JSON),
    Column("SkuPriceId"),
    Column("SubAccountId"),
    Column("SubAccountName"),
    Column("SubAccountType"),
    Column("Tags", Kind.JSON),
)

_OURS: tuple[Column, ...] = (
    Column("x_Team"),
    Column("x_User"),
    Column("x_Project"),
    Column("x_Key"),
    Column("x_Tool"),
    Column("x_Environment"),
    Column("x_Model"),
    Column("x_Source"),
    Column("x_ServiceTier"),
    _required("x_Batch", Kind.FLAG),
    Column("x_Bucket"),
    _required("x_PricingStatus"),
    Column("x_PriceId"),
    _required("x_Events", Kind.COUNT),
    _required("x_UnpricedEvents", Kind.COUNT),
    _required("x_ShadowCost", Kind.MONEY),
    Column("x_CorrectionKind"),
    _required("x_Measurement"),
)


def columns(version: Version) -> tuple[Column, ...]:
    """The columns of a file, in the order they are written: the specification's by name, then ours."""
    return tuple(column for column in _FOCUS if column.since <= version) + _OURS
