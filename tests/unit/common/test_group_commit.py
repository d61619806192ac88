"""Concurrent callers share writes, in order; a failed write fails its own callers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.common.group_commit import GroupCommit


async def test_what_comes_during_a_write_is_one_write() -> None:
    written: list[list[int]] = []
    gate = asyncio.Event()

    async def commit(items: Sequence[int]) -> None:
        await gate.wait()
        written.append(list(items))

    group = GroupCommit(commit, most=100)
    first = [asyncio.create_task(group.submit([n])) for n in range(3)]
    for _ in range(3):
        await asyncio.sleep(0)
    later = [asyncio.create_task(group.submit([n])) for n in range(3, 203)]
    barrier = asyncio.create_task(group.submit([]))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*first, *later, barrier)
    assert [n for items in written for n in items] == list(range(203))
    assert [len(items) for items in written] == [3, 100, 100]
    await group.submit([])


async def test_a_failure_is_told_to_those_it_concerns() -> None:
    async def commit(items: Sequence[int]) -> None:
        if 1 in items:
            raise ValueError("no")

    group = GroupCommit(commit, most=1)
    outcomes = await asyncio.gather(group.submit([0]), group.submit([1]), group.submit([2]), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    with pytest.raises(ValueError, match="no"):
        await group.submit([1])
