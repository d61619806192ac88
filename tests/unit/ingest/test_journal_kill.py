"""kill -9 in the middle of writing, again and again on the same directory: what was acknowledged is there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from services.ingest.domain.identity import Event
from tests.unit.ingest.building import sealed
from tests.unit.ingest.test_journal import contents, journal_in

WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from tests.unit.ingest.building import sealed
from tests.unit.ingest.test_journal import journal_in

async def main(folder, start):
    journal = journal_in(Path(folder), segment_bytes=20_000)
    await journal.open()
    async def write(lane):
        for number in itertools.count(start + lane, 4):
            await journal.append([sealed(number)], "")
            print("ack", number, flush=True)
    await asyncio.gather(*map(write, range(4)))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    for life in range(3):
        start = life * 1_000_000
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(start)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(50)]
        # At another moment of its work each time.
        time.sleep(0.02 * life)
        process.kill()
        rest = process.stdout.read()
        process.wait()
        # The kernel may hand over half of a last line.
        whole = (b"".join(lines) + rest).rpartition(b"\n")[0]
        acknowledged |= {int(line[4:]) for line in whole.splitlines() if line.startswith(b"ack ")}

    assert len(acknowledged) >= 150
    assert {sealed(number) for number in acknowledged} <= set(asyncio.run(_left(tmp_path)))


async def _left(folder: Path) -> list[Event]:
    journal = journal_in(folder)
    await journal.open()
    found = await contents(journal)
    await journal.close()
    return found
