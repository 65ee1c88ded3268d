"""Bulk import: messages made from a file go through the flush of the edge, without MQTT and in bounded memory."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from animov.edge import flushing, followed_clock
from core.delivery import Batch
from core.errors import AnimovError
from core.readings import CollarName, Message, Rejected, Samples, Status
from core.settings import Settings
from core.timeline import from_ms
from ingest.decoding import make_decoder
from ingest.decoding.topics import OwnTopic, parse_topic
from storage.upkeep.provision import Access
from stream.runner import Runner

MOST_UNSETTLED: Final = 20_000
"""Messages that are read ahead of the database at most."""

TOGETHER: Final = 200
"""Messages handed over at a time."""

_decode: Final = make_decoder(future_limit=timedelta(days=36_500), age_limit=None, aliases={})

Onboard = Callable[[CollarName], None]
"""Takes a collar into service before its first message goes in; runs in a thread of its own."""


class BrokenOffError(AnimovError):
    """An import could not be finished; what came before is in, and stays when the file comes again."""

    def __init__(self, why: AnimovError, messages: int) -> None:
        super().__init__(f"{why}; the {messages:,} messages before it are in, and coming again changes nothing")
        self.why = why
        self.messages = messages


class Extent(NamedTuple):
    """The first and the last message of a collar."""

    first: Message
    last: Message


@dataclass(slots=True)
class Taken:
    """What went in: messages in all, those not admitted, each collar's first and last; a file is sorted by time."""

    messages: int = 0
    rejected: int = 0
    extents: dict[CollarName, Extent] = field(default_factory=dict)

    def add(self, name: CollarName, message: Message) -> None:
        """Count one more message of a collar."""
        self.messages += 1
        first = self.extents[name].first if name in self.extents else message
        self.extents[name] = Extent(first, message)

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the instants `[start, end)` that the messages tell of; `None` without messages."""
        instants = [at for extent in self.extents.values() for message in extent for at in _instants(message)]
        return (from_ms(min(instants)), from_ms(max(instants) + 1)) if instants else None


async def take_in(
    access: Access,
    settings: Settings,
    messages: Iterable[Message],
    onboard: Onboard,
    *,
    most_unsettled: int = MOST_UNSETTLED,
) -> Taken:
    """Commit messages as the edge would, and return when all are committed.

    Args:
        access: The node's database.
        settings: Limits of admission and of memory.
        messages: On our own topics; read only as far ahead as the database follows.
        onboard: Called once for each collar.
        most_unsettled: Messages read and not yet committed, at most; `settings.inbox_bytes` bounds their bytes.

    Raises:
        BrokenOffError: reading failed on the way, or a collar was refused.
    """
    taken = Taken()
    problems: list[AnimovError] = []
    async with followed_clock(access) as clock, flushing(access, settings, clock) as runner:
        await runner.loaded()
        ahead = _Ahead(runner, most_unsettled, settings.inbox_bytes)
        try:
            for together in _chunks(messages, problems):
                await _meet(taken, together, ahead, onboard)
        except AnimovError as error:  # what went in before is committed all the same
            problems.append(error)
    taken.rejected = runner.counts.rejected
    for problem in problems:
        raise BrokenOffError(problem, taken.messages) if taken.messages else problem
    return taken


def _chunks(messages: Iterable[Message], problems: list[AnimovError]) -> Iterator[list[Message]]:
    """Yield messages many at a time, also those before a line that can't be read; such a line ends it."""
    together: list[Message] = []
    try:
        for message in messages:
            together.append(message)
            if len(together) == TOGETHER:
                yield together
                together = []
    except AnimovError as error:
        problems.append(error)
    if together:
        yield together


async def _meet(taken: Taken, messages: list[Message], ahead: "_Ahead", onboard: Onboard) -> None:
    names = [_collar_of(message) for message in messages]
    for name in dict.fromkeys(names):
        if name not in taken.extents:
            await asyncio.to_thread(onboard, name)  # waits for the farm's lock, which a flush of ours may hold
    for name, message in zip(names, messages, strict=True):
        taken.add(name, message)
    await ahead.hand_over(messages)


class _Ahead:
    """Hands messages to a runner and holds the reader back while too many are not committed."""

    def __init__(self, runner: Runner, most_messages: int, most_bytes: int) -> None:
        self._runner = runner
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._messages = self._bytes = 0
        self._settled = asyncio.Event()

    async def hand_over(self, messages: list[Message]) -> None:
        size = sum(len(message.payload) for message in messages)
        self._messages += len(messages)
        self._bytes += size
        self._runner.intake(Batch(messages, partial(self._settle, len(messages), size)))
        await asyncio.sleep(0)  # the flush runs in the same loop
        while self._messages >= self._most_messages or self._bytes >= self._most_bytes:
            self._settled.clear()
            await self._settled.wait()

    def _settle(self, messages: int, size: int) -> None:
        self._messages -= messages
        self._bytes -= size
        self._settled.set()


def _collar_of(message: Message) -> CollarName:
    parsed = parse_topic(message.topic)
    if not isinstance(parsed, OwnTopic):
        raise AnimovError(f"{message.topic!r} is no topic of a collar")
    return parsed.collar


def _instants(message: Message) -> Iterator[int]:
    decoded = _decode(message)
    for heard in [] if isinstance(decoded, Rejected) else decoded:
        reading = heard.reading
        if isinstance(reading, Samples):
            yield from (min(reading.times), max(reading.times))
        elif not isinstance(reading, Status):
            yield from (reading.t0, reading.t1 - 1)
