"""Collars learn how they sit, from what was really received: dated, idempotent, whatever dies on the way."""

import asyncio
import json
import math
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest
from sqlalchemy import text

from animov.edge import decoder_for
from core.clock import NodeClock
from core.delivery import Batch
from core.errors import ConflictError, NotFoundError
from core.readings import CollarName, Message
from core.settings import Settings
from core.timeline import to_ms
from storage.engine import clocks
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from stream.calibrating import keeping, publishing
from stream.calibrating.keeping import keep_calibrations, relearn
from stream.runner import Runner, running
from tests import databases

T0 = datetime(2026, 5, 1, tzinfo=UTC)
NECK, LEG = CollarName("barn", "neck"), CollarName("barn", "leg")
SETTINGS = Settings()
MAKE_DECODER = partial(decoder_for, SETTINGS)
MINUTE = timedelta(minutes=1)
_numbers = count()
LEVEL, ROLLED = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def message(name, minute, gravity, force=0.3):
    """Twenty seconds at 10 Hz, of a leg at 1 Hz: an animal steps twice a second, or is quiet."""
    hz = 1 if name == LEG else 10
    steps = [force * math.sin(2 * math.pi * 2 * index / hz) for index in range(20 * hz)]
    xyz = [[round(part + step, 3) for part in gravity] for step in steps]
    at = to_ms(T0 + minute * MINUTE)
    body = {"t0": at, "hz": hz, "xyz": xyz}
    return Message(f"animov/v1/barn/{name.collar}/samples", at + 20_000, json.dumps(body).encode())


def walks(minutes, gravity, name=NECK):
    return [message(name, minute, gravity) for minute in minutes]


def rests(minutes, gravity, name=NECK):
    return [message(name, minute, gravity, force=0.0) for minute in minutes]


def feed(url, messages):
    async def work():
        runner = Runner(url, MAKE_DECODER, most_keys=2000)
        async with running(runner):
            await runner.loaded()
            for one in messages:
                runner.intake(Batch([one], lambda: None))
                await asyncio.sleep(0)

    asyncio.run(work())


def set_clock(engine, minute):
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(ceiling=(T0 + minute * MINUTE).timestamp()))


def keep(engine, minute):
    set_clock(engine, minute)
    keep_calibrations(engine, SETTINGS, MAKE_DECODER, 1)


def told(engine, name=NECK):
    """The published generation, and each calibration: minute since when, and the seat that it tells."""
    with engine.connect() as connection:
        (found,) = [one for one in calibrations.known(connection, 1) if one.name == name]
    return found


def seats(engine):
    return [(one.effective_from, seat(one.parameters)) for one in told(engine).calibrations]


def seat(parameters):
    if parameters.get("turned"):
        return "turned"
    anchor = parameters.get("anchor")
    return anchor and tuple(round(part, 1) + 0.0 for part in anchor)


def ms(minute):
    return to_ms(T0 + minute * MINUTE)


@pytest.fixture
def neck(engine):
    put_on(engine, NECK, "collar")


def put_on(engine, name, mount):
    with engine.begin() as connection:
        collar_id = herd.ensure_collar(connection, name)
        calibrations.append(connection, collar_id, 0, Reading(mount), None)
        herd.assign(connection, collar_id, herd.ensure_animal(connection, 1, "Brune"))


def posture(engine):
    """Per minute since T0 what is known of Brune: S, L or ?."""
    query = "SELECT bucket, standing::text, lying::text FROM posture_window ORDER BY bucket"
    known = {}
    with engine.connect() as connection:
        for bucket, standing, lying in connection.execute(text(query)):
            for place in range(15):
                second = place * 60
                minute = int((bucket - T0) / MINUTE) + place
                known[minute] = "S" if standing[second] == "1" else "L" if lying[second] == "1" else "?"
    return known


STEEP = (math.sin(math.radians(30)), math.cos(math.radians(30)), 0.0)
"""A resting neck."""


def test_a_first_anchor_is_learned_from_walking_and_the_past_follows_from_it(engine, database_url, neck):
    feed(database_url, walks(range(5), LEVEL))
    keep(engine, 5)
    before = seats(engine)
    feed(database_url, walks(range(5, 25), LEVEL) + rests(range(25, 30), STEEP))
    keep(engine, 30)
    after, generation = seats(engine), told(engine).published
    keep(engine, 31)

    assert before == seats_of((None, None))
    assert after == seats_of((None, LEVEL)) == seats(engine)
    assert generation == told(engine).published == 1
    assert "".join(posture(engine)[minute] for minute in (3, 24, 25, 29)) == "SSLL"


def seats_of(*pairs):
    ever = -(1 << 62)
    return [(ever if minute is None else minute, wanted) for minute, wanted in pairs]


@pytest.fixture(scope="module")
def heard_turned(server_url, template, close):
    """A database with a collar whose anchor is known, then turned after the 24th minute and before the 40th."""
    with databases.made(server_url, template) as url:
        with databases.opened(url) as engine:
            put_on(engine, NECK, "collar")
            feed(url, walks(range(25), LEVEL) + rests(range(25, 30), STEEP))
            keep(engine, 30)
        feed(url, rests(range(30, 40), LEVEL) + walks(range(40, 65), ROLLED) + rests(range(65, 70), LEVEL))
        name = databases.name_of(url)
        close(name)
        yield name


@pytest.fixture
def database_url(request, server_url, template):
    """An empty database, or a copy of the one with the turned collar for those who ask for it."""
    source = request.getfixturevalue("heard_turned") if "turned" in request.fixturenames else template
    with databases.made(server_url, source) as url:
        yield url


