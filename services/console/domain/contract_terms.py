"""The terms of a contract as a form has them: texts by the name of a field, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finops.pricing.v1 import pricing_pb2 as pb

from services.console.domain import contract_texts as as_text

Texts = Mapping[str, str]

CREDITS, CREDIT_BUCKET = "credits", "credit_micros"
"""Whole credits, which the platform counts in millionths."""
_MILLION = 10**6
_PERIODS = {
    "month": pb.COMMITMENT_PERIOD_MONTH,
    "year": pb.COMMITMENT_PERIOD_YEAR,
    "term": pb.COMMITMENT_PERIOD_UNSPECIFIED,
}
_YES_OR_NO = ("no", "yes")


@dataclass(frozen=True)
class Field:
    """One entry of a term. `choices`: nothing else may be entered."""

    name: str
    label: str
    example: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One sort of terms: `name` is its field of Contract. `read` raises ValueError that says what is wrong."""

    name: str
    title: str
    fields: tuple[Field, ...]
    read: Callable[[Texts], Any]
    write: Callable[[Any], dict[str, str]]


def _read_scope(texts: Texts) -> pb.Scope:
    models = [model.strip() for model in texts["models"].split(",") if model.strip()]
    return pb.Scope(provider=texts["provider"].strip(), models=models)


def _write_scope(scope: pb.Scope) -> dict[str, str]:
    return {"provider": scope.provider, "models": ", ".join(scope.models)}


def _read_percent(texts: Texts) -> pb.PercentTerm:
    parts = as_text.read_percent(texts["percent"])
    return pb.PercentTerm(scope=_read_scope(texts), parts_per_million=parts)


def _write_percent(term: pb.PercentTerm) -> dict[str, str]:
    return {**_write_scope(term.scope), "percent": as_text.write_percent(term.parts_per_million)}


def _read_price(texts: Texts) -> pb.FixedPrice:
    return pb.FixedPrice(
        provider=texts["provider"].strip(),
        model=texts["model"].strip(),
        service_tier=texts["tier"].strip(),
        batch=texts["batch"] == "yes",
        buckets=[_read_bucket(name, value) for name, value in as_text.read_pairs(texts["prices"], "prices")],
    )


def _read_bucket(name: str, value: str) -> pb.BucketPrice:
    """`input_tokens`, or `input_tokens>200000` for whole requests with more input than that."""
    bucket, sign, above = name.partition(">")
    return pb.BucketPrice(
        bucket=CREDIT_BUCKET if bucket.strip() == CREDITS else bucket.strip(),
        price_picos_per_million=as_text.read_amount(value, name),
        above_input_tokens=as_text.read_units(above, name, 1) if sign else 0,
    )


def _write_price(price: pb.FixedPrice) -> dict[str, str]:
    return {
        "provider": price.provider,
        "model": price.model,
        "tier": price.service_tier,
        "batch": _YES_OR_NO[price.batch],
        "prices": ", ".join(_write_bucket(each) for each in price.buckets),
    }


def _write_bucket(price: pb.BucketPrice) -> str:
    above = f">{price.above_input_tokens}" if price.above_input_tokens else ""
    bucket = CREDITS if price.bucket == CREDIT_BUCKET else price.bucket
    return f"{bucket}{above}={as_text.write_amount(price.price_picos_per_million)}"


def _read_seat(texts: Texts) -> pb.SeatPrice:
    price = as_text.read_amount(texts["price"], "price")
    monthly = texts["per"] != "year"
    return pb.SeatPrice(
        provider=texts["provider"].strip(),
        plan=texts["plan"].strip(),
        monthly_picos=price if monthly else 0,
        yearly_picos=0 if monthly else price,
    )


def _write_seat(seat: pb.SeatPrice) -> dict[str, str]:
    return {
        "provider": seat.provider,
        "plan": seat.plan,
        "price": as_text.write_amount(seat.yearly_picos or seat.monthly_picos),
        "per": "year" if seat.yearly_picos else "month",
    }


def _read_allowance(texts: Texts) -> pb.Allowance:
    bucket = texts["bucket"].strip() or CREDITS
    times = _MILLION if bucket == CREDITS else 1
    return pb.Allowance(
        id=texts["id"].strip(),
        scope=_read_scope(texts),
        bucket=CREDIT_BUCKET if bucket == CREDITS else bucket,
        included=[
            pb.IncludedUnits(plan=plan, units=as_text.read_units(units, f"included {plan}", times))
            for plan, units in as_text.read_pairs(texts["included"], "included")
        ],
        pool=as_text.read_units(texts["pool"], "pool", times),
        # A million millionths are a credit, so its price for a million of them is that of a credit.
        overage_picos_per_million=as_text.read_amount(texts["overage"], "overage"),
        per_user=texts["per_user"] == "yes",
    )


