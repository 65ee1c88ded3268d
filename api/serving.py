"""The API as a process: it listens, says so, and stops in order."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from api import connections
from api.app import create_app
from api.context import AT_ONCE
from api.health import tracing
from api.herd.swaps import ProposeSwaps
from api.listener import address_of, listening
from api.watching.listening import LIVE, Hub
from core.logs import get_logger
from core.private_networks import NOTHING, Allowed
from storage.access.scoping import PATIENCE, refuse_privileged
from storage.access.signing import Algorithm
from storage.engine.database import engine_for

_log = get_logger(__name__)

_LAST_ANSWERS_S: Final = 10  # for requests under way when the process is told to stop
_LAST_WORDS_S: Final = 1.0  # for live listeners to take what was said to them
_SETTLED_S: Final = 10.0  # that are left to who waited for the start, before the description takes the processor
_STOP: Final = (signal.SIGINT, signal.SIGTERM)


def say_ready(address: str) -> None:
    """Write the line that says where the API answers."""
    sys.stdout.write(f"ready api={address}\n")
    sys.stdout.flush()


def serve(
    *,
    database_url: str,
    signing_key: bytes,
    signing_algorithm: Algorithm = "HS256",
    host: str,
    port: int,
    ready: Callable[[str], None] = say_ready,
    propose_swaps: ProposeSwaps = lambda *_: (),
    webhooks_allowed: Allowed = NOTHING,
    metrics_token: str | None = None,
) -> None:
    """Answer requests until SIGINT or SIGTERM, then finish those under way.

    Args:
        database_url: `postgresql://` URL whose sessions act as `animov_api`.
        signing_key: What the keys of access tokens follow from: 32 bytes or more.
        signing_algorithm: With what new keys sign.
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        propose_swaps: As for `create_app`.
        webhooks_allowed: As for `create_app`.
        metrics_token: As for `create_app`.
        ready: Told the address, `http://host:port`, once requests are answered.

    Raises:
        SettingsError: the key is too short, the database role sees every farm, or traces can't be sent as the
            variables of OpenTelemetry say.
        UnavailableError: the address can't be listened on, or the database does not answer.
    """
    traces = tracing.provider_for(os.environ)
    engine = engine_for(database_url, pool_size=AT_ONCE, patience=PATIENCE)
    app = create_app(
        engine=engine,
        signing_key=signing_key,
        signing_algorithm=signing_algorithm,
        propose_swaps=propose_swaps,
        webhooks_allowed=webhooks_allowed,
        metrics_token=metrics_token,
        tracer_provider=traces,
        settled_s=_SETTLED_S,
    )
    try:
        refuse_privileged(engine)
        with listening(host, port) as listener:
            _run(app, listener, ready)
    finally:
        engine.dispose()
        tracing.close(traces)


def _run(app: FastAPI, listener: socket.socket, ready: Callable[[str], None]) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
        **connections.limits(),
    )
    address = address_of(listener)
    _Server(config, lambda: ready(address), app.state.live).run(sockets=[listener])
    _log.info("api.stopped", address=address)


class _Server(uvicorn.Server):
    """Uvicorn, which tells when it answers, and for which a signal to stop is an ordinary end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], live: Hub) -> None:
        super().__init__(config)
        self._ready, self._live = ready, live

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.close()  # or those who listen would hold the end up
        cutting = asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._cut)
        await super().shutdown(sockets)
        cutting.cancel()

    def _cut(self) -> None:
        """Leave live listeners that take nothing any more: what waits for them would wait for ever."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, connections.Punctual) and connection.asks_for(LIVE):
                connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in _STOP}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
