"""The publisher against the real endpoint, whose acknowledgements the test holds in its hand."""

import asyncio
import socket
import threading
from collections import deque
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from animov.ports import free_port
from core.errors import ConflictError, UnavailableError
from ingest.client import RefusedByBrokerError
from ingest.mqtt.endpoint import serve
from ingest.mqtt.shared import Limits
from ingest.publisher import Publisher

TOPIC = "animov/v1/f/c/samples"


class Shore:
    """What an endpoint took; nothing is acknowledged until the test settles it."""

    def __init__(self):
        self.held = deque()
        self.payloads = []
        self.arrived = asyncio.Event()

    def intake(self, batch):
        self.held.append(batch)
        self.payloads += [message.payload for message in batch.messages]
        self.arrived.set()

    def settle(self):
        while self.held:
            self.held.popleft().settle()

    async def until(self, count):
        while len(self.payloads) < count:
            self.arrived.clear()
            await self.arrived.wait()


@asynccontextmanager
async def endpoint(shore, port=0, **options):
    async with serve(
        "127.0.0.1", port, intake=shore.intake, now_ms=lambda: 0, limits=Limits(drain_s=0), **options
    ) as up:
        yield up


@asynccontextmanager
async def opened(port, **options):
    publisher = await asyncio.to_thread(Publisher, f"mqtt://127.0.0.1:{port}", "herd", **options)
    try:
        yield publisher
    finally:  # else a thread that waits for its window outlives a failed test
        await asyncio.to_thread(publisher.close)


def publish_all(publisher, payloads):
    for payload in payloads:
        publisher.publish(TOPIC, payload, tag=payload)


async def test_publish_blocks_when_the_window_is_full_and_goes_on_after_acknowledgements():
    shore = Shore()
    async with endpoint(shore) as up, opened(up.port, window=4) as publisher:
        task = asyncio.create_task(asyncio.to_thread(publish_all, publisher, [b"%d" % n for n in range(10)]))
        await shore.until(4)

        assert (publisher.published, publisher.acknowledged, publisher.unacknowledged) == (4, 0, 4)

        for count in range(5, 11):  # how many follow at once depends on who is quicker: at least one does
            shore.settle()
            await shore.until(count)
        await task
        shore.settle()
        await asyncio.to_thread(publisher.drain, 20)

        assert (publisher.acknowledged, publisher.unacknowledged) == (10, 0)
    assert shore.payloads == [b"%d" % n for n in range(10)]


async def test_each_acknowledgement_is_told_once_with_the_messages_tag():
    shore, told = Shore(), []
    async with endpoint(shore) as up, opened(up.port, window=5, on_acknowledged=told.append) as publisher:
        task = asyncio.create_task(asyncio.to_thread(publish_all, publisher, [b"%d" % n for n in range(300)]))
        while not task.done():
            shore.settle()
            await asyncio.sleep(0)
        await shore.until(300)
        shore.settle()
        await asyncio.to_thread(publisher.drain, 20)

    assert told == [b"%d" % n for n in range(300)]


async def test_what_was_not_acknowledged_is_sent_again_when_the_broker_is_back():
    before, after, port = Shore(), Shore(), free_port("127.0.0.1")
    async with AsyncExitStack() as ends:
        async with endpoint(before, port):
            publisher = await ends.enter_async_context(opened(port))
            publish_all(publisher, [b"%d" % n for n in range(6)])
            await before.until(6)
        task = asyncio.create_task(asyncio.to_thread(publish_all, publisher, [b"6", b"7"]))
        async with endpoint(after, port):
            await after.until(8)
            after.settle()
            await task
            await asyncio.to_thread(publisher.drain, 20)

    assert before.payloads == [b"%d" % n for n in range(6)]
    assert sorted(after.payloads) == [b"%d" % n for n in range(8)]


async def test_drain_says_how_many_messages_are_missing():
    shore = Shore()
    async with endpoint(shore) as up, opened(up.port) as publisher:
        publish_all(publisher, [b"1", b"2"])
        await shore.until(2)

        with pytest.raises(UnavailableError, match=rf"{up.port} has not acknowledged 2 messages after 0.01 s"):
            await asyncio.to_thread(publisher.drain, 0.01)


async def test_closing_ends_a_publish_that_waits():
    shore = Shore()
    async with endpoint(shore) as up, opened(up.port, window=1) as publisher:
        task = asyncio.create_task(asyncio.to_thread(publish_all, publisher, [b"1", b"2"]))
        await shore.until(1)
        await asyncio.to_thread(publisher.close)

        with pytest.raises(ConflictError, match="closed"):
            await task


async def nobody(*_):
    return None


async def test_wrong_credentials_are_refused_at_once_with_the_brokers_reason():
    shore = Shore()
    async with endpoint(shore, authenticate=nobody) as up:
        with pytest.raises(
            RefusedByBrokerError,
            match=rf"mqtt://127.0.0.1:{up.port} refuses: (Bad user name or password|Not authorized)",
        ) as info:
            async with opened(up.port):
                pass

    assert "herd" not in str(info.value)


def test_an_address_where_nobody_listens_is_named():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]

    with pytest.raises(UnavailableError, match=f"mqtt://127.0.0.1:{port} does not answer: Connection refused"):
        Publisher(f"mqtt://127.0.0.1:{port}", "herd")


def test_a_broker_that_never_answers_is_given_up():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(UnavailableError, match=r"has not accepted the connection after 0.05 s"),
    ):
        Publisher(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", "herd", connect_s=0.05)


def test_a_failed_start_leaves_no_thread_behind():
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(UnavailableError):
        Publisher(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", "herd", connect_s=0.01)

    assert set(threading.enumerate()) <= before
