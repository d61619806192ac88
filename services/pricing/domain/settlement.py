"""Settlement: what only the sum over a period tells, and no event by itself.

Overage beyond an allowance, what a credit pays for, what is missing of a commitment. Worked out anew from all sums
each time, so that late events, corrections and a changed contract come out right: the amount of a period's posting
changes, its name stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.common.clock import DAY, Micros, format_rfc3339
from services.common.money import Picos, cost_of, round_half_even
from services.pricing.domain.fx import Rates
from services.pricing.domain.periods import Span, months, years
from services.pricing.domain.terms import Allowance, Commitment, Contract, Credit, Period, Scope

SOURCE = "aifinops-settlement"
"""Of the events it posts; its own sums are none of its input."""

_LONGEST = 400 * DAY
"""No period is longer, but for a whole term, which has its own end."""


class Use(NamedTuple):
    """A sum of metered use."""

    start: Micros
    """Of the day, or of the span asked for."""
    provider: str
    model: str
    user: str
    cost: Picos
    units: int
    """Of the bucket asked for."""
    seats: int
    prepaid: Picos = 0
    """Of the cost: covered by a payment in advance, so that it is not billed again."""


Wanted = tuple[Span, str]
"""A span, and the bucket that counts."""


class Books(NamedTuple):
    """Sums of a tenant's metered use, without what was settled."""

    days: Sequence[Use] = ()
    """By UTC day, provider and model, in the order of days, since the first credit or commitment began."""
    users: Mapping[Wanted, Sequence[Use]] = {}
    """By user, provider and model within a span; nameless users by day besides."""


_NO_BOOKS = Books()

Called = Callable[[str, str], tuple[Collection[str], Collection[str]]]
"""The names a provider and a model go by."""


@dataclass(frozen=True)
class Balance:
    """One term in one period."""

    contract: str
    kind: str
    id: str
    start: Micros
    end: Micros
    agreed: int
    """Units of an allowance; else picodollars."""
    used: int
    amount: Picos
    """To be posted: overage and shortfall above zero, what a credit pays below."""
    billed: Picos | None = None
    """What the invoice says of it, where that is another amount."""
    provider: str = ""
    model: str = ""
    user: str = ""
    bucket: str = ""
    time: Micros = 0
    """Of the posting."""

    @property
    def amounts(self) -> tuple[Picos, Picos]:
        """The effective and the billed cost of the posting."""
        return self.amount, self.amount if self.billed is None else self.billed

    @property
    def name(self) -> str:
        """Of the posting, within the tenant; the same however often it is worked out."""
        parts = (self.contract, self.kind, self.id, format_rfc3339(self.start)[:10], self.user)
        return "/".join(part for part in parts if part)


