"""A socket for an HTTP server, opened before there is one, so that who has the port is known at once."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import UnavailableError


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that listens, closed at the end of the block.

    Raises:
        UnavailableError: the address does not exist here, or the port is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UnavailableError(f"can't listen on {host}, port {port}: {error.strerror}") from error
    # asyncio sends small answers at once only where the protocol is named; unnamed, they wait 40 ms for an ACK
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach()) as named:
        yield named


def address_of(listener: socket.socket) -> str:
    """Return where an HTTP server on a socket is found."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"
