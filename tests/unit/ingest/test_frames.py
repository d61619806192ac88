"""The journal's file format."""

from __future__ import annotations

from services.ingest.adapters.journal import frames
from services.ingest.adapters.journal.frames import Stored
from tests.unit.ingest.building import sealed

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_what_is_written_is_read() -> None:
    events = [sealed(number) for number in range(3)]
    found = frames.decode(frames.encode(events, TRACE))
    assert found.frames == [Stored(event, TRACE) for event in events]
    assert not found.damaged


def test_a_torn_tail_at_any_byte_leaves_the_frames_before_it() -> None:
    first, second = sealed(1), sealed(2)
    whole = frames.encode([first, second], "")
    boundary = len(frames.encode([first], ""))
    for cut in range(boundary, len(whole)):
        found = frames.decode(whole[:cut])
        assert [stored.event for stored in found.frames] == [first]
        assert (found.used, found.damaged) == (boundary, False)


def test_a_flipped_bit_anywhere_never_yields_another_event() -> None:
    event = sealed(1)
    whole = frames.encode([event], "")
    for at in range(len(whole)):
        spoiled = bytearray(whole)
        spoiled[at] ^= 1
        assert frames.decode(bytes(spoiled)).frames == []
    # Zeros, which a power cut may leave, are damage and no frame.
    assert frames.decode(b"\0" * 64).damaged
