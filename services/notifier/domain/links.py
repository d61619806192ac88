"""Signed links: whoever holds one may act on one alert until it expires, without a key.

A token is `<key id>.<payload>.<mac>`: the payload is base64url JSON, the mac HMAC-SHA256 over `<key id>.<payload>`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from services.common.clock import Micros

_MAX_LENGTH = 2_000


class LinkError(ValueError):
    """The token is damaged, forged, or too old; the message says which, for people."""


@dataclass(frozen=True)
class Grant:
    """What a link allows."""

    tenant_id: str
    alert_id: str
    receiver: str
    """The receiver the link was sent to; named as who acted."""
    expires: Micros


class Links:
    """Makes and reads tokens. The first key signs; the others are still accepted, so that a key can be replaced."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    def token(self, grant: Grant) -> str:
        """The token; empty where there is no key to sign with."""
        if not self._keys:
            return ""
        key_id = next(iter(self._keys))
        fields = [grant.tenant_id, grant.alert_id, grant.receiver, grant.expires]
        payload = base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode().rstrip("=")
        return f"{key_id}.{payload}.{self._mac(key_id, payload)}"

    def read(self, token: str, now: Micros) -> Grant:
        """What the token grants.

        Raises:
            LinkError
        """
        key_id, _, rest = token[:_MAX_LENGTH].partition(".")
        payload, _, mac = rest.rpartition(".")
        if key_id not in self._keys or not hmac.compare_digest(self._mac(key_id, payload).encode(), mac.encode()):
            raise LinkError("this link is not one of ours, or was cut: open the alert in the console instead")
        tenant_id, alert_id, receiver, expires = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        )
        if expires <= now:
            raise LinkError("this link has expired: open the alert in the console instead")
        return Grant(tenant_id, alert_id, receiver, expires)

    def _mac(self, key_id: str, payload: str) -> str:
        mac = hmac.new(self._keys[key_id], f"{key_id}.{payload}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac.digest()).decode().rstrip("=")
