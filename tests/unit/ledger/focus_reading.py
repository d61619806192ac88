"""FOCUS files as the rows they hold."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyarrow import parquet

from services.ledger.domain.focus.columns import Kind, Version, columns

_NUMBERS = {Kind.MONEY, Kind.PRICE, Kind.QUANTITY, Kind.COUNT}
COSTS = ("ListCost", "ContractedCost", "EffectiveCost", "BilledCost")


def read(path: Path, version: Version) -> list[dict[str, Any]]:
    """Numbers as Decimal, times as aware datetimes, empty as None."""
    if path.suffix == ".parquet":
        return list(parquet.read_table(path).to_pylist())
    kinds = {column.name: column.kind for column in columns(version)}
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: _value(kinds[name], text) for name, text in row.items()} for row in csv.DictReader(file)]


def picos(rows: list[dict[str, Any]], column: str) -> int:
    """The sum of a column of dollars, in picodollars."""
    return int(sum((row[column] for row in rows), Decimal(0)).scaleb(12))


def _value(kind: Kind, text: str) -> Any:
    if not text:
        return None
    if kind in _NUMBERS:
        return Decimal(text)
    if kind is Kind.TIME:
        return datetime.fromisoformat(text)
    return text == "true" if kind is Kind.FLAG else text
