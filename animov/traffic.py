"""Recording, replaying and simulating at a broker, with progress, until told to stop."""

import gzip
import os
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from animov.access import node_engine
from animov.files import told
from animov.onboarding import Said, Wearer, onboard
from animov.progress import Report, progress_bar
from core.clock import WALL, NodeClock
from core.errors import AnimovError, ConflictError
from core.settings import Settings
from core.timeline import to_ms
from ingest.publisher import Publisher
from ingest.record import record
from ingest.recording import RecordingReader
from ingest.replay import replay
from ingest.simulation.drive import drive
from ingest.simulation.herd import Herd
from ingest.simulation.messages import posture_messages
from storage.herds import herd as herds

GRACE_S: Final = 5.0
"""Seconds that a broker has for its last acknowledgements once the user wants to end."""

LOOK_AGAIN_S: Final = 0.2
REPORT_EVERY: Final = 500
"""Messages between two movements of a progress bar."""


def record_until(ending: threading.Event, broker: str, path: Path, topics: Sequence[str]) -> int:
    """Record until told to end; return how many messages came.

    Raises:
        ConflictError: the file exists already.
        UnavailableError: the file can't be written, or nobody answers at the broker.
    """
    sys.stderr.write(f"recording to {path} until Ctrl-C\n")
    written = 0

    def count(messages: int) -> None:
        nonlocal written
        written = messages
        report(messages, 0)

    with told(path), progress_bar(f"recording {path.name}") as report:
        try:
            return record(
                broker,
                path,
                stop=ending,
                now_ms=lambda: time.time_ns() // 1_000_000,
                topics=topics,
                client_id=f"animov-record-{os.getpid()}",
                progress=count,
            )
        except AnimovError:
            if not written:  # so that the same command can be given again
                path.unlink(missing_ok=True)
            raise


def replay_until(ending: threading.Event, path: Path, broker: str, speed: float | None) -> int:
    """Replay a recording to its end or until told to end; return how many messages were acknowledged."""
    with told(path):
        count = _length(path)
    with publishing(ending, broker, "replay") as publisher, progress_bar(f"replaying {path.name}") as report:
        replay(
            path,
            publisher,
            speed=speed,
            wait=ending.wait,
            progress=lambda done, _at: None if done % REPORT_EVERY else report(done, count),
        )
    return publisher.acknowledged


@dataclass(frozen=True, slots=True)
class Life:
    """When a herd lives.

    Attributes:
        start: Aware; `None` is the present.
        end: Aware, exclusive; `None` is never.
        speed: Simulated seconds for one second until the present is reached; `None` is as fast as possible.
        backfill_days: Days before the start of which the postures are uploaded first.
    """

    start: datetime | None
    end: datetime | None
    speed: float | None
    backfill_days: float


def simulate_until(ending: threading.Event, herd: Herd, broker: str, life: Life) -> int:
    """Let a herd live until its end or until told to end; return how many messages were acknowledged.

    It never runs ahead of the wall clock: a node rejects messages from the future.

    Raises:
        AnimovError: its life would begin in the future, or end before it begins.
    """
    now = datetime.now(UTC)
    start = life.start or now
    if start > now:
        raise AnimovError(f"{start:%Y-%m-%d %H:%M} UTC lies in the future, and nodes reject messages from there")
    if life.end is not None and life.end <= start:
        raise AnimovError(f"the end, {life.end:%Y-%m-%d %H:%M} UTC, is not after the start, {start:%Y-%m-%d %H:%M} UTC")
    with publishing(ending, broker, "simulate") as publisher:
        if life.backfill_days:
            _backfill(ending, herd, publisher, start - timedelta(days=life.backfill_days), start)
        _live(ending, herd, publisher, start, life)
    return publisher.acknowledged


def onboard_herd(settings: Settings, herd: Herd) -> None:
    """Take every collar of a simulated herd into service, as if the farmer had said who wears what."""
    about = herd.settings
    place = {"time_zone": about.time_zone, "latitude": about.latitude, "longitude": about.longitude}
    with node_engine(settings) as engine, progress_bar("goats in their groups") as report:
        with engine.begin() as connection:
            herds.ensure_farm(connection, about.farm, **place)
        for done, animal in enumerate(herd.animals, start=1):
            wearer = Wearer(animal.name, animal.group_name)
            onboard(engine, settings, animal.collar, Said(animal.mount), wearer, with_password=False)
            report(done, len(herd.animals))


def present_reached(start: datetime, now: datetime, speed: float | None) -> datetime:
    """Return the instant at which a simulation that runs from `start` at some speed meets the wall clock.

    It is `start` where the simulation is no faster than the wall, and where it waits for nothing (`None`):
    on the wall's own clock all that is past is due at once.
    """
    if speed is None or speed <= 1:
        return start
    return now + (now - start) / (speed - 1)


def _live(ending: threading.Event, herd: Herd, publisher: Publisher, start: datetime, life: Life) -> None:
    now = datetime.now(UTC)
    met = present_reached(start, now, life.speed)
    slow = NodeClock(now.timestamp(), start.timestamp(), life.speed) if life.speed is not None else WALL
    parts = [(start, met, slow), (met, None, WALL)] if met > start else [(start, None, slow)]
    with progress_bar("simulating") as report:
        for since, until, clock in parts:
            ends = min((at for at in (until, life.end) if at is not None), default=None)
            if ending.is_set() or (ends is not None and ends <= since):
                continue
            drive(
                herd,
                publisher,
                clock,
                to_ms(since),
                end_ms=None if ends is None else to_ms(ends),
                raise_ceiling=_slots(report, start, life.end),
                stop=ending,
            )


def _slots(report: Report, start: datetime, end: datetime | None) -> Callable[[int], None]:
    total = to_ms(end or datetime.now(UTC)) - to_ms(start)
    return lambda until_ms: report(min(until_ms - to_ms(start), total), total)


def _backfill(ending: threading.Event, herd: Herd, publisher: Publisher, start: datetime, end: datetime) -> None:
    total = to_ms(end) - to_ms(start)
    with progress_bar("uploading the past") as report:
        for count, message in enumerate(posture_messages(herd, to_ms(start), to_ms(end)), start=1):
            if ending.is_set():
                return
            publisher.publish(message.topic, message.payload)
            if count % REPORT_EVERY == 0:
                report(message.due_ms - to_ms(start), total)
        publisher.drain()


@contextmanager
def publishing(ending: threading.Event, broker: str, purpose: str) -> Iterator[Publisher]:
    """Connect to a broker for the time of the block.

    Whoever wants to end is not kept waiting by a broker that is away: after a grace the connection is closed
    beneath whatever waits for it.
    """
    with Publisher(broker, f"animov-{purpose}-{os.getpid()}") as publisher:
        finished = threading.Event()
        closer = threading.Thread(target=_close_after_grace, args=(ending, finished, publisher), daemon=True)
        closer.start()
        try:
            yield publisher
            publisher.drain()
        except ConflictError:
            if not ending.is_set():
                raise
        finally:
            finished.set()
            closer.join()


def _close_after_grace(ending: threading.Event, finished: threading.Event, publisher: Publisher) -> None:
    while not finished.wait(LOOK_AGAIN_S):
        if ending.is_set():
            if not finished.wait(GRACE_S):
                publisher.close()
            return


def _length(path: Path) -> int:
    """Return how many messages a recording holds, its header being right; one that ends early counts up to there."""
    with RecordingReader(path):
        pass
    lines = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file, suppress(EOFError, OSError, zlib.error):
        for block in iter(partial(file.read, 1 << 20), b""):
            lines += block.count(b"\n")
    return max(lines - 1, 0)
