"""Answers that are waited for: the work is put down and committed, then the database tells when it has ended."""

import asyncio
from http import HTTPStatus
from typing import Final

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from api.first.messages import AWAY, MessageError, refused
from api.first.told import Tell, answer_of
from core.errors import UnavailableError
from storage.access.scoping import Scope, again
from storage.engine.database import plain_url
from storage.modelling import trainings
from storage.modelling.work_ends import listening

LONGEST_S: Final = 900.0
"""Seconds that anybody waits; the work goes on."""

MOST: Final = 16
"""Requests that wait at a time: each holds a connection to the database."""

_LOOK_S: Final = 30.0
"""Seconds after which the work is looked at though nothing was told of it."""


class Awaited(Response):
    """The answer to a request whose work a worker does; sent when that has ended, and no sooner."""

    def __init__(self, caller: Scope, number: int, location: str, tell: Tell, longest_s: float = LONGEST_S) -> None:
        super().__init__()
        self._caller, self._number, self._location, self._tell = caller, number, location, tell
        self._longest_s = longest_s

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Wait, and answer; whoever goes away meanwhile is waited for no longer."""
        state = scope["app"].state
        waiting = getattr(state, "first_waiting", 0)
        if waiting >= MOST:
            await self._unfinished("Trop de calculs sont attendus en ce moment")(scope, receive, send)
            return
        state.first_waiting = waiting + 1
        answered, left = asyncio.create_task(self._answer()), asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((answered, left), return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                await answered.result()(scope, receive, send)
        finally:
            state.first_waiting -= 1
            answered.cancel()
            left.cancel()

    async def _answer(self) -> Response:
        try:
            async with listening(plain_url(self._caller.connection.engine)) as until:
                end = asyncio.get_running_loop().time() + self._longest_s
                while (found := await run_in_threadpool(self._look)) is None:
                    left = end - asyncio.get_running_loop().time()
                    if left <= 0:
                        return self._unfinished("Le calcul n'est pas terminé")
                    await until(self._number, min(left, _LOOK_S))
        except MessageError as error:
            return refused(str(error), error.status)
        except UnavailableError:
            return refused(AWAY, HTTPStatus.SERVICE_UNAVAILABLE, {"Location": self._location})
        return found

    def _look(self) -> Response | None:
        with again(self._caller) as scope:
            work = trainings.find(scope.connection, self._number)
            return answer_of(scope.connection, work, self._tell)

    def _unfinished(self, why: str) -> Response:
        return refused(
            f"{why}; le résultat sera à {self._location}.",
            HTTPStatus.SERVICE_UNAVAILABLE,
            {"Location": self._location, "Retry-After": "5"},
        )


def accepted(location: str) -> Response:
    """Return the answer that work has been asked for, to whoever prefers not to wait."""
    headers = {"Location": location, "Retry-After": "2", "Preference-Applied": "respond-async"}
    return JSONResponse({"message": f"Calcul en cours; le résultat sera à {location}."}, HTTPStatus.ACCEPTED, headers)


def prefers_async(prefer: str | None) -> bool:
    """Tell whether the header `Prefer` (RFC 7240) asks not to wait."""
    wishes = [wish.partition(";")[0].strip().lower() for wish in (prefer or "").split(",")]
    return "respond-async" in wishes


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
