"""What documented.toml adds to the list: how its rules are read, which requests they are for, and what they do."""

from __future__ import annotations

from fractions import Fraction

import pytest

from services.common.clock import DAY, HOUR
from services.common.money import PICOS_PER_DOLLAR
from services.pricing.domain.documented import Documented, bundled
from services.pricing.domain.kinds import Kind, KindPrices
from services.pricing.domain.names import Catalogue, Names, ProviderModels, Resolved
from services.pricing.domain.plans import schedule
from services.pricing.domain.prices import ALWAYS, Condition, DatedPrices, ListedModel, Variant, Workdays
from services.pricing.domain.rating import Pricer
from tests.unit.pricing.events import at, usage

SOURCED = 'source = "https://example.org/prices"\nread = 2026-11-23\n'


def flat(**prices: int) -> dict[str, tuple[tuple[int, int], ...]]:
    return {bucket: ((0, price),) for bucket, price in prices.items()}


def parse(text: str) -> Documented:
    return Documented.parse(text.replace("SOURCED", SOURCED))


def resolved(model: ListedModel) -> Resolved:
    return Resolved(model.provider, model)


REGION = """
[[region]]
provider = "acme"
models = 'm-[23].*'
regions = ["eu"]
factor = "1.1"
from = 2026-03-05
says = "dearer in the EU"
SOURCED"""


def test_a_rule_is_for_its_provider_models_region_and_time() -> None:
    rules = parse(REGION)
    start = at(2026, 3, 5)
    found = rules.region("acme", "m-2", "EU", start)
    assert found is not None
    assert found.factor == Fraction(11, 10)
    for other in (("acme", "m-1", "eu", start), ("other", "m-2", "eu", start), ("acme", "m-2", "us", start),
                  ("acme", "m-2", "", start), ("acme", "m-2", "eu", start - 1)):  # fmt: skip
        assert rules.region(*other) is None
    assert rules.conditions("acme", "m-2") == [Condition(starts=start)]
    assert rules.conditions("acme", "m-1") == []


def test_a_premium_is_for_tokens_and_not_for_calls() -> None:
    model = ListedModel("acme", "m-2", (DatedPrices(ALWAYS, flat(input_tokens=1_000, web_searches=1_000)),))
    plans = schedule(resolved(model), "standard", False, (), "eu", parse(REGION))
    assert plans.at(at(2026, 3, 5)).levels[0].items() >= {"input_tokens": 1_100, "web_searches": 1_000}.items()
    assert plans.at(at(2026, 3, 5)).assumptions == ("dearer in the EU",)
    assert plans.at(at(2026, 3, 4)).levels[0]["input_tokens"] == 1_000
    assert plans.validity(at(2026, 3, 4)) == (0, at(2026, 3, 5))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[region]]\nprovider = "a"\nfactor = "1"\nsays = "x"\n', "give the page"),
        ('[[tier]]\nprovider = "a"\nfactor = "1"\nsays = "x"\nsource = "a blog"\nread = 2026-01-01\n', "give the page"),
        ('[[model]]\nprovider = "a"\nmodel = "m"\nprices = [{ inputs = "1" }]\nSOURCED', "of no bucket: inputs"),
        ('[[model]]\nprovider = "a"\nmodel = "m"\nprices = [{ from = 2026-01-01 }]\nSOURCED', "of no bucket: none"),
        ('[[model]]\nprovider = "a"\nmodel = "m"\nprices = [{ input_tokens = "-1" }]\nSOURCED', "is negative"),
    ],
)
def test_a_rule_that_is_none_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse(text)


MODELS = """
[holidays]
china = [[2026-10-01, 2026-10-07]]

[[model]]
provider = "acme"
model = "new"
prefixes = ["ft:new:"]
prices = [
    { input_tokens = "2", output_tokens = "4", over = 1000, then = { input_tokens = "3" } },
    { from = 2026-06-01, workdays = true, hours = [01:00:00, 04:00:00], input_tokens = "8" },
]
batch_prices = [{ input_tokens = "1" }]
SOURCED
[[model]]
provider = "acme"
model = "old"
prices = [{ from = 2026-06-01, input_tokens = "5" }]
SOURCED
[[model]]
provider = "acme"
model = "wrong"
replaces = true
prices = [{ input_tokens = "6" }]
SOURCED"""


def catalogue() -> Catalogue:
    listed = [
        (Names(frozenset({model, f"{model}-latest"})), ListedModel("acme", model, (DatedPrices(ALWAYS, prices),)))
        for model, prices in (("old", flat(input_tokens=10)), ("wrong", flat(input_tokens=10, output_tokens=10)))
    ]
    return Catalogue([ProviderModels("acme", listed, fallbacks=("other",))], documented=parse(MODELS))


def dollars(name: str, time: int, *, batch: bool = False) -> dict[str, float]:
    book = catalogue()
    plan = schedule(book.resolve("acme", name), "standard", batch, (), "", book.documented).at(time)
    return {bucket: price / PICOS_PER_DOLLAR for bucket, price in plan.levels[0].items() if "image" not in bucket}


def test_a_model_the_list_lacks_is_found_by_its_names() -> None:
    for name in ("new", "ft:new:acme::x"):
        found = catalogue().resolve("acme", name).model
        assert found is not None
        assert found.price_id == "acme/new"
    assert catalogue().resolve("acme", "new-er").model is None
    assert catalogue().providers["acme"].fallbacks == ("other",)


