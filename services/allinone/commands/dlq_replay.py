"""Replaying and dropping, one or a hundred thousand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.allinone.commands.dlq_view import Selection
from services.common.errors import NotFoundError
from services.common.kafka.dead_letter_log import DeadLetterLog
from services.common.kafka.dead_letter_record import DeadLetter, State
from services.common.kafka.dead_letter_replay import Refusal, usage_key
from services.common.kafka.dead_letter_replay import replay as record_for
from services.common.kafka.record import Outgoing

_AT_ONCE = 500

Ahead = Callable[[int, int], None]
"""Told how many are done, of how many."""


@dataclass
class Outcome:
    """What became of the letters chosen."""

    done: int = 0
    refusals: dict[str, list[str]] = field(default_factory=dict)
    """Ids by reason."""

    @property
    def refused(self) -> int:
        return sum(map(len, self.refusals.values()))


def _no_progress(_finished: int, _total: int) -> None:
    """For whoever does not look."""


async def replay(
    log: DeadLetterLog, selection: Selection, *, force: bool = False, dry_run: bool = False, ahead: Ahead = _no_progress
) -> Outcome:
    """Writes the letters to their topics again and marks them. Interrupted in between, it may be run again: what was
    written without its mark is written twice, and counted once.

    Raises:
        NotFoundError: a letter that was named is not there.
        UnavailableError: Kafka is away.
    """
    letters = await _chosen(log, selection)
    last_offsets: Mapping[bytes, int] = {}
    if not force:
        keyed = [(letter, key) for letter in letters if (key := usage_key(letter, log.bare(letter.origin.at.topic)))]
        last_offsets = await log.last_offsets([letter for letter, _ in keyed], {key for _, key in keyed})
    outcome = Outcome()
    for start in range(0, len(letters), _AT_ONCE):
        accepted: list[tuple[DeadLetter, Outgoing]] = []
        for letter in letters[start : start + _AT_ONCE]:
            found = record_for(letter, log.bare(letter.origin.at.topic), last_offsets)
            if isinstance(found, Refusal):
                outcome.refusals.setdefault(found.reason, []).append(str(letter.id))
            else:
                accepted.append((letter, found))
        if accepted and not dry_run:
            positions = await log.append([record for _, record in accepted])
            notes = [
                f"to {record.topic}/{partition}@{offset}"
                for (_, record), (partition, offset) in zip(accepted, positions, strict=True)
            ]
            await log.settle([letter for letter, _ in accepted], State.REPLAYED, notes)
        outcome.done += len(accepted)
        ahead(start + _AT_ONCE, len(letters))
    return outcome


async def drop(log: DeadLetterLog, selection: Selection, because: str, *, ahead: Ahead = _no_progress) -> Outcome:
    """Marks the letters as dropped.

    Raises:
        NotFoundError: a letter that was named is not there.
        UnavailableError: Kafka is away.
    """
    outcome = Outcome()
    letters = await _chosen(log, selection)
    for start in range(0, len(letters), _AT_ONCE):
        part = letters[start : start + _AT_ONCE]
        settled = [letter for letter in part if letter.state is not State.OPEN]
        still_open = [letter for letter in part if letter.state is State.OPEN]
        for letter in settled:
            outcome.refusals.setdefault(f"it was {letter.state} already", []).append(str(letter.id))
        if still_open:
            await log.settle(still_open, State.DROPPED, [because] * len(still_open))
        outcome.done += len(still_open)
        ahead(start + _AT_ONCE, len(letters))
    return outcome


async def _chosen(log: DeadLetterLog, selection: Selection) -> Sequence[DeadLetter]:
    """Open letters; one that was named is there whatever its state, so that it is told why it is not replayed."""
    found = selection.of(await log.letters(), log)
    missing = selection.ids - {letter.id for letter in found}
    if missing:
        names = ", ".join(map(str, sorted(missing)))
        raise NotFoundError(f"no dead letter {names} among those chosen: `aifinops dlq list --state all` shows them")
    return found if selection.ids else [letter for letter in found if letter.state is State.OPEN]
