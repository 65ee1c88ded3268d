"""How a phone in the barn finds the page: an address that it can reach, and a picture of it to be photographed."""

import socket
from io import StringIO
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_FAR: Final = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that nobody has, RFC 5737 and RFC 3849: which of ours would lead there is asked, and nothing is sent."""


def address_for_phone(api: str) -> str | None:
    """Return the address of the page for other machines of this network.

    Args:
        api: Where the API listens, `http://host:port`.

    Returns:
        `None` if only this machine reaches it, or it has no network.
    """
    listening = urlsplit(api)
    try:
        own = ip_address(listening.hostname or "")
    except ValueError:
        return None
    if own.is_loopback:
        return None
    host = _outward(socket.AF_INET6 if own.version == 6 else socket.AF_INET) if own.is_unspecified else str(own)
    return None if host is None else f"http://{f'[{host}]' if ':' in host else host}:{listening.port}/"


def for_phone(api: str, *, drawn: bool) -> str:
    """Say where a phone finds the page; empty if it does not.

    Args:
        api: As for `address_for_phone`.
        drawn: Whether to add the QR code, for a terminal.
    """
    address = address_for_phone(api)
    if address is None:
        return ""
    return f"\n  On a phone in the same network: {address}\n" + (f"\n{_drawn(address)}\n" if drawn else "")


def _outward(family: socket.AddressFamily) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_FAR[family], 9))
        except OSError:
            return None
        host: str = probe.getsockname()[0]
    return host


def _drawn(address: str) -> str:
    import segno  # noqa: PLC0415 - for the one picture of a start

    picture = StringIO()
    segno.make_qr(address).terminal(picture, compact=True)
    return picture.getvalue()
