"""The settler posts what differs from the ledger, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from finops.usage.v1.usage_pb2 import CORRECTION_KIND_SETTLEMENT, UsageEvent

from services.common.clock import DAY, ManualClock, Micros
from services.common.errors import UnavailableError
from services.pricing.domain.fx import Rates
from services.pricing.domain.posting import NAME_TAG, Posted
from services.pricing.domain.rating import Pricer
from services.pricing.domain.settlement import Use, Wanted
from services.pricing.domain.terms import Commitment, Contract, Credit, Period, Scope
from services.pricing.handlers.settling import Settler
from tests.unit.pricing.agreements import contract, picos
from tests.unit.pricing.events import at

JUNE = at(2026, 6, 1)


@dataclass
class World:
    """A ledger that books what is posted, the log it is posted to, and a store and leadership to be taken away."""

    spent: dict[str, list[Use]] = field(default_factory=dict)
    booked: dict[tuple[str, str], Posted] = field(default_factory=dict)
    log: list[UsageEvent] = field(default_factory=list)
    loaded: bool = True
    held: bool = True
    away_for: str = ""

    async def days(self, tenant_id: str, start: Micros, end: Micros) -> Sequence[Use]:
        if tenant_id == self.away_for:
            raise UnavailableError("the ledger is away")
        return [use for use in self.spent.get(tenant_id, []) if start <= use.start < end]

    async def users(self, tenant_id: str, wanted: Wanted) -> Sequence[Use]:
        return []

    async def posted(self, tenant_id: str, now: Micros) -> Sequence[Posted]:
        return [posted for (tenant, _), posted in self.booked.items() if tenant == tenant_id]

    async def settled_tenants(self, now: Micros) -> Sequence[str]:
        return sorted({tenant for tenant, _ in self.booked})

    async def post(self, events: Sequence[UsageEvent]) -> None:
        self.log += events
        for event in events:
            posted = Posted(
                event.tags[NAME_TAG],
                event.time_unix_micros,
                event.provider,
                event.model,
                event.user,
                event.source_effective_cost_picos
                if event.HasField("source_effective_cost_picos")
                else event.source_cost_picos,
                event.source_cost_picos,
            )
            self.booked[event.tenant_id, posted.name] = posted

    def ensure_loaded(self) -> None:
        if not self.loaded:
            raise UnavailableError("not read yet")


def credit(tenant: str, dollars: str) -> Contract:
    return contract(tenant=tenant, starts=JUNE, credits=(Credit("w", Scope(), picos(dollars), JUNE, 0),))


@pytest.fixture
def world() -> World:
    return World(spent={t: [Use(JUNE, "openai", "gpt-4o", "", picos("5"), 0, 0)] for t in ("acme", "globex")})


def settler(pricer: Pricer, world: World) -> Settler:
    return Settler(pricer, world, world, world, ManualClock(JUNE + 3 * DAY))


async def test_what_is_posted_once_is_not_posted_again(pricer: Pricer, world: World) -> None:
    pricer.use_contracts([credit("acme", "100"), credit("globex", "2")], Rates())
    at_work = settler(pricer, world)
    await at_work.turn(world)
    await at_work.turn(world)
    assert [(e.tenant_id, e.source_cost_picos) for e in world.log] == [("acme", -picos("5")), ("globex", -picos("2"))]
    assert all(e.correction.kind == CORRECTION_KIND_SETTLEMENT and e.source_cost_billed for e in world.log)


async def test_a_sum_that_grows_revises_the_posting(pricer: Pricer, world: World) -> None:
    pricer.use_contracts([credit("acme", "100")], Rates())
    at_work = settler(pricer, world)
    await at_work.turn(world)
    world.spent["acme"].append(Use(JUNE + DAY, "openai", "o3", "", picos("1"), 0, 0))
    await at_work.turn(world)
    first, second = world.log
    assert first.event_key == second.event_key
    assert second.source_cost_picos == -picos("6")


async def test_a_removed_contract_takes_its_postings_back(pricer: Pricer, world: World) -> None:
    pricer.use_contracts([credit("acme", "100")], Rates())
    at_work = settler(pricer, world)
    await at_work.turn(world)
    pricer.use_contracts([], Rates())
    await at_work.turn(world)
    await at_work.turn(world)
    assert [event.source_cost_picos for event in world.log] == [-picos("5"), 0]


async def test_a_posting_booked_in_two_places_counts_once(pricer: Pricer, world: World) -> None:
    pricer.use_contracts([credit("acme", "100")], Rates())
    at_work = settler(pricer, world)
    name = "c/credit/w/2026-06-01"
    world.booked["acme", "a"] = Posted(name, JUNE, "", "", "", -picos("5"), -picos("5"))
    world.booked["acme", "b"] = Posted(name, JUNE, "azure", "", "", 0, 0)
    assert await at_work.settle("acme") == 0


async def test_only_the_leader_settles_and_only_with_contracts_read(pricer: Pricer, world: World) -> None:
    pricer.use_contracts([credit("acme", "100")], Rates())
    world.held = False
    await settler(pricer, world).turn(world)
    world.held, world.loaded = True, False
    with pytest.raises(UnavailableError):
        await settler(pricer, world).turn(world)
    assert not world.log


async def test_one_tenants_trouble_stops_no_others(pricer: Pricer, world: World) -> None:
    pricer.use_contracts([credit("acme", "100"), credit("globex", "100")], Rates())
    world.away_for = "acme"
    with pytest.raises(UnavailableError):
        await settler(pricer, world).turn(world)
    assert [event.tenant_id for event in world.log] == ["globex"]


async def test_a_payment_in_advance_is_posted_once(pricer: Pricer, world: World) -> None:
    """It differs from nothing by its billed cost alone."""
    term = Commitment("min", Scope("openai"), picos("9"), Period.MONTH, prepaid=True)
    pricer.use_contracts([contract(starts=JUNE, commitments=(term,))], Rates())
    settling = settler(pricer, world)
    assert [await settling.settle("acme"), await settling.settle("acme")] == [1, 0]
    assert [(e.source_cost_picos, e.source_effective_cost_picos) for e in world.log] == [(picos("9"), 0)]
    pricer.use_contracts([], Rates())
    assert [await settling.settle("acme"), await settling.settle("acme")] == [1, 0]
    assert world.booked["acme", "c/payment/min/2026-06-01"].amounts == (0, 0)
