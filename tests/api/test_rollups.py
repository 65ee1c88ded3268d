"""Hours and days add up the 15 minutes within them, whoever belonged and wore a collar at the time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.readings import CollarName
from core.timeline import bucket_of, bucket_start
from storage.engine import database
from storage.herds import herd
from storage.herds.herd import During
from storage.measurements import measured, rollups

PARIS = ZoneInfo("Europe/Paris")
DAY = 96
CHANGES = [bucket_of(datetime(2026, 3, 29, tzinfo=PARIS)), bucket_of(datetime(2025, 10, 26, tzinfo=PARIS))]

spans = st.tuples(st.integers(-2 * DAY * 900, 2 * DAY * 900), st.integers(1, 2 * DAY * 900))
windows = st.dictionaries(st.integers(-DAY, DAY), st.integers(0, 900), max_size=12)
animals = st.lists(st.tuples(spans, spans, windows), min_size=1, max_size=3)


@pytest.fixture
def lot(engine):
    """Make a farm with one group; each animal belongs for one span and wears a collar for another."""
    made = iter(range(10_000))

    def make(connection, origin, animals):
        farm = f"lot-{next(made)}"
        farm_id = herd.ensure_farm(connection, farm)
        connection.execute(text("UPDATE farm SET time_zone = 'Europe/Paris' WHERE id = :id"), {"id": farm_id})
        group = herd.ensure_group(connection, farm_id, "g")
        for number, (belongs, wears, windows) in enumerate(animals):
            animal = herd.ensure_animal(connection, farm_id, f"a{number}")
            collar = herd.ensure_collar(connection, CollarName(farm, f"c{number}"))
            herd.assign(connection, collar, animal, during(origin, wears))
            herd.move(connection, animal, group, during(origin, belongs))
            for bucket, known in windows.items():
                add_window(connection, animal, origin + bucket, known)
        database.see_farms(connection, [farm_id])
        return group

    return make


def during(origin, span):
    start = bucket_start(origin) + timedelta(seconds=span[0])
    return During(start, start + timedelta(seconds=span[1]))


def add_window(connection, animal, bucket, known):
    connection.execute(
        text(
            """INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
            VALUES (:animal, :bucket, 900, :known, :standing, repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))
            ON CONFLICT (animal_id, bucket) DO UPDATE SET received_s = 900, known_s = excluded.known_s,
            standing_s = excluded.standing_s"""
        ),
        {"animal": animal, "bucket": bucket_start(bucket), "known": known, "standing": known // 3},
    )


asked_for = st.tuples(
    st.sampled_from(["hour", "day"]), st.integers(-DAY, 0), st.integers(1, 2 * DAY), st.integers(1, 4)
)


@given(st.sampled_from(CHANGES), animals, asked_for)
@settings(max_examples=50)
def test_totals_are_what_a_look_at_each_quarter_gives(engine, lot, origin, animals, wanted):
    """Against one pass over all members and quarters of an hour."""
    resolution, first, length, most = wanted
    with engine.connect() as connection:
        group = lot(connection, origin, animals)
        series = measured.group_series(connection, group)
        asked = {"resolution": resolution, "zone": PARIS, "most": most}
        found = rollups.totals(connection, series, origin + first, origin + first + length, **asked)
        connection.rollback()

    expected = looked_at(origin, animals, resolution, first, length)[:most]
    assert [
        (t.bucket, t.length_s, t.received_s, t.known_s, t.heard, t.members, t.possible_s) for t in found
    ] == expected


def looked_at(origin, animals, resolution, first, length):
    periods = {}
    for bucket in range(origin - 4 * DAY, origin + 4 * DAY):
        local = bucket_start(bucket).astimezone(PARIS)
        key = local.date() if resolution == "day" else (local.date(), local.hour, local.utcoffset())
        periods.setdefault(key, []).append(bucket)
    wanted = [buckets for buckets in periods.values() if origin + first <= buckets[0] < origin + first + length]
    totals = [(buckets, total(origin, animals, buckets)) for buckets in wanted]
    return [(bucket_start(buckets[0]), 900 * len(buckets), *told[1:]) for buckets, told in totals if told[0]]


def total(origin, animals, buckets):
    """Whether anything was heard, seconds received, known, animals heard, members, seconds possible."""
    received = known = possible = 0
    heard, members = set(), set()
    for number, (belongs, wears, windows) in enumerate(animals):
        belonging, wearing = during(origin, belongs), during(origin, wears)
        for bucket in buckets:
            start, end = bucket_start(bucket), bucket_start(bucket + 1)
            belongs_now = belonging.start <= start < belonging.end
            if belongs_now and wearing.start < end and wearing.end > start:
                possible += 900
                members.add(number)
            if belongs_now and bucket - origin in windows:
                received += 900
                known += windows[bucket - origin]
                heard.add(number)
    return bool(heard), received, known, len(heard), len(members), possible


def test_hours_and_days_of_a_farm_are_listed(get, yards):
    """The 12 windows of `ada` from 2026-07-01 07:15 to 10:15 in Paris, 05:15 UTC on."""
    for path in ("/v1/farms/barn/windows", f"/v1/groups/{yards['barn'].groups['young']}/windows"):
        quarters, hours, days = (get(path, resolution=each).json()["items"] for each in ("15min", "hour", "day"))
        seconds = [sum(item["standing_s"] for item in items) for items in (quarters, hours, days)]
        assert seconds[0] == seconds[1] > 0
        assert {item["length_s"] for item in hours} == {3600}
        assert {item["length_s"] for item in days} <= {86_400}
        assert all(0 < item["coverage"] <= 1 for item in hours)


@pytest.mark.parametrize("resolution", ["minute", "", "DAY"])
def test_other_resolutions_are_refused(get, resolution):
    assert get("/v1/farms/barn/windows", resolution=resolution).status_code == 422


def test_parts_of_hours_are_the_hours(get):
    whole = get("/v1/farms/barn/windows?resolution=hour").json()["items"]
    path, parts = "/v1/farms/barn/windows?resolution=hour&limit=2", []
    while path:
        answer = get(path)
        parts += answer.json()["items"]
        path = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]

    assert parts == whole
    assert len(whole) > 2


def test_an_animal_has_days_too(get, yards):
    items = get(f"/v1/animals/{yards['barn'].animals['bea']}/windows?resolution=hour").json()["items"]

    assert sum(item["known_s"] for item in items) == 8 * 600
