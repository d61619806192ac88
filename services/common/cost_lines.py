"""Reading the prices of a cost line, which has them for a million units or, where that does not fit, for one."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import CostLine

from services.common.money import UNITS_PER_MILLION, Picos


def price(line: CostLine) -> Picos:
    """What the line was priced at, for a million units."""
    if line.HasField("price_picos_per_unit"):
        return line.price_picos_per_unit * UNITS_PER_MILLION
    return line.price_picos_per_million


def list_price(line: CostLine) -> Picos | None:
    """What the list says, for a million units, where that is told apart."""
    if line.HasField("list_price_picos_per_unit"):
        return line.list_price_picos_per_unit * UNITS_PER_MILLION
    return line.list_price_picos_per_million if line.HasField("list_price_picos_per_million") else None
