"""Ports that stay a part's own while nobody listens there."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from core.errors import UnavailableError

_reserved: Final = ExitStack()


def free_port(host: str) -> int:
    """Return a port that is reserved for the life of this process, for parts that keep it when they are started again.

    Raises:
        UnavailableError: the address is not one of this machine.
    """
    return _reserved.enter_context(reserved_port(host))


@contextmanager
def reserved_port(host: str) -> Iterator[int]:
    """Give a port that on Linux is ours for the time of the block, and elsewhere free at its beginning.

    Who listens there by its number can, also again, and nobody else is given it meanwhile: a socket that is bound and
    does not listen is in nobody's way on Linux.

    Raises:
        UnavailableError: the address is not one of this machine.
    """
    with _bound(host) as held:
        port: int = held.getsockname()[1]
        if sys.platform != "linux":
            held.close()
        yield port


def _bound(host: str) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]
        held = socket.socket(family)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((host, 0))
        except OSError:
            held.close()
            raise
    except OSError as error:
        raise UnavailableError(f"nothing can listen on {host!r}: {error.strerror or error}") from error
    return held
