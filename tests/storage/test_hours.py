"""Hours of groups and herds are what one adds up from the windows, however these and the members came to be."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.timeline import BUCKET
from storage.engine.database import scoped_to
from storage.herds import herd
from storage.herds.herd import During
from storage.measurements import hours, ratios, series

START = datetime(2026, 3, 28, 20, tzinfo=UTC)  # clocks change in the night that follows
SPAN = 40
ANIMALS = 2
END = START + timedelta(days=2)
HOUR = timedelta(hours=1)

bucket = st.integers(0, SPAN - 1).map(lambda n: START + n * BUCKET)
windows = st.tuples(st.just("window"), st.integers(1, ANIMALS), bucket, st.integers(0, 900))
gone = st.tuples(st.just("gone"), st.integers(1, ANIMALS), bucket, st.none())
moves = st.tuples(st.just("move"), st.integers(1, ANIMALS), bucket, st.sampled_from((None, "young", "dairy")))
looks = st.tuples(st.just("look"), st.none(), st.none(), st.none())

WINDOW = text("""
INSERT INTO stored_window AS w (animal_id, bucket, received_s, known_s, standing_s, standing, known)
VALUES (:animal, :bucket, 900, :known, :standing, repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))
ON CONFLICT (animal_id, bucket) DO UPDATE SET known_s = excluded.known_s, standing_s = excluded.standing_s
""")
MARKED = text("""
INSERT INTO changed_bucket AS c (farm_id, bucket) VALUES (:farm, :bucket)
ON CONFLICT (farm_id, bucket) DO UPDATE SET version = c.version + 1
""")


@pytest.fixture
def farm(engine):
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        for name in ("young", "dairy"):
            herd.ensure_group(connection, farm_id, name)
        for number in range(1, ANIMALS + 1):
            herd.ensure_animal(connection, farm_id, f"goat-{number}")
        series.ensure_series(connection, farm_id)
    return farm_id


def change(connection, farm_id, what, animal, at, value):
    if what == "move":
        groups = dict(connection.execute(text("SELECT name, id FROM animal_group")).all())
        herd.move(connection, animal, groups.get(value), During(at, at + 5 * BUCKET))
        return
    if what == "window":
        values = {"animal": animal, "bucket": at, "known": value, "standing": value // 2}
        connection.execute(WINDOW, values)
    else:
        query = text("DELETE FROM posture_window WHERE animal_id = :animal AND bucket = :bucket")
        connection.execute(query, {"animal": animal, "bucket": at})
    connection.execute(MARKED, {"farm": farm_id, "bucket": at})


def look(engine, farm_id):
    with scoped_to(engine, [farm_id]) as connection:
        ratios.refresh(connection, farm_id, START - timedelta(days=1), END)
    while hours.keep(engine, farm_id):
        pass


def by_hand(connection):
    """Add up every window once for the herd and once for the group that its animal was in when it began."""
    found = {}
    ids = {row.group_id: row.id for row in connection.execute(text("SELECT id, group_id FROM series"))}
    members = connection.execute(text("SELECT animal_id, group_id, lower(during), upper(during) FROM membership")).all()
    seconds = "SELECT animal_id, bucket, received_s, known_s, standing_s FROM posture_window"
    for animal, at, *said in connection.execute(text(seconds)):
        groups = [group for one, group, start, end in members if one == animal and start <= at < end]
        for group in [None, *groups]:
            sums = found.setdefault((ids[group], at.replace(minute=0)), [0, 0, 0])
            sums[:] = [one + other for one, other in zip(sums, said, strict=True)]
    return {key: tuple(sums) for key, sums in found.items()}


def kept(connection):
    rows = connection.execute(text("SELECT series_id, hour, received_s, known_s, standing_s FROM series_hour"))
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


@settings(max_examples=25)
@given(changes=st.lists(st.one_of(windows, windows, gone, moves, looks), max_size=14))
def test_hours_are_what_is_added_up_from_the_windows_whatever_changed_since(engine, farm, changes):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE stored_window, membership, series_hour, series_day, stale_hour"))
        connection.execute(text("TRUNCATE changed_bucket, changed_span"))
    for one in changes:
        if one[0] == "look":
            look(engine, farm)
        else:
            with engine.begin() as connection:
                change(connection, farm, *one)
    look(engine, farm)

    with engine.begin() as connection:
        assert kept(connection) == by_hand(connection)


def test_hours_of_windows_that_were_deleted_since_stay_as_they_are(engine, farm):
    with engine.begin() as connection:
        change(connection, farm, "window", 1, START, 600)
    look(engine, farm)
    with engine.begin() as connection:
        before = kept(connection)
        connection.execute(text("DELETE FROM posture_window"))
        hours.note(connection, farm, [START])
    assert hours.keep(engine, farm, kept_since=START + HOUR) == 1
    with engine.begin() as connection:
        assert kept(connection) == before != {}


def test_days_are_those_of_the_farms_wall_clock_also_when_clocks_change(engine, farm):
    zone = ZoneInfo("Europe/Paris")
    places = [START + n * BUCKET for n in range(0, SPAN, 3)]
    with engine.begin() as connection:
        for at in places:
            change(connection, farm, "window", 1, at, 900)
    look(engine, farm)
    with scoped_to(engine, [farm]) as connection:
        found = dict(connection.execute(text("SELECT day, sum(known_s) FROM farm_series_day GROUP BY 1")).all())

    assert found == {day: 900 * n for day, n in Counter(at.astimezone(zone).date() for at in places).items()}
