"""Cycles and the weather: as issued, nothing from after the slot, and without it where it is not to be had."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from core.settings import Settings
from core.timeline import BUCKET
from forecast.regressors.farm_weather import QUIET
from forecast.regressors.fetching import keep_weather
from forecast.rolling.cycle import run_cycle
from forecast.rolling.hindsight import issue_in_hindsight, slots_between
from forecast.specification import Specification
from storage.engine import clocks
from storage.forecasting import weather
from storage.forecasting.weather import HOUR, Hourly
from storage.herds import herd

SLOT = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)
DAYS = 4


DEGREES = np.random.default_rng(7).uniform(12, 28, 400)


def warmth(instant):
    """Degrees on the line between random ones of every hour: no rhythm, and no telling from those before."""
    return np.interp((instant - SLOT) / HOUR, np.arange(400) - 200, DEGREES)


def hours(first, count, *, warmer=0.0):
    values = [float(warmth(first + hour * HOUR)) + warmer for hour in range(count)]
    return Hourly(first, values, *([50.0] * count for _ in range(4)))


@pytest.fixture
def farm(engine):
    """A farm of one group of one goat that lies down when it is warm."""
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn", latitude=46.6, longitude=0.3)
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        herd.assign(connection, herd._ensure(connection, "collar", farm_id, "tag"), animal)
        connection.execute(
            text(
                """INSERT INTO stored_window
                  (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
                VALUES (:animal, :bucket, 900, 900, :standing, :standing / 900.0, repeat('0', 900)::bit(900),
                  repeat('0', 900)::bit(900))"""
            ),
            [
                {"animal": animal, "bucket": slot, "standing": int(900 * (1.2 - warmth(slot + BUCKET / 2) / 30))}
                for slot in slots_between(SLOT - timedelta(days=DAYS + 2), SLOT + BUCKET)
            ],
        )
    return farm_id


def keep(engine, farm, at, hourly):
    with engine.begin() as connection:
        weather.store(connection, farm, at, hourly)


def cycle(engine, farm, slot=SLOT):
    run_cycle(engine, farm, slot, history_days=DAYS)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM forecast WHERE issued_at = :slot ORDER BY series_id"), {"slot": slot}
        )
        return [
            tuple(row._mapping[name] for name in ("reason", "specification", "inputs_hash", "mean")) for row in rows
        ]


def regressors(issued):
    return {Specification.from_json(specification).regressors for _, specification, *_ in issued}


def again(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE forecast, forecast_cycle, forecast_block"))


BACK = SLOT - timedelta(days=DAYS + 2)
WHOLE = 24 * (DAYS + 2) + 72


def test_the_default_model_takes_the_heat_where_it_is_known(engine, farm):
    bare = cycle(engine, farm)
    again(engine)
    keep(engine, farm, SLOT - HOUR, hours(BACK, WHOLE))
    warm = cycle(engine, farm)

    assert regressors(bare) == {("solar_elevation",)}
    assert regressors(warm) == {("solar_elevation", "thi")}
    assert {reason for reason, *_ in bare + warm} == {""}
    truth = np.array([1.2 - warmth(SLOT + (step + 0.5) * BUCKET) / 30 for step in range(192)])
    wrong, right = (np.abs(np.array(issued[0][3]) - truth).mean() for issued in (bare, warm))
    assert right < wrong / 4


def test_nothing_fetched_after_the_slot_is_read(engine, farm):
    keep(engine, farm, SLOT - HOUR, hours(BACK, WHOLE))
    expected = cycle(engine, farm)
    again(engine)
    for later in (timedelta(seconds=1), timedelta(minutes=1), HOUR):
        keep(engine, farm, SLOT + later, hours(BACK, WHOLE, warmer=15))

    assert cycle(engine, farm) == expected
    assert cycle(engine, farm, SLOT + BUCKET) != expected


def test_a_cycle_with_the_provider_down_runs_without_weather_and_says_so(engine, farm, monkeypatch, tmp_path):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    bare = cycle(engine, farm)
    again(engine)
    with engine.begin() as connection:
        clock = clocks.read(connection)
        clocks.write(connection, type(clock)(0, 0, 1, (SLOT - HOUR).timestamp()))
    keep_weather(engine, farm, Settings(data_dir=tmp_path, weather_url="http://127.0.0.1:1/v1/forecast"))
    without = cycle(engine, farm)

    assert {reason.partition(" to be reached")[0] for reason, *_ in without} == {
        "without weather: the weather provider is not"
    }
    assert [row[1:] for row in without] == [row[1:] for row in bare]


def test_a_forecast_of_yesterday_serves_while_it_reaches_far_enough(engine, farm):
    keep(engine, farm, SLOT - timedelta(hours=20), hours(BACK, 24 * (DAYS + 2) + 48 + 1))
    with engine.begin() as connection:
        weather.store_fault(connection, farm, SLOT - HOUR, "the provider sleeps")

    assert regressors(cycle(engine, farm)) == {("solar_elevation", "thi")}
    later = cycle(engine, farm, SLOT + BUCKET)
    assert regressors(later) == {("solar_elevation",)}
    assert {reason for reason, *_ in later} == {"without weather: the provider sleeps"}


@pytest.mark.parametrize(
    ("first", "count", "told"),
    [
        pytest.param(BACK, WHOLE - 25, "what is known of it ends before the horizon", id="too_short"),
        pytest.param(SLOT - timedelta(days=1), 96, "less than 90% of its past is known", id="too_late"),
    ],
)
def test_weather_that_is_not_enough_is_left_out_with_the_reason(engine, farm, first, count, told):
    keep(engine, farm, SLOT - HOUR, hours(first, count))
    issued = cycle(engine, farm)

    assert regressors(issued) == {("solar_elevation",)}
    assert {reason for reason, *_ in issued} == {f"without weather: {told}"}


def test_who_no_longer_asks_is_not_told_of_weather(engine, farm):
    with engine.begin() as connection:
        weather.store_fault(connection, farm, SLOT - QUIET - BUCKET, "the provider sleeps")

    assert {reason for reason, *_ in cycle(engine, farm)} == {""}


def test_an_event_keeps_its_name(engine, farm):
    with engine.begin() as connection:
        connection.execute(text("""UPDATE farm SET events = '[{"name": "thi", "at": "06:00", "minutes": 60}]'"""))
    keep(engine, farm, SLOT - HOUR, hours(BACK, WHOLE))

    assert regressors(cycle(engine, farm)) == {("solar_elevation", "thi")}


def test_hindsight_sees_the_weather_of_each_origin(engine, farm):
    origins = [SLOT - timedelta(hours=2), SLOT]
    keep(engine, farm, SLOT - HOUR, hours(BACK, WHOLE))
    issue_in_hindsight(engine, farm, origins, history_days=DAYS)

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT issued_at, specification FROM forecast")).all()
    found = {(row.issued_at, "thi" in Specification.from_json(row.specification).regressors) for row in rows}
    assert found == {(origins[0], False), (SLOT, True)}
