"""Confidence, waterfall, life and ranking of recommendations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from finops.recommendation.v1.recommendation_pb2 import (
    ListRecommendationsRequest,
    ListRecommendationsResponse,
    Recommendation,
    RecommendationEvent,
)

from services.common import money
from services.common.errors import InvalidArgumentError
from services.common.money import PICOS_PER_DOLLAR
from services.optimizer.domain import lifecycle, listing, waterfall
from services.optimizer.domain.confidence import TrackRecord, confidence
from services.optimizer.domain.drafts import Draft, Fact, Saving
from services.optimizer.domain.lifecycle import Change, Stored

FLOOR = 10 * PICOS_PER_DOLLAR


def _draft(rule: str = "cheaper_model", team: str = "search", dollars: int = 100, spend: int = 300) -> Draft:
    median = dollars * PICOS_PER_DOLLAR
    return Draft(
        rule=rule, subject={"team": team}, title=f"title {team}", action="do it",
        saving=Saving(median // 2, median, median * 2, likely=0.9),
        evidence=(Fact("known", present=True), Fact("to be shown", present=False)),
        claims={f"tokens/{team}": spend * PICOS_PER_DOLLAR},
    )  # fmt: skip


def _told(changes: list[Change]) -> dict[str, Stored]:
    return {change.stored.recommendation.name: change.stored for change in changes}


def test_confidence_is_likelihood_times_track_record_times_evidence() -> None:
    assert confidence(_draft(), TrackRecord()) == pytest.approx(0.9 * 0.5 * 0.5)
    assert confidence(_draft(), TrackRecord(predictions=8, hits=7)) == pytest.approx(0.9 * 0.8 * 0.5)
    assert confidence(replace(_draft(), evidence=()), TrackRecord()) == 0


def test_the_same_state_is_told_once() -> None:
    [created] = lifecycle.reconcile("acme", {}, [_draft()], FLOOR, 1)
    assert created.type == RecommendationEvent.TYPE_CREATED
    assert lifecycle.reconcile("acme", _told([created]), [_draft()], FLOOR, 2) == []


def test_names_and_event_ids_are_those_of_subject_and_revision() -> None:
    [first] = lifecycle.reconcile("acme", {}, [_draft()], FLOOR, 1)
    [again] = lifecycle.reconcile("acme", {}, [_draft(dollars=120)], FLOOR, 99)
    [other] = lifecycle.reconcile("globex", {}, [_draft()], FLOOR, 1)
    assert first.event.event_id == again.event.event_id
    assert first.event.recommendation.name == again.event.recommendation.name != other.event.recommendation.name


def test_only_material_changes_are_updates() -> None:
    told = _told(lifecycle.reconcile("acme", {}, [_draft()], FLOOR, 1))
    assert lifecycle.reconcile("acme", told, [_draft(dollars=110)], FLOOR, 2) == []
    [update] = lifecycle.reconcile("acme", told, [_draft(dollars=111)], FLOOR, 2)
    assert update.type == RecommendationEvent.TYPE_UPDATED
    assert (update.stored.recommendation.create_unix_micros, update.stored.recommendation.update_unix_micros) == (1, 2)
    assert update.stored.revision == 2
    [reworded] = lifecycle.reconcile("acme", told, [replace(_draft(), action="do that")], FLOOR, 2)
    assert reworded.type == RecommendationEvent.TYPE_UPDATED


def test_what_falls_away_is_withdrawn_once_and_may_come_back() -> None:
    told = _told(lifecycle.reconcile("acme", {}, [_draft()], FLOOR, 1))
    [withdrawn] = lifecycle.reconcile("acme", told, [], FLOOR, 2)
    assert withdrawn.type == RecommendationEvent.TYPE_WITHDRAWN
    assert withdrawn.stored.recommendation.state == Recommendation.STATE_WITHDRAWN
    told = _told([withdrawn])
    assert lifecycle.reconcile("acme", told, [], FLOOR, 3) == []
    [back] = lifecycle.reconcile("acme", told, [_draft()], FLOOR, 4)
    assert (back.type, back.stored.revision) == (RecommendationEvent.TYPE_CREATED, 3)


def test_small_savings_open_nothing_but_keep_open_what_is() -> None:
    assert lifecycle.reconcile("acme", {}, [_draft(dollars=9)], FLOOR, 1) == []
    told = _told(lifecycle.reconcile("acme", {}, [_draft(dollars=10)], FLOOR, 1))
    [kept] = lifecycle.reconcile("acme", told, [_draft(dollars=8)], FLOOR, 2)
    assert kept.type == RecommendationEvent.TYPE_UPDATED


def test_realised_recommendations_are_left_alone() -> None:
    told = _told(lifecycle.reconcile("acme", {}, [_draft()], FLOOR, 1))
    for stored in told.values():
        stored.recommendation.state = Recommendation.STATE_REALISED
    assert lifecycle.reconcile("acme", told, [_draft(dollars=500)], FLOOR, 2) == []
    assert lifecycle.reconcile("acme", told, [], FLOOR, 2) == []


def test_two_rules_on_the_same_spend_share_it() -> None:
    seats = _draft(rule="idle_seats", dollars=100, spend=300)
    models = _draft(rule="cheaper_model", dollars=150, spend=300)
    first, second = waterfall.apply([models, seats])
    assert (first.rule, first.saving) == ("idle_seats", seats.saving)
    # $200 of the $300 are left to the model rule, which saves half of what it meets.
    assert second.saving.median == 100 * PICOS_PER_DOLLAR
    assert [d.saving for d in waterfall.apply([_draft(team="a"), _draft(team="b")])] == [_draft().saving] * 2


def test_nothing_is_proposed_on_spend_that_is_gone() -> None:
    everything = _draft(rule="idle_seats", dollars=300, spend=300)
    assert [d.rule for d in waterfall.apply([_draft(), everything])] == ["idle_seats"]
    assert waterfall.apply([_draft(spend=0)]) == []


def test_pages_are_ranked_by_low_saving_times_confidence() -> None:
    recommendations = [
        Recommendation(
            name=f"recommendations/{n}", confidence=c, monthly_saving_low=money.to_proto(low * PICOS_PER_DOLLAR)
        )
        for n, (low, c) in enumerate([(10, 0.5), (100, 0.2), (30, 0.5), (10, 0.5)])
    ]
    first = _page(recommendations)
    rest = _page(recommendations, token=first.next_page_token)
    assert [r.name[-1] for r in [*first.recommendations, *rest.recommendations]] == ["1", "2", "0", "3"]
    assert not rest.next_page_token
    with pytest.raises(InvalidArgumentError, match="page_token"):
        _page(recommendations, token="bm9uc2Vuc2U=")
    with pytest.raises(InvalidArgumentError, match="page_size"):
        _page(recommendations, size=-1)


def _page(found: Sequence[Recommendation], size: int = 3, token: str = "") -> ListRecommendationsResponse:
    return listing.page(found, "acme", ListRecommendationsRequest(page_size=size, page_token=token))
