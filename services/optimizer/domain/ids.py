"""Ids that the same thing always gets again."""

from __future__ import annotations

import hashlib

RECOMMENDATIONS = "recommendations/"


def digest(*parts: str) -> str:
    """BLAKE2b-128 of the parts in hexadecimal; each part's length is hashed too, so that no two splits agree."""
    return _hash(parts).hexdigest()


def seed(*parts: str) -> int:
    """A number for a random generator: the same parts draw the same samples."""
    return int.from_bytes(_hash(parts).digest(), "big")


def _hash(parts: tuple[str, ...]) -> hashlib.blake2b:
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode()
        hasher.update(len(encoded).to_bytes(8, "big"))
        hasher.update(encoded)
    return hasher
