"""Causes: what is changed is what is named, in figures and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest
from finops.anomaly.v1.anomaly_pb2 import Cause, CausePart

from services.anomaly.domain.cause.compared import Compared, Slice
from services.anomaly.domain.cause.explain import Difference, dimensions_of, explain
from services.anomaly.domain.cause.factors import Factor
from services.anomaly.domain.series import Totals
from services.common.money import PICOS_PER_DOLLAR, from_proto

DIMENSIONS = ("provider", "model", "user", "key", "service_tier")
WEEKS = 4


@dataclass(frozen=True)
class Use:
    """Requests of one user with one model, and the prices of a million tokens."""

    user: str
    model: str
    requests: int
    sent: int = 2_000
    got: int = 300
    cached: float = 0.0
    price: float = 2.5
    tier: str = "standard"

    def slice(self, times: int = 1) -> Slice:
        read = int(self.sent * self.cached)
        dollars = self.requests * (self.sent - read + 0.1 * read + 5 * self.got) * self.price / 1e6
        totals = Totals(
            round(times * dollars * PICOS_PER_DOLLAR), times * self.requests, times * self.requests,
            times * self.requests * self.sent, times * self.requests * read, times * self.requests * self.got,
        )  # fmt: skip
        return Slice(("openai", self.model, self.user, f"{self.user}-key", self.tier), totals)


USUAL = [
    Use("ann", "gpt-4o", 40),
    Use("bob", "gpt-4o", 60),
    Use("cid", "gpt-4o", 55),
    Use("ann", "gpt-5", 5, price=9.0),
    Use("bob", "gpt-5", 6, price=9.0),
]


def caused(now: Iterable[Use], before: Iterable[Use] = USUAL, seen: bool = False) -> Cause:
    compared = Compared(
        DIMENSIONS, WEEKS, [use.slice() for use in now], [use.slice(WEEKS) for use in before]
    )  # fmt: skip
    difference = Difference.of(compared)
    cause = explain(difference, difference.cells if seen else ())
    assert sum(from_proto(part.amount) for part in cause.parts) == from_proto(cause.actual) - from_proto(cause.usual)
    return cause


def changed(user: str = "", model: str = "", **changes: float) -> list[Use]:
    """Usual use, but of this user and model otherwise; `times` multiplies requests."""
    times = changes.pop("times", 1.0)
    found = []
    for use in USUAL:
        if user in ("", use.user) and model in ("", use.model):
            found.append(replace(use, requests=round(use.requests * times), **changes))  # type: ignore[arg-type]
        else:
            found.append(use)
    return found


def main(cause: Cause) -> Factor:
    return Factor(cause.parts[0].factor)


def first(cause: Cause) -> tuple[str, str]:
    return (cause.drivers[0].dimension, cause.drivers[0].value) if cause.drivers else ("", "")


def test_one_user_who_asks_more_of_one_model() -> None:
    cause = caused(changed("ann", "gpt-5", times=40))
    assert main(cause) is Factor.REQUESTS
    assert {(d.dimension, d.value) for d in cause.drivers} >= {("user", "ann"), ("model", "gpt-5"), ("key", "ann-key")}
    assert cause.summary == (
        "Nearly all of it because of more requests (361 requests, where 166 are usual), mostly by ann on gpt-5."
    )
    assert cause.drivers[0].explained_share == pytest.approx(1.0)


def test_a_price_that_tripled() -> None:
    cause = caused(changed(model="gpt-4o", price=7.5))
    assert main(cause) is Factor.PRICE
    assert first(cause) == ("model", "gpt-4o")
    assert cause.summary.startswith("Nearly all of it because tokens became dearer ($")
    assert cause.summary.endswith(" is usual), mostly on gpt-4o.")


def test_longer_answers_are_no_dearer_tokens() -> None:
    cause = caused(changed(got=1_800))
    assert main(cause) is Factor.TOKENS
    assert "2,000 tokens in and 1,800 out for each request, where 2,000 and 300 are usual" in cause.summary
    assert not cause.drivers, "everybody alike"


def test_longer_prompts_of_one_user() -> None:
    cause = caused(changed("bob", sent=30_000))
    assert main(cause) is Factor.TOKENS
    assert first(cause) == ("user", "bob")


def test_a_cache_that_collapsed_is_told_apart_from_a_price() -> None:
    before = [replace(use, sent=20_000, cached=0.8) for use in USUAL]
    cause = caused([replace(use, cached=0.05) for use in before], before)
    assert main(cause) is Factor.PRICE
    assert cause.summary == (
        "Nearly all of it because fewer tokens were read from the cache "
        "(5% of input from the cache, where 80% is usual)."
    )


def test_requests_that_moved_to_a_dearer_model() -> None:
    now = [Use("ann", "gpt-4o", 20), Use("bob", "gpt-4o", 20), Use("cid", "gpt-4o", 55)]
    now += [Use("ann", "gpt-5", 25, price=9.0), Use("bob", "gpt-5", 46, price=9.0)]
    cause = caused(now)
    assert main(cause) is Factor.MIX
    assert "because requests moved to a dearer model (gpt-5 has 43% of requests, where 7% is usual)" in cause.summary


def test_everything_moved_to_one_model_that_was_known() -> None:
    cause = caused(replace(use, model="gpt-5", price=9.0) for use in USUAL)
    assert main(cause) is Factor.MIX
    assert "because requests moved to a dearer model (gpt-5 has 100% of requests, where 7% is usual)" in cause.summary
    assert Factor.REQUESTS not in [Factor(part.factor) for part in cause.parts], "there are as many as ever"


def test_a_model_and_a_user_that_were_not_there_before() -> None:
    cause = caused([*USUAL, Use("eve", "o3-pro", 50, price=30.0)])
    assert main(cause) is Factor.APPEARED
    assert cause.summary == "Nearly all of it is new use (o3-pro by eve)."


def test_use_known_from_other_hours_did_not_appear() -> None:
    cause = caused([*USUAL, Use("dan", "gpt-4o", 900)], seen=True)
    assert main(cause) is Factor.REQUESTS
    assert first(cause) == ("user", "dan")


def test_use_that_ended() -> None:
    cause = caused([use for use in USUAL if use.model != "gpt-5"])
    assert main(cause) is Factor.VANISHED
    assert [part.factor for part in cause.parts] == [CausePart.FACTOR_VANISHED]
    assert cause.summary.startswith("Nearly all of it is use that ended (gpt-5")


def test_a_dearer_tier_moves_the_mix_of_nothing() -> None:
    cause = caused(changed(tier="priority", price=5.0))  # type: ignore[arg-type]
    assert main(cause) is Factor.PRICE
    assert first(cause) == ("service_tier", "priority")


def test_nothing_to_explain() -> None:
    assert caused(USUAL) == Cause(
        compared_weeks=WEEKS, actual=caused(USUAL).actual, usual=caused(USUAL).actual,
    )  # fmt: skip


def test_what_the_ledger_is_asked_for() -> None:
    asked = dimensions_of({"team": "search"})
    assert asked[:4] == ("provider", "model", "user", "key")
    assert "team" not in asked and len(asked) == 8
    assert "model" not in dimensions_of({"model": "gpt-5", "team": "a"})
