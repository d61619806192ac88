"""Sums over all partitions, from memory: those of this process from its accounts, the others as the state topic tells
them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import NamedTuple

from services.budget.domain.sums import NONE, OTHER_INCARNATIONS, Amounts, Family
from services.budget.domain.tracking import FamilyKey
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.ports import Journal
from services.common.money import Picos


class Total(NamedTuple):
    """A sum over all partitions."""

    actual: Picos
    shadow: Picos
    complete: bool
    """False while some partition's part is being rebuilt, or its owner has not told it yet."""


class Totals:
    """Adds up."""

    def __init__(self, accounts: Accounts, journal: Journal) -> None:
        self._accounts = accounts
        self._journal = journal

    def basis(self) -> object:
        """Whose parts are added up, and from where: it changes when partitions come or go, or the log begins anew."""
        return self._accounts.generation, self._journal.partitions, self._journal.mirror

    def total(self, family: FamilyKey, member: str | None = None) -> Total:
        """The sum over all partitions, from memory: of the whole, or of a member."""
        actual, shadow, partitions = 0, 0, self._journal.partitions
        complete = partitions > 0
        everybody, constants, saved = self._accounts.owned, self._accounts.constants, self._journal.mirror.families
        # Every decision comes through here for each of its budgets, so nothing is called that need not be.
        for number in range(OTHER_INCARNATIONS, partitions):
            owned = everybody.get(number)
            if owned is not None:
                sums = owned.families.get(family, NONE)
                complete = complete and None in sums and family not in owned.rebuilding
            else:
                own = number == OTHER_INCARNATIONS and family in constants
                sums = constants[family] if own else saved(number).get(family, NONE)
                complete = complete and None in sums
            part = sums.get(member)
            if part is not None:
                actual, shadow = actual + part.actual, shadow + part.shadow
        return Total(actual, shadow, complete)

    def members(self, family: FamilyKey) -> Mapping[str, Amounts]:
        """The sums of all members seen, over all partitions."""
        found: dict[str, Amounts] = {}
        for number in range(OTHER_INCARNATIONS, self._journal.partitions):
            for member, part in self._sums(family, number).items():
                if member is not None:
                    actual, shadow = found.get(member, (0, 0))
                    found[member] = (actual + part.actual, shadow + part.shadow)
        return found

    def names(self, family: FamilyKey) -> Set[str]:
        """All members seen, over all partitions."""
        numbers = range(OTHER_INCARNATIONS, self._journal.partitions)
        return {member for number in numbers for member in self._sums(family, number) if member is not None}

    def knows_constant(self, family: FamilyKey) -> bool:
        """Whether the spend of other incarnations is known."""
        return None in self._sums(family, OTHER_INCARNATIONS)

    def constant(self, family: FamilyKey) -> Mapping[str | None, Amounts]:
        """The spend of other incarnations."""
        return {m: (part.actual, part.shadow) for m, part in self._sums(family, OTHER_INCARNATIONS).items()}

    def _sums(self, family: FamilyKey, number: int) -> Family:
        """A partition's part of a family, or that of other incarnations."""
        owned = self._accounts.owned.get(number)
        if owned is not None:
            return owned.families.get(family, NONE)
        if number == OTHER_INCARNATIONS and family in self._accounts.constants:
            return self._accounts.constants[family]
        return self._journal.mirror.families(number).get(family, NONE)
