"""pains.md 19 and 21 on a live gateway: a LiteLLM proxy is asked for more than a budget allows, and never gives it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.litellm_proxy import MODEL, OUTPUT_TOKENS, ask, litellm_proxy
from tests.e2e.running import Client, Cluster, eventually

LIMIT = Decimal("0.01")
FITS = 4
"""Answers of 4,000 tokens at $0.60 a million, and their questions."""


@pytest.mark.timeout(600)
def test_a_live_litellm_proxy_refuses_what_a_budget_does_not_allow(
    cluster: Cluster, client: Client, tmp_path: Path
) -> None:
    key = client.post("/api/v1/keys", {"name": "gateway", "role": "gateway"})["key"]
    budget = {"id": "search", "display_name": "Search", "filter": 'tag:feature = "search"', "amount": str(LIMIT),
              "period": "year", "enforcement": "block", "failure_mode": "closed"}  # fmt: skip
    client.post("/api/v1/budgets", budget)

    def status() -> Any:
        return client.get("/api/v1/budgets/search/status")

    eventually(status, lambda found: not found["rebuilding"])
    with litellm_proxy(tmp_path, cluster.grpc("budget"), cluster.http("ingest"), key) as proxy:
        eventually(lambda: ask(proxy, "warm-up"), lambda answer: answer.status_code == 200, 60)
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda _: ask(proxy, "search"), range(40)))
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {200, 429}, [answer.text for answer in answers if answer.status_code not in (200, 429)]
        assert codes.count(200) <= FITS, "together they never pass the limit, however many come at once"
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert "Budget Search" in refused.text
        assert {answer.headers["x-budget-name"] for answer in answers if answer.status_code == 200} == {
            "budgets/search"
        }

        # A hold of more than an answer turns out to cost may have kept one out that fits now.
        last = [ask(proxy, "search").status_code for _ in range(FITS + 1)]
        assert last[-1] == 429
        let_through = codes.count(200) + last.count(200)
        assert let_through == FITS
        told = eventually(
            status, lambda found: not Decimal(found["held"]) and not Decimal(found["settled"]) and _spent(found), 60
        )
        # Budgets and the ledger read the same costs, each at its own pace.
        eventually(lambda: _booked(client), lambda booked: booked == _spent(told), 60)
        assert FITS * OUTPUT_TOKENS * Decimal("0.0000006") <= _spent(told) <= LIMIT
        assert ask(proxy, "search").status_code == 429, "the usage events took the place of the holds"
        client.http.patch("/api/v1/budgets/search", json={"amount": "1"}).raise_for_status()
        eventually(lambda: ask(proxy, "search"), lambda answer: answer.status_code == 200)


def _booked(client: Client) -> Decimal:
    rows = client.costs(model=MODEL, **{"tag:feature": "search"})
    return sum((Decimal(row["cost"]) for row in rows), Decimal(0))


def _spent(status: Any) -> Decimal:
    return Decimal(status["actual"]) + Decimal(status["shadow"])
