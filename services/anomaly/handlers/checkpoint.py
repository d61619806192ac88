"""The watch's state, kept with the positions it covers, so that a restart goes on instead of reading history again.

A checkpoint is a help and never the truth: one that does not fit is left alone, and the ledger is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

from services.anomaly.domain.graph import HOME, GraphError, dump, load
from services.common.clock import Clock
from services.common.kafka.record import Log, Partition
from services.common.log import get_logger

log = get_logger(__name__)

PIECE_BYTES = 2 * 1024 * 1024
"""Of compressed state in one row of the table."""
_LEVEL = 1


class Store(Protocol):
    """Where checkpoints are kept. Every method raises UnavailableError if it is away."""

    async def put(self, checkpoint: int, section: str, number: int, piece: bytes) -> None: ...

    async def finish(self, checkpoint: int, head: str) -> None:
        """Makes a checkpoint the latest, and drops all others."""
        ...

    async def latest(self) -> tuple[int, str] | None:
        """The checkpoint that was finished last, and its head."""
        ...

    async def pieces(self, checkpoint: int, section: str) -> Sequence[bytes]:
        """In the order of their numbers."""
        ...


class Fingerprint(NamedTuple):
    """What a checkpoint must have been made with."""

    version: str
    """Of the code of the domain: state that other code made is not taken up."""
    settings: str

    @classmethod
    def of(cls, *settings: object) -> Fingerprint:
        return cls(_digest([name + text for name, text in _sources()]), _digest(map(repr, settings)))


@dataclass(frozen=True)
class Covered:
    """Up to where records are in the state: the offsets to go on from, by partition of one life of the log."""

    incarnation: str
    next_offset: Mapping[int, int]


class UnfitError(Exception):
    """A checkpoint that cannot be taken up, and why."""


class Checkpoints:
    """Saves sections of state, and takes them up again."""

    def __init__(self, store: Store, clock: Clock, fingerprint: Fingerprint) -> None:
        self._store = store
        self._clock = clock
        self._fingerprint = fingerprint

    async def save(self, covered: Covered, sections: Mapping[str, object]) -> int:
        """Keeps the sections as they are; nobody may change them meanwhile. Returns its compressed bytes.

        Packing is done in a thread, piece by piece, so that the event loop goes on.

        Raises:
            UnavailableError: ClickHouse is away; the last checkpoint stands.
        """
        checkpoint, kept, size = self._clock.now(), {}, 0
        for name, section in sections.items():
            digest, pieces = hashlib.blake2b(digest_size=16), _packed(section)
            number = 0
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                digest.update(piece)
                await self._store.put(checkpoint, name, number, piece)
                number, size = number + 1, size + len(piece)
            kept[name] = digest.hexdigest()
        head = {
            "version": self._fingerprint.version,
            "settings": self._fingerprint.settings,
            "incarnation": covered.incarnation,
            "next_offset": {str(partition): offset for partition, offset in covered.next_offset.items()},
            "sections": kept,
        }
        await self._store.finish(checkpoint, json.dumps(head))
        return size

    async def take_up(self, partitions: Sequence[Partition], view: Log) -> dict[str, Any] | None:
        """The sections of the latest checkpoint; None: there is none that fits, and one line in the log says why.

        Raises:
            UnavailableError: ClickHouse or Kafka is away.
        """
        try:
            return await self._fitting(partitions, view)
        except UnfitError as error:
            log.info("no checkpoint is taken up; reading history from the ledger", reason=str(error))
            return None

    async def _fitting(self, partitions: Sequence[Partition], view: Log) -> dict[str, Any]:
        found = await self._store.latest()
        if found is None:
            raise UnfitError("there is none")
        checkpoint, text = found
        head = _read_head(text)
        if head["version"] != self._fingerprint.version:
            raise UnfitError("it is another version's")
        if head["settings"] != self._fingerprint.settings:
            raise UnfitError("it was made with other settings")
        if head["incarnation"] != view.incarnation:
            raise UnfitError("it covers another life of the log")
        begins, ends = await view.beginning_offsets(partitions), await view.end_offsets(partitions)
        offsets = {
            Partition(p.topic, int(number)): o for p in partitions[:1] for number, o in head["next_offset"].items()
        }
        if offsets.keys() != begins.keys():
            raise UnfitError("it covers other partitions")
        if any(not begins[partition] <= offset <= ends[partition] for partition, offset in offsets.items()):
            raise UnfitError("the log does not reach back to it any more")
        return {name: await self._section(checkpoint, name, digest) for name, digest in head["sections"].items()}

    async def _section(self, checkpoint: int, name: str, digest: str) -> Any:
        pieces = await self._store.pieces(checkpoint, name)
        try:
            return await asyncio.to_thread(_unpacked, pieces, digest)
        except (GraphError, zlib.error) as error:
            raise UnfitError(f"it is damaged: {error}") from error


def _packed(section: object) -> Iterator[bytes]:
    packer, full = zlib.compressobj(_LEVEL), bytearray()
    for part in dump(section):
        full += packer.compress(part)
        while len(full) >= PIECE_BYTES:
            yield bytes(full[:PIECE_BYTES])
            del full[:PIECE_BYTES]
    full += packer.flush()
    for begin in range(0, len(full), PIECE_BYTES):
        yield bytes(full[begin : begin + PIECE_BYTES])


def _unpacked(pieces: Sequence[bytes], digest: str) -> Any:
    whole = b"".join(pieces)
    if hashlib.blake2b(whole, digest_size=16).hexdigest() != digest:
        raise GraphError("its bytes are not those that were written")
    return load(zlib.decompress(whole))


def _read_head(text: str) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise UnfitError(f"it is damaged: {error}") from error
    return head


def _sources() -> Iterator[tuple[str, str]]:
    waiting = [files(HOME)]
    while waiting:
        for entry in sorted(waiting.pop().iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                yield entry.name, entry.read_text(encoding="utf-8")
            elif entry.is_dir() and not entry.name.startswith("_"):
                waiting.append(entry)


def _digest(texts: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()
