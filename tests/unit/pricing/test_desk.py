"""The price desk: batches, look-ups, pages, contract prices."""

from __future__ import annotations

import pytest
from finops.pricing.v1.pricing_pb2 import BucketPrice, GetPriceRequest, ListPricesRequest, Price

from services.common.clock import ManualClock
from services.common.errors import InvalidArgumentError, NotFoundError, UnavailableError
from services.common.money import PICOS_PER_DOLLAR
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.desk import MAX_EVENTS, PriceDesk
from tests.unit.pricing.events import NOON, usage


class Contracts:
    """Keeps contract prices in memory."""

    def __init__(self, pricer: Pricer) -> None:
        self.pricer = pricer
        self.kept: list[Override] = []
        self.loaded = True

    async def put(self, override: Override, recorded_by: str) -> None:
        self.kept.append(override)
        self.pricer.use(self.kept)

    def ensure_loaded(self) -> None:
        if not self.loaded:
            raise UnavailableError("not read yet")


@pytest.fixture
def contracts(pricer: Pricer) -> Contracts:
    return Contracts(pricer)


@pytest.fixture
def desk(pricer: Pricer, contracts: Contracts) -> PriceDesk:
    return PriceDesk(pricer, contracts, ManualClock(NOON))


def gpt4o(**fields: object) -> Price:
    """A contract: two dollars a million input tokens."""
    bucket = BucketPrice(bucket="input_tokens", price_picos_per_million=2 * PICOS_PER_DOLLAR)
    return Price(**({"provider": "openai", "model": "gpt-4o", "buckets": [bucket]} | fields))  # type: ignore[arg-type]


def asked(provider: str, model: str, region: str = "") -> GetPriceRequest:
    """Today's standard price."""
    return GetPriceRequest(provider=provider, model=model, region=region)


async def test_a_rating_for_each_event_in_order(desk: PriceDesk) -> None:
    events = [usage("openai", "gpt-4o", input_tokens=n) for n in range(1, 1_200)]
    answer = await desk.price_batch(events, "acme")
    assert [rating.cost_picos for rating in answer.ratings] == [2_500_000 * n for n in range(1, 1_200)]


async def test_too_many_events_are_refused(desk: PriceDesk) -> None:
    with pytest.raises(InvalidArgumentError, match="5,000"):
        await desk.price_batch([usage("openai", "gpt-4o")] * (MAX_EVENTS + 1), "acme")


async def test_each_event_that_cannot_be_rated_is_named(desk: PriceDesk) -> None:
    events = [usage("openai", "gpt-4o", input_tokens=n) for n in (1, -1, 2, -2)]
    with pytest.raises(InvalidArgumentError) as caught:
        await desk.price_batch(events, "acme")
    assert [violation.field for violation in caught.value.violations] == ["events[1]", "events[3]"]


async def test_no_rating_before_contracts_are_read(desk: PriceDesk, contracts: Contracts) -> None:
    contracts.loaded = False
    with pytest.raises(UnavailableError):
        await desk.price_batch([usage("openai", "gpt-4o")], "acme")


async def test_the_callers_tenant_counts_unless_it_is_the_platform(desk: PriceDesk) -> None:
    await desk.put_override("globex", gpt4o(), "ann")
    event = usage("openai", "gpt-4o", input_tokens=1_000_000)
    event.tenant_id = "globex"
    of_platform = await desk.price_batch([event], None)
    of_caller = await desk.price_batch([event], "acme")
    assert of_platform.ratings[0].cost_picos == 2 * PICOS_PER_DOLLAR
    assert of_caller.ratings[0].cost_picos == 2_500_000_000_000


def test_a_price_with_its_cliffs(desk: PriceDesk) -> None:
    price = desk.get_price("acme", asked("anthropic", "claude-sonnet-4-5"))
    steps = [(b.above_input_tokens, b.price_picos_per_million) for b in price.buckets if b.bucket == "input_tokens"]
    assert steps == [(0, 3 * PICOS_PER_DOLLAR), (200_000, 6 * PICOS_PER_DOLLAR)]
    assert price.name == "prices/anthropic/claude-sonnet-4-5"
    assert price.service_tier == "standard"
    assert not price.override
    assert price.source.startswith("genai-prices-")


