"""Sun, events and harmonics."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from astral import Observer
from astral.sun import elevation
from hypothesis import given
from hypothesis import strategies as st

from forecast.inputs import History, slot_seconds
from forecast.model.predicting import predict
from forecast.regressors.design import RegressorError, Site, design_of
from forecast.regressors.events import DailyEvent, event_share
from forecast.regressors.sun import solar_elevation
from forecast.specification import Specification

QUARTER = timedelta(minutes=15)
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        pytest.param(48.1, -1.7, id="rennes"),
        pytest.param(0.0, 0.0, id="equator"),
        pytest.param(-37.8, 145.0, id="melbourne"),
        pytest.param(78.2, 15.6, id="svalbard"),
        pytest.param(-77.8, 166.7, id="mcmurdo"),
        pytest.param(89.9, 0.0, id="north_pole"),
        pytest.param(21.3, -157.9, id="honolulu"),
    ],
)
def test_the_sun_stands_where_astral_sees_it(latitude, longitude):
    """Within a tenth of a degree, all year round and at all hours."""
    hours = np.arange(0, 366 * 24, 7)
    seconds = slot_seconds(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1), 366 * 24)[hours]
    observer = Observer(latitude, longitude)
    expected = [
        elevation(observer, datetime.fromtimestamp(int(second), UTC), with_refraction=False) for second in seconds
    ]

    assert np.abs(solar_elevation(seconds, latitude, longitude) - expected).max() < 0.1


@given(
    day=st.sampled_from(
        [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25), date(2026, 7, 1)]
    ),
    hour=st.sampled_from([0, 1, 2, 3, 12, 23]),
    minute=st.sampled_from([0, 10, 15, 30]),
    length=st.sampled_from([5, 15, 40, 180, 1440]),
)
def test_an_event_fills_the_slots_it_falls_into(day, hour, minute, length):
    """Against a minute-by-minute count: a slot's share is the share of its minutes at which some event is on."""
    event = DailyEvent("milking", time(hour, minute), timedelta(minutes=length))
    start = datetime.combine(day, time(), tzinfo=UTC)
    begins = [datetime.combine(day + timedelta(days=d), event.start, tzinfo=PARIS) for d in range(-2, 4)]
    on = {
        minute
        for begin in begins
        for minute in range(int(begin.timestamp()) // 60, int(begin.timestamp()) // 60 + length)
    }
    first = int(start.timestamp()) // 60
    expected = [sum(first + 15 * slot + m in on for m in range(15)) / 15 for slot in range(144)]

    share = event_share(event, slot_seconds(start, QUARTER, 144), QUARTER, PARIS)

    np.testing.assert_allclose(share, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        pytest.param(date(2026, 3, 28), 5, id="winter"),
        pytest.param(date(2026, 3, 29), 4, id="clock_forward"),
        pytest.param(date(2026, 10, 24), 4, id="summer"),
        pytest.param(date(2026, 10, 25), 5, id="clock_back"),
    ],
)
def test_milking_follows_the_wall_clock_through_a_change(day, utc_hour):
    event = DailyEvent("milking", time(6), timedelta(hours=1))
    seconds = slot_seconds(datetime.combine(day, time(), tzinfo=UTC), QUARTER, 96)

    on = np.flatnonzero(event_share(event, seconds, QUARTER, PARIS))

    assert on.tolist() == [utc_hour * 4 + slot for slot in range(4)]


def test_harmonics_follow_the_wall_clock_through_a_change():
    """The same wall time has the same harmonics before and after DST begins."""
    history = History(datetime(2026, 3, 28, tzinfo=UTC), QUARTER, np.full(96, 0.5))
    design = design_of(history, Specification(), horizon=192, site=Site("Europe/Paris"))
    winter, summer = 12 * 4, 96 * 2 + 11 * 4  # 13:00 in Paris on the 28th and on the 30th

    np.testing.assert_allclose(design[winter], design[summer], atol=1e-12)


@pytest.mark.parametrize("minutes", [5, 30, 60])
def test_a_week_has_its_own_harmonics_by_the_wall_clock(minutes):
    """Slots of the same weekday and wall time are alike, also across a change; no two others are."""
    step = timedelta(minutes=minutes)
    day = timedelta(days=1) // step
    history = History(datetime(2026, 3, 20, tzinfo=UTC), step, np.full(7 * day, 0.5))
    specification = Specification(harmonics=0, weekly_harmonics=2, step=step)

    design = design_of(history, specification, horizon=8 * day, site=Site("Europe/Paris"))

    hour = 60 // minutes
    wall = [12 * hour, 7 * day + 12 * hour, 14 * day + 11 * hour]  # Fridays at 13:00 in Paris, DST from the 29th
    np.testing.assert_allclose(design[wall], design[wall[:1] * 3], atol=1e-9)
    assert design.shape == (15 * day, 4)
    assert len(np.unique(design[: 7 * day].round(9), axis=0)) == 7 * day


