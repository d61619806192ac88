"""Who works there."""

from __future__ import annotations

from services.demo.organisation import TEAM_SIZES, organisation
from services.demo.workloads import WORKLOADS


def test_a_dozen_teams_and_some_hundred_people() -> None:
    staff = organisation(7)
    assert len(TEAM_SIZES) == 12
    assert 100 <= len(staff.people) <= 140
    assert {team: len(staff.members(team)) for team in TEAM_SIZES} == TEAM_SIZES


def test_addresses_are_unique() -> None:
    for seed in range(20):
        people = organisation(seed).people
        assert len({person.email for person in people}) == len(people)


def test_the_seed_decides() -> None:
    assert organisation(7) == organisation(7)
    assert organisation(7) != organisation(8)


def test_every_workload_belongs_to_a_team() -> None:
    assert {workload.team for workload in WORKLOADS} == set(TEAM_SIZES)
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)
    assert all(workload.users <= TEAM_SIZES[workload.team] for workload in WORKLOADS)
