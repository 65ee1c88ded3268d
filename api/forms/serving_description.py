"""`/openapi.json`: made once, in a thread, for it takes seconds in which others want answers too."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.requests import Request

PATH: Final = "/openapi.json"

SETTLED_S: Final = 10.0
"""Seconds after its start at which a server makes the description, so that nobody has to wait for it then."""


class Description:
    """The description of an application as it is sent."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._making = asyncio.Lock()  # or all who ask meanwhile would hold a thread each
        self._written: bytes | None = None
        app.add_route(PATH, self._serve, include_in_schema=False)

    async def written(self) -> bytes:
        """Return the description, made by the first who asks."""
        async with self._making:
            if self._written is None:
                self._written = await run_in_threadpool(self._write)
        return self._written

    @asynccontextmanager
    async def made_ahead(self, settled_s: float = SETTLED_S) -> AsyncIterator[None]:
        """Make the description some time after the beginning of the block, unless the block ends before.

        Args:
            settled_s: Seconds to leave to who has waited for the start.
        """
        making = asyncio.create_task(self._make_later(settled_s))
        try:
            yield
        finally:
            making.cancel()
            await asyncio.wait({making})

    async def _make_later(self, settled_s: float) -> None:
        await asyncio.sleep(settled_s)
        await self.written()

    async def _serve(self, _: Request) -> Response:
        return Response(await self.written(), media_type="application/json")

    def _write(self) -> bytes:
        return json.dumps(self._app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
