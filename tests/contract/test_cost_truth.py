"""docs/cost-truth.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_promise_has_its_test() -> None:
    rows = [row for row in (ROOT / "docs/cost-truth.md").read_text("utf-8").splitlines() if row.startswith("| ")]
    for row in rows[1:]:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named or "test" in row.split("|")[-2].strip(), row
        for file, test in named:
            text = (ROOT / file).read_text("utf-8")
            assert not test or re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), f"no {file}::{test}"
