"""A new generation of collars: recomputed from the raw messages that are kept, then published."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.errors import NotFoundError
from core.readings import CollarName
from core.settings import Settings
from storage.engine import clocks
from storage.engine.database import Connection, Engine, plain_url
from storage.evidence import registry, sink
from storage.evidence.registry import Registry
from storage.herds import calibrations, herd
from storage.herds.calibrations import Known
from stream.calibrating.seating import EFFECT_MS
from stream.recompute import recompute
from stream.runner import MakeDecoder


def republish(
    engine: Engine,
    settings: Settings,
    make_decoder: MakeDecoder,
    generations: Mapping[CollarName, int],
    changed_from: datetime | None,
) -> int:
    """Recompute generations of collars of one farm that were begun, and publish each; safe to do again at any point.

    Args:
        engine: As the role that writes.
        settings: Size of flushes, how far messages may be ahead of their receipt.
        make_decoder: As for the runner.
        generations: Which one of which collar.
        changed_from: Before this instant they say what is said already; `None` is since ever.

    Returns:
        How many raw messages were the collars'.
    """
    if not generations:
        return 0
    received_from = None if changed_from is None else changed_from - settings.future_limit
    with engine.connect() as connection:
        farm_id = herd.find_farm(connection, next(iter(generations)).farm)
    packs = calibrations.raw_packs(engine, farm_id, received_from)
    count = asyncio.run(recompute(plain_url(engine), make_decoder, generations, packs, most_keys=settings.flush_keys))
    for name, generation in generations.items():
        with engine.begin() as connection:
            calibrations.publish(connection, herd.find_collar(connection, name), generation)
    return count


def first_effect(connection: Connection, settings: Settings) -> datetime:
    """Return from when on a calibration that is made in this transaction may hold for what comes.

    That is later than anything that can be under way: whatever is dated so far ahead is not admitted yet, and all
    who read messages know of it by then.
    """
    return clocks.read(connection).now() + max(timedelta(milliseconds=EFFECT_MS), 2 * settings.future_limit)


def known_collar(engine: Engine, name: CollarName) -> Known:
    """Return how a collar is read.

    Raises:
        NotFoundError: there is none of that name.
    """
    with engine.connect() as connection:
        farm_id = herd.find_farm(connection, name.farm)
        for one in calibrations.known(connection, farm_id):
            if one.name == name:
                return one
    raise NotFoundError("collar", name)


def registry_now(engine: Engine) -> Registry:
    """Return what a flush would know of collars now; not to be called within an event loop."""

    async def load() -> Registry:
        connection = await sink.connect(plain_url(engine))
        try:
            return await registry.load(connection)
        finally:
            await connection.close()

    return asyncio.run(load())
