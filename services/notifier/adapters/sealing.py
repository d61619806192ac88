"""Secrets of receivers at rest: AES-256-GCM, bound to the route they belong to."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PLAIN = "plain:"
_NONCE_BYTES = 12


class SealError(ValueError):
    """A sealed text cannot be opened; the message says which setting is missing."""


class Sealer:
    """Seals with the first key and opens with any, so that a key can be replaced; without keys texts stay as they
    are."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Keys of 32 bytes, by id."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    def seal(self, text: str, context: str) -> str:
        """The text, readable only with the key, and only as belonging to `context`."""
        if not self._ciphers:
            return _PLAIN + text
        key_id, cipher = next(iter(self._ciphers.items()))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, text.encode(), context.encode())
        return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """What was sealed.

        Raises:
            SealError
        """
        if sealed.startswith(_PLAIN):
            return sealed.removeprefix(_PLAIN)
        key_id, _, text = sealed.partition(":")
        if key_id not in self._ciphers:
            raise SealError(f"sealed with the key {key_id!r}, which AIFINOPS_NOTIFIER__SECRET_KEYS does not have")
        raw = base64.b64decode(text)
        try:
            return self._ciphers[key_id].decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()
        except InvalidTag:
            raise SealError(f"not what the key {key_id!r} sealed here: the key, or the row, was changed") from None


def derived(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, from a secret that has others too."""
    return hashlib.blake2b(purpose.encode(), key=hashlib.sha512(secret.encode()).digest(), digest_size=32).digest()
