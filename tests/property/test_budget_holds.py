"""Whatever comes in whatever order, and whoever takes over: no limit is passed, no hold leaks, none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from finops.budget.v1 import budget_pb2 as pb
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.budget.domain.intents import intent_of
from services.budget.handlers.statuses import still
from services.common import money
from services.common.clock import SECOND
from services.common.errors import UnavailableError
from tests.unit.budget.process import Process
from tests.unit.budget.world import Crashed, World, monthly, use

LIMIT = 20
LEASE = 60
SETTLED_SECONDS = 86_400
DOLLAR = 10**12
ASKED = 3
"""Times in a row: what is remembered is put together from what was remembered before."""

requests = st.integers(0, 5).map("r{}".format)
crashes = st.none() | st.integers(0, 3)


class Reservations(RuleBasedStateMachine):
    """One process after the other decides; each may crash at any write. What each answered is kept beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.process = Process(self.world)
        self.open: dict[str, tuple[int, int]] = {}
        """Allowed and not ended: estimate and when it expires."""
        self.unsure: dict[str, tuple[int, int]] = {}
        """Asked for, but the process ended before it answered."""
        self.settled: dict[str, tuple[int, int]] = {}
        self.spent: dict[str, int] = {}
        self.used: set[str] = set()

    def teardown(self) -> None:
        self.finally_nothing_leaks()
        self.loop.close()

    @initialize()
    def begin(self) -> None:
        # Long enough that it does not turn while an example lasts.
        yearly = monthly(str(LIMIT), enforcement=pb.ENFORCEMENT_BLOCK)
        yearly.period = pb.PERIOD_YEAR
        self.run(self.process.create("b", yearly))
        self.take_over()

    def run(self, work: Coroutine[Any, Any, Any], crash: int | None = None) -> Any:
        """The outcome; None where the process crashed or could not tell. Then another one takes over."""
        self.world.writes_until_crash = crash
        try:
            return self.loop.run_until_complete(work)
        except (Crashed, UnavailableError):
            self.world.writes_until_crash = None
            self.process = Process(self.world)
            self.take_over()
            return None
        finally:
            self.world.writes_until_crash = None

    def take_over(self) -> None:
        self.run(self.process.assign())
        self.run(self.process.settle_down())
        self.run(self.process.hear())

    # --- what happens -----------------------------------------------------------------------------------------------

    @rule(request=requests, dollars=st.integers(0, 12), crash=crashes)
    def reserve(self, request: str, dollars: int, crash: int | None) -> None:
        if request in self.used:
            return
        self.expire()
        intent = pb.SpendIntent(estimate=money.to_proto(dollars * DOLLAR))
        share = self.process.share()
        expires = self.world.clock.now() + LEASE * SECOND
        answer = self.run(self.process.reserving.reserve(share, "acme", request, intent, LEASE), crash)
        if answer is None:
            self.unsure[request] = (dollars, expires)
            self.used.add(request)
        elif answer.decision.allowed:
            self.open[request] = (dollars, answer.expires)
            self.used.add(request)

    @rule(request=requests, data=st.data(), crash=crashes)
    def settle(self, request: str, data: st.DataObject, crash: int | None) -> None:
        self.expire()
        if request not in self.open:
            return
        estimate, _ = self.open[request]
        actual = data.draw(st.integers(0, estimate))
        work = self.process.reserving.settle(self.process.share(), "acme", request, actual * DOLLAR)
        state = self.run(work, crash)
        if state is None:
            # It may be settled: what it was then counts no more than the estimate.
            self.unsure[request] = self.open.pop(request)
            return
        del self.open[request]
        if request in self.spent:
            assert state in (pb.SettleResponse.STATE_COUNTED, pb.SettleResponse.STATE_SETTLED)
        else:
            assert state == pb.SettleResponse.STATE_SETTLED
            self.settled[request] = (actual, self.world.clock.now() + SETTLED_SECONDS * SECOND)

    @rule(request=requests, crash=crashes)
    def release(self, request: str, crash: int | None) -> None:
        if request in self.open:
            done = self.run(self.answered(self.process.reserving.release(self.process.share(), "acme", request)), crash)
            held = self.open.pop(request)
            if done is None:
                self.unsure[request] = held

    async def answered(self, work: Coroutine[Any, Any, None]) -> bool:
        await work
        return True

    @rule(request=requests, partition=st.integers(0, 1), crash=crashes)
    def event_comes(self, request: str, partition: int, crash: int | None) -> None:
        """The usage event, at most what was held for it, whenever it comes."""
        book = self.process.ownership.book_of("acme")
        hold = book.find("acme", request) if book is not None else None
        known = {**self.unsure, **self.open, **self.settled}
        if request in self.spent or request not in known or hold is None or not hold.counts:
            return
        self.spent[request] = hold.amount // DOLLAR
        self.world.spend(partition, use(source_event_id=request), self.spent[request] * DOLLAR)
        self.process.hold_log.caught_up()
        self.run(self.process.consume_all(), crash)

    @rule(seconds=st.sampled_from((1, 30, 90, 90_000)))
    def time_goes_on(self, seconds: int) -> None:
        self.world.clock.advance(seconds * SECOND)
        self.expire()
        self.run(self.process.ownership.run())

    @rule()
    def everybody_hears(self) -> None:
        self.run(self.process.hear())

    @rule()
    def another_takes_over(self) -> None:
        before = self.process
        self.process = Process(self.world)
        self.take_over()
        intent = pb.SpendIntent(estimate=money.to_proto(0))
        share = before.ownership.share_of("acme")
        if share is not None:
            try:
                reserved = self.loop.run_until_complete(
                    before.reserving.reserve(share, "acme", "zombie", intent, LEASE)
                )
            except UnavailableError:
                return
            # A denial holds nothing, so that nobody else needs to know of it.
            assert not reserved.decision.allowed, "a process that was shut out has granted"

    def expire(self) -> None:
        now = self.world.clock.now()
        for known in (self.open, self.unsure, self.settled):
            for request in [name for name, (_, expires) in known.items() if expires <= now]:
                del known[request]

    # --- what always holds ------------------------------------------------------------------------------------------

    @invariant()
    def never_passed_and_never_lost(self) -> None:
        if self.process.ownership.book_of("acme") is None:
            return
        self.expire()
        actual, reserved = self.figures()
        answered = {**self.open, **self.settled}
        waiting = sum(amount for name, (amount, _) in answered.items() if name not in self.spent)
        assert reserved >= waiting, "none is lost, and none is missing between its hold and its event"
        assert actual == sum(self.spent.values()), "every event is read before the next step"
        assert actual + waiting <= LIMIT

    @invariant()
    def a_status_is_told_as_if_nothing_were_remembered(self) -> None:
        statuses = self.process.statuses
        for tracked in self.process.catalog.all():
            for member in (None, *self.process.standings.names(tracked, self.world.clock.now())):
                assert still(statuses.status(tracked, member)) == still(statuses.anew(tracked, member))

    @invariant()
    def a_check_is_answered_as_if_nothing_were_remembered(self) -> None:
        message = pb.SpendIntent(estimate=money.to_proto(3 * DOLLAR))
        decision, _ = self.process.deciding.decide("acme", intent_of("acme", message))
        for _ in range(ASKED):
            assert self.process.deciding.check("acme", message) == decision

    @rule()
    def what_was_counted_counts_once(self) -> None:
        self.run(self.process.hear())
        actual, reserved = self.figures()
        assert actual + reserved <= LIMIT

    def figures(self) -> tuple[int, int]:
        """What is spent, and what is held or settled."""
        status = self.process.status("b")
        actual, held, settled = (
            money.from_proto(amount) // DOLLAR for amount in (status.actual, status.held, status.settled)
        )
        return actual, held + settled

    def finally_nothing_leaks(self) -> None:
        self.world.clock.advance(2 * SETTLED_SECONDS * SECOND)
        self.run(self.process.ownership.run())
        book = self.process.books.of("acme")
        assert book.held("acme", "b") == book.settled("acme", "b") == 0
        assert not book.of_tenant("acme"), "everything is forgotten in the end"


TestReservations = Reservations.TestCase
TestReservations.settings = settings(max_examples=40, stateful_step_count=25)
