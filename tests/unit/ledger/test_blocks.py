"""Where blocks are cut, and where a new writer goes on."""

from __future__ import annotations

from services.ledger.domain.blocks import Note, PartitionCutter, Resume, Span, resume
from services.ledger.domain.entry import Entry, UsageMark
from tests.unit.ledger.records import INCARNATION, cost_record


def entry(offset: int, usage_offset: int, incarnation: str = INCARNATION) -> Entry:
    record = cost_record(f"req-{offset}", usage_offset=usage_offset, usage_incarnation=incarnation)
    return Entry(
        offset, record.SerializeToString(), UsageMark(incarnation, usage_offset), record.usage.received_unix_micros
    )


def mark(offset: int) -> UsageMark:
    return UsageMark(INCARNATION, offset)


def span(first: int, last: int, before: int = -1, after: int = -1) -> Span:
    return Span(first, last, mark(before), mark(after))


def test_a_partition_without_notes_starts_at_its_beginning() -> None:
    assert resume([]) == Resume(0, UsageMark(), None)


def test_goes_on_behind_the_last_block_that_was_written() -> None:
    notes = [
        Note(0, span(0, 9, after=9), written=True, number=1),
        Note(0, span(10, 19, 9, 25), written=False, number=2),
        Note(0, span(10, 22, 9, 25), written=True, number=3),
    ]
    assert resume(notes) == Resume(23, mark(25), None)


def test_a_block_noted_but_not_written_is_cut_again() -> None:
    noted = span(10, 19, 9, 25)
    notes = [Note(0, span(0, 9, after=9), written=True, number=1), Note(0, noted, written=False, number=2)]
    assert resume(notes) == Resume(10, mark(9), noted)


def test_of_two_open_notes_only_the_earlier_may_be_in_the_tables() -> None:
    earlier, later = span(10, 15, 9, 15), span(10, 19, 9, 19)
    assert resume([Note(0, later, False, 5), Note(0, earlier, False, 4)]).replay == earlier


def test_a_note_given_up_by_a_late_writer_does_not_outlive_the_blocks_written_meanwhile() -> None:
    notes = [Note(0, span(10, 19, 9, 19), False, 9), Note(0, span(10, 15, 9, 15), True, 8)]
    assert resume(notes) == Resume(16, mark(15), None)


def test_a_new_block_spans_what_was_read() -> None:
    cutter = PartitionCutter(3, Resume())
    [block] = cutter.take([entry(0, 5), entry(2, 6)], read_through=4)
    assert block.span == Span(0, 2, UsageMark(), mark(6))
    assert block.token("life") == "life:3:0-2"
    assert not block.noted
    assert cutter.through == 4


def test_a_record_whose_usage_does_not_rise_is_dropped() -> None:
    cutter = PartitionCutter(0, Resume())
    [block] = cutter.take([entry(0, 5), entry(1, 5), entry(2, 4), entry(3, 6)], 3)
    assert [e.offset for e in block.entries] == [0, 3]
    assert cutter.dropped == 2
    assert cutter.take([entry(4, 6)], 4) == []
    assert cutter.through == 4


def test_offsets_of_another_incarnation_do_not_compare() -> None:
    cutter = PartitionCutter(0, Resume(7, mark(100), None))
    [block] = cutter.take([entry(7, 3, "life-2"), entry(8, 2, "life-2")], 8)
    assert [e.offset for e in block.entries] == [7]


def test_a_replayed_block_is_the_same_however_the_log_is_read() -> None:
    log = [entry(o, u) for o, u in [(10, 10), (11, 9), (12, 12), (13, 13), (14, 14), (15, 12), (16, 16)]]
    [original] = PartitionCutter(0, Resume(10, mark(9))).take(log[:4], 13)
    for reads in ([1, 2, 1, 3], [7], [3, 4], [4, 3]):
        cutter = PartitionCutter(0, Resume(10, mark(9), original.span))
        blocks, position = [], 0
        for count in reads:
            part = log[position : position + count]
            blocks += cutter.take(part, part[-1].offset)
            position += count
        assert (blocks[0].span, blocks[0].noted) == (original.span, True)
        assert [e.offset for e in blocks[0].entries] == [10, 12, 13]
        assert blocks[0].token("x") == original.token("x")
        assert [e.offset for block in blocks[1:] for e in block.entries] == [14, 16]
        assert blocks[1].span.before == mark(13)


def test_a_replay_whose_records_are_gone_from_the_log_gives_no_block() -> None:
    cutter = PartitionCutter(0, Resume(10, mark(9), span(10, 12, 9, 12)))
    [block] = cutter.take([entry(20, 30)], 20)
    assert block.span == Span(20, 20, mark(9), mark(30))
    assert not block.noted
