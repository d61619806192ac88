"""Contracts as people write them: TOML, amounts as quoted decimals."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from finops.pricing.v1 import pricing_pb2 as wire

from services.common.clock import Micros, to_micros
from services.common.money import Picos, parse_dollars

_CREDITS = "credits"
"""Whole credits, which the platform counts in millionths."""
_MILLION = 10**6
_PERIODS = {
    "term": wire.COMMITMENT_PERIOD_UNSPECIFIED,
    "month": wire.COMMITMENT_PERIOD_MONTH,
    "year": wire.COMMITMENT_PERIOD_YEAR,
}


def read_contract(text: str) -> wire.Contract:
    """Reads one file; docs/contracts.md shows what it may say.

    Raises:
        ValueError: what is wrong, and where.
    """
    try:
        top = _Table("", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"no TOML: {error}") from None
    contract = wire.Contract(
        name=top.text("name", ""),
        effective_from_unix_micros=top.day("from"),
        effective_to_unix_micros=top.day("to"),
        currency_code=top.text("currency", ""),
        source=top.text("source", ""),
        discounts=[_percent(table) for table in top.tables("discount")],
        markups=[_percent(table) for table in top.tables("markup")],
        prices=[_price(table) for table in top.tables("price")],
        seats=[_seat(table) for table in top.tables("seat")],
        allowances=[_allowance(table) for table in top.tables("allowance")],
        credits=[_credit(table) for table in top.tables("credit")],
        commitments=[_commitment(table) for table in top.tables("commitment")],
    )
    top.close()
    return contract


def day_of(value: object, where: str) -> Micros:
    """Midnight, UTC, of a date.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"{where}: a day such as 2026-01-31")
    return to_micros(datetime.combine(value, time(), UTC))


class _Table:
    """One table of the file; what nobody asked for in the end is a mistake."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self._where = where
        self._values = dict(values)

    def _at(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def close(self) -> None:
        if self._values:
            raise ValueError(f"{self._at(next(iter(self._values)))}: not known here")

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.pop(name, default)
        if not isinstance(value, str):
            raise ValueError(f"{self._at(name)}: a text in quotes")
        return value

    def flag(self, name: str) -> bool:
        value = self._values.pop(name, False)
        if not isinstance(value, bool):
            raise ValueError(f"{self._at(name)}: true or false")
        return value

    def day(self, name: str) -> Micros:
        value = self._values.pop(name, None)
        return 0 if value is None else day_of(value, self._at(name))

    def amount(self, name: str, default: str | None = None) -> Picos:
        """Trillionths of a decimal amount."""
        value = self._values.pop(name, default)
        return _amount(value, self._at(name))

    def whole(self, name: str) -> int:
        return _whole(self._values.pop(name, 0), self._at(name))

    def amounts(self, name: str) -> list[tuple[str, Picos]]:
        table = self._table(name)
        return [(key, _amount(value, f"{self._at(name)}.{key}")) for key, value in table.items()]

    def counts(self, name: str) -> list[tuple[str, int]]:
        table = self._table(name)
        return [(key, _whole(value, f"{self._at(name)}.{key}")) for key, value in table.items()]

    def percent(self, name: str) -> int:
        """In millionths."""
        value = self._values.pop(name, None)
        try:
            share = Decimal(value if isinstance(value, str | int) else "x") * 10_000
        except InvalidOperation:
            share = Decimal("0.5")
        if not share.is_finite() or share != share.to_integral_value():
            raise ValueError(f'{self._at(name)}: percent in quotes, of at most four decimals, such as "12.5"')
        return int(share)

    def scope(self) -> wire.Scope:
        models = self._values.pop("models", [])
        if not isinstance(models, list) or not all(isinstance(model, str) for model in models):
            raise ValueError(f'{self._at("models")}: a list of names or patterns, such as ["gpt-4*"]')
        return wire.Scope(provider=self.text("provider", ""), models=models)

    def tables(self, name: str) -> Iterator[_Table]:
        found = self._values.pop(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise ValueError(f"{self._at(name)}: tables, each headed [[{name}]]")
        for number, values in enumerate(found, 1):
            table = _Table(f"{name} {number}", values)
            yield table
            table.close()

    def _table(self, name: str) -> dict[str, Any]:
        value = self._values.pop(name, {})
        if not isinstance(value, dict):
            raise ValueError(f"{self._at(name)}: a table in braces")
        return value


def _amount(value: object, where: str) -> Picos:
    # A float is not the decimal that was written.
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(f'{where}: an amount in quotes, such as "19.50"')
    try:
        return parse_dollars(value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{where}: a whole number")
    return value


def _percent(table: _Table) -> wire.PercentTerm:
    return wire.PercentTerm(scope=table.scope(), parts_per_million=table.percent("percent"))


def _price(table: _Table) -> wire.FixedPrice:
    return wire.FixedPrice(
        provider=table.text("provider"),
        model=table.text("model"),
        service_tier=table.text("service_tier", ""),
        batch=table.flag("batch"),
        buckets=[
            wire.BucketPrice(bucket="credit_micros" if bucket == _CREDITS else bucket, price_picos_per_million=picos)
            for bucket, picos in table.amounts("per_million")
        ]
        + [
            wire.BucketPrice(bucket=bucket, price_picos_per_million=picos, above_input_tokens=above)
            for above, bucket, picos in _beyond(table)
        ],
    )


def _beyond(table: _Table) -> Iterator[tuple[int, str, Picos]]:
    for step in table.tables("beyond"):
        above = step.whole("input_tokens_above")
        for bucket, picos in step.amounts("per_million"):
            yield above, bucket, picos


def _seat(table: _Table) -> wire.SeatPrice:
    return wire.SeatPrice(
        provider=table.text("provider"),
        plan=table.text("plan"),
        monthly_picos=table.amount("monthly", "0"),
        yearly_picos=table.amount("yearly", "0"),
    )


def _allowance(table: _Table) -> wire.Allowance:
    bucket = table.text("bucket", _CREDITS)
    times = _MILLION if bucket == _CREDITS else 1
    return wire.Allowance(
        id=table.text("id"),
        scope=table.scope(),
        bucket="credit_micros" if bucket == _CREDITS else bucket,
        included=[wire.IncludedUnits(plan=plan, units=count * times) for plan, count in table.counts("included")],
        pool=table.whole("pool") * times,
        # A million millionths are a credit, so that its price is that of a credit.
        overage_picos_per_million=table.amount("overage"),
        per_user=table.flag("per_user"),
    )


def _credit(table: _Table) -> wire.Credit:
    return wire.Credit(
        id=table.text("id"),
        scope=table.scope(),
        amount_picos=table.amount("amount"),
        starts_unix_micros=table.day("from"),
        ends_unix_micros=table.day("to"),
    )


def _commitment(table: _Table) -> wire.Commitment:
    per = table.text("per", "term")
    if per not in _PERIODS:
        raise ValueError(f"commitment: per is one of {', '.join(_PERIODS)}")
    return wire.Commitment(
        id=table.text("id"),
        scope=table.scope(),
        amount_picos=table.amount("amount"),
        period=_PERIODS[per],
        paid_in_advance=table.flag("paid_in_advance"),
    )
