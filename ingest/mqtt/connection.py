"""One connection: its buffer, when it is read, and how it ends."""

import asyncio
from typing import Final, cast

from ingest.mqtt.conversation import Conversation, State
from ingest.mqtt.reasons import Reason, RefusedError
from ingest.mqtt.shared import Shared

_READ_LEAST: Final = 4096
_READ_MOST: Final = 65_536
"""Bytes of the buffer: it grows with what comes at once, so that a thousand quiet collars cost little."""

LINGER_S: Final = 2.0
"""Seconds in which a client may read our last words before the connection is cut."""


class Connection(asyncio.BufferedProtocol):
    """Fills a buffer, lets a conversation take the complete packets, and keeps the rest.

    Attributes:
        heard_at: Loop time of the last byte.
    """

    transport: asyncio.Transport
    conversation: Conversation

    def __init__(self, shared: Shared, connections: "set[Connection]") -> None:
        """Wait for a transport; the connection is in `connections` as long as it lives."""
        self._shared = shared
        self._connections = connections
        self._view = memoryview(bytearray(_READ_LEAST))
        self._filled = 0
        self._reading = True
        self._blocked = False  # the client does not read what we write
        self._cut_at: float | None = None
        self._begun_at = self.heard_at = shared.monotonic()

    # -- asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many already."""
        self.transport = cast("asyncio.Transport", transport)
        self.conversation = Conversation(self._shared, self, transport.get_extra_info("peername"))
        self._connections.add(self)
        self._shared.counters.accepted += 1
        if len(self._connections) > self._shared.limits.connections:
            self.conversation.refuse(RefusedError(Reason.SERVER_UNAVAILABLE, "there are too many connections"))
        self.steer()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return where the next bytes go."""
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take what came."""
        self.heard_at = self._shared.monotonic()
        if self._cut_at is not None:
            return
        self._filled += nbytes
        if self._filled >= self.conversation.needed and self.conversation.state is not State.ASKING:
            self._take()
        self._resize(nbytes)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its acknowledgements."""
        self._blocked = True
        self.steer()

    def resume_writing(self) -> None:
        """Go on when it has read them."""
        self._blocked = False
        self.steer()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Leave; without DISCONNECT this is when the will is due."""
        self._connections.discard(self)
        if self.conversation.state is not State.ENDED:
            self.conversation.leave(with_will=not self._shared.closing)

    # -- the conversation calls these

    def send(self, packets: bytes) -> None:
        """Write packets."""
        if packets and not self.transport.is_closing():
            self.transport.write(packets)

    def answered(self) -> None:
        """Go on with what was read while the client was being judged."""
        self._take()
        self.steer()

    def finish(self, packets: bytes) -> None:
        """Write last packets and close: what still comes is thrown away, lest a reset overtakes our last words."""
        if self._cut_at is not None:
            return
        self._cut_at = self._shared.monotonic() + LINGER_S
        self._filled = 0
        self.send(packets)
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
            self.steer()
        else:
            self.transport.close()

    # -- the endpoint calls these

    def steer(self) -> None:
        """Read or pause, whichever is right now."""
        asking = self.conversation.state is State.ASKING
        held = asking or self._blocked or self._shared.inbox.full or self._shared.closing
        wanted = self._cut_at is not None or not held
        if wanted is self._reading:
            return
        self._reading = wanted
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def excuse(self, now: float) -> None:
        """Forget a silence that was ours; `now` is loop time."""
        self.heard_at = self._begun_at = now

    def sweep(self, now: float) -> None:
        """End the connection if its time is over; `now` is loop time."""
        keep_alive_s = self.conversation.keep_alive_s
        if self._cut_at is not None:
            if now >= self._cut_at:
                self.transport.abort()
        elif self._shared.inbox.full:
            return
        elif self.conversation.state is State.NEW:
            if now - self._begun_at > self._shared.limits.connect_s:
                self.conversation.refuse(RefusedError(Reason.CONNECT_TIMEOUT, "no CONNECT has come"))
        elif keep_alive_s and now - self.heard_at > 1.5 * keep_alive_s:
            self.conversation.refuse(RefusedError(Reason.KEEP_ALIVE_TIMEOUT, f"silent for {now - self.heard_at:.0f} s"))

    def _take(self) -> None:
        chunk = bytes(self._view[: self._filled])
        used = self.conversation.take(chunk, self._shared.now_ms())
        if used:
            self._filled = len(chunk) - used if self._cut_at is None else 0
            self._view[: self._filled] = chunk[len(chunk) - self._filled :]
        self.steer()

    def _resize(self, nbytes: int) -> None:
        size = len(self._view)
        if self._filled == size or (nbytes * 2 > size and size < _READ_MOST):
            size *= 2
        elif size > _READ_LEAST and (self._filled + nbytes) * 8 < size:
            size //= 2
        else:
            return
        view = memoryview(bytearray(size))
        view[: self._filled] = self._view[: self._filled]
        self._view = view
