"""What stands before Streamlit: a name for each browser, own pages only, nothing fetched from elsewhere."""

import re
from base64 import b64encode
from collections.abc import MutableMapping
from hashlib import sha256
from http.cookies import SimpleCookie
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.console.remembering import COOKIE, IDLE_S

_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def _known_scripts() -> str:
    """Return what lets the scripts run that Streamlit's own page holds, and no others."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    hashes = (sha256(script.encode()).digest() for script in _INLINE.findall(page))
    return " ".join(f"'sha256-{b64encode(known).decode()}'" for known in hashes)


# Vega compiles its expressions, and Streamlit's elements have styles of their own
_POLICY: Final = (
    f"default-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' {_known_scripts()}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware, outermost.

    A page of another origin gets no connection. Streamlit itself would compare with addresses of this machine, which
    it asks of a server on the internet, so it is told of an origin that it always takes once ours has been compared.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            await _refuse(scope, receive, send)
            return
        if origin is not None:
            MutableHeaders(scope=scope)["origin"] = "http://localhost"
        is_new = "text/html" in headers.get("accept", "") and COOKIE not in SimpleCookie(headers.get("cookie", ""))

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(message, name=is_new, secure=scope["scheme"] == "https")
            await send(message)

        await self._app(scope, receive, answered)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse("asked for by a page of another origin", 403)(scope, receive, send)


def _complete(message: MutableMapping[str, Any], *, name: bool, secure: bool) -> None:
    headers = MutableHeaders(raw=message.setdefault("headers", []))
    headers.update(_HEADERS)
    if name:
        transport = "; Secure" if secure else ""
        kept = f"Path=/; Max-Age={IDLE_S:.0f}; HttpOnly; SameSite=Strict{transport}"
        headers.append("set-cookie", f"{COOKIE}={token_urlsafe(32)}; {kept}")
