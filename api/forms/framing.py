"""What goes around every request: an id, a log event, headers of safety, and a last net for faults of ours."""

import re
import time
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from api.forms.problems import answer, internal
from core.logs import get_logger

_log = get_logger(__name__)

REQUEST_ID: Final = "X-Request-ID"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_SAFETY: Final = {
    "Content-Security-Policy": DATA_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer that does not set them itself."""

_SENT: Final = [(name.lower().encode(), value.encode()) for name, value in _SAFETY.items()]


class Framing:
    """ASGI middleware, outermost of ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever is raised inside ends as a problem that tells nothing internal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        with bound_contextvars(request_id=request_id):
            await self._serve(scope, receive, _Framed(send, request_id))

    async def _serve(self, scope: Scope, receive: Receive, framed: "_Framed") -> None:
        began = time.perf_counter()
        try:
            await self._app(scope, receive, framed)
        except ClientDisconnect:
            _log.info("api.client_left")
        except Exception:
            _log.exception("api.failed")
            if framed.status is not None:  # the answer is under way: cutting it off is all that is left
                raise
            await answer(internal(), scope)(scope, receive, framed)
        finally:
            # the route's pattern, for a path as sent may hold anything
            route = getattr(scope.get("route"), "path_format", None)
            milliseconds = round(1000 * (time.perf_counter() - began), 1)
            _log.info(
                "api.answered", method=scope["method"], route=route, status=framed.status, milliseconds=milliseconds
            )


class _Framed:
    """The way back to the client, adding headers; `status` is that of the answer, once it has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])  # a name of the standard library would be logged as such
            MutableHeaders(scope=message)[REQUEST_ID] = self.request_id
            there = {name.lower() for name, _ in message["headers"]}
            message["headers"] += [header for header in _SENT if header[0] not in there]
        await self._send(message)


def _request_id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID, "")
    return given if _GIVEN_ID.fullmatch(given) else uuid4().hex
