"""Weather as issued: what was known of an hour at an instant, against a search through everything that was issued."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.settings import Settings
from storage.engine.database import see_farms
from storage.forecasting import weather
from storage.forecasting.weather import HOUR, Hourly
from storage.herds import herd
from storage.upkeep.retention import apply_retention

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
NAMES = ("temperature", "humidity", "precipitation", "wind", "cloud")

issues = st.dictionaries(
    st.integers(0, 8 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    st.tuples(st.integers(-6, 4), st.lists(st.one_of(st.none(), st.integers(-5, 40)), max_size=10)),
    max_size=6,
)


def hourly(first, values):
    return Hourly(first, *([None if value is None else float(value + k) for value in values] for k in range(5)))


def known_by_hand(issued, hour, until):
    """Of all forecasts up to `until` that hold the hour: the latest from before it, else the first from after it."""
    holding = {}
    for at, (offset, values) in issued.items():
        item = (hour - NOON) // HOUR - offset
        if at <= until and 0 <= item < len(values):
            holding[at] = values[item]
    before = [at for at in holding if at <= hour]
    chosen = max(before) if before else min(holding, default=None)
    return None if chosen is None else holding[chosen]


@settings(max_examples=40)
@given(issued=issues, until=st.integers(-30, 9 * 60))
def test_an_hour_is_known_as_the_nearest_forecast_before_it_said(engine, issued, until):
    until = NOON + timedelta(minutes=until)
    hours = [NOON + hour * HOUR for hour in range(-8, 14)]
    with engine.connect() as connection:
        farm, other = (herd.ensure_farm(connection, name) for name in ("barn", "other"))
        see_farms(connection, [farm, other])
        for at, (offset, values) in issued.items():
            if values:
                weather.store(connection, farm, at, hourly(NOON + offset * HOUR, values))
            else:
                weather.store_fault(connection, farm, at, "away")
            weather.store(connection, other, at, hourly(NOON - 8 * HOUR, [99] * 24))
        found = weather.known(connection, farm, hours[0], hours[-1], until=until)
        connection.rollback()

    expected = [known_by_hand(issued, hour, until) for hour in hours]
    for k, name in enumerate(NAMES):
        assert list(getattr(found, name)) == [None if value is None else value + k for value in expected]


def test_what_was_issued_is_never_rewritten(engine):
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        see_farms(connection, [farm])
        weather.store(connection, farm, NOON, hourly(NOON, [1]))
        weather.store(connection, farm, NOON, hourly(NOON, [2]))
        weather.store_fault(connection, farm, NOON, "away")

        assert list(weather.known(connection, farm, NOON, NOON, until=NOON).temperature) == [1]


def test_the_last_question_and_the_last_answer_are_told_apart(engine):
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        see_farms(connection, [farm])
        assert weather.last_asked(connection, farm, until=NOON) is None
        weather.store(connection, farm, NOON, hourly(NOON, [1]))
        weather.store_fault(connection, farm, NOON + HOUR, "away")

        assert weather.last_asked(connection, farm, until=NOON + HOUR).fault == "away"
        assert weather.last_asked(connection, farm, until=NOON + HOUR, usable=True).issued_at == NOON
        assert weather.last_asked(connection, farm, until=NOON).fault == ""


def test_a_farm_sees_its_own_weather_only(engine):
    with engine.begin() as connection:
        barn, other = (herd.ensure_farm(connection, name) for name in ("barn", "other"))
        for farm in (barn, other):
            weather.store(connection, farm, NOON, hourly(NOON, [1]))
        connection.execute(text("SET LOCAL ROLE animov_api"))
        see_farms(connection, [barn])

        assert connection.execute(text("SELECT farm_id FROM farm_weather")).scalars().all() == [barn]
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("SELECT FROM weather_forecast"))


def test_weather_is_kept_as_long_as_forecasts_and_never_shorter_than_a_model_looks_back(engine):
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        for days_old in (0, 22, 52, 89, 119):  # with TimescaleDB a piece of 28 days goes once all of it may
            weather.store(connection, farm, NOON - timedelta(days=days_old), hourly(NOON, [1]))

    assert apply_retention(engine, Settings(), NOON).weather_forecast == 1
    assert apply_retention(engine, Settings(forecasts_days=3), NOON).weather_forecast == 2
