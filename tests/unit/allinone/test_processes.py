"""Child processes of `aifinops up`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from services.allinone.engines.processes import ChildProcess

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


async def test_a_child_steps_back_by_its_niceness(tmp_path: Path) -> None:
    child = ChildProcess("later", [sys.executable, "-c", DEAF], tmp_path / "log", niceness=5)
    child.spawn()
    try:
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 5
    finally:
        child.kill()


async def test_a_niceness_counts_and_a_key_press_reaches_only_the_parent(tmp_path: Path) -> None:
    """Linux weighs niceness only between processes of one session, and Ctrl-C goes to a whole process group."""
    child = ChildProcess("later", [sys.executable, "-c", DEAF], tmp_path / "log")
    child.spawn()
    try:
        assert os.getsid(child.pid) == os.getsid(0)
        assert os.getpgid(child.pid) == child.pid
    finally:
        child.kill()


async def test_a_child_is_ended_by_its_own_signal(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = ChildProcess("deaf", [sys.executable, "-c", DEAF], log, ended_by=signal.SIGKILL)
    child.spawn()
    await child.until(lambda: "deaf" in log.read_text(), timeout_seconds=20)
    await child.stop(timeout_seconds=1)
    assert not child.running()
