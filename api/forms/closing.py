"""Answers in parts whose maker holds something: a transaction, a lock, a file."""

from collections.abc import Generator, Mapping

from anyio import CancelScope
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class ClosingResponse(StreamingResponse):
    """Sends what a generator makes, and closes it when the client has it, or has left: in a thread, for that may block.

    Left to the garbage collector it would be closed in the event loop, at a time that nobody knows.
    """

    def __init__(self, content: Generator[bytes], *, headers: Mapping[str, str], media_type: str) -> None:
        """Prepare an answer; see `StreamingResponse`."""
        super().__init__(content, headers=headers, media_type=media_type)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._content.close)
