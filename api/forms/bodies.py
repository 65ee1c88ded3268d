"""Requests are neither too large nor too slow, whichever route reads them and however.

A body is counted and timed as it comes; once it breaks a rule, whatever the route makes of it is dropped, and the
refusal is sent in its place.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from itertools import chain
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.forms.problems import ProblemError, answer
from core.problem_texts import say

_MEGABYTE: Final = 1_048_576
_SERIES: Final = ("/train", "/predict", "/v1/farms/*/trainings")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may cost.

    Attributes:
        body_bytes: The largest body.
        larger: The same of some paths, as patterns, in place of it: those that take long series.
        body_s: Seconds within which a body must have come.
        send_s: Seconds within which a client must have taken a part of an answer.
        head_bytes: The most that path, query and headers have together.
    """

    body_bytes: int = _MEGABYTE
    larger: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(_SERIES, 8 * _MEGABYTE))
    body_s: float = 30.0
    send_s: float = 60.0
    head_bytes: int = 32_768

    def body_of(self, path: str) -> int:
        """Return how many bytes a body has at most that is sent to a path."""
        found = (most for pattern, most in self.larger.items() if fnmatchcase(path, pattern))
        return next(found, self.body_bytes)


class Bounded:
    """ASGI middleware, inside of the framing."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounded = _Request(scope, receive, send, self._limits)
        try:
            bounded.refuse_at_once()
            await self._app(scope, bounded.receive, bounded.send)
        except Exception:
            if bounded.refusal is None:
                raise  # of anything else than the body
        if bounded.refusal is not None and not bounded.has_begun:
            await answer(bounded.refusal, scope)(scope, receive, send)


class _RefusedError(Exception):
    """The body broke a rule; what the route makes of this does not matter."""


class _Request:
    """One request on its way in and its answer on the way out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive, self._send, self._limits = receive, send, limits
        self._most = limits.body_of(scope["path"])
        headers = Headers(scope=scope)
        self._announced, self._coding = headers.get("Content-Length", ""), headers.get("Content-Encoding", "")
        self._has_body = self._announced not in {"", "0"} or "Transfer-Encoding" in headers
        self._head = len(scope["path"]) + len(scope["query_string"]) + sum(map(len, chain(*scope["headers"])))
        self._until: float | None = None
        self._taken = 0
        self._is_whole = False
        self.has_begun = False
        self.refusal: ProblemError | None = None

    def refuse_at_once(self) -> None:
        """Refuse a head that is too large, and a body that is said to be or is compressed, before any of it is read."""
        if self._head > self._limits.head_bytes:
            most = self._limits.head_bytes
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", "large_head", most=most)
        if self._announced.isdecimal() and (len(self._announced) > 18 or int(self._announced) > self._most):
            self._refuse_large()
        if self._has_body and self._coding.strip().lower() not in {"", "identity"}:
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "coded_body")

    async def receive(self) -> Message:
        """Return the next part of the body, or that the client has gone."""
        if self.refusal is not None:
            raise _RefusedError
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline()):
                message = await self._receive()
        except TimeoutError:
            seconds = self._limits.body_s
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "slow-body", "slow_body", seconds=seconds)
        self._taken += len(message.get("body", b""))
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        if self._taken > self._most:
            self._refuse_large()
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, unless the request has been refused meanwhile; a client that stalls is left.

        Raises:
            TimeoutError: nobody took it.
        """
        if self.refusal is not None and not self.has_begun:
            return
        self.has_begun = True
        async with asyncio.timeout(self._limits.send_s):
            await self._send(message)

    def _deadline(self) -> float:
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + self._limits.body_s
        return self._until

    def _refuse_large(self) -> None:
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "large_body", most=self._most)

    def _refuse(self, status: HTTPStatus, code: str, sentence: str, **values: float) -> None:
        # what is left of the body is not wanted: the connection can't be used again
        self.refusal = ProblemError(status, code, say(sentence, **values), headers={"Connection": "close"})
        raise _RefusedError
