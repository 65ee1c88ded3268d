"""Replay and drive through the real endpoint into an intake that settles at once."""

import asyncio
import time
from contextlib import asynccontextmanager
from threading import Event

import pytest

from core.clock import NodeClock
from core.readings import Message
from ingest.mqtt.endpoint import serve
from ingest.publisher import Publisher
from ingest.recording import RecordingError, RecordingWriter
from ingest.replay import Replayed, replay
from ingest.simulation.drive import drive
from ingest.simulation.herd import Herd
from ingest.simulation.messages import sample_messages
from ingest.simulation.settings import Group, HerdSettings

MESSAGES = [
    Message("animov/v1/f/a/samples", 1_000_000, b'{"x":1}'),
    Message("animov/v1/f/b/posture", 1_000_500, b"\x81\xff\x00"),
    Message("animov/v1/f/a/status", 1_000_250, b""),
    Message("animov/v1/f/a/samples", 1_060_000, b'{"x":1}'),
]


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "it.jsonl.gz"
    with RecordingWriter(path) as writer:
        for message in MESSAGES:
            writer.write(message)
    return path


@asynccontextmanager
async def publishing():
    """A publisher at an endpoint, and the list of what the endpoint takes."""
    taken: list[tuple[str, bytes]] = []

    def intake(batch):
        taken.extend((message.topic, message.payload) for message in batch.messages)
        batch.settle()

    async with serve("127.0.0.1", 0, intake=intake, now_ms=lambda: 0) as up:
        publisher = await asyncio.to_thread(Publisher, f"mqtt://127.0.0.1:{up.port}", "replay")
        yield publisher, taken
        await asyncio.to_thread(publisher.close)


async def test_a_replay_publishes_the_same_bytes_to_the_same_topics_in_the_same_order(recording):
    progress = []
    async with publishing() as (publisher, taken):
        done = await asyncio.to_thread(
            replay, recording, publisher, speed=None, progress=lambda count, at: progress.append((count, at))
        )

        assert publisher.unacknowledged == 0
    assert taken == [(message.topic, message.payload) for message in MESSAGES]
    assert done == Replayed(messages=4, payload_bytes=17, first_at=1_000_000, last_at=1_060_000)
    assert progress == [(number + 1, message.received_at) for number, message in enumerate(MESSAGES)]


@pytest.mark.parametrize(("speed", "waits"), [(1, [0, 0.5, 0, 59.5]), (10, [0, 0.05, 0, 5.95]), (None, [0, 0, 0, 0])])
async def test_the_pace_is_that_of_the_recording_by_the_speed(recording, speed, waits):
    waited, now = [], [500.0]

    def wait(seconds):
        waited.append(round(seconds, 6))
        now[0] += seconds
        return False

    async with publishing() as (publisher, _):
        await asyncio.to_thread(replay, recording, publisher, speed=speed, wait=wait, wall_clock=lambda: now[0])

    assert waited == waits


async def test_a_stop_ends_the_replay_and_what_was_published_is_counted(recording):
    stop = Event()
    async with publishing() as (publisher, taken):
        done = await asyncio.to_thread(
            replay, recording, publisher, speed=None, wait=stop.wait, progress=lambda *_: stop.set()
        )

    assert done.messages == len(taken) == 1


async def test_what_comes_before_a_damaged_line_is_published_and_acknowledged(recording):
    recording.write_bytes(recording.read_bytes()[:-12])
    async with publishing() as (publisher, taken):
        with pytest.raises(RecordingError, match="interrupted"):
            await asyncio.to_thread(replay, recording, publisher, speed=None)

        assert publisher.acknowledged == len(taken) > 0


async def test_a_driven_herd_sends_what_it_owes_and_passes_each_slot_when_all_before_it_is_acknowledged():
    herd = Herd(HerdSettings(groups=(Group("all", 3, "leg"),)))
    start, end = 1_761_429_600_000 + 300_000, 1_761_429_600_000 + 1_800_000
    ceilings = []
    async with publishing() as (publisher, taken):
        clock = NodeClock(time.time(), start / 1000, speed=1e6)
        published = await asyncio.to_thread(
            drive,
            herd,
            publisher,
            clock,
            start,
            end_ms=end,
            hz=1,
            batch_s=60,
            raise_ceiling=lambda until: ceilings.append((until, publisher.unacknowledged, len(taken))),
        )

    expected = list(sample_messages(herd, start, end, hz=1, batch_s=60))
    first = sum(message.due_ms < start + 600_000 for message in expected)
    assert taken == [(message.topic, message.payload) for message in expected]
    assert published == len(expected)
    assert ceilings == [
        (start + 600_000, 0, 0),
        (start + 1_500_000, 0, first),
        (start + 2_400_000, 0, len(expected)),
    ]
