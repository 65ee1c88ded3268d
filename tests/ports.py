"""Ports that stay one's own while nobody listens at them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """Have a port of this machine for the time of a block: who is called at it is away, until somebody listens there.

    The system gives it to nobody else; who listens sets `SO_REUSEADDR`, as servers do.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