def _write_allowance(term: pb.Allowance) -> dict[str, str]:
    credits = term.bucket == CREDIT_BUCKET
    times = _MILLION if credits else 1
    return {
        "id": term.id,
        **_write_scope(term.scope),
        "bucket": CREDITS if credits else term.bucket,
        "included": ", ".join(f"{each.plan}={as_text.write_units(each.units, times)}" for each in term.included),
        "pool": as_text.write_units(term.pool, times) if term.pool else "",
        "overage": as_text.write_amount(term.overage_picos_per_million),
        "per_user": _YES_OR_NO[term.per_user],
    }


def _read_credit(texts: Texts) -> pb.Credit:
    return pb.Credit(
        id=texts["id"].strip(),
        scope=_read_scope(texts),
        amount_picos=as_text.read_amount(texts["amount"], "amount"),
        starts_unix_micros=as_text.read_day(texts["from"], "from"),
        ends_unix_micros=as_text.read_day(texts["to"], "to"),
    )


def _write_credit(term: pb.Credit) -> dict[str, str]:
    return {
        "id": term.id,
        **_write_scope(term.scope),
        "amount": as_text.write_amount(term.amount_picos),
        "from": as_text.write_day(term.starts_unix_micros),
        "to": as_text.write_day(term.ends_unix_micros),
    }


def _read_commitment(texts: Texts) -> pb.Commitment:
    return pb.Commitment(
        id=texts["id"].strip(),
        scope=_read_scope(texts),
        amount_picos=as_text.read_amount(texts["amount"], "amount"),
        period=_PERIODS.get(texts["per"], pb.COMMITMENT_PERIOD_UNSPECIFIED),
        paid_in_advance=texts["paid_in_advance"] == "yes",
    )


def _write_commitment(term: pb.Commitment) -> dict[str, str]:
    per = next((name for name, period in _PERIODS.items() if period == term.period), "term")
    return {
        "id": term.id,
        **_write_scope(term.scope),
        "amount": as_text.write_amount(term.amount_picos),
        "per": per,
        "paid_in_advance": _YES_OR_NO[term.paid_in_advance],
    }


_ID = Field("id", "Id", "minimum-2026")
_PROVIDER = Field("provider", "Provider", "openai")
_SCOPE = (Field("provider", "Provider", "empty: all"), Field("models", "Models", "gpt-4*, o3"))
_PERCENT = Field("percent", "Percent", "12.5")
_AMOUNT = Field("amount", "Amount", "500.00")

KINDS: tuple[Kind, ...] = (
    Kind("discounts", "Discounts off list prices", (*_SCOPE, _PERCENT), _read_percent, _write_percent),
    Kind("markups", "Mark-ups of a reseller", (*_SCOPE, _PERCENT), _read_percent, _write_percent),
    Kind(
        "prices",
        "Fixed prices",
        (
            _PROVIDER,
            Field("model", "Model", "gpt-4o-mini"),
            Field("prices", "For a million units", "input_tokens=0.12, output_tokens=0.50"),
            Field("tier", "Tier", "standard"),
            Field("batch", "Batch", choices=_YES_OR_NO),
        ),
        _read_price,
        _write_price,
    ),
    Kind(
        "seats",
        "Seat prices",
        (
            Field("provider", "Provider", "github"),
            Field("plan", "Plan", "copilot-business"),
            Field("price", "Price", "16.50"),
            Field("per", "Per", choices=("month", "year")),
        ),
        _read_seat,
        _write_seat,
    ),
    Kind(
        "allowances",
        "Included units",
        (
            Field("id", "Id", "copilot-credits"),
            *_SCOPE,
            Field("bucket", "Unit", CREDITS),
            Field("included", "With a seat, a month", "copilot-business=1900"),
            Field("pool", "Without seats, a month", "0"),
            Field("overage", "Price beyond", "0.01"),
            Field("per_user", "Each user's own", choices=_YES_OR_NO),
        ),
        _read_allowance,
        _write_allowance,
    ),
    Kind(
        "credits",
        "Credits",
        (
            Field("id", "Id", "welcome"),
            *_SCOPE,
            _AMOUNT,
            Field("from", "From", "2026-06-01"),
            Field("to", "To, exclusive", "2027-01-01"),
        ),
        _read_credit,
        _write_credit,
    ),
    Kind(
        "commitments",
        "Commitments",
        (
            _ID,
            *_SCOPE,
            Field("amount", "Amount", "10000"),
            Field("per", "Per", choices=tuple(_PERIODS)),
            Field("paid_in_advance", "Paid in advance", choices=_YES_OR_NO),
        ),
        _read_commitment,
        _write_commitment,
    ),
)
