"""The published rules of FOCUS's columns, for every row: what must be there, what must not, and what must agree.

Written from the specification's own requirements (focus.finops.org, versions 1.2 and 1.3, dataset Cost and Usage): the
official validator has rules for 1.2 in its package and fetches those of 1.3 from the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

_NEVER_NULL = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName",
    "ListCost", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory",
    "ChargeFrequency", "BillingAccountType", "PricingCurrency", "PricingCurrencyEffectiveCost",
)  # fmt: skip
_OF_PRICE = (
    "ListUnitPrice", "ContractedUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "SkuId", "SkuPriceId",
    "PricingCurrencyListUnitPrice", "PricingCurrencyContractedUnitPrice",
)  # fmt: skip
_ALLOWED = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {None, "Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {None, "Standard", "Dynamic", "Committed", "Other"},
    "ServiceCategory": {"AI and Machine Learning"},
    "ServiceSubcategory": {"Generative AI"},
}
_TOGETHER = (
    ("SubAccountId", "SubAccountName"), ("SubAccountId", "SubAccountType"), ("RegionId", "RegionName"),
    ("PricingQuantity", "PricingUnit"), ("ConsumedQuantity", "ConsumedUnit"), ("ResourceId", "ResourceType"),
    ("CommitmentDiscountId", "CommitmentDiscountCategory"), ("CommitmentDiscountId", "CommitmentDiscountType"),
    ("CapacityReservationId", "CapacityReservationStatus"), ("SkuId", "SkuMeter"),
)  # fmt: skip
_UNIT = re.compile(r"(\d+ )?[A-Za-z][A-Za-z0-9]*( [A-Za-z0-9]+)*(-(Years|Months|Days|Hours|Minutes|Seconds))?")
_PASCAL = re.compile(r"(x_)?[A-Z][A-Za-z0-9]*")

_MANDATORY_1_3 = ("ServiceProviderName", "HostProviderName")
_ALLOCATED = ("AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceName", "AllocatedTags")

Rows = Sequence[Mapping[str, Any]]


def violations(rows: Rows, version: str) -> list[str]:
    """What breaks a rule: column, and what is wrong with it.

    Args:
        rows: numbers as Decimal, times as aware datetimes, empty as None.
        version: 1.2 or 1.3.
    """
    found = [f"{name} is no column name" for name in rows[0] if not _PASCAL.fullmatch(name)]
    for row in rows:
        found += _of_row(row)
        if version == "1.3":
            found += _of_1_3(row)
    found += _of_skus(rows)
    return sorted(set(found))


def _of_row(row: Mapping[str, Any]) -> Iterable[str]:
    category, correction = row["ChargeCategory"], row["ChargeClass"] == "Correction"
    for name in _NEVER_NULL:
        if row[name] is None:
            yield f"{name} is null"
    for name, allowed in _ALLOWED.items():
        if row[name] not in allowed:
            yield f"{name} is {row[name]}"
    for name in _OF_PRICE:
        if category == "Tax" and row[name] is not None:
            yield f"{name} of a tax is {row[name]}"
        if category in ("Usage", "Purchase") and not correction and row[name] is None:
            yield f"{name} of {category} is null"
    for one, other in _TOGETHER:
        if (row[one] is None) != (row[other] is None):
            yield f"{one} is {row[one]} and {other} is {row[other]}"
    if (row["ConsumedQuantity"] is None) != (category != "Usage"):
        yield f"ConsumedQuantity of {category} is {row['ConsumedQuantity']}"
    if category == "Purchase" and (row["ChargeFrequency"] == "Usage-Based" or row["EffectiveCost"] != 0):
        yield "a purchase is charged by use, or has an effective cost beside that of the use it covers"
    if row["ProviderName"] != row["InvoiceIssuerName"] and row["BilledCost"] != 0:
        yield "somebody else bills"
    if row["BillingCurrency"] != "USD" or not re.fullmatch(r"[A-Z]{3}", row["PricingCurrency"]):
        yield f"currencies are {row['BillingCurrency']} and {row['PricingCurrency']}"
    for unit in ("PricingUnit", "ConsumedUnit"):
        if row[unit] is not None and not _UNIT.fullmatch(row[unit]):
            yield f"{unit} is {row[unit]}"
    yield from _of_times(row)
    yield from _of_products(row, exact=not correction)
    yield from _of_json(row)


def _of_times(row: Mapping[str, Any]) -> Iterable[str]:
    for period in ("BillingPeriod", "ChargePeriod"):
        start, end = row[f"{period}Start"], row[f"{period}End"]
        if not isinstance(start, datetime) or start.utcoffset() is None or start >= end:
            yield f"{period} is {start} to {end}"
    if (
        row["ChargeClass"] is None
        and not row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["BillingPeriodEnd"]
    ):
        yield "a charge is outside of its billing period"


def _of_products(row: Mapping[str, Any], *, exact: bool) -> Iterable[str]:
    for price, cost in (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")):
        if row[price] is None:
            continue
        if row[price] < 0:
            yield f"{price} is negative"
        if exact and row[price] * row["PricingQuantity"] != row[cost]:
            yield f"{price} {row[price]} x {row['PricingQuantity']} is not {cost} {row[cost]}"
    if row["PricingCurrency"] == "USD" and row["PricingCurrencyEffectiveCost"] != row["EffectiveCost"]:
        yield "PricingCurrencyEffectiveCost is not EffectiveCost"


def _of_json(row: Mapping[str, Any]) -> Iterable[str]:
    for name in ("Tags", "SkuPriceDetails"):
        if row[name] is None:
            continue
        pairs = json.loads(row[name])
        if not isinstance(pairs, dict) or any(isinstance(value, dict | list) for value in pairs.values()):
            yield f"{name} is {row[name]}"
        if name == "SkuPriceDetails" and not all(key.startswith("x_") for key in pairs):
            yield f"SkuPriceDetails has {sorted(pairs)}"


def _of_1_3(row: Mapping[str, Any]) -> Iterable[str]:
    if row["ServiceProviderName"] is None:
        yield "ServiceProviderName is null"
    # Null is for what nobody hosts; who does not say whose hosts they are counts as their own.
    if row["HostProviderName"] != row["ServiceProviderName"]:
        yield f"HostProviderName is {row['HostProviderName']}"
    if row["AllocatedResourceId"] is None and any(row[name] is not None for name in _ALLOCATED):
        yield "an allocation without a resource"
    if row["ContractApplied"] is not None and not isinstance(json.loads(row["ContractApplied"]), dict):
        yield "ContractApplied is no object"


def _of_skus(rows: Rows) -> Iterable[str]:
    skus: dict[str, set[str]] = {}
    prices: dict[str, set[Decimal]] = {}
    for row in rows:
        if row["SkuPriceId"] is not None:
            skus.setdefault(row["SkuPriceId"], set()).add(row["SkuId"])
            if row["x_PricingStatus"] == "Priced":
                prices.setdefault(row["SkuPriceId"], set()).add(row["ListUnitPrice"])
    for price, parents in skus.items():
        if len(parents) != 1:
            yield f"SkuPriceId {price} belongs to {sorted(parents)}"
    for price, listed in prices.items():
        if len(listed) != 1:
            yield f"SkuPriceId {price} costs {sorted(listed)}"
