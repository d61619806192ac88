"""The journal on a real disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.common.directory import DirectoryLocked
from services.common.errors import UnavailableError
from services.ingest.adapters.journal.journal import Journal, Limits
from services.ingest.domain.identity import Event
from tests.disks import mounted_disk
from tests.unit.ingest.building import sealed

MIB = 1024 * 1024


def journal_in(folder: Path, *, max_bytes: int = 64 * MIB, segment_bytes: int = MIB) -> Journal:
    return Journal(folder / "journal", Limits(max_bytes, segment_bytes, min_free_bytes=0))


async def contents(journal: Journal) -> list[Event]:
    found: list[Event] = []
    for segment in journal.segments:
        offset = 0
        while offset < segment.durable:
            stored, offset = await journal.read(segment, offset)
            found += [one.event for one in stored]
    return found


async def test_appended_events_are_there_for_the_next_process_in_order(tmp_path: Path) -> None:
    first = journal_in(tmp_path, segment_bytes=2_000)
    await first.open()
    events = [sealed(number) for number in range(100)]
    for start in range(0, 100, 10):
        await first.append(events[start : start + 10], "")
    assert len(first.segments) > 3
    await first.close()

    second = journal_in(tmp_path)
    await second.open()
    assert await contents(second) == events
    await second.append([sealed(100)], "")
    assert await contents(second) == [*events, sealed(100)]
    await second.close()


async def test_concurrent_appends_share_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = 0
    sync = os.fdatasync

    def counted(handle: int) -> None:
        nonlocal syncs
        syncs += 1
        sync(handle)

    monkeypatch.setattr(os, "fdatasync", counted)
    journal = journal_in(tmp_path)
    await journal.open()
    await asyncio.gather(*(journal.append([sealed(number)], "") for number in range(200)))
    assert len(await contents(journal)) == 200
    assert syncs < 10
    await journal.close()


async def test_it_refuses_before_it_grows_beyond_its_bound(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, max_bytes=4_000, segment_bytes=1_000)
    await journal.open()
    accepted = []
    with pytest.raises(UnavailableError) as caught:
        for number in range(1_000):
            await journal.append([sealed(number)], "")
            accepted.append(sealed(number))
    assert "the journal is full" in caught.value.message
    assert caught.value.retry_after_seconds
    assert journal.trouble == "" or "full" in journal.trouble
    assert sum(file.stat().st_size for file in (tmp_path / "journal").glob("*.journal")) <= 4_000
    assert await contents(journal) == accepted
    await journal.discard_first()
    await journal.append([sealed(1)], "")
    await journal.close()


async def test_it_leaves_room_on_the_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Limits(64 * MIB, MIB, min_free_bytes=2**62))
    await journal.open()
    with pytest.raises(UnavailableError, match="bytes free"):
        await journal.append([sealed(1)], "")
    assert "bytes free" in journal.trouble
    await journal.close()


async def test_a_directory_that_is_not_there_is_told_and_never_an_error(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    assert "journal" in journal.trouble  # Not opened yet: readiness may be asked first.
    await journal.open()
    assert not journal.trouble
    shutil.rmtree(tmp_path / "journal")
    with pytest.raises(UnavailableError, match="No such file or directory"):
        await journal.append([sealed(1)], "")
    await journal.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    with mounted_disk(tmp_path / "disk", 4) as folder:
        yield folder


async def test_many_at_once_do_not_take_the_room_that_is_to_be_left(small_disk: Path) -> None:
    journal = Journal(small_disk / "journal", Limits(64 * MIB, MIB, min_free_bytes=2 * MIB))
    await journal.open()
    batches = [[sealed(batch * 1_000 + number) for number in range(1_000)] for batch in range(40)]
    results = await asyncio.gather(*(journal.append(batch, "") for batch in batches), return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert refused
    assert all(isinstance(result, UnavailableError) for result in refused)
    assert shutil.disk_usage(small_disk).free >= 2 * MIB
    kept = [batch for batch, result in zip(batches, results, strict=True) if result is None]
    assert kept
    assert await contents(journal) == [event for batch in kept for event in batch]
    await journal.close()


async def test_a_disk_that_others_fill_costs_nothing_that_was_accepted(small_disk: Path) -> None:
    journal = Journal(small_disk / "journal", Limits(64 * MIB, MIB, min_free_bytes=MIB // 16))
    await journal.open()
    accepted = [sealed(number) for number in range(100)]
    await journal.append(accepted, "")
    others = small_disk / "others"
    with contextlib.suppress(OSError), others.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    for number in range(100, 110):
        with pytest.raises(UnavailableError):
            await journal.append([sealed(number * 1_000 + one) for one in range(100)], "")
    assert journal.trouble
    others.unlink()
    await journal.append([sealed(7)], "")
    assert await contents(journal) == [*accepted, sealed(7)]
    await journal.close()
    again = journal_in(small_disk)
    await again.open()
    assert await contents(again) == [*accepted, sealed(7)]
    await again.close()


async def test_a_failed_write_is_not_acknowledged_and_the_next_one_may_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_in(tmp_path)
    await journal.open()
    await journal.append([sealed(1)], "")
    with monkeypatch.context() as broken:

        def fail(_: int) -> None:
            raise OSError(5, "Input/output error")

        broken.setattr(os, "fdatasync", fail)
        results = await asyncio.gather(
            *(journal.append([sealed(number)], "") for number in (2, 3)), return_exceptions=True
        )
    assert [type(result) for result in results] == [UnavailableError, UnavailableError]
    assert "Input/output error" in journal.trouble
    await journal.append([sealed(4)], "")
    assert journal.trouble == ""
    assert await contents(journal) == [sealed(1), sealed(4)]
    await journal.close()


async def test_a_torn_tail_is_dropped_and_the_rest_is_kept(tmp_path: Path) -> None:
    first = journal_in(tmp_path)
    await first.open()
    await first.append([sealed(1), sealed(2)], "")
    await first.close()
    (file,) = (tmp_path / "journal").glob("*.journal")
    with file.open("ab") as tail:
        tail.write(b"\x40\0\0\0torn")
    second = journal_in(tmp_path)
    await second.open()
    assert await contents(second) == [sealed(1), sealed(2)]
    await second.append([sealed(3)], "")
    assert await contents(second) == [sealed(1), sealed(2), sealed(3)]
    await second.close()


async def test_a_damaged_segment_is_kept_aside_when_done_with(tmp_path: Path) -> None:
    first = journal_in(tmp_path)
    await first.open()
    await first.append([sealed(1)], "")
    await first.append([sealed(2)], "")
    await first.close()
    (file,) = (tmp_path / "journal").glob("*.journal")
    spoiled = bytearray(file.read_bytes())
    spoiled[-1] ^= 0xFF
    file.write_bytes(bytes(spoiled))
    second = journal_in(tmp_path)
    await second.open()
    assert await contents(second) == [sealed(1)]
    await second.discard_first()
    assert [path.suffix for path in (tmp_path / "journal").iterdir() if path.name != "lock"] == [".damaged"]
    await second.close()


@pytest.mark.parametrize("left", [b"", b"AFIN"])
async def test_a_segment_torn_at_birth_holds_nothing(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / f"{7:020d}.journal").write_bytes(left)
    journal = journal_in(tmp_path)
    await journal.open()
    assert await contents(journal) == []
    await journal.append([sealed(1)], "")
    assert journal.segments[-1].number == 8
    await journal.close()


async def test_a_directory_has_one_process(tmp_path: Path) -> None:
    first, second = journal_in(tmp_path), journal_in(tmp_path)
    await first.open()
    with pytest.raises(DirectoryLocked, match=f"in use by process {os.getpid()}: give each ingest process its own"):
        await second.open()
    await first.close()
    third = journal_in(tmp_path)
    await third.open()
    await third.close()


async def test_after_it_is_closed_it_takes_nothing(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    await journal.open()
    await journal.close()
    with pytest.raises(UnavailableError):
        await journal.append([sealed(1)], "")
