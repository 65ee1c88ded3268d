"""Conditional requests: an answer that the client has already is not sent again, RFC 9110 section 13.

The entity tag of an answer is a hash of its bytes, and weak: compressed or not, it says the same. It saves the way,
not the work; answers that are sent in parts have none.
"""

import re
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CACHED: Final = "private, no-cache"
"""A browser may keep an answer for its own user, and asks each time whether it still holds."""

_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_DROPPED: Final = ("content-length", "content-type", "content-disposition", "content-encoding")


class Conditional:
    """ASGI middleware, inside of the one that compresses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a GET that is answered at once and with success gets an entity tag."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Tagged(send, Headers(scope=scope).get("If-None-Match")))


class _Tagged:
    """The way back to the client; keeps the beginning of an answer until it is known whether its body is whole."""

    def __init__(self, send: Send, known: str | None) -> None:
        self._send, self._known = send, known
        self._begin: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            self._begin = message
            return
        begin, self._begin = self._begin, None
        if begin is not None and message["type"] == "http.response.body" and not message.get("more_body", False):
            message = self._judged(begin, message)
        if begin is not None:
            await self._send(begin)
        await self._send(message)

    def _judged(self, begin: Message, body: Message) -> Message:
        """Give an answer its tag; if the client has it already, say that in its place."""
        headers = MutableHeaders(scope=begin)
        if headers.get("Cache-Control", "") == "no-store":
            return body
        headers.setdefault("ETag", f'W/"{blake2b(body.get("body", b""), digest_size=16).hexdigest()}"')
        headers.setdefault("Cache-Control", _CACHED)
        if not knows(self._known, headers["ETag"]):
            return body
        begin["status"] = HTTPStatus.NOT_MODIFIED
        for name in _DROPPED:
            del headers[name]
        return {**body, "body": b""}


def knows(given: str | None, tag: str) -> bool:
    """Tell whether `If-None-Match` names an entity tag, compared weakly, or any."""
    if given is None:
        return False
    return given.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(given)
