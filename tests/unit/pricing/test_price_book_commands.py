"""`aifinops prices`, as its user runs it: its arguments and settings, a folder, a real source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.allinone.cli import app
from tests.unit.pricing.price_source import Publisher, model, published

ROOT = Path(__file__).resolve().parents[3]


def prices(*arguments: str, code: int = 0, **settings: str) -> str:
    """What the command prints; both streams where it fails."""
    others = {name: None for name in os.environ if name.startswith("AIFINOPS_")}
    done = CliRunner().invoke(app, ["prices", *arguments], env={**others, **book(settings), "COLUMNS": "80"})
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout + (done.stderr if code in (1, 2) else "")


def book(settings: dict[str, str]) -> dict[str, str]:
    return {f"AIFINOPS_PRICING__BOOK__{name.upper()}": value for name, value in settings.items()}


def wrong(listed: list[dict[str, Any]]) -> None:
    model(listed, "openai", "gpt-4o")["prices"]["input_mtok"] = 2_500


def second(folder: Path, **dollars: float) -> str:
    """A second catalogue with these dollars a token for the input of OpenAI's models."""
    entries = {name: {"litellm_provider": "openai", "input_cost_per_token": price} for name, price in dollars.items()}
    (folder / "litellm.json").write_text(json.dumps(entries))
    return str(folder / "litellm.json")


def test_a_price_is_shown_with_its_cliff_and_its_notes() -> None:
    # https://ai.google.dev/gemini-api/docs/pricing: gemini-2.5-pro $1.25, above 200k $2.50 a million.
    told = json.loads(prices("show", "google", "gemini-2.5-pro", "--format", "json"))
    by_bucket = {price["bucket"]: price for price in told["prices"]}
    assert by_bucket["input_tokens"]["dollars_per_million"] == "1.25"
    assert by_bucket["input_tokens"]["above"] == {"200000": "2.5"}
    assert "2.5 above 200,000 input tokens" in prices("show", "google", "gemini-2.5-pro")
    assert "no price for provider 'openai'" in prices("show", "openai", "no-such-model", code=1)


def test_the_list_is_of_one_provider() -> None:
    rows = json.loads(prices("list", "--provider", "bedrock", "--format", "json"))
    assert len(rows) > 100
    assert {row["price"].partition("/")[0] for row in rows} == {"aws"}


def test_diff_tells_agreement_difference_and_outlier_by_its_exit_code(tmp_path: Path) -> None:
    agreeing = second(tmp_path, **{"gpt-4o": 2.5e-06})
    assert "1 prices compared, 0 differ" in prices("diff", "--catalogue", agreeing)
    differing = second(tmp_path, **{"gpt-4o": 2e-06})
    told = json.loads(prices("diff", "--catalogue", differing, "--format", "json", code=3))
    (found,) = told["differences"]
    assert (found["price"], found["ours"], found["theirs"], found["ratio"]) == ("openai/gpt-4o", "2.5", "2", "1.25")
    far = second(tmp_path, **{"gpt-4o": 2.5e-05, "gpt-4": 3e-05})
    assert "far off" in prices("diff", "--catalogue", far, "--provider", "openai", code=4)
    assert "0 prices compared" in prices("diff", "--catalogue", far, "--provider", "anthropic")
    assert "the second catalogue: no JSON" in prices("diff", "--catalogue", str(Path(__file__)), code=1)


def test_diff_finds_litellms_own_copy() -> None:
    told = json.loads(prices("diff", "--format", "json", code=4))
    assert told["compared"] > 1_500
    assert len(told["differences"]) < told["compared"] / 10


def test_an_outlier_is_refreshed_listed_and_accepted(server: Publisher, tmp_path: Path) -> None:
    server.publish(published(wrong))
    place = {"folder": str(tmp_path), "source": server.url}
    assert "is in force now: " in prices("refresh", **place)
    assert "was in force already" in prices("refresh", **place)
    assert server.asked[-1] == server.etag
    (outlier,) = json.loads(prices("quarantine", "--format", "json", **place))
    assert (outlier["price"], outlier["offered"], outlier["in_use"]) == ("openai/gpt-4o", "2500", "2.5")
    assert outlier["reason"] == "outside 0.0005 to 500"
    (text,) = outlier["accept"]
    assert text == "openai/gpt-4o:input_tokens=2500"
    assert "quarantined: input_tokens 2500" in prices("show", "openai", "gpt-4o", **place)
    accepting = place | {"accepted": json.dumps([text])}
    assert "quarantined prices: 0" in prices("quarantine", **accepting)
    told = json.loads(prices("show", "openai", "gpt-4o", "--format", "json", **accepting))
    assert told["prices"][0]["dollars_per_million"] == "2500"


def test_a_refused_copy_is_one_line_and_exit_code_one(server: Publisher, tmp_path: Path) -> None:
    server.content = server.content[:1_000]
    told = prices("refresh", "--from", server.url, code=1, folder=str(tmp_path))
    assert "the copy is not taken (malformed)" in told
    assert "stays in force" in told
    assert not list(tmp_path.iterdir())
    assert "no source" in prices("refresh", code=2)


def test_a_process_refuses_a_setting_that_accepts_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.allinone.cli", "prices", "quarantine"],
        capture_output=True, text=True, timeout=60, cwd=ROOT,
        env=os.environ | book({"accepted": '["gpt-4o is fine"]'}),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (78, "")
    assert "gpt-4o is fine" in done.stderr
