"""Whole price pages against our book, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from services.common.clock import Micros
from services.common.money import Picos, parse_dollars
from services.pricing.domain.rating import Pricer
from tests.unit.pricing.events import at

TABLES = Path(__file__).parents[2] / "golden" / "pricing" / "tables"


def rows(name: str) -> list[tuple[str, str, list[str]]]:
    """Tier, model and cells of each row."""
    found, tier = [], ""
    for line in (TABLES / name).read_text("utf-8").splitlines():
        if line.startswith("## "):
            tier = line[3:]
        elif tier and line:
            model, *cells = line.split()
            found.append((tier, model, cells))
    return found


def cases(name: str) -> list[object]:
    return [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in rows(name)]


def agree(ours: Mapping[str, Picos], buckets: Sequence[str], cells: Sequence[str]) -> None:
    assert len(buckets) == len(cells)
    for bucket, dollars in zip(buckets, cells, strict=True):
        if dollars != "-":
            assert ours[bucket] == parse_dollars(dollars), bucket


@pytest.mark.parametrize(("tier", "model", "cells"), cases("openai.md"))
def test_openai_as_its_page_has_it(pricer: Pricer, tier: str, model: str, cells: list[str]) -> None:
    plan = pricer.schedule("", "openai", model, tier, False).at(at(2026, 10, 30))
    buckets = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    agree(plan.prices(272_000), buckets, cells[:4])
    agree(plan.prices(272_001), buckets, cells[4:])


def agree_with_anthropic(pricer: Pricer, tier: str, model: str, cells: list[str], read: Micros) -> None:
    length, tier = (200_001, "standard") if tier == "long" else (200_000, tier)
    plan = pricer.schedule("", "anthropic", model, tier, False).at(read)
    buckets = ("input_tokens", "cache_write_tokens", "cache_write_1h_tokens", "cache_read_tokens", "output_tokens")
    agree(plan.prices(length), buckets, cells)


@pytest.mark.parametrize(("tier", "model", "cells"), cases("anthropic.md"))
def test_anthropic_as_its_page_had_it_in_february(pricer: Pricer, tier: str, model: str, cells: list[str]) -> None:
    agree_with_anthropic(pricer, tier, model, cells, at(2026, 2, 20))


@pytest.mark.parametrize(("tier", "model", "cells"), cases("anthropic-autumn.md"))
def test_anthropic_as_its_page_had_it_in_autumn(pricer: Pricer, tier: str, model: str, cells: list[str]) -> None:
    agree_with_anthropic(pricer, tier, model, cells, at(2026, 10, 1))


@pytest.mark.parametrize(("tier", "model", "cells"), cases("gemini.md"))
def test_gemini_as_its_page_has_it(pricer: Pricer, tier: str, model: str, cells: list[str]) -> None:
    read = at(2026, 8, 4) if tier in ("flex", "priority") else at(2026, 4, 20)
    plan = pricer.schedule("", "google", model, tier, False).at(read)
    buckets = ("input_tokens", "cache_read_tokens", "output_tokens", "input_audio_tokens", "output_image_tokens")
    agree(plan.prices(200_000), buckets, cells[:5])
    agree(plan.prices(200_001), buckets[:3], cells[5:])
