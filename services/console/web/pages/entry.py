"""One revision of an event's cost: what was used, how it was priced, why it was booked anew."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import CostRecord, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import CorrectionKind, Outcome

from services.common import cost_lines
from services.common.dimensions import DIMENSIONS, SETTLEMENTS, quantities
from services.console.domain import figures
from services.console.domain.enums import word
from services.console.web.components.facts import Linked, facts
from services.console.web.components.table import Column, DataTable, Row
from services.console.web.components.text import box, text
from services.console.web.pages import links
from services.console.web.visit import Visit

_STATUS_TONES = {
    RatingStatus.RATING_STATUS_PRICED: ("Priced", "good"),
    RatingStatus.RATING_STATUS_PARTIAL: ("Partly priced", "warn"),
    RatingStatus.RATING_STATUS_UNPRICED: ("Unpriced", "bad"),
}
_UNDER_CONTRACT = "@contract"
"""How the name of a price ends that a contract had a part in."""
_SETTLED_CONTRACT = "contract"
"""The tag in which a settlement names its contract."""


def show(visit: Visit, record: CostRecord) -> None:
    """All of it, where the caller is building."""
    usage, rating = record.usage, record.rating
    with box("event-head"):
        text(figures.dollars_exact(rating.cost_picos), "event-cost")
        label, tone = _STATUS_TONES.get(rating.status, ("Unknown", "quiet"))
        text(label, f"badge tone-{tone}")
    about = {
        "Time": figures.moment(usage.time_unix_micros, visit.time_zone),
        "Id": usage.source_event_id,
        "Source": usage.source,
        "Provider": usage.provider,
        "Model": usage.model,
        "Tool": usage.tool,
        "Team": usage.team,
        "User": usage.user,
        "Project": usage.project,
        "Key": usage.key,
        "Environment": usage.environment,
        "Session": usage.session,
        "Tier": (usage.service_tier or "standard") + (", batch" if usage.batch else ""),
        "Tags": ", ".join(f"{name}={value}" for name, value in sorted(usage.tags.items())),
        "Outcome": "" if not usage.outcome else Outcome.Name(usage.outcome).removeprefix("OUTCOME_").lower(),
        "Revision": f"{record.revision}, changed by {figures.dollars_exact(record.cost_delta_picos)}",
    }
    facts(about)
    if usage.quantities.business_metrics:
        text("Of your business", "event-title", tag="h3")
        facts({name: f"{count:,}" for name, count in sorted(usage.quantities.business_metrics.items())})
    if usage.HasField("correction") or record.HasField("previous"):
        text("Why it was booked anew", "event-title", tag="h3")
        facts(_correction(visit, record))
    text("How it was priced", "event-title", tag="h3")
    table = DataTable(
        [
            Column("bucket", "Bucket", sortable=False),
            Column("quantity", "Quantity", "number", sortable=False),
            Column("price", "Per million", "number", sortable=False),
            *([Column("list", "At list", "number", sortable=False)] if _has_list_prices(rating) else []),
            Column("cost", "Cost", "number", sortable=False),
        ],
        "Price of each bucket",
    )
    table.show(_lines(record))
    facts(
        {
            "Price": _price(rating),
            "Price book": rating.price_book_version,
            "Assumed": "; ".join(rating.assumptions),
            "At shadow price": figures.dollars_exact(rating.shadow_cost_picos) if rating.shadow_cost_picos else "",
            **_views(rating),
            **_settled(record),
        }
    )


def correction_name(record: CostRecord) -> str:
    """Why this revision was booked: a kind of correction, or what its source did."""
    if record.usage.HasField("correction"):
        return word(CorrectionKind, record.usage.correction.kind).replace("_", " ").capitalize()
    return "Sent by its source" if record.revision == 1 else "Sent again by its source, changed"


def _price(rating: Rating) -> str | Linked:
    if rating.price_id.endswith(_UNDER_CONTRACT):
        return Linked(f"{rating.price_id.removesuffix(_UNDER_CONTRACT)}, under contract", "/contracts")
    return rating.price_id or Linked("none found", "/unpriced")


def _settled(record: CostRecord) -> dict[str, Linked]:
    contract = record.usage.tags.get(_SETTLED_CONTRACT, "")
    if record.usage.source != SETTLEMENTS or not contract:
        return {}
    return {"Contract": Linked(contract, links.contract(contract))}


def _correction(visit: Visit, record: CostRecord) -> dict[str, str]:
    told: dict[str, str] = {}
    if record.usage.HasField("correction"):
        correction = record.usage.correction
        told = {
            "Correction": correction_name(record),
            "By": correction.author,
            "Reason": correction.reason,
            "Recorded": figures.moment(correction.recorded_unix_micros, visit.time_zone),
            "Run": correction.run_id,
        }
    if record.HasField("previous"):
        before, now = record.previous.usage, record.usage
        told |= {
            "Cost before": figures.dollars_exact(record.previous.cost_picos),
            **{
                f"{name.replace('_', ' ').capitalize()} before": was or "none"
                for name in DIMENSIONS
                if name != "tenant" and (was := getattr(before, name)) != getattr(now, name)
            },
            "Tags before": ", ".join(f"{name}={value}" for name, value in sorted(before.tags.items()))
            if before.tags != now.tags
            else "",
        }
    return told


def _views(rating: Rating) -> dict[str, str]:
    """The views of cost that differ from the effective one."""
    return {
        name: figures.dollars_exact(getattr(rating, view))
        for name, view in (
            ("At list prices", "list_cost_picos"),
            ("At contract prices", "contracted_cost_picos"),
            ("Billed", "billed_cost_picos"),
        )
        if rating.HasField(view) and getattr(rating, view) != rating.cost_picos
    }


def _has_list_prices(rating: Rating) -> bool:
    return any(cost_lines.list_price(line) is not None for line in rating.lines)


def _lines(record: CostRecord) -> list[Row]:
    lines = [
        {
            "id": line.bucket,
            "bucket": {"t": _bucket(line.bucket)},
            "quantity": {"t": f"{line.quantity:,}", "s": line.quantity},
            "price": {"t": figures.dollars_exact(cost_lines.price(line))},
            "list": {
                "t": figures.dollars_exact(
                    cost_lines.price(line) if (listed := cost_lines.list_price(line)) is None else listed
                )
            },
            "cost": {"t": figures.dollars_exact(line.cost_picos)},
        }
        for line in record.rating.lines
    ]
    counted = quantities(record.usage.quantities)
    return lines + [
        {
            "id": bucket,
            "bucket": {"t": _bucket(bucket)},
            "quantity": {"t": f"{counted.get(bucket, 0):,}"},
            "price": {"t": "no price", "tone": "up"},
            "list": {"t": "–", "tone": "faint"},
            "cost": {"t": "–", "tone": "faint"},
        }
        for bucket in record.rating.unpriced_buckets
    ]


def _bucket(name: str) -> str:
    return name.replace("_", " ").removesuffix(" tokens").capitalize()
