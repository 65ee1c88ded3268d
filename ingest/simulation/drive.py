"""Let a herd live: publish its messages as they fall due on a node's clock, which may run fast."""

import time
from collections.abc import Callable, Iterator
from threading import Event

from core.clock import NodeClock, WallClock
from ingest.decoding import Form
from ingest.publisher import Publisher
from ingest.replay import Wait
from ingest.simulation.due import Due
from ingest.simulation.herd import Herd
from ingest.simulation.messages import sample_messages
from ingest.simulation.schedule import SLOT_MS, SlotPassed, steps, wall_at

YEAR_MS = 366 * 86_400_000


def drive(
    herd: Herd,
    publisher: Publisher,
    clock: NodeClock,
    start_ms: int,
    *,
    raise_ceiling: Callable[[int], None],
    end_ms: int | None = None,
    hz: float = 10,
    batch_s: int = 10,
    form: Form = "json",
    stop: Event | None = None,
) -> int:
    """Publish a herd's acceleration from `start_ms` on, until `end_ms` or until `stop` is set.

    Args:
        herd: Whose collars.
        publisher: Where to.
        clock: The line on which messages fall due; its ceiling plays no part here.
        start_ms: Milliseconds since 1970: where history ends and life begins.
        raise_ceiling: Given the latest instant that the node's clock may reach from now on, ms since 1970: first the
            end of the slot of `start_ms`, then one slot further each time that every message due before
            the end of a slot is acknowledged. Between slots it is not called.
        end_ms: Milliseconds since 1970, exclusive; a year after the start if None.
        hz: Samples a second.
        batch_s: Seconds of one message.
        form: How payloads are written.
        stop: Ends the drive between two messages; closing the publisher ends it while the broker is away, too.

    Returns:
        How many messages were published.
    """
    until = start_ms + YEAR_MS if end_ms is None else end_ms
    messages = sample_messages(herd, start_ms, until, hz=hz, batch_s=batch_s, form=form)
    wait = (stop or Event()).wait
    return perform(steps(messages, start_ms, until), publisher, clock, start_ms, raise_ceiling=raise_ceiling, wait=wait)


def perform(
    plan: Iterator[Due | SlotPassed],
    publisher: Publisher,
    clock: NodeClock,
    start_ms: int,
    *,
    raise_ceiling: Callable[[int], None],
    wait: Wait,
    wall_clock: WallClock = time.time,
) -> int:
    """Carry out a schedule; returns how many messages were published."""
    published = 0
    raise_ceiling((start_ms // SLOT_MS + 1) * SLOT_MS)
    for step in plan:
        if isinstance(step, SlotPassed):
            publisher.drain()
            raise_ceiling(step.slot_ms + SLOT_MS)
        elif wait(max(wall_at(clock, step.due_ms) - wall_clock(), 0)):
            break
        else:
            publisher.publish(step.topic, step.payload)
            published += 1
    return published
