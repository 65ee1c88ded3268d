"""Watched windows: the truth of `history`, the forecast of a day before, chosen once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.timeline import BUCKET
from storage.engine.database import scoped_to
from storage.forecasting import issuing, watched
from storage.forecasting.forecasts import Issued
from storage.herds import herd
from storage.herds.herd import During
from storage.measurements import series

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
SLOTS = 6
ANIMALS = 4


def issued(series_id, at, level):
    """A forecast whose step h expects `level + h / 1000`."""
    mean = [level + step / 1000 for step in range(1, 193)]
    edges = {"lower95": [value - 0.1 for value in mean], "upper95": [value + 0.1 for value in mean]}
    edges |= {"lower80": edges["lower95"], "upper80": edges["upper95"]}
    baselines = {name: [] for name in ("persistence", "constant_mean", "seasonal_naive", "mean_profile")}
    return Issued(series_id, at, False, "m", "", "{}", b"", mean, **edges, **baselines)


@pytest.fixture
def farm(engine):
    """A farm of two groups of two, every animal a series of its own too, and a forecast a day before."""
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        for number in range(ANIMALS):
            animal = herd.ensure_animal(connection, farm_id, f"goat-{number}")
            herd.assign(connection, herd._ensure(connection, "collar", farm_id, f"tag-{number}"), animal)
            herd.move(connection, animal, herd.ensure_group(connection, farm_id, f"group-{number // 2}"))
            connection.execute(
                text("INSERT INTO series (farm_id, animal_id) VALUES (:farm, :animal)"),
                {"farm": farm_id, "animal": animal},
            )
        ids = [one.id for one in series.ensure_series(connection, farm_id)]
        issuing.issue(connection, [issued(one, NOON - timedelta(hours=24), 0.3) for one in ids])
    return farm_id


SPANS = st.tuples(st.integers(-2, SLOTS * 3 + 2), st.integers(1, 6)).map(
    lambda span: During(NOON + span[0] * BUCKET / 3, NOON + sum(span) * BUCKET / 3)
)
NUMBER = st.integers(0, ANIMALS - 1)


@given(
    windows=st.dictionaries(
        st.tuples(NUMBER, st.integers(0, SLOTS - 1)), st.sampled_from([(0, 0), (300, 200), (450, 450), (900, 300)])
    ),
    worn=st.lists(st.tuples(NUMBER, NUMBER, SPANS), max_size=3),
    moved=st.lists(st.tuples(NUMBER, st.integers(0, 1), SPANS), max_size=3),
)
@settings(max_examples=25)
def test_the_truth_of_all_series_at_once_is_that_of_each(engine, farm, windows, worn, moved):
    """Against `history`, one series after the other; collars and groups change in the midst."""
    with engine.connect() as connection:
        animals, collars, groups = (
            connection.execute(text(f"SELECT id FROM {table} ORDER BY id")).scalars().all()
            for table in ("animal", "collar", "animal_group")
        )
        for collar, animal, during in worn:
            herd.assign(connection, collars[collar], animals[animal], during)
        for animal, group, during in moved:
            herd.move(connection, animals[animal], groups[group], during)
        connection.execute(text("DELETE FROM posture_window"))
        for (animal, slot), (known, standing) in windows.items():
            connection.execute(
                text(
                    """INSERT INTO stored_window VALUES (:animal, :bucket, 900, :known, :standing, NULL,
                    repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))"""
                ),
                {"animal": animals[animal], "bucket": NOON + slot * BUCKET, "known": known, "standing": standing},
            )
        connection.execute(text("SELECT set_config('animov.farms', :farm, true)"), {"farm": str(farm)})
        followed = series.series_of(connection, farm)
        end = NOON + SLOTS * BUCKET
        watched.refresh(connection, [one.id for one in followed], NOON, end)
        found = {
            (row.series_id, row.target): row.standing_ratio
            for row in watched.windows(connection, [one.id for one in followed], NOON, end)
        }
        expected = {(one.id, NOON + slot * BUCKET): None for one in followed for slot in range(SLOTS)}
        for one in followed:
            for row in series.history(connection, one, NOON, end):
                expected[one.id, row.bucket] = row.standing_ratio
        connection.rollback()

    assert found == {key: None if value is None else pytest.approx(value) for key, value in expected.items()}


def herd_of(connection, farm):
    return series.series_of(connection, farm)[0].id


def held_to(engine, farm, target):
    """When the forecast was issued that a window is held to, and what it said of it."""
    with scoped_to(engine, [farm]) as connection:
        one = herd_of(connection, farm)
        watched.refresh(connection, [one], target, target + BUCKET)
        rows = watched.windows(connection, [one], target, target + BUCKET)
    return rows and (rows[0].issued_at, rows[0].mean)


def issue(engine, farm, at, level):
    with scoped_to(engine, [farm]) as connection:
        issuing.issue(connection, [issued(herd_of(connection, farm), at, level)])


def test_a_window_is_held_to_the_forecast_of_a_day_before(engine, farm):
    for hours, level in ((30, 0.1), (23.75, 0.2), (2, 0.25), (0.5, 0.35)):
        issue(engine, farm, NOON - timedelta(hours=hours), level)

    assert held_to(engine, farm, NOON) == (NOON - timedelta(hours=24), pytest.approx(0.3 + 0.097))


@pytest.mark.parametrize(
    ("hours", "held"),
    [
        pytest.param([47.75, 30, 23], 30, id="the-next-older"),
        pytest.param([48, 12, 2], 12, id="else-the-oldest-of-that-day"),
        pytest.param([1], 1, id="an-hour-is-enough"),
        pytest.param([0.75, 0, 48], None, id="less-is-not"),
    ],
)
def test_where_no_forecast_is_a_day_old_another_is_taken(engine, farm, hours, held):
    later = NOON + timedelta(days=10)
    for lead in hours:
        issue(engine, farm, later - timedelta(hours=lead), 0.2)

    found = held_to(engine, farm, later)
    assert (found[0] if found else None) == (None if held is None else later - timedelta(hours=held))


def test_a_window_keeps_the_forecast_that_it_was_first_held_to(engine, farm):
    later = NOON + timedelta(days=10)
    issue(engine, farm, later - timedelta(hours=2), 0.2)
    first = held_to(engine, farm, later)
    issue(engine, farm, later - timedelta(hours=24), 0.3)

    assert held_to(engine, farm, later) == first
