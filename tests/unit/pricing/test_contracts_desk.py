"""The contract desk and the file a contract is written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from finops.pricing.v1.pricing_pb2 import (
    COMMITMENT_PERIOD_MONTH,
    Allowance,
    BucketPrice,
    Commitment,
    Contract,
    Credit,
    FixedPrice,
    FxRate,
    GetPriceRequest,
    IncludedUnits,
    PercentTerm,
    Scope,
    SeatPrice,
)

from services.allinone.commands.contract_file import read_contract
from services.common.clock import ManualClock, Micros
from services.common.errors import InvalidArgumentError, NotFoundError, UnavailableError
from services.pricing.domain.fx import Rate, Rates
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer
from services.pricing.domain.settlement import Balance
from services.pricing.handlers.contract_desk import ContractDesk
from services.pricing.handlers.contract_reading import contract_of
from services.pricing.handlers.desk import PriceDesk
from tests.unit.pricing.agreements import picos
from tests.unit.pricing.events import NOON, at, usage

FILE = """
name = "reseller-2026"
from = 2026-01-01
to = 2027-01-01
currency = "EUR"
source = "Order form 4711"
discount = [{ provider = "OpenAI", models = ["gpt-4*"], percent = "12.5" }]
markup = [{ provider = "aws", percent = 3 }]
price = [{ provider = "openai", model = "gpt-4o-mini", batch = true, per_million = { input_tokens = "0.12" } }]

[[seat]]
provider = "github"
plan = "copilot-business"
monthly = "16.50"

[[allowance]]
id = "copilot"
provider = "github"
included = { copilot-business = 1900 }
overage = "0.01"

[[credit]]
id = "welcome"
amount = "500"
from = 2026-06-01

