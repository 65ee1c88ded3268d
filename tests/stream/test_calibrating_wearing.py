"""A collar that nothing moves is not worn: from its last movement on nothing is told, until it moves again."""

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from animov.edge import decoder_for
from core.clock import NodeClock
from core.delivery import Batch
from core.motion import Motion
from core.readings import CollarName, Message
from core.settings import Settings
from core.timeline import to_ms
from storage.alerting import alerts
from storage.engine import clocks
from storage.engine.database import scoped_to
from storage.evidence.registry import SINCE_EVER, Calibration
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from stream.behaviour.alerting import Limits, watch
from stream.calibrating import publishing
from stream.calibrating.keeping import keep_calibrations
from stream.calibrating.seating import EFFECT_MS
from stream.calibrating.telling import states_of
from stream.calibrating.wearing import LEAST_MOVING, OFF, off_change_of, worn_change_of
from stream.runner import Runner, running

T0 = datetime(2026, 5, 1, tzinfo=UTC)
NECK = CollarName("barn", "neck")
SETTINGS = Settings()
MAKE_DECODER = partial(decoder_for, SETTINGS)
LEVEL = (0.0, 1.0, 0.0)
MINUTES = timedelta(minutes=1)
TENTH_MS = 600_000
LIMIT_MS = 3 * 3_600_000


def message(tenth, force):
    """Ten minutes at 2 Hz: an animal steps, or nothing moves at all."""
    steps = [force * math.sin(2 * math.pi * index / 2.3) for index in range(1200)]
    xyz = [[round(part + step, 3) for part in LEVEL] for step in steps]
    at = to_ms(T0) + tenth * TENTH_MS
    body = {"t0": at, "hz": 2, "xyz": xyz}
    return Message("animov/v1/barn/neck/samples", at + TENTH_MS, json.dumps(body).encode())


def moving(*tenths):
    return [message(tenth, 0.3) for tenth in range(*tenths)]


def lying_about(*tenths):
    return [message(tenth, 0.0) for tenth in range(*tenths)]


def feed(url, messages):
    async def work():
        runner = Runner(url, MAKE_DECODER, most_keys=2000)
        async with running(runner):
            await runner.loaded()
            runner.intake(Batch(list(messages), lambda: None))

    asyncio.run(work())


def keep(engine, tenth):
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(ceiling=(T0 + tenth * 10 * MINUTES).timestamp()))
    keep_calibrations(engine, SETTINGS, MAKE_DECODER, 1)


def known(engine):
    with engine.connect() as connection:
        (found,) = calibrations.known(connection, 1)
    return found


def told(engine):
    """Since which ten minutes what is told of the wearing."""
    return [
        (None if one.effective_from == SINCE_EVER else (one.effective_from - to_ms(T0)) / TENTH_MS,
         next((name for name in ("off", "turned", "anchor") if one.parameters.get(name)), None))
        for one in known(engine).calibrations
    ]  # fmt: skip


def posture(engine):
    """What is known of Brune in the first second of each ten minutes, as long as anything was received."""
    found = {}
    with engine.connect() as connection:
        query = "SELECT bucket, standing::text, lying::text FROM posture_window ORDER BY bucket"
        for bucket, standing, lying in connection.execute(text(query)):
            for second in range(900):
                place, rest = divmod(int((bucket - T0).total_seconds()) + second, 600)
                if rest == 0:
                    found[place] = "S" if standing[second] == "1" else "L" if lying[second] == "1" else "?"
    return "".join(found[place] for place in sorted(found))


