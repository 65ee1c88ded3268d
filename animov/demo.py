"""`animov demo`: a whole node and a simulated herd that lives on it, sixty times faster than the wall."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from animov.edge import decoder_for
from animov.node import API, EDGE, FORECAST, Node, addresses, database_of, parts_beside, start
from animov.onboarding import Said, Wearer, onboard
from animov.story import herd_of
from animov.supervisor import EndedError, Supervisor
from api.people.passwords import hash_password
from core.clock import NodeClock
from core.errors import ConflictError
from core.logs import get_logger
from core.settings import Settings
from core.timeline import BUCKET, floor_slot, to_ms
from forecast.rolling.hindsight import issue_in_hindsight, slots_between
from ingest.publisher import Publisher
from ingest.simulation.drive import drive
from ingest.simulation.due import Due
from ingest.simulation.herd import Herd
from ingest.simulation.messages import posture_messages, sample_messages
from ingest.simulation.settings import MILKING
from storage.access import users
from storage.engine import clocks
from storage.engine.database import Engine, engine_for
from storage.herds import herd
from stream.behaviour.alerting import Limits, watch
from stream.behaviour.days import catch_up
from stream.calibrating.keeping import keep_calibrations

log = get_logger(__name__)

SPEED: Final = 60.0
BACKFILL: Final = timedelta(days=21)
SEAT: Final = timedelta(hours=2)
"""Time of which collars tell their acceleration, so that it is known how they sit."""

HOUR: Final = timedelta(hours=1)

HINDSIGHT: Final = timedelta(days=3)
HINDSIGHT_EVERY: Final = 16
"""Quarters of an hour between two back-test origins."""

WATCHED: Final = timedelta(hours=12)
"""Time before the first start in which the animals are looked at in hindsight, each hour."""

FARM: Final = "demo"

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that lives: its node, its farm, and the login that was made for it."""

    node: Node
    engine: Engine
    farm_id: int
    user: str
    password: str


@contextmanager
def living(
    settings: Settings, ending: threading.Event, progress: Progress, *, begin: datetime | None = None
) -> Iterator[Demo]:
    """Run the demo for the time of the block; a second start takes up where the first one stopped.

    Args:
        settings: Where its node lives.
        ending: Set when the user has had enough; what is under way then stops at once.
        progress: Told how the preparations go.
        begin: Where its time begins at a first start, aware, not in the future; `None` is the present.
    """
    settings = _apart(settings)
    supervisor, later = Supervisor(ending), (FORECAST, *parts_beside(settings))
    with database_of(settings) as access, _disposed(engine_for(access.app)) as engine, supervisor:
        position = _position(engine, begin)
        history = _history(engine)
        simulated = Herd(herd_of(FARM, position if history is None else history + BACKFILL))
        start(supervisor, settings, EDGE, API)
        farm_id = _settle(engine, settings, simulated, progress)
        node = addresses(supervisor, access, EDGE, API)
        if history is None:
            _backfill(node.mqtt, simulated, position, ending, progress)
            _backfill_walks(node.mqtt, simulated, position, ending, progress)
            keep_calibrations(engine, settings, partial(decoder_for, settings), farm_id)
            _look_back(engine, farm_id, position, settings, partial(_reported, ending, progress, "back-test of 3 days"))
            _watch_back(engine, farm_id, position, settings, partial(_reported, ending, progress, "a look each hour"))
        start(supervisor, settings, *later)
        addresses(supervisor, access, *later)
        password = _login(engine, farm_id)
        with _alive(engine, node.mqtt, simulated, position):
            yield Demo(node, engine, farm_id, simulated.settings.farm, password)


def _apart(settings: Settings) -> Settings:
    """Give the demo a name of its own where farms are shown: it would take those of a node of that name away."""
    if "homeassistant_node" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"homeassistant_node": f"{settings.homeassistant_node}-demo"})


def _position(engine: Engine, begin: datetime | None) -> datetime:
    """Return where the demo's time stands, and hold it there; a first start begins at the present or as told."""
    with engine.begin() as connection:
        clock = clocks.read(connection)
        here = floor_slot(begin or clock.now()) if clock.speed == 1 else clock.now()
        clocks.write(connection, _held_at(here))
    return here


def _held_at(here: datetime) -> NodeClock:
    return NodeClock(wall_epoch=time.time(), sim_epoch=here.timestamp(), speed=SPEED, ceiling=here.timestamp())


def _settle(engine: Engine, settings: Settings, simulated: Herd, progress: Progress) -> int:
    """Make the farm, its groups, animals and collars where they are missing; return the farm's id."""
    about = simulated.settings
    events = [
        {"name": "milking", "at": f"{routine.at:%H:%M}", "minutes": routine.minutes} for routine in about.routines[:2]
    ] + [{"name": "feeding", "at": f"{routine.at:%H:%M}", "minutes": routine.minutes} for routine in about.routines[2:]]
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(
            connection,
            about.farm,
            time_zone=about.time_zone,
            latitude=about.latitude,
            longitude=about.longitude,
            events=events,
        )
    for done, animal in enumerate(simulated.animals, start=1):
        wearer = Wearer(animal.name, animal.group_name)
        onboard(engine, settings, animal.collar, Said(animal.mount), wearer, with_password=False)
        progress("goats in their groups", done, len(simulated.animals))
    return farm_id


