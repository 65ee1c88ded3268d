"""The endpoint: a listening socket, its connections, and the way to close them all without losing anything."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from core.delivery import Intake
from core.errors import UnavailableError
from core.logs import get_logger
from ingest.mqtt.access import Authenticate, anyone
from ingest.mqtt.connection import LINGER_S, Connection
from ingest.mqtt.shared import Limits, Shared

log = get_logger(__name__)

_SWEEP_S: Final = 1.0
_BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an endpoint has seen.

    Attributes:
        connections: Open now.
        accepted: Connections since the beginning.
        messages: Delivered since the beginning, wills included.
        bytes: The same in bytes on the wire.
        unsettled_messages: Delivered and not yet committed.
        unsettled_bytes: The same in bytes.
        paused: Whether reading pauses because the inbox is full.
        pauses: How often that happened.
        refused: Refusals since the beginning, by the name of the reason.
    """

    connections: int
    accepted: int
    messages: int
    bytes: int
    unsettled_messages: int
    unsettled_bytes: int
    paused: bool
    pauses: int
    refused: Mapping[str, int]


class Endpoint:
    """A listening endpoint; made by `serve`.

    Attributes:
        port: Where it listens.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        intake: Intake,
        authenticate: Authenticate,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        """Make an endpoint that does not listen yet."""
        self.port = 0
        self._connections: set[Connection] = set()
        self._shared = Shared(
            limits=limits,
            intake=intake,
            authenticate=authenticate,
            now_ms=now_ms,
            monotonic=monotonic,
            inbox_changed=self._on_inbox,
        )
        self._paused = False
        self._settled = asyncio.Event()
        self._monotonic = monotonic

    @property
    def statistics(self) -> Statistics:
        """What was seen until now."""
        counters, inbox = self._shared.counters, self._shared.inbox
        return Statistics(
            connections=len(self._connections),
            accepted=counters.accepted,
            messages=counters.messages,
            bytes=counters.bytes,
            unsettled_messages=inbox.messages,
            unsettled_bytes=inbox.bytes,
            paused=inbox.full,
            pauses=counters.pauses,
            refused=dict(counters.refused),
        )

    def connection(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self._shared, self._connections)

    def sweep(self, now: float) -> None:
        """End what is overdue: slow CONNECTs, broken keep-alive promises, sessions; `now` is loop time."""
        for connection in list(self._connections):
            connection.sweep(now)
        self._shared.sessions.sweep(now)

    def excuse(self) -> None:
        """Forget how long the clients have been silent: we did not listen."""
        now = self._monotonic()
        for connection in self._connections:
            connection.excuse(now)

    async def drain(self) -> None:
        """Stop reading, wait until what was delivered is settled (`Limits.drain_s` at most), and say goodbye."""
        self._shared.closing = True
        self._steer()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._shared.limits.drain_s):
                while self._shared.inbox.messages:
                    self._settled.clear()
                    await self._settled.wait()
        if self._shared.inbox.messages:
            log.warning("mqtt.closed_unsettled", messages=self._shared.inbox.messages)
        for connection in list(self._connections):
            connection.conversation.shut_down()
        await self._hang_up()

    async def _hang_up(self) -> None:
        patience = self._monotonic() + LINGER_S
        while self._connections and self._monotonic() < patience:  # noqa: ASYNC110  # once, and briefly
            await asyncio.sleep(0.01)
        for connection in self._connections:
            connection.transport.abort()

    def _on_inbox(self) -> None:
        full = self._shared.inbox.full
        if not self._shared.inbox.messages:
            self._settled.set()
        if full is self._paused:
            return
        self._paused = full
        self._shared.counters.pauses += full
        log.info("mqtt.paused" if full else "mqtt.resumed", unsettled=self._shared.inbox.messages)
        if not full:
            self.excuse()
        self._steer()

    def _steer(self) -> None:
        for connection in list(self._connections):
            connection.steer()


@asynccontextmanager
async def serve(
    host: str,
    port: int,
    *,
    intake: Intake,
    now_ms: Callable[[], int],
    authenticate: Authenticate = anyone,
    tls: ssl.SSLContext | None = None,
    limits: Limits = Limits(),  # noqa: B008  # frozen
) -> AsyncIterator[Endpoint]:
    """Listen for MQTT as long as the block lasts.

    Batches are handed to `intake` in this event loop, and are to be settled in it.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        intake: Takes what arrives; it must not block.
        now_ms: The node's clock, in milliseconds since 1970; read once for each read of a socket.
        authenticate: Tells who may connect and where they may write.
        tls: Speak TLS with this certificate.
        limits: What is taken.

    Raises:
        UnavailableError: the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    endpoint = Endpoint(limits=limits, intake=intake, authenticate=authenticate, now_ms=now_ms, monotonic=loop.time)
    try:
        server = await loop.create_server(endpoint.connection, host, port, ssl=tls, backlog=_BACKLOG)
    except OSError as error:
        reason = error.strerror or error
        raise UnavailableError(f"MQTT cannot listen on {host}:{port} ({reason}); choose another port") from None
    endpoint.port = server.sockets[0].getsockname()[1]
    sweeper = asyncio.create_task(_sweep(endpoint), name="mqtt sweep")
    try:
        yield endpoint
    finally:
        server.close()
        sweeper.cancel()
        await endpoint.drain()
        await server.wait_closed()


async def _sweep(endpoint: Endpoint) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _SWEEP_S
        await asyncio.sleep(_SWEEP_S)
        if loop.time() - due > _SWEEP_S:  # this process was held up, so silence proves nothing
            endpoint.excuse()
        endpoint.sweep(loop.time())