def start(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE farm RESTART IDENTITY CASCADE"))
        collar_id = herd.ensure_collar(connection, NECK)
        calibrations.append(connection, collar_id, 0, Reading("collar"), None)
        herd.assign(connection, collar_id, herd.ensure_animal(connection, 1, "Brune"))


def raised(engine):
    with scoped_to(engine, [1]) as connection:
        return [(one.kind, one.evidence["code"], one.ended_by) for one in alerts.alerts(connection, 1, limit=9)]


def test_what_lies_about_tells_nothing_from_its_last_movement_until_it_is_worn_again(engine, database_url):
    start(engine)
    feed(database_url, moving(6) + lying_about(6, 23))
    keep(engine, 23)
    before = told(engine)
    feed(database_url, lying_about(23, 30))
    keep(engine, 30)
    off, state = told(engine), states_of(engine, MAKE_DECODER, 1, T0 + 300 * MINUTES)[0]
    watch(engine, 1, T0 + 300 * MINUTES, Limits(timedelta(minutes=30), 3.5))
    lost, alarm = posture(engine), raised(engine)
    feed(database_url, lying_about(30, 40) + moving(40, 46))
    keep(engine, 46)
    watch(engine, 1, T0 + 465 * MINUTES, Limits(timedelta(minutes=30), 3.5))

    assert "off" not in dict(before).values()
    assert off[-1] == (6, "off")
    assert (state.off, state.reasons.get("off", 0) > 0.9) == (True, True)
    assert lost == "S" * 6 + "?" * 24
    assert alarm == [("motionless", "still", "")]
    assert told(engine)[-1] in {(40, "turned"), (40, "anchor"), (40, None)}
    assert posture(engine)[:46] == "S" * 6 + "?" * 34 + "S" * 6
    assert raised(engine) == [("motionless", "still", "moves")]


@settings(max_examples=4)
@given(order=st.randoms(), cut=st.integers(0, 40))
def test_order_repetition_and_looks_in_between_change_nothing(engine, database_url, order, cut):
    """Messages come in any order, some twice, before and after it is seen that the collar lies about."""
    start(engine)
    sent = moving(6) + lying_about(6, 30)
    shuffled = sent + order.sample(sent, cut // 4)
    order.shuffle(shuffled)
    feed(database_url, shuffled)
    keep(engine, 30)
    again = [*shuffled[: cut // 2], *lying_about(30, 34)]
    order.shuffle(again)
    feed(database_url, again)
    keep(engine, 34)

    assert told(engine)[-1] == (6, "off")
    assert posture(engine)[:34] == "S" * 6 + "?" * 28


@pytest.mark.parametrize(
    ("owner", "step"),
    [(calibrations, "append_live"), (calibrations, "start_history"), (publishing, "recompute")],
)
def test_whatever_fails_the_next_look_ends_in_the_same(engine, database_url, monkeypatch, owner, step):
    start(engine)
    feed(database_url, moving(6) + lying_about(6, 30))

    def fail(*arguments, **options):
        raise RuntimeError("died")

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, fail)
        with pytest.raises(RuntimeError, match="died"):
            keep(engine, 30)
    keep(engine, 31)

    assert (told(engine)[-1], known(engine).pending) == ((6, "off"), None)
    assert posture(engine) == "S" * 6 + "?" * 24


NOW = 1_710_000_000_000
stretches = st.lists(st.booleans(), min_size=1, max_size=40)


def motions(still):
    """A message of ten minutes each, the last one just over."""
    first = NOW - len(still) * TENTH_MS
    return [
        Motion(first + place * TENTH_MS, 0, 60, 0, 0.0, 0.0, 0.0, 60 * quiet, 0.0, 1.0, 0.0, 0.1, 0.1)
        for place, quiet in enumerate(still)
    ]


def made(since=SINCE_EVER, **parameters):
    return Calibration(since, "collar", ("fwd", "up", "right"), 1, parameters)


@given(stretches)
def test_a_collar_is_off_since_the_last_movement_if_that_is_long_enough_ago(still):
    change = off_change_of([made(anchor=[0, 1, 0])], motions(still), NOW, LIMIT_MS)
    quiet = len(still) - (max((place for place, one in enumerate(still) if not one), default=-1) + 1)

    if quiet * TENTH_MS < LIMIT_MS:
        assert change is None
    else:
        since = NOW - quiet * TENTH_MS
        assert change.since == since
        assert [(one.effective_from, dict(one.parameters)) for one in change.history] == [
            (SINCE_EVER, {"anchor": [0, 1, 0]}),
            (since, OFF),
        ]
        assert (change.live.effective_from, change.live.parameters) == (NOW + EFFECT_MS, OFF)


@given(st.integers(18, 100), st.integers(0, 100))
def test_a_kick_in_hours_changes_nothing(hours, where):
    told = motions([True] * hours)
    kicked = told[where % hours]
    told[where % hours] = kicked._replace(still=kicked.still - 1)
    change = off_change_of([made()], told, NOW, LIMIT_MS)
    off = [made(), made(told[0].at, **OFF)]

    assert change is None or change.since in {told[0].at, kicked.at + TENTH_MS}
    assert worn_change_of(off, told, NOW) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [({"anchor": [0, 1, 0]}, {"turned": True}), ({}, {}), ({"gain": [1, 1, 1]}, {"gain": [1, 1, 1]})],
)
def test_a_collar_that_is_put_on_again_has_lost_its_seat(before, after):
    told = motions([True] * 30 + [False] * (LEAST_MOVING // 30))
    off = [made(**before), made(told[0].at - 1, **{**{k: v for k, v in before.items() if k == "gain"}, **OFF})]
    change = worn_change_of(off, told, NOW)

    assert change.since == told[30].at
    assert change.history[-1].parameters == change.live.parameters == after
    assert worn_change_of(off[:1], told, NOW) is None


def test_a_collar_that_is_not_heard_any_more_is_silent_not_off():
    told = [one._replace(at=one.at - 2 * LIMIT_MS) for one in motions([True] * 30)]

    assert off_change_of([made()], told, NOW, LIMIT_MS) is None
    assert off_change_of([made()], [], NOW, LIMIT_MS) is None
    assert off_change_of([made()._replace(mount="leg")], motions([True] * 30), NOW, LIMIT_MS) is None
