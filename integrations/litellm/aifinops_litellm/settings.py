"""What the callback is told by its environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeVar

PREFIX = "AIFINOPS_GATEWAY_"
PICOS_PER_DOLLAR = 10**12

Value = TypeVar("Value")


@dataclass(frozen=True)
class Settings:
    """`AIFINOPS_GATEWAY_...`"""

    target: str
    """host:port of the platform's gRPC endpoint."""
    key: str
    """An API key of the platform that may reserve and ask for prices (role gateway)."""
    ca_file: str = ""
    """Certificates to trust; `system` for the system's own. Empty: no TLS."""
    timeout_seconds: float = 1.0
    """How long a request waits for its price, and then for a decision."""
    fail_open: bool = True
    """What happens to a request that gets no decision in time: True lets it through."""
    denied_status: int = 429
    lease_seconds: int = 600
    """How long a hold lives that nothing ends."""
    bytes_per_token: float = 3.0
    """UTF-8 bytes of a prompt that count as one token."""
    media_tokens: int = 2_000
    """Tokens that an image, a file or a piece of audio in a prompt counts as."""
    output_tokens: int = 0
    """Assumed of a request that does not limit its answer. 0: the most the model can answer."""
    unknown_estimate_picos: int = PICOS_PER_DOLLAR // 100
    """Held for a request whose price cannot be told."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises ValueError: a variable is missing or cannot be used; says which."""

        def read(name: str, parse: Callable[[str], Value], default: Value) -> Value:
            text = environment.get(PREFIX + name, "").strip()
            if not text:
                return default
            try:
                return parse(text)
            except (ValueError, KeyError, InvalidOperation):
                raise ValueError(f"{PREFIX}{name} cannot be {text!r}") from None

        for name in ("TARGET", "KEY"):
            if not environment.get(PREFIX + name, "").strip():
                raise ValueError(f"{PREFIX}{name} is not set")
        return cls(
            target=environment[f"{PREFIX}TARGET"].strip(),
            key=environment[f"{PREFIX}KEY"].strip(),
            ca_file=read("CA_FILE", str, cls.ca_file),
            timeout_seconds=read("TIMEOUT_MS", _positive, cls.timeout_seconds * 1_000) / 1_000,
            fail_open=read("ON_FAILURE", {"open": True, "closed": False}.__getitem__, cls.fail_open),
            denied_status=read("DENIED_STATUS", {"429": 429, "403": 403, "402": 402}.__getitem__, cls.denied_status),
            lease_seconds=read("LEASE_SECONDS", _lease, cls.lease_seconds),
            bytes_per_token=read("BYTES_PER_TOKEN", _positive, cls.bytes_per_token),
            media_tokens=read("MEDIA_TOKENS", _count, cls.media_tokens),
            output_tokens=read("OUTPUT_TOKENS", _count, cls.output_tokens),
            unknown_estimate_picos=read("UNKNOWN_ESTIMATE", _dollars, cls.unknown_estimate_picos),
        )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def _lease(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 86_400:
        raise ValueError
    return value


def _dollars(text: str) -> int:
    value = Decimal(text)
    if not (value.is_finite() and 0 <= value <= 1_000_000):
        raise ValueError
    return int(value * PICOS_PER_DOLLAR)
