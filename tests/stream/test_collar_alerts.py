"""Alerts about collars on a real database: raised once, over by themselves, undone by what came late."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core import bits
from core.method import Rule, method
from core.readings import Status
from core.timeline import BUCKET, EPOCH, to_ms
from storage.alerting import alerts
from storage.engine.database import scoped_to
from storage.evidence import sink
from storage.evidence.sink import Unit
from storage.herds import herd
from storage.herds.herd import During
from stream.behaviour.alerting import Limits, watch
from stream.behaviour.draining import drain_of

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC)  # clocks go forward in Paris
BEGIN = NOON - timedelta(hours=13)
LIMITS = Limits(timedelta(minutes=30), 3.5)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class World:
    """A farm of six goats with a leg tag each."""

    def __init__(self, engine, url):
        self.engine, self.url = engine, url
        with engine.begin() as connection:
            self.farm = herd.ensure_farm(connection, "barn", time_zone="Europe/Paris")
            self.collars = [herd._ensure(connection, "collar", self.farm, f"tag-{n}") for n in range(6)]
            self.animals = [herd.ensure_animal(connection, self.farm, f"goat-{n}") for n in range(6)]
            for collar, animal in zip(self.collars, self.animals, strict=True):
                herd.assign(connection, collar, animal)

    def hear(self, collars, start, end):
        """Let collars be heard without a pause, standing and lying by turns of half an hour."""
        evidence = {}
        first, last = (int((at - EPOCH).total_seconds()) for at in (start, end))
        for bucket, seconds in bits.over_buckets(first, last):
            for collar in collars:
                stands = bucket // 2 % 2
                key = (collar, bucket, method(Rule.LEG))
                evidence[key] = (seconds, seconds * stands, seconds * (1 - stands))

        async def commit():
            connection = await sink.connect(self.url)
            try:
                with self.engine.begin() as reading:
                    version = reading.execute(text("SELECT registry_version FROM farm")).scalar_one()
                await sink.commit(connection, Unit(evidence=evidence, registry={self.farm: version}))
            finally:
                await connection.close()

        asyncio.run(commit())

    def say(self, collar, at, volts):
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    """INSERT INTO collar_status (collar_id, at, online, online_at, battery_v, battery_at)
                    VALUES (:collar, :at, true, :at, :volts, :at)
                    ON CONFLICT (collar_id) DO UPDATE SET at = :at, battery_v = :volts, battery_at = :at"""
                ),
                {"collar": collar, "at": at, "volts": volts},
            )

    def wear(self, collar, animal, during):
        with self.engine.begin() as connection:
            if animal is None:
                herd.unassign(connection, collar, during)
            else:
                herd.assign(connection, collar, animal, during)

    def look(self, slot, **how):
        watch(self.engine, self.farm, slot, LIMITS, **how)

    def look_through(self, start, end, **how):
        while start <= end:
            self.look(start, **how)
            start += BUCKET

    def seen(self):
        """`(kind, about, opened_at, ended_by, until)` of each alert, the first first."""
        with scoped_to(self.engine, [self.farm]) as connection:
            found = alerts.alerts(connection, self.farm, limit=100)[::-1]
        return [(one.kind, one.about_name, one.opened_at, one.ended_by, one.until) for one in found]

    def rows(self):
        """All that is kept of alerts."""
        with self.engine.connect() as connection:
            return [
                connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()
                for table in ("alert", "alert_change")
            ]


@pytest.fixture
def world(engine, database_url):
    made = World(engine, database_url)
    made.hear(made.collars, BEGIN, NOON)
    return made


def test_a_silent_collar_has_one_alert_until_it_is_heard_again(world):
    world.hear(world.collars[1:], NOON, NOON + 6 * HOUR)
    world.look_through(NOON, NOON + 3 * HOUR)
    raised = ("collar_silent", "tag-0", NOON + 45 * MINUTE)

    assert world.seen() == [(*raised, "", None)]

    world.hear(world.collars[:1], NOON + 3 * HOUR, NOON + 6 * HOUR)
    world.look_through(NOON + 3 * HOUR, NOON + 6 * HOUR)

    assert world.seen() == [(*raised, "heard", NOON + 3 * HOUR)]


def test_a_second_look_changes_nothing(world):
    world.hear(world.collars[1:], NOON, NOON + 3 * HOUR)
    for slot in (NOON + HOUR, NOON + 2 * HOUR):
        world.look(slot)
        before = world.rows()
        world.look(slot)
        assert world.rows() == before
    world.hear(world.collars[:1], NOON + 2 * HOUR, NOON + 3 * HOUR)
    world.look(NOON + 3 * HOUR)
    before = world.rows()
    world.look(NOON + 3 * HOUR)
    world.look(NOON + 2 * HOUR)  # as a job that was swept and done again

    assert world.rows() == before


@pytest.mark.parametrize("first_heard", [True, False])
def test_what_comes_late_undoes_an_alert_that_stays_on_record(world, first_heard):
    world.hear(world.collars[1:], NOON, NOON + 4 * HOUR)
    world.look(NOON + HOUR)
    if first_heard:
        world.hear(world.collars[:1], NOON + 2 * HOUR, NOON + 3 * HOUR)
        world.look(NOON + 2 * HOUR)
        assert [one[3] for one in world.seen()] == ["heard"]
    world.hear(world.collars[:1], NOON, NOON + 3 * HOUR)
    world.look(NOON + 3 * HOUR)

    assert [one[:4] for one in world.seen()] == [("collar_silent", "tag-0", NOON + HOUR, "undone")]


def test_what_comes_late_for_a_part_moves_the_end_of_a_silence(world):
    world.hear(world.collars[1:], NOON, NOON + 4 * HOUR)
    world.look_through(NOON + HOUR, NOON + 2 * HOUR)
    world.hear(world.collars[:1], NOON + 3 * HOUR, NOON + 4 * HOUR)
    world.look(NOON + 3 * HOUR)
    world.hear(world.collars[:1], NOON + 2 * HOUR, NOON + 3 * HOUR)
    world.look(NOON + 4 * HOUR)

    assert [one[3:] for one in world.seen()] == [("heard", NOON + 2 * HOUR)]


def test_collars_that_nobody_wears_or_that_were_never_heard_are_not_missed(world):
    with world.engine.begin() as connection:
        new = herd._ensure(connection, "collar", world.farm, "new")
        herd.assign(connection, new, herd.ensure_animal(connection, world.farm, "Blanche"))
    world.wear(world.collars[0], None, During(NOON))
    world.hear(world.collars[1:], NOON, NOON + 3 * HOUR)
    world.look_through(NOON, NOON + 3 * HOUR)

    assert world.seen() == []


@pytest.mark.parametrize(("since", "why"), [(NOON + 2 * HOUR, "not_worn"), (NOON - HOUR, "undone")])
def test_taking_a_collar_off_ends_its_alert_and_saying_so_late_undoes_it(world, since, why):
    world.hear(world.collars[1:], NOON, NOON + 3 * HOUR)
    world.look(NOON + HOUR)
    world.wear(world.collars[0], None, During(since))
    world.look(NOON + 3 * HOUR)

    assert [one[:4] for one in world.seen()] == [("collar_silent", "tag-0", NOON + HOUR, why)]


def test_a_collar_that_was_put_on_and_sends_nothing_is_missed_from_then_on(world):
    world.wear(world.collars[0], None, During(NOON, NOON + 4 * HOUR))
    world.hear(world.collars[1:], NOON, NOON + 6 * HOUR)
    world.look_through(NOON, NOON + 6 * HOUR)

    assert [one[:3] for one in world.seen()] == [("collar_silent", "tag-0", NOON + 4 * HOUR + 45 * MINUTE)]


def test_many_collars_at_once_are_one_alert_about_the_farm(world):
    world.hear(world.collars[4:], NOON, NOON + 6 * HOUR)
    world.hear(world.collars[:1], NOON, NOON + 5 * MINUTE)
    world.look_through(NOON, NOON + 2 * HOUR)
    raised = ("collar_silent", "barn", NOON + 45 * MINUTE)

    assert world.seen() == [(*raised, "", None)]

    world.hear(world.collars[1:], NOON + 2 * HOUR, NOON + 6 * HOUR)
    world.look_through(NOON + 2 * HOUR, NOON + 4 * HOUR)

    assert world.seen()[0] == (*raised, "heard", NOON + 2 * HOUR)
    assert [one[1] for one in world.seen()[1:]] == ["tag-0"]  # it alone is silent still


def test_late_messages_undo_an_alert_about_the_farm(world):
    world.look(NOON + HOUR)
    world.hear(world.collars, NOON, NOON + 2 * HOUR)
    world.look(NOON + 2 * HOUR)

    assert [one[:4] for one in world.seen()] == [("collar_silent", "barn", NOON + HOUR, "undone")]


def test_a_node_that_slept_waits_before_it_misses_anybody(world):
    morning = NOON + 12 * HOUR
    world.look(morning, awake_since=morning)
    world.look(morning + BUCKET, awake_since=morning)
    world.hear(world.collars[1:], morning, morning + HOUR)
    world.look_through(morning + 2 * BUCKET, morning + HOUR, awake_since=morning)

    assert [one[:3] for one in world.seen()] == [("collar_silent", "tag-0", morning + 45 * MINUTE)]


def test_an_alert_lasts_through_a_restart_of_the_node(world):
    world.hear(world.collars[1:], NOON, NOON + 3 * HOUR)
    world.look(NOON + HOUR)
    before = world.rows()
    world.look(NOON + 2 * HOUR, awake_since=NOON + 2 * HOUR)

    assert world.rows() == before


def test_a_pause_that_comes_every_day_is_no_silence_and_a_longer_one_is(world):
    for day in range(1, 4):  # at noon it is out of reach for two hours
        world.hear(world.collars[1:], NOON + (day - 1) * 24 * HOUR, NOON + day * 24 * HOUR)
        world.hear(world.collars[:1], NOON + (24 * day - 22) * HOUR, NOON + day * 24 * HOUR)
    now = NOON + 3 * 24 * HOUR
    world.hear(world.collars[1:], now, now + 4 * HOUR)
    world.look_through(now, now + 4 * HOUR)

    ((_, name, opened_at, _, _),) = world.seen()
    assert name == "tag-0"
    assert now + 2 * HOUR + 15 * MINUTE < opened_at <= now + 3 * HOUR


def test_waits_for_what_came_late_are_learned(world):
    for upload in range(3):  # it sends every two hours what it has kept meanwhile
        start = NOON + 2 * upload * HOUR
        world.hear(world.collars[1:], start, start + 2 * HOUR)
        world.look_through(start + BUCKET, start + 2 * HOUR - BUCKET)
        world.hear(world.collars[:1], start, start + 2 * HOUR)
        world.look(start + 2 * HOUR)

    assert [one[3] for one in world.seen()] == ["undone", "undone"]


@pytest.mark.parametrize("night", [SPRING, datetime(2026, 10, 25, 1, tzinfo=UTC)])
def test_a_change_of_clocks_is_no_silence(world, night):
    world.hear(world.collars, night - 30 * HOUR, night + 3 * HOUR)
    world.look_through(night - 3 * HOUR, night + 3 * HOUR)

    assert world.seen() == []


def test_looks_far_apart_raise_no_less_than_those_of_every_slot(world):
    world.hear(world.collars[1:], NOON, NOON + 9 * HOUR)
    for hours in (0, 4, 8):
        world.look(NOON + hours * HOUR)

    assert [one[:4] for one in world.seen()] == [("collar_silent", "tag-0", NOON + 4 * HOUR, "")]


def test_a_battery_is_low_until_it_has_clearly_more(world):
    collar = world.collars[0]
    world.hear(world.collars, NOON, NOON + 6 * HOUR)
    told = []
    for hour, volts in enumerate((3.6, 3.49, 3.52, 3.45, 3.59, 3.61, 3.55)):
        world.say(collar, NOON + hour * HOUR, volts)
        world.look(NOON + hour * HOUR)
        told.append([one[3] for one in world.seen()])

    assert told == [[], [""], [""], [""], [""], ["charged"], ["charged"]]


def test_what_a_collar_said_of_its_battery_long_ago_raises_nothing(world):
    world.say(world.collars[0], NOON - timedelta(days=3), 3.0)
    world.look(NOON)

    assert world.seen() == []


def drain(world, volts, end=NOON):
    """Say volts every day, the last of them at `end`, as collars say it: through a flush."""

    async def commit():
        connection = await sink.connect(world.url)
        try:
            said = [
                (world.collars[0], Status(to_ms(end - (len(volts) - 1 - day) * 24 * HOUR), True, told, None, None))
                for day, told in enumerate(volts)
            ]
            await sink.commit(connection, Unit(status=[*said, *said[::-1]]))
        finally:
            await connection.close()

    asyncio.run(commit())


def batteries_told(world):
    with scoped_to(world.engine, [world.farm]) as connection:
        found = alerts.alerts(connection, world.farm, limit=9)[::-1]
    return [(one.evidence["code"], one.evidence.get("day"), one.ended_by) for one in found if one.kind == "battery"]


def test_a_battery_that_falls_fast_is_told_a_week_before_it_is_low(world):
    volts = [4.1, 4.0, 3.9, 3.9, 3.7]
    drain(world, volts)
    world.look(NOON)
    told = [batteries_told(world)]
    before = world.rows()
    world.look(NOON)
    drain(world, [3.6, 3.52, 3.4], NOON + 72 * HOUR)
    world.look(NOON + 72 * HOUR)
    told.append(batteries_told(world))
    drain(world, [4.2], NOON + 73 * HOUR)
    world.look(NOON + 73 * HOUR)
    told.append(batteries_told(world))

    assert told == [
        [("battery_falls", "2026-05-06", "")],
        [("battery_low", None, "")],
        [("battery_low", None, "charged")],
    ]
    assert before[0][0].id == 1


@pytest.mark.parametrize(
    "volts",
    [[4.1] * 8, [4.1, 4.0, 3.9], [4.13, 4.12, 4.11, 4.1, 4.09], [3.6, 3.7, 3.8, 3.9, 4.0], [4.2, 4.15, 4.1, 4.05, 4.0]],
)
def test_a_battery_that_lasts_or_is_hardly_known_raises_nothing(world, volts):
    drain(world, volts)
    world.look(NOON)

    assert batteries_told(world) == []


def test_a_battery_that_is_charged_or_lasts_after_all_is_told_so(world):
    drain(world, [4.1, 4.0, 3.9, 3.8, 3.7])
    world.look(NOON)
    drain(world, [3.69, 3.69, 3.69, 3.69, 3.69], NOON + 120 * HOUR)
    world.look(NOON + 120 * HOUR)

    assert batteries_told(world) == [("battery_falls", "2026-05-06", "lasts")]


@given(st.permutations(range(8)), st.lists(st.floats(-0.02, 0.02), min_size=8, max_size=8), st.floats(0.03, 0.2))
def test_the_fall_is_told_whatever_one_day_says(order, noise, slope):
    first = NOON.date()
    days = [(first + timedelta(days=day), 4.2 - slope * day + noise[day]) for day in range(8)]
    clean = drain_of(days, 3.0)
    odd = order[0]
    days[odd] = (days[odd][0], 2.0)
    found = drain_of(days, 3.0)

    assert abs(clean.volts_a_day - slope) < 0.03
    assert abs(found.volts_a_day - slope) < 0.1