def test_the_day_s_harmonics_come_first_then_the_week_s():
    history = History(datetime(2026, 3, 20, tzinfo=UTC), QUARTER, np.full(96, 0.5))
    day, week, both = (
        design_of(history, Specification(harmonics=k, weekly_harmonics=w), horizon=9, site=Site())
        for k, w in ((2, 0), (0, 1), (2, 1))
    )

    np.testing.assert_array_equal(both, np.column_stack((day, week)))


def test_a_missing_future_value_names_the_column_and_its_first_instant():
    history = History(datetime(2026, 3, 28, tzinfo=UTC), QUARTER, np.full(96, 0.5))
    specification = Specification(regressors=("rain",))
    rain = np.zeros(96 + 192)
    rain[[-5, -1]] = np.nan

    with pytest.raises(RegressorError, match="'rain' has no value for 2026-03-30 22:45 UTC"):
        design_of(history, specification, horizon=192, site=Site(), columns={"rain": rain})
    with pytest.raises(RegressorError, match="'rain' has 3 values where 288"):
        design_of(history, specification, horizon=192, site=Site(), columns={"rain": np.zeros(3)})
    with pytest.raises(RegressorError, match="no regressor 'rain'"):
        design_of(history, specification, horizon=192, site=Site())


def test_the_sun_needs_a_place():
    history = History(datetime(2026, 3, 28, tzinfo=UTC), QUARTER, np.full(96, 0.5))

    with pytest.raises(RegressorError, match="latitude"):
        design_of(history, Specification(regressors=("daylight",)), horizon=192, site=Site())


def test_columns_come_in_the_order_of_the_specification():
    history = History(datetime(2026, 6, 21, tzinfo=UTC), QUARTER, np.full(96, 0.5))
    site = Site("Europe/Paris", 48.1, -1.7, (DailyEvent("milking", time(6), timedelta(hours=1)),))
    specification = Specification(harmonics=1, regressors=("milking", "daylight", "rain"))

    design = design_of(history, specification, horizon=0, site=site, columns={"rain": np.arange(96.0)})

    assert design.shape == (96, 5)
    assert design[:, 2].sum() == 4
    assert 15.5 < design[:, 3].sum() / 4 < 16.5
    assert design[7, 4] == 7


@pytest.mark.parametrize(
    ("day", "latitude", "longitude", "expected"),
    [
        pytest.param(date(2026, 6, 21), 69.6, 18.9, 1.0, id="tromso_midnight_sun"),
        pytest.param(date(2026, 12, 21), 69.6, 18.9, 0.0, id="tromso_polar_night"),
        pytest.param(date(2026, 12, 21), -77.8, 166.7, 1.0, id="mcmurdo_in_its_summer"),
        pytest.param(date(2026, 6, 21), 90.0, 0.0, 1.0, id="pole"),
    ],
)
def test_near_the_poles_a_day_may_have_no_night_and_a_night_no_day(day, latitude, longitude, expected):
    """The column is constant then, which the fit leaves out; moonlight is none where the sun does not set."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    rng = np.random.default_rng(2)
    history = History(start - timedelta(days=4), QUARTER, np.clip(rng.normal(0.5, 0.1, 4 * 96), 0, 1))
    site = Site("UTC", latitude, longitude)
    specification = Specification(
        order=(1, 0, 0), harmonics=1, regressors=("daylight", "moonlight"), history=timedelta(days=4)
    )

    design = design_of(history, specification, horizon=96, site=site)

    assert set(design[:, 2]) == {expected}
    assert np.isfinite(design).all()
    assert not expected or not design[:, 3].any()
    assert predict(history, specification, site=site).model == "harmonic_sarimax"


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)], ids=["clock_forward", "clock_back"])
def test_daylight_follows_the_sun_and_not_the_clock(day):
    """On the day of a change as on the day before: up within two slots of the same instants by UTC."""
    site = Site("Europe/Paris", 48.1, -1.7)
    history = History(datetime.combine(day - timedelta(days=1), time(), tzinfo=UTC), QUARTER, np.full(96, 0.5))

    light = design_of(history, Specification(harmonics=0, regressors=("daylight",)), horizon=96, site=site)[:, 0]

    before, after = np.flatnonzero(light[:96]), np.flatnonzero(light[96:])
    assert abs(before[0] - after[0]) <= 1
    assert abs(before[-1] - after[-1]) <= 1
    assert len(before) in range(38, 54)
