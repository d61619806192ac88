"""The next page of an answer, where a `Link` header names it; and whether it may be asked for."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^\s=;,]+\s*=\s*(?:"[^"]*"|[^\s";,]+))*)')
_PARAMETER = re.compile(r'([^\s=;,]+)\s*=\s*(?:"([^"]*)"|([^\s";,]+))')


def next_url(header: str) -> str:
    """The target of `rel="next"` in a Link header (RFC 8288), or nothing."""
    for target, parameters in _LINK.findall(header):
        for name, quoted, bare in _PARAMETER.findall(parameters):
            if name.lower() == "rel" and "next" in (quoted or bare).lower().split():
                return str(target)
    return ""


def same_host(url: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port: only then may one get the other's credentials."""
    return _origin(url) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
