"""Daily sheets and bouts that are kept up equal those that are made anew, whatever happened in whatever order."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core import bits
from core.method import Rule, method
from core.timeline import EPOCH
from storage.animals import behaviour, bouts
from storage.animals.behaviour import GroupSheet
from storage.engine.database import scoped_to, see_farms
from storage.evidence import sink
from storage.evidence.sink import Unit
from storage.herds import calibrations, herd
from storage.measurements import changes
from stream.behaviour.days import catch_up, keep_days
from stream.behaviour.local_day import local_day

PARIS = ZoneInfo("Europe/Paris")
DAYS = [date(2026, 3, 28) + timedelta(days=n) for n in range(4)]  # the second has 23 hours
LATER = datetime(2027, 1, 1, tzinfo=UTC)
STORED = "stored_evidence, stored_window"
TABLES = f"{STORED}, assignment, membership, changed_bucket, animal_day, bout, day_basis, stale_bucket"


class World:
    """Two collars, two animals and two groups of a farm."""

    def __init__(self, engine, url):
        self.engine, self.url = engine, url
        with engine.begin() as connection:
            self.farm = herd.ensure_farm(connection, "barn", time_zone="Europe/Paris")
            self.collars = [herd._ensure(connection, "collar", self.farm, name) for name in ("c0", "c1")]
            self.animals = [herd.ensure_animal(connection, self.farm, name) for name in ("a0", "a1")]
            self.groups = [herd.ensure_group(connection, self.farm, name) for name in ("g0", "g1")]

    def reset(self):
        with self.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {TABLES}"))
            connection.execute(text("UPDATE collar SET generation = 0"))
            connection.execute(text("UPDATE farm SET time_zone = 'Europe/Paris', species = 'goat'"))
            for collar, animal in zip(self.collars, self.animals, strict=True):
                herd.assign(connection, collar, animal)
            herd.move(connection, self.animals[0], self.groups[0])

    def flush(self, evidence):
        async def commit():
            connection = await sink.connect(self.url)
            try:
                with self.engine.begin() as reading:
                    version = reading.execute(text("SELECT registry_version FROM farm")).scalar_one()
                await sink.commit(connection, Unit(evidence=evidence, registry={self.farm: version}))
            finally:
                await connection.close()

        asyncio.run(commit())

    def fan_out(self):
        with scoped_to(self.engine, [self.farm]) as connection:
            changes.take(connection, self.farm, until=LATER)

    def keep(self):
        while keep_days(self.engine, self.farm).buckets:
            pass

    def sheets(self):
        with self.engine.connect() as connection:
            return behaviour.sheets_between(connection, self.animals, date.min, date.max)

    def bouts(self):
        with self.engine.connect() as connection:
            return bouts.bouts_between(connection, self.animals, EPOCH, LATER)

    def facts(self):
        return self.sheets(), self.bouts()

    def anew(self):
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE animal_day, bout, day_basis, stale_bucket"))
        self.keep()
        return self.facts()


@pytest.fixture
def world(engine, database_url):
    made = World(engine, database_url)
    made.reset()
    return made


def evidence_of(collar, how, start, end, *, stands):
    """Whole buckets that hold the seconds `[start, end)`, of one posture; `None` is received and not known."""
    found = {}
    for bucket, seconds in bits.over_buckets(start, end):
        found[collar, bucket, how] = (seconds, seconds if stands else 0, seconds if stands is False else 0)
    return found


edges = [local_day(day, PARIS).start + offset for day in DAYS for offset in (-14_400, -60, 0, 30, 28_800, 50_000)]
methods = st.sampled_from(
    [
        method(Rule.LEG),
        method(Rule.LEG),
        method(Rule.LEG, 1),
        method(Rule.COLLAR),
        method(Rule.SUMS),
        method(Rule.DEVICE),
    ]
)
heard = st.tuples(
    st.just("hear"),
    st.integers(0, 1),
    methods,
    st.sampled_from(edges),
    st.sampled_from([30, 900, 7200, 40_000, 100_000]),
    st.sampled_from([True, False, None]),
)
ends = st.sampled_from([None, *edges[::5]])
worn = st.tuples(st.just("wear"), st.integers(0, 1), st.integers(0, 1), ends, ends)
others = st.sampled_from(
    [
        ("publish", 0),
        ("publish", 1),
        ("zone", "America/New_York"),
        ("species", "cattle"),
        ("fan out",),
        ("keep",),
        ("keep",),
    ]
)
stories = st.lists(st.one_of(heard, heard, heard, worn, others), min_size=3, max_size=9)


def happen(world, one):
    match one:
        case ("hear", collar, how, start, length, stands):
            world.flush(evidence_of(world.collars[collar], how, start, start + length, stands=stands))
        case ("wear", collar, animal, start, end):
            begin, until = (None if edge is None else EPOCH + timedelta(seconds=edge) for edge in (start, end))
            if begin is None or until is None or begin < until:
                with world.engine.begin() as connection:
                    herd.assign(connection, world.collars[collar], world.animals[animal], herd.During(begin, until))
        case ("publish", collar):
            with world.engine.begin() as connection:
                calibrations.publish(connection, world.collars[collar], 1)
        case ("zone", name):
            with world.engine.begin() as connection:
                herd.ensure_farm(connection, "barn", time_zone=name)
        case ("species", name):
            with world.engine.begin() as connection:
                behaviour.set_species(connection, world.farm, name)
        case ("fan out",):
            world.fan_out()
        case ("keep",):
            world.fan_out()
            keep_days(world.engine, world.farm)


@settings(max_examples=12)
@given(story=stories)
def test_sheets_that_are_kept_up_are_those_made_anew(world, story):
    world.reset()
    for one in story:
        happen(world, one)
    world.fan_out()
    world.keep()

    sheets, kept = world.facts()

    assert (sheets, kept) == world.anew()
    assert all(sheet.known_s == sheet.standing_s + sheet.lying_s <= sheet.received_s for _, sheet in sheets)
    for animal in world.animals:
        assert all(one.until <= other.start for one, other in pairwise(bout for bout in kept if bout[0] == animal))


@settings(max_examples=6)
@given(told=st.lists(heard, min_size=2, max_size=5, unique=True), order=st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_sheets(world, told, order):
    world.reset()
    for one in told:
        happen(world, one)
    world.fan_out()
    world.keep()
    expected = world.facts()

    world.reset()
    for one in order.sample(told + told[:1], len(told) + 1):
        happen(world, one)
        world.fan_out()
        keep_days(world.engine, world.farm)
    world.keep()

    assert world.facts() == expected


def test_a_command_sees_all_that_is_known_and_takes_nothing_from_forecasting(world):
    stand_and_lie(world, 0, DAYS[0], 0, 24)

    catch_up(world.engine, world.farm)

    assert [sheet.day for _, sheet in world.sheets()] == [DAYS[0]]
    with world.engine.begin() as connection:
        assert len(changes.take(connection, world.farm, until=LATER)) == 96


def stand_and_lie(world, animal, day, *hours):
    """Hours of a day, in turn standing and lying, beginning with standing."""
    start = local_day(day, PARIS).start
    for place, (begin, end) in enumerate(pairwise(hours)):
        span = (int(start + begin * 3600), int(start + end * 3600))
        world.flush(evidence_of(world.collars[animal], method(Rule.LEG), *span, stands=place % 2 == 0))


def test_a_group_is_the_mean_of_its_measured_members(world):
    day = DAYS[0]
    stand_and_lie(world, 0, day, 0, 6, 12, 24)
    stand_and_lie(world, 1, day, 0, 9, 13)  # known for 13 hours of 24
    world.fan_out()
    world.keep()
    with world.engine.begin() as connection:
        noon = EPOCH + timedelta(seconds=local_day(day, PARIS).start + 43_200)
        herd.move(connection, world.animals[1], world.groups[0], herd.During(None, noon + timedelta(seconds=1)))
        spare = herd.ensure_animal(connection, world.farm, "spare")
        herd.move(connection, spare, world.groups[0])

        group, other, whole = (
            behaviour.group_sheets(connection, world.farm, group_id, day, day)
            for group_id in (world.groups[0], world.groups[1], None)
        )

    standing_h = (18 + 9 / 13 * 24) / 2
    mean = (standing_h, 24 - standing_h, 1, 5 * 3600, 6 * 3600, (1 / 6 + 0) / 2, 0)
    assert group == [GroupSheet(day, 3, 2, 2, *map(pytest.approx, mean))]
    assert [one[1:4] for one in other] == [(0, 0, 0)]
    assert other[0].standing_h is None
    assert whole[0][1:4] == (3, 2, 2)


def test_memberships_that_are_edited_later_show_at_once(world):
    stand_and_lie(world, 0, DAYS[0], 0, 24)
    stand_and_lie(world, 1, DAYS[0], 0, 0, 24)
    world.fan_out()
    world.keep()

    def standing_h():
        with world.engine.connect() as connection:
            (sheet,) = behaviour.group_sheets(connection, world.farm, world.groups[0], DAYS[0], DAYS[0])
            return sheet.members, sheet.standing_h

    alone = standing_h()
    with world.engine.begin() as connection:
        herd.move(connection, world.animals[1], world.groups[0])

    assert (alone, standing_h()) == ((1, 24), (2, 12))


def test_sums_that_say_what_was_known_still_end_the_bouts(world):
    start = local_day(DAYS[0], PARIS).start
    world.flush(evidence_of(world.collars[0], method(Rule.LEG), start, start + 7200, stands=False))
    world.fan_out()
    world.keep()
    before = world.sheets()[0][1]

    world.flush(evidence_of(world.collars[0], method(Rule.SUMS), start, start + 3600, stands=False))
    world.fan_out()
    world.keep()
    with_sums = world.sheets()[0][1]
    world.flush(evidence_of(world.collars[0], method(Rule.DEVICE), start, start + 3600, stands=False))
    world.fan_out()
    world.keep()

    assert (before.known_s, before.ordered_s) == (7200, 7200)
    assert (with_sums.known_s, with_sums.ordered_s) == (7200, 3600)
    assert world.sheets()[0][1] == before


def test_a_slot_costs_its_own_day_and_no_other(world, monkeypatch):
    for day in DAYS[:3]:
        stand_and_lie(world, 0, day, 0, 12, 13, 23, 24)
    world.fan_out()
    world.keep()
    noon = local_day(DAYS[1], PARIS).start + 43_200
    asked = []
    monkeypatch.setattr(
        "stream.behaviour.days._renew", lambda _connection, animals, days, _: asked.append((animals, days)) or []
    )

    world.flush(evidence_of(world.collars[0], method(Rule.DEVICE), noon - 7200, noon - 6300, stands=False))
    world.fan_out()
    world.keep()

    assert [(animals, [day.day for day in days]) for animals, days in asked] == [(world.animals, [DAYS[1]])]


def test_a_bout_that_goes_on_is_followed_into_the_next_day_until_it_ends(world):
    stand_and_lie(world, 0, DAYS[0], 0, 20, 24)
    world.fan_out()
    world.keep()
    told, lengths = [world.sheets()[0][1].longest_lying_s], []

    for hours in ((0, 0, 2), (2, 2, 3), (4, 4, 5)):
        stand_and_lie(world, 0, DAYS[1], *hours)
        world.fan_out()
        world.keep()
        told.append(world.sheets()[0][1].longest_lying_s)
        lengths.append(next((one.until - one.start, one.open_end) for one in world.bouts() if one.lying))

    assert told == [4 * 3600, 6 * 3600, 7 * 3600, 7 * 3600]  # nothing is known of the hour before the last
    assert lengths == [(timedelta(hours=hours), True) for hours in (6, 7, 7)]


def test_standing_that_goes_on_over_midnight_is_one_bout(world):
    stand_and_lie(world, 0, DAYS[0], 0, 0, 20, 20)
    for hours in ((20, 22), (22, 24), (24, 26), (26, 30, 31)):
        stand_and_lie(world, 0, DAYS[0], *hours)
        world.fan_out()
        world.keep()

    assert [(one.until - one.start) / timedelta(hours=1) for one in world.bouts()] == [20, 10, 1]


def test_bouts_are_listed_page_by_page(world):
    for animal in (0, 1):
        stand_and_lie(world, animal, DAYS[0], 0, 3, 6, 9, 24)
    world.fan_out()
    world.keep()
    found, after = [], None
    with world.engine.connect() as connection:
        while page := bouts.bouts_between(connection, world.animals, EPOCH, LATER, after=after, limit=3):
            found += page
            after = page[-1].start, page[-1].animal_id

        assert found == world.bouts()
        assert len(found) == 8
        noon = found[-1].start + timedelta(hours=1)
        assert bouts.bouts_between(connection, world.animals, noon, noon + timedelta(hours=1)) == found[-2:]


def test_windows_that_are_gone_take_no_sheet_with_them(world):
    for day in DAYS:
        stand_and_lie(world, 0, day, 0, 24)
    world.fan_out()
    world.keep()
    before = world.facts()
    kept_since = EPOCH + timedelta(seconds=local_day(DAYS[2], PARIS).start)
    with world.engine.begin() as connection:
        connection.execute(text("DELETE FROM posture_window WHERE bucket < :since"), {"since": kept_since})
        behaviour.set_species(connection, world.farm, "cattle")

    while keep_days(world.engine, world.farm, kept_since=kept_since).buckets:
        pass

    assert world.facts() == before


def test_markers_come_back_when_whoever_took_them_fails(world, monkeypatch):
    stand_and_lie(world, 0, DAYS[0], 0, 24)
    world.fan_out()
    with monkeypatch.context() as patched:
        patched.setattr("stream.behaviour.days.facts_of", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            keep_days(world.engine, world.farm)

    assert keep_days(world.engine, world.farm).changed == [(world.animals[0], DAYS[0])]


def test_nobody_sees_the_sheets_of_another_farm(world):
    stand_and_lie(world, 0, DAYS[0], 0, 24)
    world.fan_out()
    world.keep()
    with world.engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE animov_api"))
        seen = []
        for farm in (world.farm, world.farm + 1):
            see_farms(connection, [farm])
            seen.append(len(behaviour.sheets_between(connection, world.animals, date.min, date.max)))
            seen.append(len(bouts.bouts_between(connection, world.animals, EPOCH, LATER)))

    assert seen == [1, 1, 0, 0]
