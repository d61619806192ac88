"""AWS Cost and Usage Report 2.0, and the older one whose columns are called `lineItem/UsageType`:
https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from services.connectors.files import values
from services.connectors.files.billing import selection
from services.connectors.files.billing.attribution import Attribution, clean, named, principal, profile
from services.connectors.files.billing.charges import About, Charge, cost_column
from services.connectors.files.billing.meters import aws
from services.connectors.files.billing.meters.tokens import tokens_of
from services.connectors.files.mapping import Assignment, MappingError, RowError

SOURCE = "aws-cur"

COSTS: Mapping[str, str] = {
    "unblended": "line_item_unblended_cost",
    "net": "line_item_net_unblended_cost",
    "blended": "line_item_blended_cost",
}
"""Words for the column that says what a row cost."""

_USAGE_TYPE = "line_item_usage_type"
REQUIRED = frozenset({_USAGE_TYPE, "line_item_usage_start_date"})
_USAGE = frozenset({"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})

_COLUMNS = frozenset({
    *REQUIRED, *COSTS.values(), "line_item_product_code", "line_item_operation", "line_item_line_item_type",
    "line_item_line_item_description", "line_item_usage_amount", "line_item_currency_code", "line_item_resource_id",
    "line_item_iam_principal", "line_item_usage_account_id", "line_item_usage_account_name", "pricing_unit", "product",
    "product_product_name", "product_region", "product_region_code", "product_servicecode", "bill_payer_account_id",
    "bill_billing_period_start_date", "resource_tags", "tags",
})  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TAG_COLUMN = re.compile(r"^(resource_tags_user_|resourceTags/user:)")


def is_cur(columns: Iterable[str]) -> bool:
    """Whether a table is a cost and usage report."""
    return {flat(column) for column in columns} >= REQUIRED


def flat(column: str) -> str:
    """`lineItem/UsageType` as CUR 2.0 calls it: line_item_usage_type; tags keep their name."""
    if "/" not in column or _TAG_COLUMN.match(column):
        return column
    return _CAMEL.sub("_", column.replace("/", "_")).lower()


class Report:
    """Reads rows."""

    source = SOURCE

    def __init__(
        self, columns: Iterable[str], assignments: Iterable[Assignment], *, cost: str = "", all_rows: bool = False
    ) -> None:
        """
        Args:
            columns: of the table.
            assignments: what further columns are.
            cost: one of `COSTS`; by default the unblended cost.
            all_rows: also of services that are not AI.

        Raises:
            MappingError: no such cost, or the table lacks a column.
        """
        self._names = {column: flat(column) for column in columns}
        have = set(self._names.values())
        self._cost = cost_column(cost or "unblended", COSTS, "a cost and usage report")
        missing = sorted((REQUIRED | {self._cost}) - have)
        if missing:
            raise MappingError(f"the report has no column {missing[0]}: add it to the export")
        self._attribution = Attribution(assignments)
        self._all_rows = all_rows
        self._tag_columns = [column for column in self._names if _TAG_COLUMN.match(column)]
        self._renamed = any(before != after for before, after in self._names.items())
        self.columns = {
            before for before, after in self._names.items() if after in _COLUMNS or before in self._attribution.columns
        } | set(self._tag_columns)

    def charge(self, row: Mapping[str, Any]) -> Charge | None:
        """The row's charge; None where it is of no AI service.

        Raises:
            RowError
        """
        if self._renamed:
            row = {self._names.get(column, column): value for column, value in row.items()}
        code = values.text(row.get("line_item_product_code"))
        try:
            product = values.mapping(row.get("product"))
            name = named(row, ("product_product_name",)) or values.text(product.get("product_name"))
            service = f"{name} {code} {named(row, ('product_servicecode',))}"
            if not self._all_rows and not selection.is_ai("aws", service, values.text(row.get(_USAGE_TYPE))):
                return None
            return self._charge(row, name, values.text(product.get("region_code")))
        except ValueError as error:
            raise RowError(str(error)) from None

    def _charge(self, row: Mapping[str, Any], product: str, region: str) -> Charge:
        usage_type = values.text(row.get(_USAGE_TYPE))
        resource = values.text(row.get("line_item_resource_id"))
        category = values.text(row.get("line_item_line_item_type")) or "Usage"
        meter = aws.read(usage_type, product, resource)
        tokens = None
        if meter.bucket and category in _USAGE:
            tokens = tokens_of(
                values.decimal(row.get("line_item_usage_amount")),
                values.text(row.get("pricing_unit")),
                usage_type,
                values.text(row.get("line_item_line_item_description")),
            )
        known = {
            "project": clean(named(row, ("line_item_usage_account_name", "line_item_usage_account_id"))),
            "tool": "amazon-bedrock",
            **profile(resource),
            **principal(values.text(row.get("line_item_iam_principal"))),
        }
        marks = {"meter": clean(usage_type)} | ({} if category in _USAGE else {"charge": clean(category)})
        dimensions, tags = self._attribution.read(row, self._tags(row), known, marks)
        about = About(
            billing_account=values.text(row.get("bill_payer_account_id")),
            billing_period=values.text(row.get("bill_billing_period_start_date"))[:10],
            time=values.rfc_in(row, "line_item_usage_start_date"),
            provider="aws",
            meter=clean(usage_type),
            category=clean(category),
            model=clean(meter.model),
            bucket=meter.bucket if tokens is not None else "",
            tier=meter.tier,
            batch=meter.batch,
            region=clean(named(row, ("product_region_code", "product_region")) or region),
            tags=tags,
            **dimensions,
        )
        return Charge(about, self._dollars(row), tokens or 0)

    def _dollars(self, row: Mapping[str, Any]) -> Decimal:
        currency = values.text(row.get("line_item_currency_code"))
        if currency not in ("USD", ""):
            raise ValueError(f"{self._cost} is in {currency}: only dollars are read")
        return values.decimal(row.get(self._cost))

    def _tags(self, row: Mapping[str, Any]) -> dict[str, Any]:
        tags = {**values.mapping(row.get("resource_tags")), **values.mapping(row.get("tags"))}
        tags.update({_TAG_COLUMN.sub("", column): row.get(column) for column in self._tag_columns})
        return tags
