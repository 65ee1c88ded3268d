"""Weather on the grid of a series, against a slot-by-slot count."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.regressors.thi import temperature_humidity_index
from forecast.regressors.weather import hours_around, weather_columns
from storage.forecasting.weather import HOUR, Hourly

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

values = st.lists(st.one_of(st.none(), st.integers(0, 40).map(float)), min_size=36, max_size=36)


def at(hourly, name, instant):
    """The value at an instant on the hour; NaN where it is not known."""
    hour = (instant - hourly.first_hour) / HOUR
    known = getattr(hourly, name)
    value = known[int(hour)] if 0 <= hour < len(known) else None
    return math.nan if value is None else value


def between(hourly, name, instant):
    before = datetime.combine(instant.date(), instant.time().replace(minute=0, second=0), UTC)
    share = (instant - before) / HOUR
    if not share:
        return at(hourly, name, before)
    return (1 - share) * at(hourly, name, before) + share * at(hourly, name, before + HOUR)


@settings(max_examples=30)
@given(
    temperature=values,
    rain=values,
    first=st.integers(-28, 2),
    minutes=st.sampled_from([0, 15, 30, 45]),
    step=st.sampled_from([timedelta(minutes=5), QUARTER, timedelta(minutes=30), HOUR, 2 * HOUR]),
)
def test_slots_lie_on_the_line_between_their_hours(temperature, rain, first, minutes, step):
    hourly = Hourly(MONDAY + first * HOUR, temperature, [50.0] * 36, rain, temperature, rain)
    start, count = MONDAY + timedelta(minutes=minutes), 10
    columns = weather_columns(hourly, start, step, count)

    middles = [start + (slot + 0.5) * step for slot in range(count)]
    expected = [between(hourly, "temperature", middle) for middle in middles]
    np.testing.assert_allclose(columns["temperature"], expected)
    np.testing.assert_array_equal(columns["wind"], columns["temperature"])
    np.testing.assert_allclose(columns["cloud"], [between(hourly, "cloud", middle) for middle in middles])
    ends = [MONDAY + ((middle - MONDAY) // HOUR + 1) * HOUR for middle in middles]
    np.testing.assert_array_equal(columns["rain"], [at(hourly, "precipitation", end) for end in ends])


def test_the_load_is_the_mean_index_of_the_last_day():
    hours = hours_around(MONDAY, MONDAY + timedelta(hours=6))
    count = (hours[1] - hours[0]) // HOUR + 1
    warmth = [15 + 10 * math.sin(hour / 4) for hour in range(count)]
    hourly = Hourly(hours[0], warmth, [60.0] * count, [0.0] * count, [1.0] * count, [20.0] * count)
    load = weather_columns(hourly, MONDAY, QUARTER, 24)["thi_load"]
    day_before = weather_columns(hourly, MONDAY - timedelta(days=1), QUARTER, 96 + 24)["thi"]

    assert np.isfinite(load).all()
    np.testing.assert_allclose(load, [day_before[slot + 1 : slot + 97].mean() for slot in range(24)])


@given(start=st.integers(0, 200), slots=st.integers(1, 200))
def test_the_hours_around_are_all_that_columns_need_and_on_the_hour(start, slots):
    start = MONDAY + start * QUARTER
    first, last = hours_around(start, start + slots * QUARTER)
    count = (last - first) // HOUR + 1
    columns = weather_columns(Hourly(first, *([[1.0] * count] * 5)), start, QUARTER, slots)

    assert all(np.isfinite(column).all() for column in columns.values())
    assert (first.minute, last.minute) == (0, 0)


@pytest.mark.parametrize(
    ("temperature", "humidity", "index"),
    [
        pytest.param(25.0, 100.0, 77.0, id="at_saturation_the_temperature_in_fahrenheit"),
        pytest.param(25.0, 50.0, 77.0 - 0.275 * 19.0, id="half_as_humid"),
        pytest.param(26 / 1.8, 0.0, 58.0, id="where_humidity_does_not_matter"),
    ],
)
def test_the_index_is_that_of_the_nrc(temperature, humidity, index):
    assert temperature_humidity_index(np.array([temperature]), np.array([humidity]))[0] == pytest.approx(index)
