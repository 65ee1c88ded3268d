"""One listening connection for all live listeners of this process; what it hears is handed on in memory.

No listener holds a connection of the database, nor keeps another one waiting: each has a queue of its own, and whoever
does not empty it is left, to come again with the id of the last event that arrived.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from api.forms.problems import ProblemError
from api.people.callers import Shown
from core.alert_texts import Language
from core.errors import NotFoundError, UnavailableError
from core.logs import get_logger
from storage import live
from storage.database import Connection, Engine, plain_url, see_farms
from storage.live import Kind, Piece, Place
from storage.scoping import Scope, opened

log = get_logger(__name__)

LIVE: Final = "/v1/live"
"""Path on which listeners ask."""

MOST_WAITING: Final = 64
"""Events that may wait for one listener."""

AT_ONCE: Final = 200
"""Pieces of news that are read at a time."""

TOGETHER_S: Final = 0.25
"""What changes within this time is told at once."""

LOOK_AGAIN_S: Final = 1.0
"""Until what could not be told yet is looked at again."""

RIGHTS_S: Final = 10.0
"""After this what listeners may see is read again, for all of them in one transaction, since rights end with time too.

Whatever is taken from somebody counts at once: before news are handed on, it is looked whether anything was.
"""


class Event(NamedTuple):
    """Something to tell: its place, what it is of, and its text as it is sent, without its id.

    `french` is the same for those who read French; empty where no words are in it. `animals` is the same with the
    windows of animals; empty where there are none, or nobody who listens wants them.
    """

    place: Place
    farm_id: int
    kind: Kind
    told: str
    french: str = ""
    animals: str = ""


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who listens.

    Attributes:
        wanted: The farms that they want to hear of; `None` is all.
        kinds: What they want to hear of.
        renew: Reads again who asks.
        language: Of texts.
        animals: Whether they want the windows of animals too.
        farms: The farms that they hear of: those that they want and may see.
        waiting: Events to send.
        has_more: Set when there is one, or an end.
        end: Why they hear nothing more; empty as long as they do.
        checked: Version of everybody's rights as of which `farms` are those that they may see.
    """

    wanted: frozenset[int] | None
    kinds: frozenset[Kind]
    renew: Callable[[], Shown]
    language: Language = "en"
    animals: bool = False
    farms: frozenset[int] = frozenset()
    waiting: deque[Event] = field(default_factory=deque)
    has_more: asyncio.Event = field(default_factory=asyncio.Event)
    end: str = ""
    checked: int = -1

    def see(self, farms: Iterable[int]) -> None:
        """Hear from now on of these farms, of those that are wanted."""
        self.farms = frozenset(farms) if self.wanted is None else self.wanted.intersection(farms)

    def hear(self, event: Event) -> None:
        """Have an event sent, or be left if too many wait already."""
        if self.end or event.farm_id not in self.farms or event.kind not in self.kinds:
            return
        if self.animals and event.kind == "windows" and not event.animals:  # read before this listener joined
            self.leave("early")
            return
        if len(self.waiting) >= MOST_WAITING:
            self.leave("slow")
            return
        self.waiting.append(event)
        self.has_more.set()

    def leave(self, why: str) -> None:
        """Hear nothing more; what waits is dropped, for it is told again to whoever comes again."""
        self.end = self.end or why
        self.waiting.clear()
        self.has_more.set()


Tell = Callable[[Connection, Piece, bool], tuple[str, str, str]]
"""Makes the text of an event, the French one if that says it otherwise, and, if asked for, that with the windows of
animals, in a transaction that sees its farm."""


