"""FOCUS 1.0 to 1.3, the FinOps Open Cost and Usage Specification: https://focus.finops.org/focus-specification/"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from services.connectors.files import values
from services.connectors.files.billing import selection
from services.connectors.files.billing.attribution import Attribution, clean, named, profile
from services.connectors.files.billing.charges import About, Charge, cost_column
from services.connectors.files.billing.meters import aws, azure, google
from services.connectors.files.billing.meters.meter import Meter
from services.connectors.files.billing.meters.tokens import tokens_of
from services.connectors.files.mapping import Assignment, MappingError, RowError

SOURCE = "focus"

COSTS: Mapping[str, str] = {
    "effective": "EffectiveCost",
    "billed": "BilledCost",
    "contracted": "ContractedCost",
    "list": "ListCost",
}
"""Words for the column that says what a row cost."""

REQUIRED = frozenset({"ChargePeriodStart", "ServiceName", "BillingCurrency"})

_PROVIDER = ("ServiceProviderName", "ProviderName", "PublisherName")
_METER = ("x_UsageType", "x_SkuMeterName", "SkuMeter", "x_SkuDescription", "ChargeDescription")
_IN_DOLLARS = {"EffectiveCost": "x_EffectiveCostInUsd", "BilledCost": "x_BilledCostInUsd",
               "ContractedCost": "x_ContractedCostInUsd", "ListCost": "x_ListCostInUsd"}  # fmt: skip
_COLUMNS = frozenset({
    *REQUIRED, *_PROVIDER, *_METER, *COSTS.values(), *_IN_DOLLARS.values(), "ServiceSubcategory", "x_ServiceCode",
    "x_SkuMeterCategory", "x_SkuMeterSubcategory", "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit",
    "ChargeCategory", "BillingAccountId", "BillingPeriodStart", "SubAccountId", "SubAccountName", "RegionId",
    "ResourceId", "Tags",
})  # fmt: skip
_TOOLS = {"aws": "amazon-bedrock", "azure": "azure-openai", "google": "vertex-ai"}


def is_focus(columns: Iterable[str]) -> bool:
    """Whether a table is one of FOCUS."""
    return set(columns) >= REQUIRED


class Focus:
    """Reads rows."""

    source = SOURCE

    def __init__(
        self, columns: Iterable[str], assignments: Iterable[Assignment], *, cost: str = "", all_rows: bool = False
    ) -> None:
        """
        Args:
            columns: of the table.
            assignments: what further columns are.
            cost: one of `COSTS`; by default what a row cost with its share of commitments.
            all_rows: also of services that are not AI.

        Raises:
            MappingError: no such cost, or the table lacks a column.
        """
        have = set(columns)
        self._cost = cost_column(cost or "effective", COSTS, "a FOCUS file")
        missing = sorted((REQUIRED | {self._cost}) - have)
        if missing:
            raise MappingError(f"a FOCUS file has a column {missing[0]}, this one has {', '.join(sorted(have))}")
        self._attribution = Attribution(assignments)
        self._all_rows = all_rows
        self.columns = _COLUMNS | self._attribution.columns

    def charge(self, row: Mapping[str, Any]) -> Charge | None:
        """The row's charge; None where it is of no AI service.

        Raises:
            RowError
        """
        provider = named(row, _PROVIDER)
        service = values.text(row.get("ServiceName"))
        family = f"{values.text(row.get('x_SkuMeterCategory'))} {values.text(row.get('x_SkuMeterSubcategory'))}"
        name = named(row, _METER)
        if not self._all_rows and not selection.is_ai(
            provider, f"{service} {values.text(row.get('x_ServiceCode'))}", name, family=family,
            subcategory=values.text(row.get("ServiceSubcategory")),
        ):  # fmt: skip
            return None
        try:
            return self._charge(row, selection.cloud(provider), service, family, name)
        except ValueError as error:
            raise RowError(str(error)) from None

    def _charge(self, row: Mapping[str, Any], provider: str, service: str, family: str, name: str) -> Charge:
        resource = values.text(row.get("ResourceId"))
        meter = _meter(provider, row, service, family, resource)
        tokens = _tokens(row, meter)
        category = values.text(row.get("ChargeCategory")) or "Usage"
        known = _known(provider, row, resource, service)
        marks = {"meter": clean(name)} | ({} if category == "Usage" else {"charge": clean(category)})
        dimensions, tags = self._attribution.read(row, values.mapping(row.get("Tags")), known, marks)
        about = About(
            billing_account=values.text(row.get("BillingAccountId")),
            billing_period=values.text(row.get("BillingPeriodStart"))[:10],
            time=values.rfc_in(row, "ChargePeriodStart"),
            provider=clean(provider),
            meter=clean(name),
            category=clean(category),
            model=clean(meter.model),
            bucket=meter.bucket if tokens is not None else "",
            tier=meter.tier,
            batch=meter.batch,
            region=clean(row.get("RegionId")),
            tags=tags,
            **dimensions,
        )
        return Charge(about, self._dollars(row), tokens or 0 if category == "Usage" else 0)

    def _dollars(self, row: Mapping[str, Any]) -> Decimal:
        currency = values.text(row.get("BillingCurrency"))
        if currency in ("USD", ""):
            return values.decimal(row.get(self._cost))
        converted = row.get(_IN_DOLLARS[self._cost])
        if values.text(converted):
            return values.decimal(converted)
        raise ValueError(f"{self._cost} is in {currency} and there is no {_IN_DOLLARS[self._cost]}: export in USD")


def _meter(provider: str, row: Mapping[str, Any], service: str, family: str, resource: str) -> Meter:
    """By the first of the meter's names that says what it counts; else by the first that says the model."""
    known = Meter()
    for column in _METER:
        name = values.text(row.get(column))
        if provider == "aws":
            meter = aws.read(name, service, resource)
        elif provider == "azure":
            meter = azure.read(name, family)
        else:
            # Others write their meters in words, as Google does.
            meter = google.read(name)
        if meter.bucket:
            return meter
        known = known if known.model else meter
    return known


def _tokens(row: Mapping[str, Any], meter: Meter) -> int | None:
    """By the consumed quantity, which counts single units where the provider keeps to the specification; else by the
    priced one. None where the meter counts something else."""
    if not meter.bucket:
        return None
    for quantity, unit in (("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit")):
        if values.text(row.get(quantity)):
            tokens = tokens_of(
                values.decimal(row.get(quantity)),
                values.text(row.get(unit)),
                values.text(row.get("x_UsageType")),
                values.text(row.get("ChargeDescription")),
            )
            if tokens is not None:
                return tokens
    return None


def _known(provider: str, row: Mapping[str, Any], resource: str, service: str) -> dict[str, str]:
    known = {
        "project": clean(named(row, ("SubAccountName", "SubAccountId"))),
        "tool": _TOOLS.get(provider) or clean(service.lower().replace(" ", "-")),
    }
    if provider == "azure" and "/accounts/" in resource:
        known["key"] = clean(resource.partition("/accounts/")[2].partition("/")[0])
    return known | profile(resource) if provider == "aws" else known
