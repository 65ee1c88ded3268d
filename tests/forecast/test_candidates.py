"""What a search may know at an origin: what had been issued by then, and nothing of what was issued later."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.timeline import BUCKET
from forecast.choosing.candidates import LEAST_ORIGINS, known_at
from forecast.inputs import History
from forecast.regressors.farm_site import site_of
from forecast.specification import DAY, HORIZON
from storage.forecasting import weather
from storage.forecasting.weather import HOUR, Hourly
from storage.herds import farms, herd

START = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 6
SPAN = 2 * DAY
ORIGINS = tuple(range(2 * 96, DAYS * 96, 31))
GRID = History(START, BUCKET, np.full(DAYS * 96, 0.5))
FIRST = START - 2 * DAY
ISSUES = [FIRST + timedelta(minutes=5) + number * 7 * HOUR for number in range(2 * 24 * DAYS // 7)]


def _store(connection, farm, at, degrees):
    """A forecast of the same temperature for all hours that anybody could look at."""
    count = 24 * (DAYS + 6)
    weather.store(connection, farm, at, Hourly(FIRST, [degrees] * count, *([50.0] * count for _ in range(4))))


@pytest.fixture
def farm(engine):
    with engine.begin() as connection:
        return farms.farm(connection, herd.ensure_farm(connection, "barn", latitude=46.6, longitude=0.3))


def _known(engine, farm):
    return known_at(engine, farm, GRID, site=site_of(farm), origins=ORIGINS, span=SPAN)


def _newest(instant):
    """Number of the forecast that was the newest at an instant."""
    return max(number for number, at in enumerate(ISSUES) if at <= instant)


def test_the_future_is_as_issued_last_and_the_past_as_issued_then(engine, farm):
    with engine.begin() as connection:
        for number, at in enumerate(ISSUES):
            _store(connection, farm.id, at, float(number))
    known = _known(engine, farm)

    assert known.origins == ORIGINS
    assert set(known.regressors) >= {"solar_elevation", "moonlight", "thi", "temperature"}
    for origin in ORIGINS:
        column, at = known.columns_at(origin)["temperature"], START + origin * BUCKET
        assert column.shape == (origin + HORIZON,)
        assert set(column[origin + 4 :]) == {_newest(at)}
        assert np.isnan(column[: origin - SPAN // BUCKET]).all()
        hours = [START + hour * HOUR for hour in range((origin + HORIZON) // 4 + 2)]
        then = [float(_newest(min(hour, at))) for hour in hours]
        middles = (np.arange(origin - SPAN // BUCKET, origin + HORIZON) + 0.5) / 4
        np.testing.assert_allclose(column[origin - SPAN // BUCKET :], np.interp(middles, np.arange(len(hours)), then))


def test_what_is_issued_a_second_after_an_origin_is_not_seen_there(engine, farm):
    with engine.begin() as connection:
        for number, at in enumerate(ISSUES):
            _store(connection, farm.id, at, float(number))
    origin = ORIGINS[-1]
    before = _known(engine, farm).columns_at(origin)["temperature"]
    with engine.begin() as connection:
        _store(connection, farm.id, START + origin * BUCKET + timedelta(seconds=1), 1000.0)
    np.testing.assert_array_equal(_known(engine, farm).columns_at(origin)["temperature"], before)

    with engine.begin() as connection:
        _store(connection, farm.id, START + origin * BUCKET, 1000.0)
    assert _known(engine, farm).columns_at(origin)["temperature"][-1] == 1000.0


@pytest.mark.parametrize(("having", "is_used"), [(LEAST_ORIGINS - 1, False), (LEAST_ORIGINS, True)])
def test_weather_that_has_only_begun_to_come_is_left_aside(engine, farm, having, is_used):
    with engine.begin() as connection:
        for origin in ORIGINS[-having:]:
            _store(connection, farm.id, START + origin * BUCKET, 20.0)
    known = _known(engine, farm)

    assert known.origins == (ORIGINS[-having:] if is_used else ORIGINS)
    assert ("thi" in known.regressors) == is_used
    assert "solar_elevation" in known.regressors
