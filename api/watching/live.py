"""`/v1/live`: windows, forecasts and alerts as they come, as server-sent events."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Annotated, Final, NamedTuple, get_args

from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, format_sse_event

from api.forms.late_routes import Router
from api.forms.problems import invalid_field
from api.people.callers import Caller, Renew
from api.watching.alerts import InLanguage
from api.watching.listening import AT_ONCE, LIVE, Event, Hub, Listener, behind
from core.problem_texts import say
from storage import live, readable
from storage.live import Kind, Place
from storage.scoping import Scope

router = Router(prefix="/v1", tags=["live"])

HEARTBEAT_S: Final = 15.0
RETRY_MS: Final = 2000
_ID: Final = re.compile("([0-9]{1,18})-([0-9]{1,19})")
_LAST_PLACE: Final = 2**63 - 1

Only = Annotated[
    list[Kind] | None,
    Query(alias="event", description="Only events of this kind; give it again for another. All if left out."),
]
WithAnimals = Annotated[
    bool, Query(description="Whether events `windows` have those of each animal too, behind the groups'.")
]
OnlyFarms = Annotated[
    list[Annotated[str, Query(pattern="^[A-Za-z0-9_-]{1,64}$")]] | None,
    Query(alias="farm", description="Only of this farm; give it again for another. All of yours if left out."),
]


async def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.live
    return hub


async def _longest_s(request: Request) -> float:
    longest_s: float = request.app.state.live_s
    return longest_s


LastEventId = Annotated[str | None, Header(max_length=64, json_schema_extra={"pattern": f"^({_ID.pattern})?$"})]


async def _resumed(last_event_id: LastEventId = None) -> Place | None:
    """Read where a listener stopped.

    Raises:
        ProblemError: it is not the id of an event.
    """
    if not last_event_id:
        return None
    found = _ID.fullmatch(last_event_id)
    if found is None:
        raise invalid_field("Last-Event-ID", "header", say("foreign_event"))
    return Place(int(found[1]), min(int(found[2]), _LAST_PLACE))


_EVENT: Final = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    "required": ["event", "data"],
    "additionalProperties": False,
}
_STREAM: Final = {
    "description": "Events `windows`, `forecast` and `alert`, each with its id; `reset` when all is to be read anew, "
    "because what you missed is more than a week old or of another database; and `end` when you are to come again.",
    "content": {"text/event-stream": {"schema": _EVENT}},
}


@router.get(LIVE.removeprefix(router.prefix), response_class=Response, responses={200: _STREAM})
async def listen(
    caller: Caller,
    renew: Renew,
    hub: Annotated[Hub, Depends(_hub)],
    longest_s: Annotated[float, Depends(_longest_s)],
    resumed: Annotated[Place | None, Depends(_resumed)],
    *,
    lang: InLanguage,
    event: Only = None,
    farm: OnlyFarms = None,
    animals: WithAnimals = False,
) -> Response:
    """Hear of windows, forecasts and alerts of your farms as they come, as server-sent events.

    Send the id of the last event that you have as `Last-Event-ID`, and nothing of the last week is passed over; each
    thing is told as it is now, however often it changed. After an event `reset` read anew what you show: you have
    missed what is no longer kept, or your id is of another database. The stream ends with your token or session.
    """
    begin = await asyncio.to_thread(_begun, caller, resumed)
    wanted = None if farm is None else await asyncio.to_thread(_ids, caller, farm)
    listener = Listener(wanted, frozenset(event or get_args(Kind)), renew, lang, animals)
    listener.see(caller.farms("viewer"))
    events = _events(hub, listener, begin, time.monotonic() + longest_s)
    return EventSourceResponse(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


class _Begin(NamedTuple):
    """Where a listener begins: behind all there is, or where it stopped, unless what came after that is lost."""

    end: Place
    resumed: Place | None
    is_lost: bool


def _begun(caller: Scope, resumed: Place | None) -> _Begin:
    end = live.end(caller.connection)
    if resumed is not None and (resumed > end or live.is_forgotten(caller.connection, resumed)):
        return _Begin(end, None, is_lost=True)
    return _Begin(end, resumed, is_lost=False)


async def _events(hub: Hub, listener: Listener, begin: _Begin, until: float) -> AsyncIterator[bytes]:
    end, resumed, is_lost = begin
    place = end if resumed is None else resumed
    await hub.join(listener)
    try:
        yield format_sse_event(retry=RETRY_MS, comment="")
        if is_lost:
            yield format_sse_event(event="reset", id=_id(end), data_str="{}")
        while resumed is not None:
            events = await asyncio.to_thread(hub.read, sorted(listener.farms), place, animals=listener.animals)
            for one in behind(events, place, listener):
                yield _written(one, listener)
            place = events[-1].place if events else place
            resumed = place if len(events) == AT_ONCE else None
        async for news in _live(listener, until):
            if news is None:
                yield b":\n\n"
            elif news.place > place:
                yield _written(news, listener)
        yield format_sse_event(event="end", data_str=json.dumps({"why": listener.end}))
    finally:
        hub.part(listener)


async def _live(listener: Listener, until: float) -> AsyncIterator[Event | None]:
    """Yield events as they come, and `None` where nothing has come for a while."""
    while not listener.end:
        while listener.waiting:
            yield listener.waiting.popleft()
        if listener.end:
            break
        listener.has_more.clear()
        left_s = until - time.monotonic()
        try:
            await asyncio.wait_for(listener.has_more.wait(), max(min(HEARTBEAT_S, left_s), 0))
        except TimeoutError:
            if left_s <= HEARTBEAT_S:
                listener.leave("long")
            else:
                yield None


def _written(event: Event, listener: Listener) -> bytes:
    said = (listener.animals and event.animals) or (listener.language == "fr" and event.french) or event.told
    return format_sse_event(event=event.kind, id=_id(event.place), data_str=said)


def _id(place: Place) -> str:
    return f"{place.written_in}-{place.place}"


def _ids(caller: Scope, names: list[str]) -> frozenset[int]:
    return frozenset(readable.farm(caller.connection, name).id for name in names)
