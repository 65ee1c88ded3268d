"""What changes is news once for each thing, however many statements said so, and it is known how far news are kept."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bench.waiting import wait_until
from core.timeline import bucket_start
from storage.engine import clocks, database, live
from storage.engine.live import Place
from storage.herds import herd

LAST = 1_977_000
FARMS = ("barn", "byre")


@pytest.fixture
def farms(engine):
    """Ids of two farms; it is the last bucket."""
    with engine.begin() as connection:
        at = bucket_start(LAST).timestamp()
        clocks.write(connection, clocks.NodeClock(wall_epoch=0, sim_epoch=0, speed=1, ceiling=at))
        return [herd.ensure_farm(connection, name) for name in FARMS]


def wait_until_told(engine):
    """Wait until nothing is held back: what the server does by itself in any database is a transaction, too."""

    def all_can_be_told():
        with engine.connect() as connection:
            return not live.is_more_to_come(connection)

    wait_until(all_can_be_told)


MARK = """INSERT INTO changed_bucket AS c (farm_id, bucket) SELECT * FROM unnest(CAST(:farms AS int[]),
  CAST(:buckets AS timestamptz[])) ON CONFLICT (farm_id, bucket) DO UPDATE SET version = c.version + 1"""

changes = st.lists(st.sets(st.tuples(st.integers(0, 1), st.sampled_from([0, 1, 2, 300])), min_size=1), max_size=5)


@given(changes)
@settings(max_examples=30, deadline=None)
def test_each_thing_is_news_once_behind_its_latest_transaction(engine, farms, statements):
    """An upsert inserts some markers and updates others; what is older than two days is no news."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE changed_bucket, news"))
    expected = {}
    for marked in statements:
        with engine.begin() as connection:
            place = connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
            values = {"farms": [farms[farm] for farm, _ in marked]}
            connection.execute(text(MARK), values | {"buckets": [bucket_start(LAST - age) for _, age in marked]})
        expected |= {(farms[farm], (LAST - age) * 900): place for farm, age in marked if age < 192}

    wait_until_told(engine)
    with engine.begin() as connection:
        database.see_farms(connection, farms)
        told = live.since(connection, Place(0, 0), 100)
    assert {(one.farm_id, one.subject): one.place.written_in for one in told} == expected
    assert len(told) == len(expected)


def test_who_stopped_before_what_is_forgotten_is_known_to_have_missed_it(engine, farms):
    def change(farm, age):
        with engine.begin() as connection:
            connection.execute(text(MARK), {"farms": [farm], "buckets": [bucket_start(LAST - age)]})

    def told(farm, place):
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL ROLE animov_api"))
            database.see_farms(connection, [farm])
            return [one.place for one in live.since(connection, place, 100)], live.is_forgotten(connection, place)

    for age in range(3):
        change(farms[0], age)
    change(farms[1], 0)
    wait_until_told(engine)
    (first, second, third), _ = told(farms[0], Place(0, 0))
    with engine.begin() as connection:
        query = "UPDATE news SET at = at - interval '8 days' WHERE farm_id = :farm AND place <= :place"
        connection.execute(text(query), {"farm": farms[0], "place": second.place})
        assert live.forget(connection) == 2
        assert live.forget(connection) == 0

    assert told(farms[0], Place(0, 0)) == ([third], True)
    assert told(farms[0], first) == ([third], True)
    assert told(farms[0], second) == ([third], False)
    assert told(farms[0], third) == ([], False)
    assert not told(farms[1], Place(0, 0))[1]


def test_the_first_window_is_found_on_the_own_farms_alone(engine, farms):
    with engine.begin() as connection:
        animal = herd.ensure_animal(connection, farms[0], "ada")
        query = """INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
          VALUES (:animal, :bucket, 900, 900, 900, repeat('1', 900)::bit(900), repeat('0', 900)::bit(900))"""
        for age in (5, 2):
            connection.execute(text(query), {"animal": animal, "bucket": bucket_start(LAST - age)})

        connection.execute(text("SET LOCAL ROLE animov_api"))

        def first(farm, since):
            database.see_farms(connection, [farm])
            query = "SELECT animov_first_window(:animal, :since)"
            return connection.execute(text(query), {"animal": animal, "since": since}).scalar_one()

        second = timedelta(seconds=1)
        for since, age in ((bucket_start(0), 5), (bucket_start(LAST - 5), 5), (bucket_start(LAST - 5) + second, 2)):
            assert first(farms[0], since) == bucket_start(LAST - age)
        assert first(farms[0], bucket_start(LAST - 1)) is None
        assert first(farms[1], bucket_start(0)) is None
