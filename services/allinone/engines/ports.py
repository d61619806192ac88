"""TCP ports for servers that are told their port before they bind it."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

_CLAIMABLE = range(20_000, 30_000)
"""Below the ports that Linux, macOS and Windows give to outgoing connections, and below Kubernetes' node ports: else
any connection made between the choice and the bind could take the port."""

_claims: list[IO[bytes]] = []
"""Locks that live as long as this process: no other process on this machine is given the same ports."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on, and that no other caller is given while this
    process lives.

    Raises:
        OSError: all of them are taken.
    """
    folder = Path(tempfile.gettempdir()) / f"aifinops-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for port in random.sample(_CLAIMABLE, len(_CLAIMABLE)):
        if _bindable(port) and _claimed(folder / str(port)):
            return port
    raise OSError(f"no free TCP port between {_CLAIMABLE.start} and {_CLAIMABLE.stop}")


def _claimed(path: Path) -> bool:
    claim = path.open("wb")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
