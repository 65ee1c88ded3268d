"""`/v1/live`: windows, forecasts and alerts as they come, as server-sent events."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, format_sse_event

from api.forms.late_routes import Router
from api.forms.problems import invalid_field
from api.people.callers import Caller, Renew
from api.watching.alerts import InLanguage
from api.watching.listening import LIVE, Event, Hub, Listener
from core.problem_texts import say
from storage.access.scoping import Scope
from storage.engine import live
from storage.engine.live import KINDS, Kind, Place
from storage.herds import readable

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
    "because what you missed is more than a week old or of another database; and `end` when you are to come again, "
    "`why` being `over` (your token, key or session counts no longer), `long` (an hour has passed) or `closing` (the "
    "node stops).",
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
    place = begin.end if begin.resumed is None else begin.resumed
    listener = Listener(wanted, frozenset(event or KINDS), renew, place, lang, animals)
    listener.see(caller.farms("viewer"))
    events = _events(hub, listener, time.monotonic() + longest_s, is_lost=begin.is_lost)
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


async def _events(hub: Hub, listener: Listener, until: float, *, is_lost: bool) -> AsyncIterator[bytes]:
    try:
        await hub.join(listener)
        yield format_sse_event(retry=RETRY_MS, comment="")
        if is_lost:
            yield format_sse_event(event="reset", id=_id(listener.place), data_str="{}")
        async with aclosing(_told(hub, listener, until)) as told:
            async for news in told:
                yield b":\n\n" if news is None else _written(news, listener)
        yield format_sse_event(event="end", data_str=json.dumps({"why": listener.end}))
    finally:
        hub.part(listener)


async def _told(hub: Hub, listener: Listener, until: float) -> AsyncGenerator[Event | None, None]:
    """Yield events as they come, or are read, and `None` where nothing has come for a while; end then, too."""
    coming, beat = asyncio.create_task(hub.coming(listener)), time.monotonic() + HEARTBEAT_S
    try:
        while not listener.end:
            await asyncio.wait({coming}, timeout=max(min(beat, until) - time.monotonic(), 0))
            if coming.done():
                events, place = coming.result()
                for one in _still_wanted(listener, events):
                    yield one
                    listener.place, beat = one.place, time.monotonic() + HEARTBEAT_S
                listener.place = place
                coming = asyncio.create_task(hub.coming(listener))
            if time.monotonic() >= until:
                listener.leave("long")
            elif time.monotonic() >= beat:
                yield None
                beat = time.monotonic() + HEARTBEAT_S
    finally:
        coming.cancel()


def _still_wanted(listener: Listener, events: Iterable[Event]) -> Iterator[Event]:
    """Yield of events those that a listener may still hear of when it is their turn."""
    return (one for one in events if not listener.end and listener.wants(one))


def _written(event: Event, listener: Listener) -> bytes:
    said = (listener.animals and event.animals) or (listener.language == "fr" and event.french) or event.told
    return format_sse_event(event=event.kind, id=_id(event.place), data_str=said)


def _id(place: Place) -> str:
    return f"{place.written_in}-{place.place}"


def _ids(caller: Scope, names: list[str]) -> frozenset[int]:
    return frozenset(readable.farm(caller.connection, name).id for name in names)
