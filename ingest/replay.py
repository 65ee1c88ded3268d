"""Publish a recording again: in its order, at its pace, faster, or as fast as the broker acknowledges."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from core.clock import WallClock
from ingest.publisher import Publisher
from ingest.recording import Recorded, RecordingError, RecordingReader

Progress = Callable[[int, int], None]
"""Told after each message: how many so far, and the time at which this one was received, ms since 1970."""

Wait = Callable[[float], bool]
"""Waits some seconds, 0 or more; true if the work is to stop."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay has published.

    Attributes:
        messages: How many, all acknowledged.
        payload_bytes: Bytes of their payloads.
        first_at: When the first was received originally, milliseconds since 1970; None without messages.
        last_at: When the last was received originally.
    """

    messages: int = 0
    payload_bytes: int = 0
    first_at: int | None = None
    last_at: int | None = None

    def plus(self, recorded: Recorded) -> "Replayed":
        """Count one more."""
        at = recorded.message.received_at
        first = at if self.first_at is None else self.first_at
        return Replayed(self.messages + 1, self.payload_bytes + len(recorded.message.payload), first, at)


def replay(
    path: Path,
    publisher: Publisher,
    *,
    speed: float | None = 1.0,
    progress: Progress = lambda _count, _at: None,
    wait: Wait | None = None,
    wall_clock: WallClock = time.time,
    drain_s: float | None = None,
) -> Replayed:
    """Publish every message of a recording with QoS 1 and its retain flag, and wait until all are acknowledged.

    Args:
        path: A recording.
        publisher: Where to.
        speed: Recorded seconds for one second of the wall; 1 is the original pace, None as fast as possible.
        progress: Told after each message.
        wait: How to wait; without it, nothing stops the replay early.
        wall_clock: Seconds since 1970 on the wall.
        drain_s: Seconds to wait for the last acknowledgements; for ever if None.

    Raises:
        RecordingError: a line is not readable; what came before is published and acknowledged.
        UnavailableError: some messages are not acknowledged in time.
    """
    waiting = wait or Event().wait
    done, started = Replayed(), wall_clock()
    with RecordingReader(path) as reader:
        try:
            for recorded in reader:
                counted = done.plus(recorded)
                if waiting(max(_due(counted, speed, started) - wall_clock(), 0)):
                    break
                topic, at, payload = recorded.message
                publisher.publish(topic, payload, retain=recorded.retain)
                done = counted
                progress(done.messages, at)
        except RecordingError:
            publisher.drain(drain_s)
            raise
    publisher.drain(drain_s)
    return done


def _due(counted: Replayed, speed: float | None, started: float) -> float:
    """Return when, on the wall, the last of the counted messages is to be published."""
    if speed is None or counted.first_at is None or counted.last_at is None:
        return started
    return started + (counted.last_at - counted.first_at) / 1000 / speed
