"""Processor time by process: on a machine that others use too, it tells more than the time that passed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import psutil


class ProcessorTime:
    """What a process and all it started have used since this was made, by what each runs."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._before = self._used()

    def seconds(self) -> Mapping[str, float]:
        """By name, the largest first."""
        used = {name: seconds - self._before.get(name, 0.0) for name, seconds in self._used().items()}
        return dict(sorted(used.items(), key=lambda entry: entry[1], reverse=True))

    def _used(self) -> Mapping[str, float]:
        used: defaultdict[str, float] = defaultdict(float)
        for process in [self._root, *self._root.children(recursive=True)]:
            times = process.cpu_times()
            used[_name(process.cmdline())] += times.user + times.system
        return used


def _name(command: list[str]) -> str:
    """The services a process runs, the module of an engine, or `up` itself."""
    if "run" in command:
        return "+".join(word for word in command[command.index("run") + 1 :] if not word.startswith("-"))
    return next((word.rpartition(".")[2] for word in command[1:] if not word.startswith("-")), command[0])
