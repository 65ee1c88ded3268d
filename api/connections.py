"""Connections of clients: one that does not say what it wants is closed."""

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 10.0
"""Seconds within which a client must have sent the head of a request, from the connection or its first byte on."""

LARGEST_HEAD: Final = 32_768
"""Bytes of a request's head: the path with its query, and all headers."""


class Punctual(H11Protocol):
    """Uvicorn's protocol, which waits for the next request of a connection by itself, but for the first one for ever.

    A client that sends a byte now and then would hold a connection for ever too.
    """

    head_s = HEAD_S
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request, for so long."""
        super().connection_made(transport)  # type: ignore[arg-type]  # its own annotation is narrower than its base's
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; the time of a head that is not complete yet goes on."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time."""
        super().connection_lost(exc)
        self._forget()

    def asks_for(self, path: str) -> bool:
        """Tell whether the latest request on this connection is for a path."""
        return self.cycle is not None and self.cycle.scope["path"] == path

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.head_s, self._give_up)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def limits(head_s: float = HEAD_S) -> dict[str, Any]:
    """Return the settings of a server whose clients are held to this.

    Args:
        head_s: Seconds for the head of a request.
    """
    return {
        "http": type("Punctual", (Punctual,), {"head_s": head_s}),
        "h11_max_incomplete_event_size": LARGEST_HEAD,
    }