@dataclass
class Settlement:
    """Works out one tenant's balances."""

    contracts: Sequence[Contract]
    called: Called
    rates: Rates
    now: Micros
    books: Books = _NO_BOOKS
    _left: dict[tuple[Micros, str, str], Picos] = field(default_factory=dict)
    """Of each day, provider and model, what no credit has paid yet."""

    def wanted(self) -> list[Wanted]:
        """The sums by user that `balances` needs."""
        return sorted(
            {
                (span, allowance.bucket)
                for contract in self.contracts
                for allowance in contract.allowances
                for span in self._periods(contract, Period.MONTH)
            }
        )

    def first_day(self) -> Micros | None:
        """From when on `balances` needs sums by day; None: of none."""
        commitments = [contract.starts for contract in self.contracts if contract.commitments]
        return min([*commitments, *(credit.starts for c in self.contracts for credit in c.credits)], default=None)

    def balances(self) -> list[Balance]:
        """Of every period that has begun."""
        found = [
            balance
            for contract in self.contracts
            for allowance in contract.allowances
            for balance in self._allowance(contract, allowance)
        ]
        for contract in self.contracts:
            for commitment in contract.commitments:
                found += self._commitment(contract, commitment)
        credits = [(contract, credit) for contract in self.contracts for credit in contract.credits]
        # Whichever ends first is used first, as whoever holds several would.
        credits.sort(key=lambda each: (each[1].ends or float("inf"), each[1].starts, each[0].name, each[1].id))
        if credits:
            days = self.books.days
            self._left = {(use.start, use.provider, use.model): use.cost - use.prepaid for use in days}
        for contract, credit in credits:
            found += self._credit(contract, credit)
        return found

    def _periods(self, contract: Contract, period: Period, starts: Micros = 0, ends: Micros = 0) -> Iterator[Span]:
        """Those that have begun, of the contract's term or a part of it."""
        start, end = starts or contract.starts, ends or contract.ends
        far = end or self.now + _LONGEST
        spans = {Period.TERM: _once, Period.MONTH: months, Period.YEAR: years}[period](start, far)
        return (span for span in spans if span[0] < self.now)

    def _covered(self, scope: Scope, uses: Iterable[Use]) -> Iterator[Use]:
        for use in uses:
            if scope.covers(*self.called(use.provider, use.model)):
                yield use

    def _dollars(self, contract: Contract, amount: int, time: Micros) -> Picos | None:
        """An amount of the contract's currency in picodollars, rounded half to even; None: there is no rate yet."""
        rate = self.rates.at(contract.tenant_id, contract.currency, time)
        return None if rate is None else round_half_even(amount * rate)

    def _allowance(self, contract: Contract, term: Allowance) -> Iterator[Balance]:
        for start, end in self._periods(contract, Period.MONTH):
            price = self._dollars(contract, term.overage, start)
            if price is None:
                continue
            users = self.books.users[(start, end), term.bucket]
            used: dict[str, int] = defaultdict(int)
            for use in self._covered(term.scope, users):
                used[use.user if term.per_user else ""] += use.units
            agreed = self._included(term, users)
            for user in sorted(used.keys() | agreed.keys()):
                units = agreed.get(user, 0) + term.pool
                over = max(0, used[user] - units)
                yield Balance(
                    contract.name, "allowance", term.id, start, end, units, used[user], cost_of(over, price), None,
                    term.scope.provider, _only(term.scope), user, term.bucket, start,
                )  # fmt: skip

    def _included(self, term: Allowance, users: Iterable[Use]) -> dict[str, int]:
        """Units that seats include: of each user, or under "" of all.

        A person's seat counts once a month, whether it was held all days or a few, as GitHub counts a license: one more
        enlarges the pool at once, one less the next month's. Of seats without a name, those of the day that had most.
        https://docs.github.com/en/copilot/concepts/billing-and-usage/organizations-and-enterprises/billing
        """
        included: dict[str, int] = {} if term.per_user else {"": 0}
        most: dict[str, int] = defaultdict(int)
        held: set[tuple[str, str]] = set()
        nameless: dict[tuple[str, Micros], int] = defaultdict(int)
        for use in users:
            if not use.seats:
                continue
            providers, names = self.called(use.provider, use.model)
            if term.scope.provider and term.scope.provider not in providers:
                continue
            for plan, units in term.included:
                if plan not in names:
                    continue
                if not use.user:
                    nameless[plan, use.start] += use.seats
                elif (use.user, plan) not in held:
                    held.add((use.user, plan))
                    owner = use.user if term.per_user else ""
                    included[owner] = included.get(owner, 0) + units
        for (plan, _), seats in nameless.items():
            most[plan] = max(most[plan], seats)
        if not term.per_user:
            included[""] += sum(units * most[plan] for plan, units in term.included)
        return included

    def _commitment(self, contract: Contract, term: Commitment) -> Iterator[Balance]:
        for start, end in self._periods(contract, term.period):
            if term.prepaid:
                yield from self._prepaid(contract, term, start, end)
                continue
            over = end <= self.now
            time = end - 1
            amount = self._dollars(contract, term.amount, min(time, self.now))
            if amount is None:
                continue
            used = sum(use.cost for use in self._covered(term.scope, self.books.days) if start <= use.start < end)
            missing = max(0, amount - used) if over else 0
            yield Balance(
                contract.name, "commitment", term.id, start, end, amount, used, missing, None,
                term.scope.provider, _only(term.scope), "", "", time,
            )  # fmt: skip

    def _prepaid(self, contract: Contract, term: Commitment, start: Micros, end: Micros) -> Iterator[Balance]:
        """The payment is billed, and no cost yet: use it covers is the cost, and is not billed again. What use covers
        beyond it is billed in its month; what is left at the end of the period becomes a cost then."""
        amount = self._dollars(contract, term.amount, start)
        if amount is None:
            return
        place = term.scope.provider, _only(term.scope), "", ""
        drawn = [use for use in self._covered(term.scope, self.books.days) if start <= use.start < end]
        used = sum(use.prepaid for use in drawn)
        lost = max(0, amount - used) if end <= self.now else 0
        yield Balance(contract.name, "payment", term.id, start, end, amount, amount, 0, amount, *place, start)
        yield Balance(contract.name, "commitment", term.id, start, end, amount, used, lost, 0, *place, end - 1)
        left = amount
        for since, until in months(start, min(end, self.now)):
            month = sum(use.prepaid for use in drawn if since <= use.start < until)
            beyond = max(0, month - left)
            if beyond:
                yield Balance(contract.name, "excess", term.id, since, until, left, month, 0, beyond, *place, since)
            left = max(0, left - month)

    def _credit(self, contract: Contract, term: Credit) -> Iterator[Balance]:
        left = self._dollars(contract, term.amount, term.starts)
        if left is None:
            return
        for start, end in self._periods(contract, Period.MONTH, term.starts, term.ends):
            covered = [
                (use.start, use.provider, use.model)
                for use in self._covered(term.scope, self.books.days)
                if start <= use.start < end
            ]
            open_, before = max(0, sum(self._left[key] for key in covered)), left
            paid = min(left, open_)
            left -= paid
            self._pay(covered, paid)
            yield Balance(
                contract.name, "credit", term.id, start, end, before, paid, -paid, None,
                term.scope.provider, _only(term.scope), "", "", start,
            )  # fmt: skip

    def _pay(self, covered: Iterable[tuple[Micros, str, str]], amount: Picos) -> None:
        for key in covered:
            part = max(0, min(amount, self._left[key]))
            self._left[key] -= part
            amount -= part


def _only(scope: Scope) -> str:
    """The model of a scope that has only one."""
    if len(scope.models) != 1 or any(sign in scope.models[0] for sign in "*?["):
        return ""
    return scope.models[0]


def _once(start: Micros, end: Micros) -> Iterator[Span]:
    yield start, end
