"""Who may connect and where they may write; the endpoint asks, somebody else knows."""

from collections.abc import Awaitable, Callable
from typing import Protocol


class Principal(Protocol):
    """Somebody who was let in."""

    def may_write(self, topic: str) -> bool:
        """Tell whether messages may be published to a topic; a constant for the life of a connection."""
        ...


Authenticate = Callable[[str, str | None, bytes | None], Awaitable[Principal | None]]
"""Takes client id, user and password of a CONNECT; answers `None` for a stranger.

It may raise an `AnimovError` when it cannot tell; the client is then asked to come back later.
"""


class _Anyone:
    def may_write(self, topic: str) -> bool:  # noqa: ARG002  # the shape of Principal
        return True


async def anyone(client_id: str = "", user: str | None = None, password: bytes | None = None) -> Principal:  # noqa: ARG001
    """Let everybody write everywhere: for an endpoint that listens on loopback only."""
    return _Anyone()
