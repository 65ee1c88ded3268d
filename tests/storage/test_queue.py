"""Jobs in lanes: what hangs in one holds nothing up in another; who is cancelled stops; the dead are swept."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError
from sqlalchemy import text

from bench.waiting import wait_until
from storage.engine import queue

SOON = 60


@asynccontextmanager
async def working(url, jobs, *lanes):
    """Workers of some lanes for the time of the block."""
    tasks = [asyncio.create_task(jobs.work(lane)) for lane in lanes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def soon(event):
    assert await asyncio.to_thread(event.wait, SOON), "it did not come about"


async def test_a_background_job_that_hangs_delays_no_cycle_and_no_training(database_url):
    hangs, hung, released = threading.Event(), [], threading.Event()
    done = {lane: threading.Event() for lane in ("cycle", "training")}

    def hang():
        hangs.set()
        hung.append(released.wait(3 * SOON))

    async with queue.opened(database_url) as jobs:
        jobs.offer("hang", hang)
        jobs.offer("work", lambda to: done[to].set())
        async with working(database_url, jobs, *queue.LANES):
            await jobs.ask("hang", key="hang")
            await soon(hangs)
            for lane, event in done.items():
                await jobs.ask("work", key=lane, lane=lane, to=lane)
                await soon(event)
            assert hung == []
            released.set()
    assert hung == [True]


async def test_within_a_lane_priority_goes_first_then_the_order_of_asking(database_url):
    order, done = [], threading.Event()

    def work(name):
        order.append(name)
        if len(order) == 4:
            done.set()

    async with queue.opened(database_url) as jobs:
        jobs.offer("work", work)
        for name, priority in (("old", -1), ("older", -1), ("plain", 0), ("urgent", 5)):
            await jobs.ask("work", key=name, priority=priority, name=name)
        async with working(database_url, jobs, "background"):
            await soon(done)

    assert order == ["urgent", "plain", "old", "older"]


async def test_who_is_asked_for_alone_is_not_asked_for_while_under_way(database_url):
    begun, released = threading.Event(), threading.Event()

    def work():
        begun.set()
        released.wait(SOON)

    async with queue.opened(database_url) as jobs:
        jobs.offer("work", work)
        asked = [await jobs.ask("work", key="it", alone=True), await jobs.ask("work", key="it", alone=True)]
        async with working(database_url, jobs, "background"):
            await soon(begun)
            asked += [await jobs.ask("work", key="it", alone=True), await jobs.ask("work", key="it")]
            released.set()

    assert asked == [True, False, False, True]


async def test_a_job_that_is_cancelled_stops_and_is_not_tried_again(database_url, engine):
    begun, told = threading.Event(), threading.Event()

    def train(*, is_cancelled, number):
        begun.set()
        while not is_cancelled():
            threading.Event().wait(0.01)
        told.set()
        raise RuntimeError(f"training {number} was stopped")

    async with queue.opened(database_url) as jobs:
        jobs.offer_cancellable("train", train)
        async with working(database_url, jobs, "training"):
            await jobs.ask("train", key="train:1", lane="training", number=1)
            await soon(begun)
            await jobs.ask("train", key="train:2", lane="training", number=2)
            cancelled = [await jobs.cancel(f"train:{number}") for number in (2, 1, 3)]  # else the second would begin
            await soon(told)

    with engine.connect() as connection:
        states = connection.execute(text("SELECT args ->> 'number', status::text FROM procrastinate_jobs ORDER BY 1"))
        assert [tuple(row) for row in states] == [("1", "aborted"), ("2", "cancelled")]
    assert cancelled == [True, True, False]


async def test_the_jobs_of_a_dead_worker_are_put_back_whatever_their_lane(database_url, engine):
    """One of them was asked for again meanwhile: it is done once."""
    async with queue.opened(database_url) as jobs:
        for lane in queue.LANES:
            await jobs.ask("work", key=lane, lane=lane)
        with engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        await jobs.ask("work", key="cycle", lane="cycle")

        assert await jobs.sweep() == len(queue.LANES)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT queue_name, status::text FROM procrastinate_jobs ORDER BY 1")).all()
    assert [tuple(row) for row in left] == [(lane, "todo") for lane in sorted(queue.LANES)]


async def test_jobs_that_came_to_nothing_are_forgotten_after_a_day(database_url, engine):
    async with queue.opened(database_url) as jobs:
        for key in ("old", "new"):
            await jobs.ask("work", key=key)
        with engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
            connection.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
            connection.execute(
                text(
                    """UPDATE procrastinate_events SET at = now() - interval '2 days' WHERE job_id = (
                      SELECT id FROM procrastinate_jobs WHERE queueing_lock = 'old')"""
                )
            )
        await jobs.forget()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT queueing_lock FROM procrastinate_jobs")).scalars().all() == ["new"]


async def test_jobs_from_before_there_were_lanes_are_done_in_the_background(database_url, engine):
    done = threading.Event()
    async with queue.opened(database_url) as jobs:
        jobs.offer("work", done.set)
        await jobs.ask("work", key="old")
        with engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_jobs SET queue_name = 'default'"))
        async with working(database_url, jobs, "background"):
            await soon(done)


@pytest.mark.parametrize("lane", queue.LANES)
async def test_a_lane_does_its_own_jobs_only(database_url, engine, lane):
    done, others = threading.Event(), [other for other in queue.LANES if other != lane]
    async with queue.opened(database_url) as jobs:
        jobs.offer("work", lambda to: done.set() if to == lane else pytest.fail(f"{to} was done by {lane}"))
        for to in (*others, lane):
            await jobs.ask("work", key=to, lane=to, to=to)
        async with working(database_url, jobs, lane):
            await soon(done)

    with engine.connect() as connection:
        left = connection.execute(text("SELECT queue_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY 1"))
        assert list(left.scalars()) == sorted(others)


async def test_a_worker_that_the_database_cuts_off_ends_and_another_does_what_is_asked(database_url, engine):
    """Left to itself it would connect again and go on, whatever it could not say meanwhile."""
    done = threading.Event()
    async with queue.opened(database_url) as jobs:
        jobs.offer("work", done.set)
        cut = asyncio.create_task(jobs.work("cycle"))
        await asyncio.to_thread(_cut_off, engine)
        with pytest.raises((OperationalError, ConnectorException)):
            await asyncio.wait_for(cut, SOON)

        await jobs.ask("work", key="next", lane="cycle")
        async with working(database_url, jobs, "cycle"):
            await soon(done)


def _cut_off(engine):
    """End every other connection to the database, as a restart does, once all of a worker's are there."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    listening = (
        f"SELECT bool_or(query LIKE 'LISTEN %') AND bool_or(application_name = '{queue.UNTIL_CUT_OFF}') {others}"
    )

    def is_there():
        with engine.connect() as connection:
            return connection.execute(text(listening)).scalar()

    wait_until(is_there)
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))


@pytest.mark.parametrize("turns", range(12))
async def test_who_is_cancelled_is_given_no_connection_whenever_that_comes(database_url, monkeypatch, turns):
    """Otherwise a ticker goes on that was told to end."""
    monkeypatch.setattr(queue, "_CONNECTIONS", 1)
    async with queue.opened(database_url) as jobs:
        pool = jobs._app.connector.pool
        held = await pool.getconn()
        waiting = asyncio.create_task(pool.getconn())
        while not pool._waiting:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0)
        await pool.putconn(held)
        for _ in range(turns):
            await asyncio.sleep(0)
        if waiting.cancel():
            with pytest.raises(asyncio.CancelledError):
                await waiting
        else:  # it had come
            await pool.putconn(await waiting)
        await pool.putconn(await pool.getconn())
