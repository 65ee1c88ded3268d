"""A Kafka for the tests, and what they look at in it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from bench import kafka_records
from bench.kafka import Kafka, kafka_in
from ingest.mqtt.testing import until

_names = count()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker of this test process that nobody harms; each test has a topic of its own."""
    with kafka_in(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture
def topic_name() -> str:
    """A topic, and a group, that no other test uses."""
    return f"readings-{os.getpid()}-{next(_names)}"


@pytest.fixture
def eventually() -> Callable:
    """Wait in an event loop until something holds, for a bounded time."""

    async def wait(condition: Callable[[], object], seconds: float = 90) -> None:
        async with asyncio.timeout(seconds):
            await until(condition)

    return wait


@pytest.fixture
def left_behind() -> Callable:
    """How many records of a topic its group has not committed, asked of Kafka."""

    async def ask(address: str, topic: str) -> int:
        return await kafka_records.left_behind(address, topic, topic)

    return ask
