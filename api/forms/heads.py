"""HEAD on whatever is served to GET: its answer without the body, RFC 9110 section 9.3.2.

No route need know of it. The request goes on as a GET, through tags and compression too, so that status and headers are
those of a GET; of an answer in parts nothing is made beyond the first.
"""

from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_IS_HEAD: Final = "animov.head"


def is_head(scope: Scope) -> bool:
    """Tell whether nobody takes more than the head of an answer: for a route that does more than to answer."""
    return _IS_HEAD in scope


class Heads:
    """ASGI middleware, outside of whatever makes headers of a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        head = _Head(send)
        scope[_IS_HEAD] = True
        scope["method"] = "GET"  # the same scope, not a copy: whoever counts requests finds the route in it
        try:
            await self._app(scope, receive, head)
        except (ClientDisconnect, _EnoughError):
            if not head.is_sent:
                raise
        finally:
            scope["method"] = "HEAD"


class _EnoughError(OSError):
    """Nobody takes more of an answer: an `OSError`, as of a client that left, at which whoever streams stops."""


class _Head:
    """The way back to the client, on which no body passes; `is_sent` once the answer is whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_sent = False

    async def __call__(self, message: Message) -> None:
        if not self.is_sent:
            await self._send(message)
            if message["type"] == "http.response.start":
                await self._send({"type": "http.response.body", "body": b""})
                self.is_sent = True
        elif message.get("more_body", False):
            raise _EnoughError
