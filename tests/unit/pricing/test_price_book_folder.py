"""The folder that keeps the last good copy: damaged, not to be written, its writer killed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.common.clock import HOUR, SystemClock
from services.common.money import parse_dollars
from services.pricing.adapters.refresh import open_book
from services.pricing.settings import BookOptions
from tests.unit.pricing.book_running import Running, a_thousand_times, dearer, metric, options
from tests.unit.pricing.price_source import Publisher, published


@pytest.mark.parametrize("damage", ["copy", "pointer", "missing"])
async def test_a_damaged_folder_is_said_not_hidden(server: Publisher, tmp_path: Path, damage: str) -> None:
    server.publish(published(dearer))
    await Running(options(server, tmp_path)).keeper.refresh()
    copy = tmp_path / f"copy-{hashlib.sha256(server.content).hexdigest()}.json"
    if damage == "copy":
        copy.write_bytes(copy.read_bytes()[:-1])
    elif damage == "missing":
        copy.unlink()
    else:
        (tmp_path / "in-force.json").write_text('{"sha256": "')
    failures = metric("aifinops_price_book_refresh_failures_total", reason="storage") or 0
    running = Running(options(server, tmp_path))
    assert running.opened.edition.origin == "wheel"
    assert "kept copy: " in running.keeper.health().detail
    assert metric("aifinops_price_book_refresh_failures_total", reason="storage") == failures + 1
    await running.keeper.refresh()
    assert running.keeper.health().detail == ""
    assert Running(options(server, tmp_path)).dollars() == parse_dollars("0.3")


async def test_a_folder_that_cannot_be_written_is_told_of(server: Publisher, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    running = Running(options(server, blocked / "folder"))
    server.publish(published(dearer))
    await running.keeper.refresh()
    assert running.dollars() == parse_dollars("0.3")
    assert "cannot be written" in running.keeper.health().detail


_WRITER = """
import sys
from pathlib import Path
from services.pricing.adapters.price_book.shelf import KeptCopy, Shelf
shelf, copies = Shelf(Path(sys.argv[1])), [Path(each).read_bytes() for each in sys.argv[2:]]
number = 0
while True:
    number += 1
    shelf.put(KeptCopy(copies[number % 2], str(number), "here", 1_795_000_000_000_000, number, ()))
    if number == 1:
        print("ready", flush=True)
"""


@pytest.mark.slow
def test_killed_in_the_middle_of_writing(tmp_path: Path) -> None:
    ends = []
    for name, change in (("a", dearer), ("b", a_thousand_times)):
        (tmp_path / name).write_bytes(published(change))
    folder = tmp_path / "kept"
    for round_ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(folder), str(tmp_path / "a"), str(tmp_path / "b")],
            stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.013 * round_)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        opening = open_book(BookOptions(folder=str(folder)), SystemClock().now() - HOUR)
        assert opening.trouble is None
        assert opening.kept is not None
        assert opening.kept.content in ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes())
        ends.append(opening.kept.etag)
    assert len(set(ends)) > 1
