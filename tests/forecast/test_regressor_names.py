"""What may be asked for by name is what there is: the API, which knows no forecasting, is told the same names."""

from datetime import UTC, datetime

from core.regressors import SKY, WEATHER, known_regressors
from core.timeline import BUCKET
from forecast.regressors.weather import hours_around, weather_columns
from storage.forecasting.weather import Hourly

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_weather_has_the_names_that_may_be_asked_for():
    first, _ = hours_around(START, START + BUCKET)

    assert weather_columns(Hourly(first, *[[None]] * 5), START, BUCKET, 1).keys() == WEATHER


def test_the_sky_is_known_where_the_place_is():
    assert known_regressors([], has_place=False) == sorted(WEATHER)
    assert set(known_regressors(["milking"], has_place=True)) == WEATHER | SKY | {"milking"}
