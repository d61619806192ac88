"""What becomes of a message: states, routing, backoff."""

from __future__ import annotations

from services.common.clock import DAY, HOUR, SECOND
from services.notifier.domain.delivery import LONGEST_PAUSE, Attempt, Outcome, Retry, State
from tests.unit.notifier.samples import NOW, notification

RETRY = Retry(max_attempts=3, first_backoff=SECOND, max_backoff=3 * SECOND)


def test_refused_messages_come_back_later_and_fail_in_the_end() -> None:
    waiting = notification()
    dues = []
    for _ in range(2):
        waiting = waiting.claimed("b", NOW).after(Attempt(Outcome.REFUSED, "HTTP 503"), RETRY, False, NOW)
        assert waiting.state is State.PENDING
        dues.append(waiting.next_attempt - NOW)
    assert dues == [SECOND, 2 * SECOND]
    failed = waiting.claimed("b", NOW).after(Attempt(Outcome.REFUSED, "HTTP 503"), RETRY, False, NOW)
    assert (failed.state, failed.attempts, failed.detail) == (State.FAILED, 3, "HTTP 503")


def test_each_outcome_has_its_end() -> None:
    claimed = notification().claimed("b", NOW)
    assert claimed.state is State.SENDING
    assert claimed.after(Attempt(Outcome.DELIVERED), RETRY, False, NOW).state is State.SENT
    assert claimed.after(Attempt(Outcome.REJECTED, "HTTP 404"), RETRY, False, NOW).state is State.FAILED
    assert claimed.after(Attempt(Outcome.UNCERTAIN), RETRY, False, NOW).state is State.UNCERTAIN
    assert claimed.interrupted(repeatable=False, now=NOW).state is State.UNCERTAIN
    assert claimed.interrupted(repeatable=True, now=NOW).state is State.PENDING


def test_every_change_is_later_than_the_one_before_even_when_the_clock_stands() -> None:
    first = notification()
    second = first.claimed("b", NOW - HOUR)
    third = second.after(Attempt(Outcome.DELIVERED), RETRY, False, NOW - HOUR)
    assert first.updated < second.updated < third.updated


def test_a_claim_that_was_not_stored_is_no_attempt() -> None:
    claimed = notification().claimed("b", NOW)
    again = claimed.unclaimed(NOW, NOW + SECOND)
    assert (again.attempts, again.state) == (0, State.PENDING)
    assert again.updated > claimed.updated


def test_a_receiver_that_asks_for_time_gets_it_up_to_the_most() -> None:
    claimed = notification().claimed("b", NOW)
    patient = claimed.after(Attempt(Outcome.REFUSED, retry_after=2 * SECOND), RETRY, False, NOW)
    greedy = claimed.after(Attempt(Outcome.REFUSED, retry_after=DAY), RETRY, False, NOW)
    assert (patient.next_attempt - NOW, greedy.next_attempt - NOW) == (2 * SECOND, LONGEST_PAUSE)


def test_a_lost_answer_is_asked_for_again_where_a_repetition_is_dropped() -> None:
    waiting = notification()
    for _ in range(RETRY.max_attempts - 1):
        waiting = waiting.claimed("b", NOW).after(Attempt(Outcome.UNCERTAIN, "HTTP 502"), RETRY, True, NOW)
        assert waiting.state is State.PENDING
    last = waiting.claimed("b", NOW).after(Attempt(Outcome.UNCERTAIN, "HTTP 502"), RETRY, True, NOW)
    assert (last.state, last.detail) == (State.FAILED, "HTTP 502")


def test_backoff_has_a_most() -> None:
    assert [RETRY.backoff(n) // SECOND for n in (1, 2, 3, 4, 1_000)] == [1, 2, 3, 3, 3]


def test_old_events_are_stale() -> None:
    assert notification(age=DAY).state is State.PENDING
    assert notification(age=DAY + 1).state is State.STALE
