"""What a simulation does next: publish a message, or pass the end of a quarter of an hour."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from core.clock import NodeClock
from core.timeline import BUCKET_S
from ingest.simulation.due import Due

SLOT_MS: Final = 1000 * BUCKET_S


class SlotPassed(NamedTuple):
    """Every message due before `slot_ms`, a multiple of 15 minutes since 1970, has been published."""

    slot_ms: int


def steps(messages: Iterator[Due], start_ms: int, end_ms: int) -> Iterator[Due | SlotPassed]:
    """Yield the messages, and before the first one due at or after the end of a slot that the slot has passed.

    Args:
        messages: In due order; what is due before `start_ms` belongs to the first slot.
        start_ms: Milliseconds since 1970; the first slot to pass is the one that it lies in.
        end_ms: Milliseconds since 1970; slots that end by then are passed after the last message.
    """
    slot_ms = (start_ms // SLOT_MS + 1) * SLOT_MS
    for message in messages:
        while message.due_ms >= slot_ms:
            yield SlotPassed(slot_ms)
            slot_ms += SLOT_MS
        yield message
    yield from map(SlotPassed, range(slot_ms, end_ms + 1, SLOT_MS))


def wall_at(clock: NodeClock, at_ms: int) -> float:
    """Return when the clock's line reaches an instant, in seconds since 1970 on the wall, as if without ceiling."""
    return clock.wall_epoch + (at_ms / 1000 - clock.sim_epoch) / clock.speed
