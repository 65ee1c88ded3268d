"""Addresses that webhooks may reach: those of the public internet, and what whoever runs the node names besides.

People who manage a farm say where its webhooks are, and the node calls them: without a limit they could have it call
what only its own machine or network is meant to reach. A name is resolved once, what it stands for is judged, and the
very address that was judged is called, so that a name which changes its meaning gains nothing.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


class Allowed(NamedTuple):
    """What webhooks may reach besides the public internet.

    Attributes:
        hosts: Names in lower case, wherever they lead.
        networks: Addresses, whatever name leads there.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()


NOTHING: Final = Allowed()


def parse_allowed(text: str) -> Allowed:
    """Read names and networks, with commas between them.

    >>> parse_allowed("homeassistant.lan, 192.168.1.0/24").hosts
    frozenset({'homeassistant.lan'})

    Raises:
        ValueError: one of them is neither.
    """
    hosts, networks = set[str](), list[Network]()
    for word in filter(None, (word.strip().lower() for word in text.split(","))):
        try:
            networks.append(ip_network(word))
        except ValueError:
            if "/" in word or ":" in word or not word.strip("0123456789."):
                raise ValueError(f"{word!r} is neither a name nor a network such as 192.168.1.0/24") from None
            hosts.add(word)
    return Allowed(frozenset(hosts), tuple(networks))


def reachable(host: str, addresses: Iterable[str], allowed: Allowed) -> list[str]:
    """Return those of a host's addresses that webhooks may reach, in their order."""
    if host.lower() in allowed.hosts:
        return list(addresses)
    return [one for one in addresses if _may_reach(_meant(ip_address(one)), allowed)]


def _may_reach(address: Address, allowed: Allowed) -> bool:
    return is_public(address) or any(address in network for network in allowed.networks)


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to one host of the public internet.

    >>> [is_public(ip_address(one)) for one in ("192.0.2.1", "169.254.169.254", "10.1.2.3", "fd00::1", "1.1.1.1")]
    [False, False, False, False, True]
    """
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _meant(address: Address) -> Address:
    """Return the IPv4 address that one of IPv6 stands for, if it does: there packets end."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
