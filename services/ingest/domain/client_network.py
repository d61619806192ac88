"""The network that use came from, as an address prefix: enough to notice a key that is used from elsewhere, too little
to tell who used it."""

from __future__ import annotations

from collections.abc import MutableMapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

CLIENT_NETWORK = "client_network"
"""The tag."""
_PREFIX = {4: 24, 6: 48}


def network_of(address: str) -> str:
    """The prefix of an address: 203.0.113.7 is in 203.0.113.0/24, 2001:db8:1:2::3 in 2001:db8:1::/48. A port is left
    out, a longer prefix cut, and what is no address is returned as it is: it may be the name of a network."""
    text = address.strip()
    try:
        network = _network(text)
    except ValueError:
        return text
    most = _PREFIX[network.version]
    return str(network if network.prefixlen <= most else network.supernet(new_prefix=most))


def leave_prefix(tags: MutableMapping[str, str]) -> None:
    """Leaves no more than the prefix of a client's address in these tags."""
    address = tags.get(CLIENT_NETWORK)
    if address is not None:
        tags[CLIENT_NETWORK] = network_of(address)


def _network(text: str) -> IPv4Network | IPv6Network:
    if "/" in text:
        return ip_network(text, strict=False)
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    found = ip_address(text.partition("%")[0])
    mapped = None if isinstance(found, IPv4Address) else found.ipv4_mapped
    return ip_network(mapped or found)
