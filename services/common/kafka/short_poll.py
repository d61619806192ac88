"""For a broker that answers each fetch at once instead of holding it open until there is something, as the embedded one
does.

A Kafka client fetches again as soon as a fetch is answered: such a broker and its consumers keep each other busy with
thousands of fetches a second, each of nothing or of a handful of records. So the client does what the broker should:
between two fetches it lets records gather.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.fetch import FetchRequest

_GATHERING = 0.2
"""Pause after a fetch that brought records, as a share of the longest pause."""


@dataclass
class _Pace:
    """When one broker is asked next."""

    pause: float
    due: float = 0.0


def pace_fetches(consumer: AIOKafkaConsumer, longest_seconds: float, gathering_seconds: float = 0.0) -> None:
    """Makes a consumer pause before each fetch: a fifth of `longest_seconds` after one that brought records, twice as
    long after each that did not, up to `longest_seconds`; and never less than `gathering_seconds`. So much later a
    record is seen than it could be.
    """
    client = consumer._client
    send = client.send
    shortest = max(longest_seconds * _GATHERING, gathering_seconds)
    longest = max(longest_seconds, gathering_seconds)
    paces: defaultdict[int, _Pace] = defaultdict(lambda: _Pace(shortest))

    async def paced(node: int, request: Any, **options: Any) -> Any:
        if not isinstance(request, FetchRequest):
            return await send(node, request, **options)
        pace = paces[node]
        await asyncio.sleep(max(0.0, pace.due - time.monotonic()))
        response = await send(node, request, **options)
        pace.pause = shortest if _has_records(response) else min(longest, 2 * pace.pause)
        pace.due = time.monotonic() + pace.pause
        return response

    client.send = paced


def _has_records(response: Any) -> bool:
    """Whatever the version of the protocol, a partition's records come last."""
    return any(partition[-1] for _, partitions in response.topics for partition in partitions)