class Hub:
    """All live listeners of one process."""

    def __init__(self, engine: Engine, tell: Tell) -> None:
        self._engine, self._tell = engine, tell
        self._listeners: set[Listener] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._listeners)

    async def join(self, listener: Listener) -> None:
        """Hand news on to a listener from now on."""
        self._listeners.add(listener)
        if self._is_closed:
            listener.leave("closing")
        elif not self._tasks:
            begin = await asyncio.to_thread(self._end)
            if not self._tasks and not self._is_closed:  # somebody else may have begun, or ended all, meanwhile
                self._tasks = [
                    asyncio.create_task(_for_ever(each)) for each in (lambda: self._hand_on(begin), self._check)
                ]

    def part(self, listener: Listener) -> None:
        """Hand nothing more on to a listener."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """End all; listeners are told to come again."""
        self._is_closed = True
        for listener in self._listeners:
            listener.leave("closing")
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def read(self, farms: Sequence[int], place: Place, *, animals: bool) -> list[Event]:
        """Return what is to be told of some farms behind a place, in order; a part of it, if it is much."""
        with opened(self._engine) as connection:
            see_farms(connection, farms)
            return [self._event(connection, one, animals=animals) for one in live.since(connection, place, AT_ONCE)]

    def _event(self, connection: Connection, piece: Piece, *, animals: bool) -> Event:
        try:
            return Event(piece.place, piece.farm_id, piece.kind, *self._tell(connection, piece, animals))
        except NotFoundError:  # it is no longer kept: its place is told all the same, to nobody
            return Event(piece.place, 0, piece.kind, "")

    def _end(self) -> Place:
        with opened(self._engine) as connection:
            return live.end(connection)

    async def _hand_on(self, begin: Place) -> None:
        place = begin
        async with live.woken(plain_url(self._engine)) as event:
            while True:
                await event.wait()
                event.clear()
                await asyncio.sleep(TOGETHER_S)
                events, is_more = await self._news(place)
                for one in events:
                    for listener in list(self._listeners):
                        listener.hear(one)
                if events:
                    place = events[-1].place
                if is_more:
                    asyncio.get_running_loop().call_later(LOOK_AGAIN_S, event.set)

    async def _news(self, place: Place) -> tuple[list[Event], bool]:
        """Return what is behind a place, once it is known who may hear of it, and whether there is more."""
        try:
            events, is_more, version = await asyncio.to_thread(self._look, self._farms(), place)
            if events:
                await self._see_to_rights(version)
        except UnavailableError as error:
            log.warning("live.delayed", error=str(error))
            return [], True
        return events, is_more

    def _look(self, farms: Sequence[int], place: Place) -> tuple[list[Event], bool, int]:
        """Return news, whether there is more, and the version of everybody's rights, read after them."""
        events = self.read(farms, place, animals=any(one.animals for one in list(self._listeners)))
        with opened(self._engine) as connection:
            see_farms(connection, farms)
            is_more = len(events) == AT_ONCE or live.is_more_to_come(connection)
            return events, is_more, live.rights_version(connection)

    def _farms(self) -> list[int]:
        return sorted({farm for listener in self._listeners for farm in listener.farms})

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(RIGHTS_S)
            with suppress(UnavailableError):
                await self._see_to_rights()

    async def _see_to_rights(self, version: int | None = None) -> None:
        """Read again what listeners may see: of all, or of those who were not seen to as of a version."""
        listeners = [one for one in self._listeners if version is None or one.checked != version]
        if not listeners:
            return
        for listener, farms in zip(listeners, await asyncio.to_thread(self._rights, listeners), strict=True):
            listener.checked = listener.checked if version is None else version
            if farms is None:
                listener.leave("over")
            else:
                listener.see(farms)

    def _rights(self, listeners: Sequence[Listener]) -> list[frozenset[int] | None]:
        with opened(self._engine) as connection:
            return [rights(listener, connection) for listener in listeners]


def rights(listener: Listener, connection: Connection) -> frozenset[int] | None:
    """Return the farms that a listener may see at this moment; `None` if nobody is known by what was shown."""
    try:
        scope: Scope | None = listener.renew().identify(connection)
    except ProblemError:
        return None
    return None if scope is None else frozenset(scope.farms("viewer"))


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("live.failed")
            await asyncio.sleep(LOOK_AGAIN_S)


def behind(events: Sequence[Event], place: Place, listener: Listener) -> Iterator[Event]:
    """Yield what a listener is to be told of some events, of those behind a place."""
    return (one for one in events if one.place > place and one.farm_id in listener.farms and one.kind in listener.kinds)
