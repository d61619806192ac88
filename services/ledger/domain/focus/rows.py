"""Sums as rows of FOCUS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from services.common.clock import DAY, Micros
from services.ledger.domain.focus.charges import Amounts, Attribution, Category, Charge, Status
from services.ledger.domain.focus.columns import Version, columns
from services.ledger.domain.focus.sums import Group
from services.ledger.domain.focus.units import AMOUNT, MILLION, Unit, unit_of

CURRENCY = "USD"
UNKNOWN = "unknown"
"""Name of a provider or model that an event did not tell."""

_PRICED_CATEGORIES = (Category.USAGE, Category.PURCHASE)
_FREQUENCIES = {Category.USAGE: "Usage-Based", Category.PURCHASE: "Recurring"}
_TOLD = {
    Status.UNPRICED: " (UNPRICED: no price is known, so this usage is missing from every cost)",
    Status.FREE: " (not charged)",
    Status.PRICED: "",
    Status.AMOUNT: "",
}

Row = tuple[Any, ...]


def row_maker(version: Version, *, reported: bool) -> Callable[[Micros, Group, Amounts], Row]:
    """A function of a day's start, a group and its sums that makes the row: values in the units of each column's
    `Kind`, None where it is empty."""
    names = [column.name for column in columns(version)]
    empty: dict[str, Any] = dict.fromkeys(names)
    measurement = "reported" if reported else "metered"

    def row(day: Micros, group: Group, sums: Amounts) -> Row:
        values = empty | _of_period(day, group) | _of_whom(group.charge) | _of_charge(group, sums)
        values["x_Measurement"] = measurement
        return tuple(map(values.__getitem__, names))

    return row


def _of_period(day: Micros, group: Group) -> dict[str, Any]:
    return {
        "BillingPeriodStart": group.month.start,
        "BillingPeriodEnd": group.month.end,
        "ChargePeriodStart": day,
        "ChargePeriodEnd": day + DAY,
        "ChargeClass": "Correction" if group.correction else None,
        "x_CorrectionKind": group.correction or None,
    }


def _of_whom(charge: Charge) -> dict[str, Any]:
    whose = charge.attribution
    provider = whose.provider or UNKNOWN
    return {
        "BillingAccountId": whose.tenant,
        "BillingAccountName": whose.tenant,
        "BillingAccountType": "Tenant",
        "SubAccountId": whose.project or None,
        "SubAccountName": whose.project or None,
        "SubAccountType": "Project" if whose.project else None,
        "ProviderName": provider,
        "PublisherName": provider,
        "InvoiceIssuerName": provider,
        "ServiceProviderName": provider,
        "HostProviderName": provider,
        "ServiceName": whose.tool or provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "RegionId": whose.region or None,
        "RegionName": whose.region or None,
        "Tags": _json(dict(whose.tags)) if whose.tags else None,
        "x_Team": whose.team or None,
        "x_User": whose.user or None,
        "x_Project": whose.project or None,
        "x_Key": whose.key or None,
        "x_Tool": whose.tool or None,
        "x_Environment": whose.environment or None,
        "x_Model": whose.model or None,
        "x_Source": whose.source or None,
        "x_ServiceTier": whose.service_tier or None,
        "x_Batch": whose.batch,
    }


def _of_charge(group: Group, sums: Amounts) -> dict[str, Any]:
    charge = group.charge
    category = _category(charge, sums)
    unit = unit_of(charge.bucket) if charge.bucket else AMOUNT
    values = {
        "ChargeCategory": category.value,
        "ChargeFrequency": _FREQUENCIES.get(category, "One-Time"),
        "ChargeDescription": _description(charge, category, unit),
        "BillingCurrency": CURRENCY,
        "PricingCurrency": CURRENCY,
        "ListCost": sums.listed,
        "ContractedCost": sums.contracted,
        "EffectiveCost": sums.effective,
        "BilledCost": sums.billed,
        "PricingCurrencyEffectiveCost": sums.effective,
        "x_Bucket": charge.bucket or None,
        "x_PricingStatus": charge.status.value,
        "x_PriceId": charge.price_id or None,
        "x_Events": sums.events,
        "x_UnpricedEvents": sums.unpriced_events,
        "x_ShadowCost": sums.shadow,
    }
    if category is Category.USAGE:
        values["ConsumedQuantity"] = sums.quantity * MILLION // unit.consumed
        values["ConsumedUnit"] = unit.consumed_unit
    if category in _PRICED_CATEGORIES:
        values |= _of_sku(charge, unit) | _of_price(charge, category, sums, unit)
    return values


def _category(charge: Charge, sums: Amounts) -> Category:
    """An amount has no unit price where what is listed and what is agreed differ in sign."""
    opposed = sums.listed * sums.contracted < 0
    return Category.ADJUSTMENT if charge.status is Status.AMOUNT and opposed else charge.category


def _of_sku(charge: Charge, unit: Unit) -> dict[str, Any]:
    whose = charge.attribution
    model = whose.model or UNKNOWN
    sku = f"{whose.provider or UNKNOWN}/{model}/{charge.bucket or 'amount'}"
    return {
        "SkuId": sku,
        "SkuMeter": f"{model} {unit.words}",
        "SkuPriceId": f"{sku}@{_terms(charge, unit)}",
        "SkuPriceDetails": _json({"x_Batch": whose.batch, "x_ServiceTier": whose.service_tier or "standard"}),
        "PricingCategory": "Other" if charge.status is Status.UNPRICED else "Standard",
    }


def _terms(charge: Charge, unit: Unit) -> str:
    """The list price and what it depends on."""
    whose = charge.attribution
    if charge.status is not Status.PRICED:
        return charge.status.value.lower().replace(" ", "-")
    price = format((Decimal(charge.list_price * unit.priced).scaleb(-18)).normalize(), "f")
    return ";".join(part for part in (price, whose.service_tier, "batch" if whose.batch else "", whose.region) if part)


def _of_price(charge: Charge, category: Category, sums: Amounts, unit: Unit) -> dict[str, Any]:
    if charge.status is Status.AMOUNT:
        sign = -1 if sums.listed < 0 or sums.contracted < 0 else 1
        quantity = sign * MILLION
        listed, contracted = (sign * cost * MILLION for cost in (sums.listed, sums.contracted))
    else:
        # The use of what was purchased is priced with the purchase.
        covered = category is Category.USAGE and charge.bucket == "seats" and charge.status is Status.PRICED
        quantity = 0 if covered else sums.quantity * MILLION // unit.priced
        listed, contracted = charge.list_price * unit.priced, charge.contracted_price * unit.priced
    return {
        "PricingQuantity": quantity,
        "PricingUnit": unit.pricing_unit,
        "ListUnitPrice": listed,
        "ContractedUnitPrice": contracted,
        "PricingCurrencyListUnitPrice": listed,
        "PricingCurrencyContractedUnitPrice": contracted,
    }


def _description(charge: Charge, category: Category, unit: Unit) -> str:
    whose: Attribution = charge.attribution
    unexplained = charge.status is Status.AMOUNT and category is Category.ADJUSTMENT
    what = "count of amounts that no quantity at a price explains" if unexplained else unit.words.lower()
    tier = f", {whose.service_tier} tier" if whose.service_tier else ""
    return f"{whose.model or UNKNOWN} {what}{tier}{', batch' if whose.batch else ''}{_TOLD[charge.status]}"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
