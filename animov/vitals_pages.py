"""`/metrics` and `/health` of a process without an API, in its own event loop: if that hangs, nobody answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hmac import compare_digest
from http import HTTPStatus
from typing import Final

import uvicorn
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from animov.vitals import Vitals

_LAST_ANSWERS_S: Final = 1


class _Figures(Collector):
    """The figures of a process, as they are when they are asked for."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._vitals.figures()


class _Server(uvicorn.Server):
    """Uvicorn as a guest: signals are its host's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def pages(vitals: Vitals, token: str | None = None) -> Starlette:
    """Return the application.

    Args:
        vitals: What it shows.
        token: Who reads `/metrics` shows it, as `Authorization: Bearer ...`; `None` lets everybody.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Figures(vitals))

    async def metrics(request: Request) -> Response:
        shown = request.headers.get("authorization", "")
        if token is not None and not compare_digest(shown.encode(), f"Bearer {token}".encode()):
            return _said(HTTPStatus.UNAUTHORIZED, "show the token that ANIMOV_METRICS_TOKEN sets")
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def health(_: Request) -> Response:
        ailments = list(vitals.ailments())
        return _said(HTTPStatus.SERVICE_UNAVAILABLE, *ailments) if ailments else _said(HTTPStatus.OK, "it works")

    return Starlette(routes=[Route("/metrics", metrics), Route("/health", health)])


def _said(status: HTTPStatus, *lines: str) -> Response:
    return PlainTextResponse("".join(f"{line}\n" for line in lines), status, {"Cache-Control": "no-store"})


@asynccontextmanager
async def serving(vitals: Vitals, listener: socket.socket, token: str | None) -> AsyncIterator[None]:
    """Answer requests for the time of the block."""
    config = uvicorn.Config(
        pages(vitals, token),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="vitals")
    try:
        yield
    finally:
        server.should_exit = True
        await task
