"""The jobs of `stream` on a real queue: asked for by slot, done by the workers of the forecasts."""

import asyncio
from datetime import UTC, date, datetime
from functools import partial

import pytest
from sqlalchemy import text

from animov.edge import decoder_for
from core.settings import Settings
from storage.animals import behaviour
from storage.engine import queue
from storage.herds import herd
from stream import jobs

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def animal(engine):
    """An animal that stood for a quarter of an hour, which the change feed has told of."""
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        one = herd.ensure_animal(connection, farm, "Brune")
        connection.execute(
            text("""INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
            VALUES (:animal, :at, 900, 900, 900, repeat('1', 900)::bit(900), repeat('0', 900)::bit(900))"""),
            {"animal": one, "at": NOON},
        )
        behaviour.note_stale(connection, farm, [NOON])
    return one


@pytest.mark.parametrize("lane", ["cycle", "background"])
async def test_either_lane_brings_the_days_up_to_date(database_url, engine, animal, lane):
    settings = Settings()
    async with queue.opened(database_url) as asked:
        jobs.offer(asked, engine, settings, make_decoder=partial(decoder_for, settings))
        await jobs.ask(asked, engine, settings, NOON)
        await jobs.ask(asked, engine, settings, NOON)  # as after a restart
        worker = asyncio.create_task(asked.work(lane))
        while not (found := await asyncio.to_thread(sheets, engine, animal)):
            await asyncio.sleep(0)
            assert not worker.done()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)

    assert [(sheet.day, sheet.standing_s) for _, sheet in found] == [(date(2026, 5, 1), 900)]


def sheets(engine, animal):
    with engine.connect() as connection:
        return behaviour.sheets_between(connection, [animal], date.min, date.max)
