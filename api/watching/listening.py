"""One listening connection for all live listeners of this process; what it hears is handed on in memory.

No listener holds a connection of the database, nor keeps another one waiting: each has a short queue of its own.
Whoever comes again, or does not empty it, is behind: nothing is queued for them, but what they have not heard is read
from the database in small parts, each sent before the next one is read, until they are where all others are.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from api.forms.problems import ProblemError
from api.people.callers import Shown
from core.alert_texts import Language
from core.errors import NotFoundError, UnavailableError
from core.logs import get_logger
from storage.access.scoping import Scope, opened
from storage.engine import live
from storage.engine.database import Connection, Engine, plain_url, see_farms
from storage.engine.live import KINDS, Kind, Piece, Place

log = get_logger(__name__)

LIVE: Final = "/v1/live"
"""Path on which listeners ask."""

MOST_WAITING: Final = 64
"""Events that may wait for one listener; if there are more, none does, and they are read when it is time."""

AT_ONCE: Final = 8
"""Pieces of news that are read at a time, and told before more are read."""

CATCHING_UP: Final = 2
"""Listeners who are read for at the same time: others wait for their turn, and connections are left for requests."""

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


class Part(NamedTuple):
    """What was read: events in order, up to which place nothing is missing, and whether there may be more."""

    events: list[Event]
    place: Place
    is_more: bool
    version: int
    """Of everybody's rights, read after the events."""


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who listens.

    Attributes:
        wanted: The farms that they want to hear of; `None` is all.
        kinds: What they want to hear of.
        renew: Reads again who asks.
        place: Up to which place they have been told everything.
        language: Of texts.
        animals: Whether they want the windows of animals too.
        farms: The farms that they hear of: those that they want and may see.
        is_behind: Whether there may be more than what waits: they are to be read for from their place on.
        waiting: Events to send; none for who is behind.
        has_more: Set when there is one, or an end, or they fell behind.
        end: Why they hear nothing more; empty as long as they do.
        checked: Version of everybody's rights as of which `farms` are those that they may see.
    """

    wanted: frozenset[int] | None
    kinds: frozenset[Kind]
    renew: Callable[[], Shown]
    place: Place
    language: Language = "en"
    animals: bool = False
    farms: frozenset[int] = frozenset()
    is_behind: bool = True
    waiting: deque[Event] = field(default_factory=deque)
    has_more: asyncio.Event = field(default_factory=asyncio.Event)
    end: str = ""
    checked: int = -1

    def see(self, farms: Iterable[int]) -> None:
        """Hear from now on of these farms, of those that are wanted."""
        self.farms = frozenset(farms) if self.wanted is None else self.wanted.intersection(farms)

    def wants(self, event: Event) -> bool:
        """Tell whether they are to be told of an event, of those that come behind what they have been told."""
        return event.place > self.place and event.farm_id in self.farms and event.kind in self.kinds

    def hear(self, event: Event) -> None:
        """Have an event sent, or fall behind if too many wait already, or if its animals were not read."""
        if self.end or self.is_behind or not self.wants(event):
            return
        if len(self.waiting) >= MOST_WAITING or (self.animals and event.kind == "windows" and not event.animals):
            self.fall_behind()
            return
        self.waiting.append(event)
        self.has_more.set()

    def fall_behind(self) -> None:
        """Have nothing queued until all that was not told yet has been read."""
        self.is_behind = True
        self.waiting.clear()
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
        self._place = Place(0, 0)
        self._woken = asyncio.Event()
        self._turns = asyncio.Semaphore(CATCHING_UP)

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
                self._place = begin
                self._tasks = [asyncio.create_task(_for_ever(each)) for each in (self._hand_on, self._check)]

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

    async def coming(self, listener: Listener) -> tuple[list[Event], Place]:
        """Wait for what a listener is to be told next; return it, and the place up to which that is all.

        It may be nothing: an end, or no more than that they are behind.
        """
        if listener.is_behind and listener.place < self._place:
            async with self._turns:
                return ([], listener.place) if listener.end else await self._caught_up(listener)
        if listener.is_behind:
            listener.is_behind = False
            self._woken.set()  # their farms may be new here, and what could not be told yet of them unknown
        while not (listener.waiting or listener.is_behind or listener.end):
            listener.has_more.clear()
            await listener.has_more.wait()
        events = list(listener.waiting)
        listener.waiting.clear()
        return events, events[-1].place if events else listener.place

    async def _caught_up(self, listener: Listener) -> tuple[list[Event], Place]:
        farms, kinds = sorted(listener.farms), listener.kinds
        try:
            part = await asyncio.to_thread(self._read, farms, listener.place, kinds, animals=listener.animals)
            await self._see_to_rights(part.version, [listener])
        except UnavailableError as error:
            log.warning("live.delayed", error=str(error))
            await asyncio.sleep(LOOK_AGAIN_S)
            return [], listener.place
        return part.events, part.place

    def _read(self, farms: Sequence[int], place: Place, kinds: Iterable[Kind] = KINDS, *, animals: bool) -> Part:
        """Read what is to be told of some farms behind a place: all of it, or the first part."""
        with opened(self._engine) as connection:
            see_farms(connection, farms)
            end = live.end(connection)
            pieces = live.since(connection, place, AT_ONCE, kinds)
            events = [self._event(connection, one, animals=animals) for one in pieces]
            is_full = len(pieces) == AT_ONCE
            is_more = is_full or live.is_more_to_come(connection)
            upto = pieces[-1].place if is_full else max(place, end, *(one.place for one in pieces))
            return Part(events, upto, is_more, live.rights_version(connection))

    def _event(self, connection: Connection, piece: Piece, *, animals: bool) -> Event:
        try:
            return Event(piece.place, piece.farm_id, piece.kind, *self._tell(connection, piece, animals))
        except NotFoundError:  # it is no longer kept: its place is told all the same, to nobody
            return Event(piece.place, 0, piece.kind, "")

    def _end(self) -> Place:
        with opened(self._engine) as connection:
            return live.end(connection)

    async def _hand_on(self) -> None:
        async with live.woken(plain_url(self._engine)) as self._woken:
            while True:
                await self._woken.wait()
                self._woken.clear()
                await asyncio.sleep(TOGETHER_S)
                while await self._look():
                    pass

    async def _look(self) -> bool:
        """Hand on what is behind the place where all are, or the first part of it; tell whether it was but a part."""
        farms = self._farms()
        animals = any(one.animals for one in self._listeners)
        try:
            part = await asyncio.to_thread(self._read, farms, self._place, animals=animals)
            if part.events:
                await self._see_to_rights(part.version)
        except UnavailableError as error:
            log.warning("live.delayed", error=str(error))
            self._look_again()
            return False
        self._tell_all(part, frozenset(farms))
        is_part = len(part.events) == AT_ONCE
        if part.is_more and not is_part:
            self._look_again()
        return is_part

    def _look_again(self) -> None:
        asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._woken.set)

    def _tell_all(self, part: Part, farms: frozenset[int]) -> None:
        """Hand a part on, read of some farms: whoever hears of others too, new since, reads for themselves."""
        self._place = part.place
        for listener in self._listeners:
            if not listener.farms <= farms:
                listener.fall_behind()
            for one in part.events:
                listener.hear(one)

    def _farms(self) -> list[int]:
        return sorted({farm for listener in self._listeners for farm in listener.farms})

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(RIGHTS_S)
            with suppress(UnavailableError):
                await self._see_to_rights()

    async def _see_to_rights(self, version: int | None = None, of: Iterable[Listener] | None = None) -> None:
        """Read again what listeners may see: of all or some, or of those of them not seen to as of a version."""
        among = self._listeners if of is None else of
        listeners = [one for one in among if version is None or one.checked != version]
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