[[commitment]]
id = "minimum"
amount = 10000
per = "month"
paid_in_advance = true
"""


class Memory:
    """Keeps contracts and rates as the tables do."""

    def __init__(self, pricer: Pricer) -> None:
        self.pricer = pricer
        self.kept: dict[tuple[str, str], Contract] = {}
        self.known: list[Rate] = []
        self.loaded = True

    def ensure_loaded(self) -> None:
        if not self.loaded:
            raise UnavailableError("not read yet")

    def messages(self, tenant_id: str) -> Sequence[Contract]:
        return [message for (tenant, _), message in sorted(self.kept.items()) if tenant == tenant_id]

    async def put_contract(self, tenant_id: str, contract: Contract) -> None:
        self.kept[tenant_id, contract.name] = contract
        self._renew()

    async def remove_contract(self, tenant_id: str, name: str, recorded: Micros, recorded_by: str) -> None:
        del self.kept[tenant_id, name]
        self._renew()

    async def put_rates(self, rates: Sequence[Rate], recorded: Micros, recorded_by: str) -> None:
        self.known += rates
        self._renew()

    def _renew(self) -> None:
        rates = Rates(self.known)
        read = [contract_of(m, tenant, self.pricer.book.catalogue, rates) for (tenant, _), m in self.kept.items()]
        self.pricer.use_contracts(read, rates)


class Prices:
    """Contract prices put one by one: none."""

    def __init__(self, memory: Memory) -> None:
        self.ensure_loaded = memory.ensure_loaded

    async def put(self, override: Override, recorded_by: str) -> None:
        raise NotImplementedError


class Balances:
    """The ledger is away, or tells of one credit."""

    away = False

    async def balances(self, tenant_id: str) -> Sequence[Balance]:
        if self.away:
            raise UnavailableError("the ledger is away")
        return [Balance("c", "credit", "w", 1, 2, 5, 3, -3)]


@pytest.fixture
def memory(pricer: Pricer) -> Memory:
    return Memory(pricer)


@pytest.fixture
def balances() -> Balances:
    return Balances()


@pytest.fixture
def desk(pricer: Pricer, memory: Memory, balances: Balances) -> ContractDesk:
    return ContractDesk(pricer, memory, balances, ManualClock(NOON))


def discount(**fields: object) -> Contract:
    """A tenth off everything."""
    return Contract(**({"name": "c", "discounts": [PercentTerm(parts_per_million=100_000)]} | fields))  # type: ignore[arg-type]


EURO = FxRate(currency_code="EUR", day_unix_micros=at(2026, 1, 1), usd_per_unit="1.10", source="ECB")


async def test_a_contract_counts_for_its_tenant_alone_until_it_is_removed(desk: ContractDesk, pricer: Pricer) -> None:
    event = usage("openai", "gpt-4o", input_tokens=10**6)
    put = await desk.put("acme", discount(), "ann")
    assert (put.recorded_by, put.recorded_unix_micros, put.effective_from_unix_micros) == (
        "ann", NOON, at(2026, 11, 23),
    )  # fmt: skip
    assert pricer.rate(event, "acme").cost_picos == picos("2.25")
    assert pricer.rate(event, "globex").cost_picos == picos("2.50")
    assert [c.name for c in (await desk.all("acme")).contracts] == ["c"]
    assert not (await desk.all("globex")).contracts
    with pytest.raises(NotFoundError):
        await desk.remove("globex", "c", "eve")
    await desk.remove("acme", "c", "ann")
    assert pricer.rate(event, "acme").cost_picos == picos("2.50")


async def test_the_last_version_of_a_contract_counts(desk: ContractDesk, pricer: Pricer) -> None:
    await desk.put("acme", discount(), "ann")
    await desk.put("acme", discount(discounts=[PercentTerm(parts_per_million=200_000)]), "ann")
    assert pricer.rate(usage("openai", "gpt-4o", input_tokens=10**6), "acme").cost_picos == picos("2")


async def test_contracts_are_told_also_while_the_ledger_is_away(desk: ContractDesk, balances: Balances) -> None:
    await desk.put("acme", discount(), "ann")
    told = await desk.all("acme")
    assert [(b.contract, b.posted_picos) for b in told.balances] == [("c", -3)]
    balances.away = True
    told = await desk.all("acme")
    assert (len(told.contracts), len(told.balances), told.balances_missing) == (1, 0, "the ledger is away")


async def test_rates_are_each_tenants_own(desk: ContractDesk) -> None:
    await desk.put_rates("acme", [EURO], "ann")
    assert desk.rates("acme", "") == desk.rates("acme", "EUR") == [EURO]
    assert desk.rates("acme", "CHF") == desk.rates("globex", "") == []


async def test_a_currency_needs_a_rate_on_the_first_day(desk: ContractDesk) -> None:
    seats = [SeatPrice(provider="github", plan="business", monthly_picos=picos("15"))]
    early = discount(currency_code="EUR", seats=seats, effective_from_unix_micros=at(2025, 12, 31))
    await desk.put_rates("acme", [EURO], "ann")
    with pytest.raises(InvalidArgumentError) as caught:
        await desk.put("acme", early, "ann")
    assert [v.field for v in caught.value.violations] == ["contract.currency_code"]
    early.effective_from_unix_micros = at(2026, 1, 1)
    await desk.put("acme", early, "ann")


async def test_nothing_is_taken_before_contracts_were_read(desk: ContractDesk, memory: Memory) -> None:
    memory.loaded = False
    for refused in (desk.put("acme", discount(), "ann"), desk.all("acme"), desk.put_rates("acme", [EURO], "ann")):
        with pytest.raises(UnavailableError):
            await refused


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "No"}, "name"),
        ({"discounts": []}, "discounts"),
        ({"discounts": [PercentTerm()]}, "discounts[0].parts_per_million"),
        ({"discounts": [PercentTerm(parts_per_million=1_000_001)]}, "discounts[0].parts_per_million"),
        ({"markups": [PercentTerm(parts_per_million=-1)]}, "markups[0].parts_per_million"),
        ({"discounts": [PercentTerm(parts_per_million=1, scope=Scope(models=[""]))]}, "discounts[0].scope.models"),
        ({"currency_code": "euro"}, "currency_code"),
        ({"effective_to_unix_micros": 1}, "effective_to_unix_micros"),
        ({"source": "x" * 257}, "source"),
        ({"prices": [FixedPrice(provider="openai", model="gpt-4o")]}, "prices[0].buckets"),
        ({"prices": [FixedPrice(provider="x", model="y", buckets=[BucketPrice(bucket="seats")])]}, "prices[0].buckets"),
        ({"seats": [SeatPrice(provider="x", plan="y")]}, "seats[0]"),
        ({"seats": [SeatPrice(provider="x", plan="y", monthly_picos=1, yearly_picos=1)]}, "seats[0]"),
        ({"seats": [SeatPrice(plan="y", monthly_picos=1)]}, "seats[0].provider"),
        ({"allowances": [Allowance(id="a", bucket="tokens", pool=1)]}, "allowances[0].bucket"),
        ({"allowances": [Allowance(id="a", bucket="requests")]}, "allowances[0].included"),
        ({"allowances": [Allowance(id="a", bucket="requests", included=[IncludedUnits(plan="p")])]},
         "allowances[0].included[0].units"),
        ({"credits": [Credit(id="a")]}, "credits[0].amount_picos"),
        ({"credits": [Credit(id="a", amount_picos=1, starts_unix_micros=1)]}, "credits[0].starts_unix_micros"),
        ({"credits": [Credit(id="a", amount_picos=1), Credit(id="a", amount_picos=1)]}, "credits"),
        ({"commitments": [Commitment(id="", amount_picos=1, period=COMMITMENT_PERIOD_MONTH)]}, "commitments[0].id"),
        ({"commitments": [Commitment(id="a", amount_picos=1)]}, "commitments[0].period"),
    ],
)  # fmt: skip
async def test_a_wrong_contract_is_refused_by_field(
    desk: ContractDesk, memory: Memory, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await desk.put("acme", discount(**fields), "ann")
    assert f"contract.{field}" in [violation.field for violation in caught.value.violations]
    assert not memory.kept


@pytest.mark.parametrize(
    ("rate", "field"),
    [
        (FxRate(currency_code="USD", usd_per_unit="1"), "currency_code"),
        (FxRate(currency_code="EUR", usd_per_unit="1", day_unix_micros=1), "day_unix_micros"),
        (FxRate(currency_code="EUR", usd_per_unit="one"), "usd_per_unit"),
        (FxRate(currency_code="EUR", usd_per_unit="1", source="x" * 257), "source"),
    ],
)
async def test_a_wrong_rate_is_refused_by_field(desk: ContractDesk, rate: FxRate, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await desk.put_rates("acme", [EURO, rate], "ann")
    assert [violation.field for violation in caught.value.violations] == [f"rates[1].{field}"]


async def test_a_file_is_read_as_it_is_written(desk: ContractDesk, pricer: Pricer) -> None:
    await desk.put_rates("acme", [EURO], "ann")
    contract = await desk.put("acme", read_contract(FILE), "ann")
    read = contract_of(contract, "acme", pricer.book.catalogue, pricer.agreements.rates)
    assert read.currency == "EUR"
    assert read.discounts[0].scope.provider == "openai"
    assert contract.discounts[0].parts_per_million == 125_000
    assert contract.markups[0].parts_per_million == 30_000
    assert read.prices[0].prices == {"input_tokens": ((0, picos("0.12")),)}
    assert read.prices[0].batch
    assert read.allowances[0].included == (("copilot-business", 1_900_000_000),)
    assert read.allowances[0].overage == picos("0.01")
    assert (read.credits[0].starts, read.credits[0].ends) == (at(2026, 6, 1), at(2027, 1, 1))
    assert (read.commitments[0].amount, read.commitments[0].prepaid) == (picos("10000"), True)
    # 16.50 euros at 1.10 are $18.15 a month, on the 30th $0.605.
    rating = pricer.rate(usage("github", "copilot-business", time=at(2026, 11, 30), seats=1), "acme")
    assert (rating.cost_picos, rating.billed_cost_picos) == (picos("0.605"), 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("16.50", "a lot"), "seat 1.monthly"),
        (lambda text: text.replace('"16.50"', "16.50"), "seat 1.monthly: an amount in quotes"),
        (lambda text: text.replace("monthly", "weekly"), "seat 1.weekly: not known here"),
        (lambda text: text.replace('"12.5"', '"12.34567"'), "discount 1.percent"),
        (lambda text: text.replace('"12.5"', "12.5"), "discount 1.percent"),
        (lambda text: text.replace("2027-01-01", '"soon"'), "to: a day"),
        (lambda text: text.replace('per = "month"', 'per = "week"'), "per is one of"),
        (lambda text: text.replace("1900", "1.5"), "allowance 1.included.copilot-business: a whole number"),
        (lambda text: text + "[[", "no TOML"),
        (lambda text: text.replace('id = "minimum"', ""), "commitment 1.id: a text in quotes"),
    ],
)
def test_a_wrong_file_is_refused_by_place(change: Callable[[str], str], says: str) -> None:
    assert change(FILE) != FILE
    with pytest.raises(ValueError, match=says.replace("[", r"\[")):
        read_contract(change(FILE))


async def test_a_seats_price_is_the_contracts(pricer: Pricer, desk: ContractDesk, memory: Memory) -> None:
    """$15 a month: 50 cents on November 23. $3,000: $100, of which a million do not fit 64 bits."""
    seats = [
        SeatPrice(provider="github", plan="copilot-business", monthly_picos=picos("15")),
        SeatPrice(provider="x", plan="agent", monthly_picos=picos("3000")),
    ]
    await desk.put("acme", discount(seats=seats), "ann")
    prices = PriceDesk(pricer, Prices(memory), ManualClock(NOON))
    agreed = prices.get_price("acme", GetPriceRequest(provider="github", model="business"))
    assert (agreed.name, agreed.override) == ("prices/github/copilot-business", True)
    assert agreed.buckets[0].price_picos_per_million == picos("0.50") * 10**6
    assert not prices.get_price("globex", GetPriceRequest(provider="github", model="business")).override
    dear = prices.get_price("acme", GetPriceRequest(provider="x", model="agent"))
    assert dear.buckets[0].price_picos_per_unit == picos("100")
