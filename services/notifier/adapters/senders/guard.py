"""Which addresses a receiver may have: those a tenant names must not lead into the platform's own network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

import httpx

_LEADING_TO_IPV4 = tuple(ipaddress.IPv6Network(network) for network in ("::/96", "64:ff9b::/96", "2002::/16"))
"""IPv6 addresses that gateways turn into the IPv4 address they hold (RFC 4291, RFC 6052, RFC 3056)."""


class ForbiddenAddressError(Exception):
    """The host leads to an address that only this network knows."""


@dataclass(frozen=True)
class Guard:
    """Checks hosts, and pins a request to the address that was checked, so that the name cannot lead elsewhere by the
    time it is used."""

    allow_private: bool

    async def pinned(self, request: httpx.Request) -> httpx.Request:
        """The request, to the checked address.

        Raises:
            ForbiddenAddressError
            OSError: no such host.
        """
        if self.allow_private:
            return request
        host = request.url.host
        address = await self.check(host, request.url.port or 443)
        request.url = request.url.copy_with(host=address)
        request.extensions = {**request.extensions, "sni_hostname": host}
        return request

    async def check(self, host: str, port: int) -> str:
        """An address of the host. Raises as `pinned`."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            if not self.allow_private and not _is_public(address):
                raise ForbiddenAddressError(f"{host} leads into a private network")
        return addresses[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None and any(parsed in network for network in _LEADING_TO_IPV4):
            return False
        return (parsed.ipv4_mapped or parsed).is_global and not parsed.is_multicast
    return parsed.is_global and not parsed.is_multicast