def _history(engine: Engine) -> datetime | None:
    """Return when the past begins that an earlier start has made."""
    with engine.connect() as connection:
        return herd.known_since(connection, FARM)


def _backfill(broker: str, simulated: Herd, until: datetime, ending: threading.Event, progress: Progress) -> None:
    """Publish the postures of the last three weeks, as tags upload their memory."""
    messages = list(posture_messages(simulated, to_ms(until - BACKFILL), to_ms(until)))
    _publish(broker, messages, "21 days by MQTT", ending, progress)


def _publish(broker: str, messages: Sequence[Due], what: str, ending: threading.Event, progress: Progress) -> None:
    with Publisher(broker, "animov-demo-upload", window=4000) as publisher:
        for done, message in enumerate(messages, start=1):
            publisher.publish(message.topic, message.payload)
            if done % 500 == 0:
                _unless(ending)
                progress(what, publisher.acknowledged, len(messages))
        publisher.drain()
    progress(what, len(messages), len(messages))


def _backfill_walks(broker: str, simulated: Herd, until: datetime, ending: threading.Event, progress: Progress) -> None:
    """Publish what collars felt around the last milking, from whose walking it is learned how each of them sits.

    Without it they would tell next to nothing until their animals have walked enough.
    """
    start = _milked_before(simulated, until - SEAT)
    worn = [animal for animal in simulated.animals if animal.mount != "leg"]
    messages = list(sample_messages(simulated, to_ms(start), to_ms(start + SEAT), animals=worn))
    _publish(broker, messages, "2 h of acceleration", ending, progress)


def _milked_before(simulated: Herd, latest: datetime) -> datetime:
    """Return when the last milking before an instant began: goats are on their legs then."""
    local = latest.astimezone(simulated.zone)
    days = (local.date() - timedelta(days=back) for back in (0, 1))
    begins = (datetime.combine(day, milking.at, simulated.zone) for day in days for milking in MILKING)
    return max(begin for begin in begins if begin <= latest)


def _look_back(
    engine: Engine, farm_id: int, until: datetime, settings: Settings, progress: Callable[[int, int], None]
) -> None:
    origins = slots_between(until - HINDSIGHT, until, HINDSIGHT_EVERY)
    issue_in_hindsight(
        engine,
        farm_id,
        origins,
        history_days=settings.history_days,
        false_alarms=settings.deviation_false_alarms,
        progress=progress,
    )


def _watch_back(
    engine: Engine, farm_id: int, until: datetime, settings: Settings, progress: Callable[[int, int], None]
) -> None:
    """Look at animals and collars each hour as the node would have, had it listened: what is wrong is found by that."""
    catch_up(engine, farm_id)
    limits = Limits(settings.silence, settings.battery_low_v, settings.animal_false_alarms)
    hours = slots_between(floor_slot(until - WATCHED).replace(minute=0) + HOUR, until + BUCKET, HOUR // BUCKET)
    for done, slot in enumerate(hours, start=1):
        watch(engine, farm_id, slot, limits)
        progress(done, len(hours))


def _reported(ending: threading.Event, progress: Progress, what: str, done: int, of: int) -> None:
    _unless(ending)
    progress(what, done, of)


def _unless(ending: threading.Event) -> None:
    if ending.is_set():
        raise EndedError


def _login(engine: Engine, farm_id: int) -> str:
    """Give the demo's user a new password and return it: none is ever the same twice."""
    password = secrets.token_urlsafe(9)
    with engine.begin() as connection:
        known = users.find_login(connection, "demo")
        if known is None:
            user_id = users.create_user(connection, "demo", hash_password(password))
            users.set_role(connection, user_id, farm_id, "administrator")
        else:
            users.set_password(connection, known.user_id, hash_password(password))
    return password


@contextmanager
def _alive(engine: Engine, broker: str, simulated: Herd, position: datetime) -> Iterator[None]:
    """Let the herd live from a position on; at the end its time is held where it is."""
    line = replace(_held_at(position), ceiling=float("inf"))
    stop = threading.Event()
    publisher = Publisher(broker, "animov-demo-herd", window=4000)

    def raise_ceiling(until_ms: int) -> None:
        with engine.begin() as connection:
            clocks.write(connection, replace(line, ceiling=max(until_ms / 1000, position.timestamp())))

    def live() -> None:
        with suppress(ConflictError):  # the publisher was closed while it waited
            drive(simulated, publisher, line, to_ms(floor_slot(position)), raise_ceiling=raise_ceiling, stop=stop)

    herd_thread = threading.Thread(target=live, name="herd", daemon=True)
    herd_thread.start()
    try:
        yield
    finally:
        stop.set()
        publisher.close()
        herd_thread.join()
        with engine.begin() as connection:
            clocks.write(connection, _held_at(clocks.read(connection).now()))


@contextmanager
def _disposed(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()
