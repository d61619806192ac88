"""`aifinops price`, without a platform."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from services.allinone.cli import app


def _price(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["price", *arguments])


def test_exact_dollars_and_lines() -> None:
    answer = _price("--provider", "openai", "--model", "gpt-4o", "--input", "1000", "--output", "200")
    assert answer.exit_code == 0
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert lines[0] == ["openai/gpt-4o:", "0.004500000000", "dollars,", "priced"]
    assert ["input_tokens", "1,000", "2.500000000000", "0.002500000000"] in lines
    assert ["output_tokens", "200", "10.000000000000", "0.002000000000"] in lines


def test_compared_as_json_the_cheapest_first() -> None:
    answer = _price(
        "--provider", "openai", "--model", "gpt-4o", "--compare", "openai/gpt-4o-mini", "--compare", "openai/none-1",
        "--input", "1000000", "--quantity", "cache_read_tokens=2", "--format", "json", "--at", "2026-11-01T00:00:00Z",
    )  # fmt: skip
    told = json.loads(answer.stdout)
    assert told["time"] == "2026-11-01T00:00:00Z"
    assert [(q["model"], q["dollars"], q["status"]) for q in told["quotes"]] == [
        ("gpt-4o-mini", "0.150000150000", "priced"),
        ("gpt-4o", "2.500002500000", "priced"),
        ("none-1", None, "unpriced"),
    ]
    assert told["quotes"][2]["unpriced_buckets"] == ["input_tokens", "cache_read_tokens"]


def test_nothing_that_has_a_price() -> None:
    answer = _price("--provider", "openai", "--model", "none-1", "--input", "1")
    assert answer.exit_code == 1
    assert "openai/none-1: unpriced" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--provider", "openai", "--input", "1"], "--model is missing"),
        (["--input", "1"], "name a model"),
        (["--compare", "gpt-4o", "--input", "1"], "--compare 'gpt-4o'"),
        (["--compare", "openai/gpt-4o"], "say how much"),
        (["--compare", "openai/gpt-4o", "--quantity", "tokens=1"], "no bucket 'tokens'"),
        (["--compare", "openai/gpt-4o", "--quantity", "seats=-1"], "a whole number"),
        (["--compare", "openai/gpt-4o", "--input", "1", "--at", "noon"], "--at"),
        (["--compare", "openai/gpt-4o", "--input", str(2**63)], "more than can be counted"),
        (["--compare", "openai/gpt-4o", "--input", str(2**63 - 1)], "$9.2 million"),
    ],
)
def test_mistakes_are_named(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = _price(*arguments)
    assert answer.exit_code == 2
    assert told in answer.output