def test_a_region_has_its_premium(desk: PriceDesk) -> None:
    """Inference in the US only is a tenth dearer: $5 and $5.50 a million.
    https://platform.claude.com/docs/en/about-claude/pricing#data-residency-pricing"""
    anywhere, bound = (desk.get_price("acme", asked("anthropic", "claude-opus-4-6", region)) for region in ("", "us"))
    inputs = [
        next(b.price_picos_per_million for b in price.buckets if b.bucket == "input_tokens")
        for price in (anywhere, bound)
    ]
    assert inputs == [5 * PICOS_PER_DOLLAR, 5 * PICOS_PER_DOLLAR * 11 // 10]


def test_a_seats_price_is_that_of_its_day(desk: PriceDesk) -> None:
    price = desk.get_price("acme", asked("github", "copilot-business"))
    assert [(b.bucket, b.price_picos_per_million) for b in price.buckets] == [("seats", 633_333_333_333 * 10**6)]


def test_no_price_is_not_found(desk: PriceDesk) -> None:
    with pytest.raises(NotFoundError):
        desk.get_price("acme", asked("ollama", "llama3.3"))


def test_pages_hold_every_price_once(desk: PriceDesk) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = desk.list_prices("acme", ListPricesRequest(provider="Anthropic", page_size=7, page_token=token))
        assert len(page.prices) <= 7
        names += [price.name for price in page.prices]
        token = page.next_page_token
        if not token:
            break
    assert names == sorted(names)
    assert len(set(names)) == len(names) > 20
    assert "prices/anthropic/claude-sonnet-4-5" in names
    assert "prices/anthropic/claude-team" in names


async def test_a_tenants_list_has_its_contracts_and_nobody_elses(desk: PriceDesk) -> None:
    await desk.put_override("acme", gpt4o(), "ann")
    for tenant, expected in (("acme", [False, True]), ("globex", [False])):
        page = desk.list_prices(tenant, ListPricesRequest(provider="openai", page_size=1_000))
        assert [price.override for price in page.prices if price.name == "prices/openai/gpt-4o"] == expected


@pytest.mark.parametrize("token", ["x", "!!!", "W10=", "bnVsbA==", "WyJvcGVuYWkiLCAxXQ=="])
def test_a_token_of_others_is_refused(desk: PriceDesk, token: str) -> None:
    with pytest.raises(InvalidArgumentError, match="page_token"):
        desk.list_prices("acme", ListPricesRequest(page_token=token))


def test_a_negative_page_size_is_refused(desk: PriceDesk) -> None:
    with pytest.raises(InvalidArgumentError, match="page_size"):
        desk.list_prices("acme", ListPricesRequest(page_size=-1))


async def test_a_contract_price_is_stored_as_the_book_spells_it(desk: PriceDesk, contracts: Contracts) -> None:
    stored = await desk.put_override("acme", gpt4o(provider="OpenAI", model=" GPT-4o "), "ann")
    assert (stored.name, stored.override) == ("prices/openai/gpt-4o", True)
    assert stored.effective_from_unix_micros == NOON
    assert contracts.kept[0].tenant_id == "acme"
    found = desk.get_price("acme", asked("openai", "gpt-4o-2024-08-06"))
    assert found.override
    assert desk.get_price("globex", asked("openai", "gpt-4o")).override is False


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"provider": ""}, "price.provider"),
        ({"model": "x" * 257}, "price.model"),
        ({"buckets": []}, "price.buckets"),
        ({"buckets": [BucketPrice(bucket="tokens")]}, "price.buckets[0].bucket"),
        ({"buckets": [BucketPrice(bucket="seats", price_picos_per_million=-1)]},
         "price.buckets[0].price_picos_per_million"),
        ({"buckets": [BucketPrice(bucket="input_tokens", above_input_tokens=5)]}, "price.buckets"),
        ({"buckets": [BucketPrice(bucket="input_tokens"), BucketPrice(bucket="input_tokens")]}, "price.buckets[1]"),
        ({"effective_from_unix_micros": -1}, "price.effective_from_unix_micros"),
        ({"effective_from_unix_micros": NOON, "effective_to_unix_micros": NOON}, "price.effective_to_unix_micros"),
    ],
)  # fmt: skip
async def test_a_wrong_contract_price_is_refused_by_field(
    desk: PriceDesk, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await desk.put_override("acme", gpt4o(**fields), "ann")
    assert field in [violation.field for violation in caught.value.violations]
