"""Partitions of keys, against aiokafka's own."""

from __future__ import annotations

from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from services.common.kafka.murmur2 import murmur2, partition_of


@given(st.binary(max_size=80))
def test_hashes_are_those_of_every_client(key: bytes) -> None:
    assert murmur2(key) == reference(key)


@given(st.binary(max_size=40), st.integers(1, 60))
def test_so_are_partitions(key: bytes, count: int) -> None:
    partitions = list(range(count))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, partitions, [])