@pytest.fixture
def turned(engine):
    """The collar that has turned, as heard, and nothing made of it yet."""


WANTED = seats_of((None, LEVEL), (ms(24) + 1, "turned"), (ms(40), ROLLED))


def test_a_turn_is_dated_between_two_walks_and_nothing_is_told_in_between(engine, database_url, turned):
    keep(engine, 70)

    assert seats(engine) == WANTED
    assert told(engine).published == 2
    found = posture(engine)
    assert "".join(found[minute] for minute in (24, 26, 35)) == "S??"
    assert found[50] == "S"


def test_until_the_new_seat_is_known_the_collar_counts_as_turned(engine, database_url, neck):
    feed(database_url, walks(range(25), LEVEL))
    keep(engine, 30)
    feed(database_url, walks(range(40, 44), ROLLED))
    keep(engine, 45)
    between = seats(engine)
    feed(database_url, walks(range(50, 65), ROLLED))
    keep(engine, 65)

    assert between == seats_of((None, LEVEL), (ms(24) + 1, "turned"))
    assert seats(engine) == WANTED


STEPS = (
    (calibrations, "append_live"),
    (calibrations, "start_history"),
    (publishing, "recompute"),
    (calibrations, "publish"),
)


@pytest.mark.parametrize(("owner", "step"), STEPS)
@pytest.mark.parametrize("done", [False, True])
def test_whatever_fails_the_next_look_ends_in_the_same_calibrations(
    engine, database_url, turned, monkeypatch, owner, step, done
):
    """A step fails before, or after, it was done."""
    work = getattr(owner, step)

    def fail(*arguments, **options):
        if done:
            result = work(*arguments, **options)
            if asyncio.iscoroutine(result):
                asyncio.run(result) if not _in_a_loop() else result.close()
        raise RuntimeError("died")

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, fail)
        with pytest.raises(RuntimeError, match="died"):
            keep(engine, 70)
    keep(engine, 71)
    keep(engine, 72)

    assert seats(engine) == WANTED
    assert told(engine).pending is None
    assert (posture(engine)[26], posture(engine)[50]) == ("?", "S")


def _in_a_loop():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


_KILLED = """
import os, signal, sys
from functools import partial
from animov.edge import decoder_for
from core.settings import Settings
from storage.herds import calibrations
from storage.engine.database import engine_for
from stream.calibrating.keeping import keep_calibrations
calibrations.publish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
settings = Settings()
keep_calibrations(engine_for(sys.argv[1]), settings, partial(decoder_for, settings), 1)
"""


def test_a_killed_process_leaves_work_that_the_next_one_finishes(engine, database_url, turned):
    set_clock(engine, 70)
    died = subprocess.run([sys.executable, "-c", _KILLED, database_url], check=False, capture_output=True, timeout=120)
    begun = told(engine)
    keep(engine, 71)

    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert (begun.published, begun.pending) == (1, 2)
    assert begun.calibrations[-1].parameters.get("turned")
    assert begun.calibrations[-1].effective_from == ms(80)
    assert seats(engine) == WANTED


def test_what_is_learned_twice_at_once_is_learned_once(engine, database_url, turned, monkeypatch):
    """Another process does the same between the decision and its writing."""
    change_of = keeping.change_of

    def meanwhile(*arguments):
        monkeypatch.setattr(keeping, "change_of", change_of)
        keep(engine, 70)
        return change_of(*arguments)

    monkeypatch.setattr(keeping, "change_of", meanwhile)
    keep(engine, 70)

    assert seats(engine) == WANTED
    assert told(engine).published == 2


def test_learning_anew_reads_the_whole_past_again_or_says_what_is_missing(engine, database_url, neck):
    set_clock(engine, 30)
    with pytest.raises(ConflictError, match="18 in 5 are needed"):
        relearn(engine, SETTINGS, MAKE_DECODER, NECK)
    feed(database_url, walks(range(25), LEVEL))
    count = relearn(engine, SETTINGS, MAKE_DECODER, NECK)
    with pytest.raises(NotFoundError):
        relearn(engine, SETTINGS, MAKE_DECODER, LEG)

    assert (count, seats(engine)) == (25, seats_of((None, LEVEL)))


@pytest.fixture
def leg(engine):
    put_on(engine, LEG, "leg")


DOWN, FLAT = (0.0, -1.0, 0.0), (1.0, 0.1, 0.0)


def test_a_tag_that_is_upside_down_is_turned_over_for_ever(engine, database_url, leg):
    feed(database_url, rests(range(200), DOWN, LEG) + rests(range(200, 300), FLAT, LEG))
    keep(engine, 300)
    keep(engine, 300 + 1441)

    (made,) = told(engine, LEG).calibrations
    assert (made.axes, told(engine, LEG).published) == (("fwd", "-up", "right"), 1)
    assert "".join(posture(engine)[minute] for minute in (0, 199, 200, 299)) == "SSLL"


def test_a_tag_that_is_turned_over_later_is_turned_from_then_on(engine, database_url, leg):
    feed(database_url, rests(range(100), LEVEL, LEG) + rests(range(100, 300), DOWN, LEG))
    keep(engine, 300)

    assert [(one.effective_from, one.axes[1]) for one in told(engine, LEG).calibrations] == [
        (-(1 << 62), "up"),
        (ms(100), "-up"),
    ]
    assert "".join(posture(engine)[minute] for minute in (0, 99, 100, 299)) == "SSSS"
