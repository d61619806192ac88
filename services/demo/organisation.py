"""Who works there: a dozen teams and their people, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

TEAM_SIZES: Mapping[str, int] = {
    "search": 10,
    "support": 14,
    "data-platform": 9,
    "payments": 9,
    "mobile": 11,
    "web": 12,
    "platform": 13,
    "ml-research": 10,
    "legal": 6,
    "marketing": 10,
    "sales": 14,
    "finance": 6,
}
"""People in each team."""

_GIVEN = (
    "Ada", "Alan", "Amara", "Ana", "Bela", "Carlos", "Chen", "Dana", "Elif", "Emeka", "Farah", "Grace", "Hana", "Igor",
    "Ines", "Jonas", "Kavya", "Lars", "Leila", "Liam", "Mara", "Mei", "Mila", "Nadia", "Noor", "Omar", "Priya", "Rosa",
    "Sam", "Sofia", "Tariq", "Tess", "Uma", "Viktor", "Wanja", "Yara", "Yusuf", "Zoe",
)  # fmt: skip
_FAMILY = (
    "Adeyemi", "Almeida", "Berg", "Castillo", "Dimitrov", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen",
    "Kowalski", "Lindqvist", "Mbeki", "Nowak", "Okafor", "Petrov", "Quinn", "Rossi", "Sato", "Tanaka", "Ueda", "Varga",
    "Weber", "Yilmaz", "Zhang",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody who uses AI at work."""

    email: str
    team: str
    zeal: float
    """How much they use compared with a colleague; 1 is usual."""


@dataclass(frozen=True)
class Organisation:
    """The people, in a fixed order."""

    people: tuple[Person, ...]

    def members(self, *teams: str) -> tuple[Person, ...]:
        """The people of these teams."""
        return tuple(person for person in self.people if person.team in teams)


def organisation(seed: int) -> Organisation:
    """The organisation of a seed."""
    rng = Random(f"{seed}/people")
    names = [(given, family) for given in _GIVEN for family in _FAMILY]
    drawn = iter(rng.sample(names, sum(TEAM_SIZES.values())))
    people = []
    for team, size in TEAM_SIZES.items():
        for _ in range(size):
            given, family = next(drawn)
            email = f"{given}.{family}@example.com".lower()
            people.append(Person(email, team, rng.lognormvariate(0, 0.6)))
    return Organisation(tuple(people))
