"""Ports for servers that are told theirs: nobody else is given the same one, and no connection can take it."""

from __future__ import annotations

import socket
import subprocess
import sys

from services.allinone.engines.ports import free_port

_TAKE = "from services.allinone.engines.ports import free_port; print(*(free_port() for _ in range(150)), flush=True)"


def test_no_two_processes_are_given_the_same_port() -> None:
    command = [sys.executable, "-c", _TAKE + "; input()"]
    takers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    given: list[str] = []
    for taker in takers:
        assert taker.stdout is not None
        given += taker.stdout.readline().split()
    for taker in takers:
        taker.communicate("\n")
    assert len(given) == 600
    assert len(set(given)) == 600


def test_no_outgoing_connection_is_given_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        chosen_by_the_kernel = server.getsockname()[1]
    assert free_port() < 30_000 < chosen_by_the_kernel


def test_a_port_in_use_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] not in {free_port() for _ in range(50)}
