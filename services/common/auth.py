"""API keys: a key has a tenant and a role, is stored as a hash, and never crosses tenants.

A key reads `afk_<id>_<secret>`. The id finds the row, the SHA-256 of the whole key proves it; the secret holds 256
random bits, so that a plain hash resists guessing (OWASP: slow hashes are for passwords, which lack entropy).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from services.common.clock import Micros
from services.common.errors import InvalidArgumentError, PermissionDeniedError, UnauthenticatedError


class Role(StrEnum):
    """What a key may do. Service keys are the platform's own."""

    INGEST = "ingest"
    GATEWAY = "gateway"
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    SERVICE = "service"


class Access(IntEnum):
    """What a call needs."""

    WRITE_EVENTS = 1
    """Also: hold spend, and settle or release what is held."""
    ASK = 2
    """Would this spend fit, and what would it cost?"""
    READ = 3
    EDIT = 4
    ADMINISTER = 5
    INTERNAL = 6


_GRANTS: Mapping[Role, frozenset[Access]] = {
    Role.INGEST: frozenset({Access.WRITE_EVENTS}),
    Role.GATEWAY: frozenset({Access.WRITE_EVENTS, Access.ASK}),
    Role.VIEWER: frozenset({Access.ASK, Access.READ}),
    Role.EDITOR: frozenset({Access.WRITE_EVENTS, Access.ASK, Access.READ, Access.EDIT}),
    Role.ADMIN: frozenset({Access.WRITE_EVENTS, Access.ASK, Access.READ, Access.EDIT, Access.ADMINISTER}),
    Role.SERVICE: frozenset(Access),
}

_KEY = re.compile(r"afk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
TENANT_METADATA = "x-aifinops-tenant"
"""Header or metadata by which a service key, and no other, names the tenant it acts for."""

TENANT_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Principal:
    """Who calls."""

    tenant_id: str
    role: Role
    key_id: str
    key_name: str

    def require(self, access: Access) -> None:
        """Raises PermissionDeniedError unless the role grants it."""
        if access not in _GRANTS[self.role]:
            needed = ", ".join(role.value for role, granted in _GRANTS.items() if access in granted)
            raise PermissionDeniedError(f"role {self.role.value!r} may not do this: use a key with role {needed}")


@dataclass(frozen=True)
class ApiKey:
    """What is stored of a key."""

    key_id: str
    key_hash: str
    tenant_id: str
    role: Role
    name: str
    expires_at: Micros = 0
    """From then on it is refused; 0: never."""


def new_api_key(tenant_id: str, role: Role, name: str) -> tuple[str, ApiKey]:
    """A fresh key: its text, shown once, and what to store.

    Raises:
        InvalidArgumentError: a tenant id that is not lower-case letters, digits and dashes.
    """
    if not TENANT_PATTERN.fullmatch(tenant_id):
        raise InvalidArgumentError.of("tenant_id", "1 to 63 lower-case letters, digits and dashes")
    key_id = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12))
    text = f"afk_{key_id}_{secrets.token_urlsafe(32)}"
    return text, ApiKey(key_id, hash_key(text), tenant_id, role, name)


def known_api_key(text: str, tenant_id: str, role: Role, name: str) -> ApiKey:
    """What to store of a key whose text was made elsewhere (a Kubernetes Secret).

    Raises:
        ValueError: the text does not have a key's shape.
    """
    return ApiKey(key_id_of(text), hash_key(text), tenant_id, role, name)


def hash_key(text: str) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def key_id_of(text: str) -> str:
    """The public part of a key.

    Raises:
        ValueError: the text does not have a key's shape.
    """
    match = _KEY.fullmatch(text)
    if match is None:
        raise ValueError("an API key reads afk_<12 characters>_<43 characters>")
    return match[1]


def is_key(text: str) -> bool:
    """True for a text that has a key's shape."""
    return _KEY.fullmatch(text) is not None


def bearer_token(authorization: str | None) -> str:
    """The key in an `Authorization` header.

    Raises:
        UnauthenticatedError: none there, or another scheme.
    """
    if not authorization:
        raise UnauthenticatedError("send the header `Authorization: Bearer <api key>`")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("the Authorization header must read `Bearer <api key>`")
    return token.strip()


def verify(text: str, keys: Mapping[str, ApiKey], acting_for: str = "") -> Principal:
    """Who presented this key.

    Args:
        text: the key as presented.
        keys: stored keys by key id.
        acting_for: tenant named by TENANT_METADATA; only a service key may name one.

    Raises:
        UnauthenticatedError: unknown, revoked or malformed.
        PermissionDeniedError: a key that is no service key names a tenant other than its own.
    """
    try:
        stored = keys.get(key_id_of(text))
    except ValueError:
        stored = None
    if stored is None or not hmac.compare_digest(stored.key_hash, hash_key(text)):
        raise UnauthenticatedError("this API key is unknown or revoked")
    tenant_id = stored.tenant_id
    if acting_for and acting_for != tenant_id:
        if stored.role is not Role.SERVICE:
            raise PermissionDeniedError("an API key acts only for its own tenant")
        tenant_id = acting_for
    return Principal(tenant_id, stored.role, stored.key_id, stored.name)


_current: ContextVar[Principal] = ContextVar("principal")


def set_current(principal: Principal) -> None:
    """Makes `principal` the caller of the current call."""
    _current.set(principal)


def current(access: Access) -> Principal:
    """The caller of the current call, who must have `access`.

    Raises:
        UnauthenticatedError: nobody presented a key.
        PermissionDeniedError: the role does not grant it.
    """
    principal = _current.get(None)
    if principal is None:
        raise UnauthenticatedError("send `Authorization: Bearer <api key>`")
    principal.require(access)
    return principal
