"""Factors of a day on a real database: made once, kept, blind to the day itself."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from core.timeline import BUCKET
from forecast.bands import AS_FITTED, Calibration
from forecast.day_calibrations import calibrations
from forecast.specification import Specification
from storage import farms, herd, ratios, weather
from storage.database import scoped_to
from storage.weather import Hourly

DAY = datetime(2026, 3, 20, tzinfo=UTC)
QUICK = Specification(order=(1, 0, 0), harmonics=1, history=timedelta(days=4))
WITH_HEAT = Specification(order=(1, 0, 0), harmonics=1, history=timedelta(days=4), regressors=("thi",))


def measure(engine, start, slots, seed=1):
    """Write windows of one goat: noise around one half."""
    ratios = np.clip(0.5 + np.random.default_rng(seed).normal(0, 0.2, slots), 0, 1)
    rows = [
        {"bucket": start + slot * BUCKET, "standing": round(900 * ratio), "ratio": ratio}
        for slot, ratio in enumerate(ratios.tolist())
    ]
    with engine.begin() as connection:
        connection.execute(
            text(
                """INSERT INTO posture_window
                  (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, lying)
                SELECT id, :bucket, 900, 900, :standing, :ratio, nothing, nothing
                FROM animal CROSS JOIN (SELECT repeat('0', 900)::bit(900) AS nothing) n"""
            ),
            rows,
        )
        connection.execute(
            text("INSERT INTO changed_bucket (farm_id, bucket) SELECT farm_id, :bucket FROM animal"), rows
        )


@pytest.fixture
def farm(engine):
    """A farm of one group of one goat, measured for twelve days before the day."""
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        collar = herd._ensure(connection, "collar", farm_id, "tag")
        herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        herd.assign(connection, collar, animal)
    measure(engine, DAY - timedelta(days=12), 12 * 96)
    return farm_id


def found(engine, farm, slot, specification=QUICK):
    with scoped_to(engine, [farm]) as connection:
        followed = ratios.refresh(connection, farm, slot - timedelta(days=5), slot)
        wanted = [(one, specification) for one in followed]
        return calibrations(connection, farms.farm(connection, farm), wanted, slot)


def rows(engine):
    with engine.connect() as connection:
        return connection.execute(
            text("SELECT *, xmin FROM band_calibration ORDER BY series_id, day, specification")
        ).all()


def test_a_day_has_its_factors_once(engine, farm):
    first = found(engine, farm, DAY + 3 * BUCKET)
    before = rows(engine)
    again = found(engine, farm, DAY + 95 * BUCKET)

    assert first == again
    assert rows(engine) == before
    assert len(before) == len(first) == 2
    assert all(one != AS_FITTED for one in first.values())


def test_nothing_of_the_day_is_read(engine, farm):
    expected = found(engine, farm, DAY)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE band_calibration"))
    measure(engine, DAY, 2 * 96, seed=3)

    assert found(engine, farm, DAY + 95 * BUCKET) == expected
    assert found(engine, farm, DAY + 96 * BUCKET) != expected


def test_another_model_has_factors_of_its_own(engine, farm):
    quick = found(engine, farm, DAY)
    other = found(engine, farm, DAY, Specification(order=(1, 0, 0), harmonics=2, history=timedelta(days=4)))

    assert quick != other
    assert len(rows(engine)) == 4
    assert found(engine, farm, DAY) == quick


def test_weather_that_was_known_when_the_day_began_is_taken(engine, farm):
    hours = 14 * 24 + 72
    heat = (10 + 5 * np.sin(np.arange(hours) / 24)).tolist()
    hourly = Hourly(DAY - timedelta(days=14), heat, *[[50.0] * hours] * 4)
    with engine.begin() as connection:
        weather.store(connection, farm, DAY - timedelta(days=14), hourly)

    with_heat = found(engine, farm, DAY, WITH_HEAT)

    assert all(isinstance(one, Calibration) and one != AS_FITTED for one in with_heat.values())


def test_a_series_of_which_little_is_known_stays_as_fitted(engine, farm):
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM posture_window WHERE bucket < :since"), {"since": DAY - timedelta(days=3)})

    assert set(found(engine, farm, DAY).values()) == {AS_FITTED}


def test_factors_of_other_farms_are_not_seen(engine, farm):
    found(engine, farm, DAY)

    with scoped_to(engine, [farm + 1]) as connection:
        connection.execute(text("SET LOCAL ROLE animov_api"))
        assert connection.execute(text("SELECT count(*) FROM band_calibration")).scalar_one() == 0
    with scoped_to(engine, [farm]) as connection:
        connection.execute(text("SET LOCAL ROLE animov_api"))
        assert connection.execute(text("SELECT count(*) FROM band_calibration")).scalar_one() == 2
