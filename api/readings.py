"""Readings by HTTP: what a collar would publish, for gateways that speak no MQTT."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Response
from pydantic import Field, Strict
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.values import Number
from api.herd.changing import Body
from api.people.callers import ReadingsCaller
from api.people.permits import REFUSALS, permit_readings
from core.errors import UnavailableError
from core.readings import Rejected
from storage.access.scoping import Scope, again
from storage.evidence import posted
from storage.herds import readable

router = Router(prefix="/v1/readings", tags=["readings"])

PATIENCE_S: Final = 2.0
"""Seconds to wait for the edge to have read the messages: usually a few hundredths are enough."""

_LOOK_AGAIN_S: Final = 0.02
_TOO_LARGE: Final = "1e400"
"""How a number is written that no double holds."""

Numeric = Annotated[int, Strict()] | Number
Member = Numeric | str | bool | list[Numeric] | list[list[Numeric]] | None


class PostedMessage(Body):
    """One message, as a collar would publish it; see the MQTT contract for what payloads hold."""

    topic: str = Field(
        pattern="^animov/v1/[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}/(samples|posture|status)$",
        description="Farm, collar and kind; network servers are heard by MQTT only.",
        examples=["animov/v1/barn/c-012/posture"],
    )
    payload: dict[str, Member] = Field(
        examples=[{"t0": "2026-05-01T07:10:00+02:00", "t1": "2026-05-01T07:42:30+02:00", "posture": "lying"}]
    )

    @property
    def farm(self) -> str:
        """The farm that the topic names."""
        return self.topic.split("/")[2]

    @property
    def content(self) -> bytes:
        """The payload as MQTT would bring it."""
        try:
            return json.dumps(self.payload, separators=(",", ":"), allow_nan=False).encode()
        except ValueError:  # 1e400, which would be told as Infinity; the edge refuses all of it, whatever else it says
            return json.dumps(self.payload, separators=(",", ":")).replace("Infinity", _TOO_LARGE).encode()


class PostedMessages(Body):
    """Messages of any collars of your farms."""

    messages: list[PostedMessage] = Field(min_length=1, max_length=500)


class Outcome(Answer):
    """What became of a message."""

    state: Literal["admitted", "rejected", "waiting"] = Field(
        description="admitted: its windows are there; rejected: it says nothing that can be used; waiting: it is safe"
        " and will be read as soon as the part of the node that reads messages is there."
    )
    key: str = Field(description="Under which a message that is rejected, also later, stands in `/v1/rejected`.")
    code: str | None = Field(description="Stable name of the reason of a rejection.", examples=["future"])
    detail: str | None = Field(description="The reason, with the offending value.")


class Outcomes(Answer):
    """What became of the messages, in the order in which they were sent."""

    items: list[Outcome]


@router.post(
    "",
    response_model=Outcomes,
    responses={
        202: {"model": Outcomes, "description": "All messages are safe; some are still to be read."},
        **REFUSALS,
    },
)
def post_readings(caller: ReadingsCaller, wanted: PostedMessages) -> Response:
    """Take what collars would publish, as a key with the scope `readings` may, or a manager.

    The answer comes after the commit: what was answered is never lost. Sent again, also in part, nothing changes.
    """
    farms = {farm: _farm_id(caller, farm) for farm in sorted({one.farm for one in wanted.messages})}
    posted.speak_for(caller.connection, list(farms.values()))
    messages = [(farms[one.farm], one.topic, one.content) for one in wanted.messages]
    keys = [posted.key_of(topic, payload) for _, topic, payload in messages]
    before = posted.refusals(caller.connection, keys)
    patience_s = 0.0 if posted.is_edge_away(caller.connection) else PATIENCE_S
    sent = _Sent(list(farms.values()), posted.keep(caller.connection, messages), keys, before)
    return _AnswerWhenRead(partial(_look, caller, sent), patience_s)


class _Sent(NamedTuple):
    """Messages that are kept: of which farms, their ids, their keys, and how often these were rejected before."""

    farms: Sequence[int]
    ids: Sequence[int]
    keys: Sequence[bytes]
    before: Mapping[bytes, tuple[int, Rejected]]


class _AnswerWhenRead(Response):
    """An answer that waits until the messages are read. It is sent after the commit, and holds no connection."""

    def __init__(self, look: Callable[[], Sequence[Outcome]], patience_s: float) -> None:
        super().__init__()
        self._look, self._patience_s = look, patience_s

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Look now and then what became of the messages, then answer."""
        deadline = time.monotonic() + self._patience_s
        found = await run_in_threadpool(self._look)
        while _any_waits(found) and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_AGAIN_S)
            found = await run_in_threadpool(self._look)
        scope["app"].state.figures.count_posted(one.state for one in found)
        status = HTTPStatus.ACCEPTED if _any_waits(found) else HTTPStatus.OK
        content = Outcomes(items=list(found)).model_dump_json()
        await Response(content, status, media_type="application/json")(scope, receive, send)


def _any_waits(found: Sequence[Outcome]) -> bool:
    return any(one.state == "waiting" for one in found)


def _look(caller: Scope, sent: _Sent) -> list[Outcome]:
    try:
        with again(caller) as scope:
            posted.speak_for(scope.connection, sent.farms)
            waiting = posted.waiting(scope.connection, sent.ids)  # before the rejections: what is gone here is there
            after = posted.refusals(scope.connection, sent.keys)
    except UnavailableError:  # what was committed is safe all the same
        waiting, after = set(sent.ids), {}
    return [
        _outcome(key, None if message in waiting else after.get(key, (0, None)), sent.before.get(key, (0, None))[0])
        for message, key in zip(sent.ids, sent.keys, strict=True)
    ]


def _outcome(key: bytes, refused: tuple[int, Rejected | None] | None, before: int) -> Outcome:
    if refused is None:
        return Outcome(state="waiting", key=key.hex(), code=None, detail=None)
    times, reason = refused
    if reason is None or times <= before:
        return Outcome(state="admitted", key=key.hex(), code=None, detail=None)
    return Outcome(state="rejected", key=key.hex(), code=reason.code, detail=reason.detail)


def _farm_id(caller: Scope, farm: str) -> int:
    farm_id = readable.farm(caller.connection, farm).id
    permit_readings(caller, farm_id)
    return farm_id
