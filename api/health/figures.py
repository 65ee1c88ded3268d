"""What this process counts of its requests: one registry an application, and a bounded number of series.

A path as sent may hold anything, so a request counts under the pattern of its route, or under none.
"""

import time
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.watching.listening import Hub
from storage.engine.database import Engine
from storage.engine.pool import connections

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"
_NONE: Final = "none"

_SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

_LOGIN: Final = frozenset({"/v1/login", "/v1/session", "/login"})
_REFUSED: Final = {401: "password", 429: "too_many_tries"}


class Figures:
    """The figures of one application."""

    def __init__(self, engine: Engine, hub: Hub) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "animov_http_requests",
            "Requests answered, by method, pattern of the route ('none' of files, and where nothing is served) and "
            "status ('none' where the client left before there was one).",
            ("method", "route", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "animov_http_request_duration_seconds",
            "From the request to the end of its answer, live listeners left out.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_progress = Gauge(
            "animov_http_requests_in_progress", "Requests under way, live listeners included.", registry=registry
        )
        self.login_refusals = Counter(
            "animov_login_refusals",
            "Logins refused, for a wrong name or password or after too many tries.",
            ("reason",),
            registry=registry,
        )
        for reason in _REFUSED.values():
            self.login_refusals.labels(reason)
        self.posted = Counter(
            "animov_posted_messages",
            "Messages of collars sent by HTTP, by what was known of them in the answer.",
            ("state",),
            registry=registry,
        )
        listeners = Gauge("animov_live_listeners", "Who listens to /v1/live.", registry=registry)
        listeners.set_function(lambda: len(hub))
        held = Gauge(
            "animov_database_connections", "Connections that requests use, or may.", ("state",), registry=registry
        )
        held.labels("in_use").set_function(lambda: connections(engine).in_use)
        held.labels("idle").set_function(lambda: connections(engine).idle)

    def count_request(self, scope: Scope, status: int | None, seconds: float | None) -> None:
        """Count a request that is over.

        Args:
            scope: Of the request.
            status: Of the answer; `None` if there was none.
            seconds: What it took; `None` where that says nothing.
        """
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        route = getattr(scope.get("route"), "path_format", None) or _NONE  # as the description writes it
        self.requests.labels(method, route, _NONE if status is None else str(status)).inc()
        if seconds is not None:
            self.seconds.labels(method, route).observe(seconds)
        if route in _LOGIN and status in _REFUSED:
            self.login_refusals.labels(_REFUSED[status]).inc()

    def count_posted(self, states: Iterable[str]) -> None:
        """Count messages that were sent by HTTP, by what became of each."""
        for state in states:
            self.posted.labels(state).inc()


class Counted:
    """ASGI middleware, outermost: counts every answer, also the refusals of what lies within."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app, self._figures = app, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, way = time.perf_counter(), _Way(send)
        try:
            with self._figures.in_progress.track_inprogress():
                await self._app(scope, receive, way)
        finally:
            seconds = None if way.is_stream else time.perf_counter() - began
            self._figures.count_request(scope, way.status, seconds)


class _Way:
    """The way back to the client, which sees what the answer is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.is_stream = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.is_stream = any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message["headers"]
            )
        await self._send(message)
