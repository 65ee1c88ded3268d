"""The history of a series is what its members' windows add up to, however short and often they belonged and wore."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.timeline import BUCKET
from storage.herds import herd
from storage.herds.herd import During
from storage.measurements import series
from storage.measurements.series import Measured

START = datetime(2026, 3, 29, tzinfo=UTC)
SLOTS = 6
COVERAGE = 0.5

slot = st.integers(0, SLOTS - 1)
instants = st.none() | st.integers(-1, 3 * SLOTS + 1).map(lambda third: START + third * BUCKET / 3)
spans = st.tuples(instants, instants).filter(lambda ends: None in ends or ends[0] < ends[1])
animals = st.integers(0, 2)
windows = st.dictionaries(st.tuples(animals, slot), st.sampled_from([0, 300, 900]), max_size=12)
stays = st.lists(st.tuples(animals, spans), max_size=5)


def holds(span, instant):
    return (span[0] is None or span[0] <= instant) and (span[1] is None or instant < span[1])


def meets(span, begin, end):
    return (span[0] is None or span[0] < end) and (span[1] is None or begin < span[1])


def added_up(windows, belongs, wears, bucket):
    """The obvious way: one bucket at a time, one animal after the other."""
    inside = {animal for animal, span in belongs if holds(span, bucket)}
    members = {animal for animal in inside if any(a == animal and meets(s, bucket, bucket + BUCKET) for a, s in wears)}
    known = [windows[animal, bucket] for animal in inside if (animal, bucket) in windows]
    if not known:
        return None
    total = sum(known)
    ratio = sum(k // 3 for k in known) / total if total and total >= COVERAGE * 900 * len(members) else None
    return Measured(bucket, 900 * len(known), total, sum(k // 3 for k in known), len(known), len(members), ratio)


def rows_of(connection, table):
    column = "group_id" if table == "membership" else "collar_id"
    query = f"SELECT {column}, animal_id, lower(during), upper(during) FROM {table}"
    return [(row[0], row[1], (row[2], row[3])) for row in connection.execute(text(query))]


@settings(max_examples=60)
@given(windows, stays, st.lists(st.tuples(animals, animals, spans), max_size=4), slot, slot)
def test_history_is_what_the_windows_of_members_add_up_to(engine, windows, moved, worn, first, last):
    with engine.connect() as connection:
        farm = herd.ensure_farm(connection, "barn")
        connection.execute(text("UPDATE farm SET group_coverage = :share"), {"share": COVERAGE})
        group = herd.ensure_group(connection, farm, "g")
        ids = [herd.ensure_animal(connection, farm, name) for name in "abc"]
        collars = [herd._ensure(connection, "collar", farm, name) for name in "xyz"]
        connection.execute(text("SELECT set_config('animov.farms', :farm, true)"), {"farm": str(farm)})
        for animal, span in moved:
            herd.move(connection, ids[animal], group, During(*span))
        for collar, animal, span in worn:
            meanwhile = {"collar": collars[collar], "start": span[0], "end": span[1]}
            connection.execute(
                text("DELETE FROM assignment WHERE collar_id = :collar AND during && tstzrange(:start, :end)"),
                meanwhile,
            )
            herd.assign(connection, collars[collar], ids[animal], During(*span))
        for (animal, number), known in windows.items():
            values = {"animal": ids[animal], "bucket": START + number * BUCKET, "known": known, "standing": known // 3}
            connection.execute(
                text(
                    """INSERT INTO stored_window SELECT :animal, :bucket, 900, :known, :standing, NULL, n, n
                    FROM (SELECT repeat('0', 900)::bit(900)) o (n)"""
                ),
                values,
            )
        start, end = START + min(first, last) * BUCKET, START + (max(first, last) + 1) * BUCKET
        buckets = [start + number * BUCKET for number in range((end - start) // BUCKET)]
        known_s = {(ids[animal], START + number * BUCKET): known for (animal, number), known in windows.items()}
        belongs = [(animal, span) for _, animal, span in rows_of(connection, "membership")]
        wears = [(animal, span) for _, animal, span in rows_of(connection, "assignment")]
        everywhere = [(animal, (None, None)) for animal in ids]
        for one, members in zip(series.ensure_series(connection, farm), (everywhere, belongs), strict=True):
            expected = [found for at in buckets if (found := added_up(known_s, members, wears, at)) is not None]

            assert list(series.history(connection, one, start, end)) == expected
        connection.rollback()
