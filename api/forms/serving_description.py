"""`/openapi.json`: made once, in a thread, for it takes seconds in which others want answers too.

It looks into all routes, so that afterwards no request is the first of its kind.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from threading import Thread
from typing import Final

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.requests import Request

PATH: Final = "/openapi.json"


class Description:
    """The description of an application as it is sent."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._written: Future[bytes] | None = None
        app.add_route(PATH, self._serve, include_in_schema=False)

    async def written(self) -> bytes:
        """Return the description, made for the first who asks."""
        if self._written is None or (self._written.done() and self._written.exception()):
            self._written = self._begin()
        return await asyncio.wrap_future(self._written)

    @asynccontextmanager
    async def made_ahead(self, settled_s: float) -> AsyncIterator[None]:
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

    def _begin(self) -> Future[bytes]:
        making: Future[bytes] = Future()
        making.set_running_or_notify_cancel()  # or the first who goes away would cancel it for the others
        # in no pool: an end would wait for its threads
        Thread(target=self._make, args=(making,), name="description", daemon=True).start()
        return making

    def _make(self, making: Future[bytes]) -> None:
        try:
            making.set_result(self._write())
        except Exception as error:  # noqa: BLE001 - who waits gets it
            making.set_exception(error)

    def _write(self) -> bytes:
        return json.dumps(self._app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
