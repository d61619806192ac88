"""Child processes that live as long as their parent, and no longer."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class EngineError(RuntimeError):
    """An engine did not start; the message has the end of its output."""


def listening(port: int) -> bool:
    """True if somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent(ended_by: signal.Signals) -> None:
    """Linux: the child gets this signal when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ended_by)


class ChildProcess:
    """One child, its output in a file.

    Args:
        ended_by: the signal that asks it to end, also when the parent has.
        niceness: how far it steps back behind others on a full machine, 0 to 19.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log_file: Path,
        env: dict[str, str] | None = None,
        *,
        ended_by: signal.Signals = signal.SIGTERM,
        niceness: int = 0,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._log_file = log_file
        self._env = env
        self._ended_by = ended_by
        self._niceness = niceness
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def spawn(self) -> None:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                # Ctrl-C reaches a whole process group; the parent decides in which order its children go. No session
                # of its own: Linux shares the processor out between sessions, and niceness counts only within one.
                process_group=0,
                preexec_fn=self._prepare,  # noqa: PLW1509 - nothing else runs threads between fork and exec here
            )

    def _prepare(self) -> None:
        """In the child, before it becomes the command."""
        _die_with_parent(self._ended_by)
        os.nice(self._niceness)

    async def until(self, ready: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Waits until `ready`.

        Raises:
            EngineError: the child ended, or the time did.
        """
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if not self.running():
                raise EngineError(f"{self.name} ended at start. Its last output:\n{self.last_output()}")
            if time.monotonic() > deadline:
                raise EngineError(f"{self.name} was not ready in {timeout_seconds:.0f} s:\n{self.last_output()}")
            await asyncio.sleep(0.05)

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def last_output(self) -> str:
        if not self._log_file.exists():
            return ""
        return self._log_file.read_text(errors="replace")[-2_000:]

    async def stop(self, *, timeout_seconds: float = 20.0) -> None:
        """Asks it to end, and kills one that does not go."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(self._ended_by)
            try:
                await asyncio.to_thread(process.wait, timeout_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)
        self._process = None

    def kill(self) -> None:
        """SIGKILL, for tests of what survives it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