def test_added_prices_count_from_their_date_and_the_lists_before() -> None:
    assert dollars("old-latest", at(2026, 5, 31)) == {"input_tokens": 10 / PICOS_PER_DOLLAR}
    assert dollars("old-latest", at(2026, 6, 1)) == {"input_tokens": 5}


def test_prices_that_replace_leave_nothing_of_the_lists() -> None:
    assert dollars("wrong-latest", 0) == {"input_tokens": 6}


def test_hours_of_workdays_only() -> None:
    def price(*moment: int) -> float:
        return dollars("new", at(*moment))["input_tokens"]

    assert price(2026, 6, 1, 2) == 8  # A Monday.
    assert price(2026, 6, 1, 4) == 2
    assert price(2026, 6, 6, 2) == 2  # A Saturday.
    assert price(2026, 10, 5, 2) == 2  # A Monday of the holidays.
    assert price(2026, 5, 29, 2) == 2  # A Friday before.


def test_longer_requests_and_batches_of_a_documented_model() -> None:
    book = catalogue()
    plan = schedule(book.resolve("acme", "new"), "standard", False, (), "", book.documented).at(0)
    assert plan.cliffs == (1_000,)
    assert (plan.prices(1_000)["input_tokens"], plan.prices(1_001)["input_tokens"]) == (2 * 10**12, 3 * 10**12)
    assert plan.prices(1_001)["output_tokens"] == 4 * 10**12
    assert dollars("new", 0, batch=True)["input_tokens"] == 1


def test_the_first_of_january_1970_was_a_thursday() -> None:
    days = Workdays(frozenset({4}))
    assert [days.holds(day * DAY + HOUR) for day in range(-1, 8)] == [
        True, True, True, False, False, False, True, True, True
    ]  # fmt: skip


KNOWN = at(2026, 10, 12)
DATED = (
    DatedPrices(ALWAYS, flat(input_tokens=1_000, output_tokens=6_000)),
    DatedPrices(Condition(starts=at(2026, 7, 30)), flat(input_tokens=200, output_tokens=1_200)),
)
FLEX = Variant({"service_tier": "flex"}, Condition(starts=KNOWN), flat(input_tokens=100, output_tokens=600))


@pytest.mark.parametrize(
    ("time", "price", "said"),
    [(KNOWN, 100, False), (KNOWN - 1, 100, True), (at(2026, 7, 30), 100, True), (at(2026, 7, 29), 500, True)],
)
def test_a_tier_costs_in_proportion_before_the_list_knew_it(time: int, price: int, said: bool) -> None:
    """Pain 6 for usage of the past: the list collected its tiers' prices only in October 2026."""
    plan = schedule(resolved(ListedModel("acme", "m", DATED, (FLEX,))), "flex", False, (), "", Documented()).at(time)
    assert (plan.levels[0]["input_tokens"], plan.levels[0]["output_tokens"]) == (price, 6 * price)
    assert bool(plan.assumptions) is said


def test_the_earliest_known_price_of_a_tier_is_brought_back_and_no_other() -> None:
    later = Variant({"service_tier": "flex"}, Condition(starts=KNOWN + DAY), flat(input_tokens=50))
    model = ListedModel("acme", "m", DATED[1:], (later, FLEX))
    plans = schedule(resolved(model), "flex", False, (), "", Documented())
    assert plans.at(KNOWN - 1).levels[0]["input_tokens"] == 100


def test_capacity_paid_in_advance_covers_tokens_and_nothing_else(pricer: Pricer) -> None:
    event = usage("azure", "gpt-4o", service_tier="ProvisionedManaged", input_tokens=10, web_searches=1)
    rating = pricer.rate(event, "acme")
    assert {line.bucket: line.cost_picos for line in rating.lines} == {"input_tokens": 0, "web_searches": 10**10}
    assert any("by the hour" in text for text in rating.assumptions)


def test_capacity_of_a_model_nobody_lists_is_paid_in_advance_too(pricer: Pricer) -> None:
    rating = pricer.rate(usage("azure", "our-deployment", service_tier="ptu", input_tokens=10), "acme")
    assert (rating.cost_picos, rating.price_id, list(rating.unpriced_buckets)) == (0, "azure/provisioned", [])


def test_a_provider_without_such_capacity_gives_nothing_away(pricer: Pricer) -> None:
    rating = pricer.rate(usage("groq", "llama-3.1-8b-instant", service_tier="provisioned", input_tokens=10**6), "acme")
    assert rating.cost_picos == 5 * 10**10
    assert any("it has none of its own" in text for text in rating.assumptions)


def test_a_tier_priced_like_a_batch_keeps_what_batches_keep() -> None:
    rules = parse("""
[[tier]]
provider = "acme"
tiers = ["flex"]
factor = "0.5"
like_batch = true
says = "as a batch"
SOURCED""")
    batch = Variant({"processing": "batch"}, ALWAYS, flat(input_tokens=500))
    model = ListedModel("acme", "m", (DatedPrices(ALWAYS, flat(input_tokens=1_000, cache_read_tokens=100)),), (batch,))
    listed = KindPrices(resolved(model), Kind("flex"), rules, 0)
    prices, said = listed.special(listed.standard())
    assert prices == flat(input_tokens=500, cache_read_tokens=100)
    assert said == ["as a batch"]


def test_every_bundled_rule_is_for_something_the_list_has(pricer: Pricer) -> None:
    """A rule whose provider or models no longer exist in the list does nothing, and nobody would see it."""
    models = pricer.book.catalogue.models()
    for rule in bundled().rules:
        assert any(rule.covers(model.provider, model.model) for model in models) or rule.provider == "azure", rule
