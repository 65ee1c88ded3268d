"""Factors of a day on a real database: made once, kept, blind to the day itself."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from core.timeline import BUCKET
from forecast.model.bands import AS_FITTED
from forecast.rolling import calibrating
from forecast.rolling.day_calibrations import BEGUN, calibrations
from forecast.rolling.past_errors import past_errors
from forecast.specification import HORIZON, Specification
from storage.engine.database import scoped_to
from storage.forecasting import weather
from storage.forecasting.weather import HOUR, Hourly
from storage.herds import farms, herd
from storage.measurements import ratios

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
                """INSERT INTO stored_window
                  (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
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


def foretell(engine, farm, at, *, of=None, poison=0.0):
    """Store what is said at an instant of the hours from four days before it to four days ahead."""
    first = (of or at).replace(minute=0) - timedelta(days=4)
    since = (first - DAY) // HOUR + np.arange(8 * 24)
    heat = (10 + 5 * np.sin(since / 24) + poison * np.sin(since)).tolist()
    with engine.begin() as connection:
        weather.store(connection, farm, at, Hourly(first, heat, *[[50.0] * len(heat)] * 4))


@pytest.fixture
def forecast_daily(engine, farm):
    for days in range(12, 0, -1):
        foretell(engine, farm, DAY - timedelta(days=days))


@pytest.fixture
def looked_at(monkeypatch):
    """For each look back the index of heat that each origin saw, by the instant of the origin."""
    seen = []

    def recorded(histories, *told, columns_at, **named):
        made, start = past_errors(histories, *told, columns_at=columns_at, **named), histories[0].start
        seen.append({start + slot * BUCKET: columns_at(slot)["thi"] for slot in made.origins.tolist()})
        return made

    monkeypatch.setattr(calibrating, "past_errors", recorded)
    return seen


@pytest.mark.usefixtures("forecast_daily")
def test_weather_issued_after_an_origin_is_not_seen_there(engine, farm, looked_at):
    at = DAY - timedelta(days=3) + timedelta(hours=5)
    expected = found(engine, farm, DAY, WITH_HEAT)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE band_calibration"))
    foretell(engine, farm, at, poison=30.0)
    found(engine, farm, DAY, WITH_HEAT)

    clean, poisoned = looked_at
    assert min(clean) < at < max(clean)
    for origin, column in clean.items():
        assert np.isfinite(column[-HORIZON:]).all() or origin < DAY - timedelta(days=12)
        if origin < at:
            np.testing.assert_array_equal(poisoned[origin], column)
    first = min(origin for origin in clean if origin > at)
    assert (poisoned[first][-HORIZON:] != clean[first][-HORIZON:]).any()
    assert all(one != AS_FITTED for one in expected.values())


@pytest.mark.usefixtures("forecast_daily")
def test_weather_issued_on_the_day_changes_nothing(engine, farm):
    expected = found(engine, farm, DAY, WITH_HEAT)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE band_calibration"))
    foretell(engine, farm, DAY + timedelta(minutes=5), poison=30.0)

    assert found(engine, farm, DAY + 95 * BUCKET, WITH_HEAT) == expected


@pytest.mark.parametrize(("late", "is_used"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_a_model_whose_weather_has_only_begun_to_come_is_judged_without(engine, farm, late, is_used):
    without = found(engine, farm, DAY, QUICK)
    foretell(engine, farm, DAY - BEGUN + late, of=DAY - BEGUN)

    assert (found(engine, farm, DAY, WITH_HEAT) != without) == is_used
    assert all(one != AS_FITTED for one in without.values())


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
