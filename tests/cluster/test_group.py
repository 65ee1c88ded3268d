"""What is fetched while members change is not taken, and read again from what is committed."""

import asyncio
from types import SimpleNamespace

import pytest
from faust.types import TP

from stream.cluster import group

HERE, THERE = TP("readings", 0), TP("readings", 1)
RECORDS = [SimpleNamespace(offset=7), SimpleNamespace(offset=8)]


class Scripted(group._Consumer):
    """Faust's consumer without Faust: one fetch brings records of two partitions."""

    flow_active, should_stop = True, False

    def __init__(self, meanwhile=lambda _: None):
        self.app = SimpleNamespace(consumer_generation_id=1)
        self.sought, self._meanwhile, self._read_offset = [], meanwhile, {}

    async def _wait_next_records(self, timeout):  # noqa: ARG002, ASYNC109 - so Faust has it
        self._meanwhile(self)
        return {HERE: RECORDS, THERE: RECORDS}, None

    async def seek_to_committed(self):
        self.sought.append("committed")
        return {HERE: 7, THERE: None}

    async def _seek(self, partition, offset):
        self.sought.append((partition, offset))

    def assignment(self):
        return {HERE, THERE}


class Taken:
    """Notes what it is handed; while it makes room for the second partition, something happens."""

    def __init__(self, consumer, meanwhile=lambda _: None):
        self.taken, self._consumer, self._meanwhile = [], consumer, meanwhile

    async def room(self):
        if self.taken:
            self._meanwhile(self._consumer)

    async def take(self, generation, partition, records):
        self.taken.append((generation, partition, records))


def members_change(consumer):
    consumer.app.consumer_generation_id = 2


async def test_what_a_fetch_brings_is_handed_over_by_partition():
    consumer = Scripted()
    taken = Taken(consumer)
    await consumer._fetch(taken)
    assert taken.taken == [(1, 0, RECORDS), (1, 1, RECORDS)]
    assert not consumer.sought


@pytest.mark.parametrize("when", ["fetching", "making room"])
async def test_what_was_fetched_before_members_changed_is_read_again(when):
    consumer = Scripted(members_change if when == "fetching" else lambda _: None)
    taken = Taken(consumer, members_change)
    await consumer._fetch(taken)
    assert taken.taken == ([] if when == "fetching" else [(1, 0, RECORDS)])
    assert consumer.sought == ["committed", (THERE, 0)]


@pytest.mark.parametrize("ending", [True, False])
async def test_a_fetch_that_is_cancelled_at_the_end_is_no_crash(ending):
    class Fetching(Scripted):
        async def _wait_next_records(self, timeout):  # noqa: ARG002, ASYNC109 - so Faust has it
            await asyncio.Event().wait()

    consumer = Fetching()
    consumer.transport = SimpleNamespace(taker=Taken(consumer))
    fetcher = SimpleNamespace(should_stop=False)
    draining = asyncio.create_task(consumer._drain_messages(fetcher))
    await asyncio.sleep(0)
    fetcher.should_stop = ending
    draining.cancel()
    await asyncio.gather(draining, return_exceptions=True)
    assert draining.cancelled() is not ending
