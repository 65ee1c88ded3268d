"""What lies in a topic, asked of Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from storage.evidence.packs import unpack

_PATIENCE_S: Final = 60.0


async def left_behind(brokers: str, topic: str, group: str) -> int:
    """Return how many records of a topic a group has not committed; a broker that has just begun is waited for."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                return await _left_behind(brokers, topic, group)
            except KafkaError as error:
                if not error.retriable:
                    raise
                await asyncio.sleep(0.1)


async def _left_behind(brokers: str, topic: str, group: str) -> int:
    async with _reading(brokers, topic) as (consumer, admin):
        committed = await admin.list_consumer_group_offsets(group)
        ends = await consumer.end_offsets(consumer.assignment())
    return sum(end - max(committed[at].offset if at in committed else 0, 0) for at, end in ends.items())


async def messages_in(brokers: str, topic: str) -> int:
    """Return how many messages the records of a topic hold, as often as they are there."""
    async with _reading(brokers, topic) as (consumer, _):
        ends = await consumer.end_offsets(consumer.assignment())
        count = 0
        while any([await consumer.position(at) < end for at, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                count += sum(len(unpack(record.value)) for record in records)
    return count


@asynccontextmanager
async def _reading(brokers: str, topic: str) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaAdminClient]]:
    consumer, admin = (
        AIOKafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest"),
        AIOKafkaAdminClient(bootstrap_servers=brokers),
    )
    await admin.start()
    await consumer.start()
    try:
        (described,) = await admin.describe_topics([topic])
        consumer.assign([TopicPartition(topic, one["partition"]) for one in described["partitions"]])
        yield consumer, admin
    finally:
        await consumer.stop()
        await admin.close()
