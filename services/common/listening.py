"""Ports that servers listen on."""

from __future__ import annotations

import socket


class PortTakenError(RuntimeError):
    """Nothing can listen on an address: somebody else does, or this machine does not have it."""


def listen(host: str, port: int, mend: str) -> socket.socket:
    """A socket that listens.

    Args:
        host: name or address of one of this machine's interfaces; `[::]` is every network, over IPv6.
        port: 0 picks a free one.
        mend: what to do where that is not possible; it ends the error.

    Raises:
        PortTakenError
    """
    bare = host.strip("[]")
    try:
        return socket.create_server(
            (bare, port), family=socket.AF_INET6 if ":" in bare else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        # Python adds to the system's words where it tried to listen, which is said already.
        reason = str(error.strerror or error).partition(" (")[0]
        raise PortTakenError(f"port {port} on {host} cannot be used ({reason}): {mend}") from None
