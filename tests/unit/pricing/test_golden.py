"""The golden corpus: what providers' pages and published invoices say requests cost, worked out by hand.

Each vector of tests/golden/pricing/*.toml is checked twice: its arithmetic, done here in Decimal, must give its cost
and use only figures that it quotes from the page; and our pricer must give the same amount to the picodollar.
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from finops.cost.v1.cost_pb2 import RatingStatus

from services.common.clock import to_micros
from services.common.dimensions import BUCKETS
from services.common.money import PICOS_PER_DOLLAR, parse_dollars
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer
from tests.unit.pricing.events import usage

FOLDER = Path(__file__).parents[2] / "golden" / "pricing"
ROWS = frozenset(
    {
        "standard", "batch", "flex", "priority", "provisioned", "region", "geography", "long_context", "cache_read",
        "cache_write_5m", "cache_write_1h", "reasoning", "audio", "image", "tool_requests", "off_peak", "fast",
        "effective_dates", "aliases", "snapshots", "fine_tunes", "self_hosted", "unpriced",
    }
)  # fmt: skip
"""The rows of the price key."""

FILES = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))}
VECTORS = [
    pytest.param(vector, id=f"{name}/{vector['id']}") for name, file in FILES.items() for vector in file["vector"]
]


def evaluate(text: str) -> Decimal:
    """The value of sums and products of decimal numbers; anything else is refused."""

    def value(node: ast.expr) -> Decimal:
        if isinstance(node, ast.BinOp):
            left, right = value(node.left), value(node.right)
            if isinstance(node.op, ast.Add):
                return left + right
            if isinstance(node.op, ast.Mult):
                return left * right
        if isinstance(node, ast.Constant):
            # The text of the number, not its float.
            return Decimal(ast.get_source_segment(text, node) or "")
        raise ValueError(f"{text!r} is not made of numbers, + and *")

    with localcontext() as context:
        context.prec = 60
        return value(ast.parse(text, mode="eval").body)


def contracts(vector: Mapping[str, Any]) -> list[Override]:
    """The tenant's own prices, where the vector has some."""
    if "contract" not in vector:
        return []
    request = vector["request"]
    prices = {bucket: ((0, parse_dollars(price)),) for bucket, price in vector["contract"].items()}
    return [Override("acme", request["provider"], request["model"], "standard", False, prices, 0, 0, 0)]


@pytest.mark.parametrize("vector", VECTORS)
def test_the_arithmetic_gives_the_cost(vector: dict[str, Any]) -> None:
    assert evaluate(vector["arithmetic"]) == Decimal(vector["cost"]) * 10**6
    terms = [term.split("*") for term in vector["arithmetic"].split(" + ")]
    quoted = {*vector["published"].values(), *vector.get("contract", {}).values()}
    priced = [bucket for bucket in vector["usage"] if bucket not in vector.get("unpriced", ()) and bucket != "requests"]
    if priced:
        assert [int(term[0]) for term in terms] == [vector["usage"][bucket] for bucket in priced]
        assert all(term[1] in quoted for term in terms)
    assert set(vector["usage"]) <= set(BUCKETS)


@pytest.mark.parametrize("vector", VECTORS)
def test_the_pricer_gives_the_cost(vector: dict[str, Any], pricer: Pricer) -> None:
    request = dict(vector["request"])
    pricer.use(contracts(vector))
    event = usage(
        request.pop("provider"), request.pop("model"), time=to_micros(request.pop("time")), **vector["usage"], **request
    )
    rating = pricer.rate(event, "acme")
    assert rating.cost_picos == Decimal(vector["cost"]) * PICOS_PER_DOLLAR, rating
    assert sorted(rating.unpriced_buckets) == sorted(vector.get("unpriced", ()))
    assert sum(line.cost_picos for line in rating.lines) == rating.cost_picos
    if rating.unpriced_buckets:
        assert rating.status != RatingStatus.RATING_STATUS_PRICED
        assert rating.shadow_cost_picos > 0
    assert vector.get("says", "") in " / ".join(rating.assumptions)


def test_every_vector_names_its_page_and_its_rows() -> None:
    seen: Counter[str] = Counter()
    for name, file in FILES.items():
        for source in file["source"].values():
            assert source["url"].startswith("https://")
            assert source["kind"] in {"provider", "invoice", "secondary", "own"}
            assert source["read"]
        for vector in file["vector"]:
            assert vector["source"] in file["source"], f"{name}/{vector['id']}"
            assert set(vector["covers"]) <= ROWS, f"{name}/{vector['id']}"
            seen.update(vector["covers"])
    assert len(VECTORS) >= 150
    assert not ROWS - seen.keys()


def test_no_id_is_used_twice() -> None:
    ids = Counter(param.id for param in VECTORS)
    assert [name for name, count in ids.items() if count > 1] == []


@pytest.mark.parametrize("text", ["1 - 1", "f(1)", "2 ** 8", "'1'", "1 +"])
def test_only_sums_and_products_are_arithmetic(text: str) -> None:
    with pytest.raises((ValueError, SyntaxError, ArithmeticError)):
        evaluate(text)
