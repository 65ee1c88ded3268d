"""Each series by its champion, as if it were alone; what a champion lacks now is left out and said."""

from datetime import timedelta

import numpy as np
import pytest

from core.timeline import BUCKET
from forecast.model.bands import Calibration
from forecast.regressors.farm_site import site_of
from forecast.regressors.farm_weather import NO_WEATHER, FarmWeather
from forecast.rolling.issuing import choice_of, choices_of, forecasts_of, specification_for
from forecast.specification import HORIZON, Specification
from storage.herds.farms import Farm
from storage.measurements.series import Series

DAYS = 5
SPAN = timedelta(days=DAYS)
BARN = Farm(1, "barn", "", "Europe/Paris", 46.6, 0.3, [{"name": "milking", "at": "06:30", "minutes": 60}])
NOWHERE = Farm(2, "nowhere", "", "UTC", None, None, [])
WARM = FarmWeather({"thi": np.linspace(10, 20, DAYS * 96 + HORIZON), "rain": np.full(DAYS * 96 + HORIZON, np.nan)})
DRY = FarmWeather({}, "without weather: the provider sleeps")
PLAIN = Specification(harmonics=2, history=SPAN)


def pairs(series, count=3):
    return [(Series(each, 1, each, None, f"g{each}"), series(each, days=DAYS, strength=0.3)) for each in range(count)]


def made(of, *, farm=BARN, weather=NO_WEATHER, **chosen):
    of, champions = list(of), chosen.pop("champions", {})
    choices = choices_of(farm, (one for one, _ in of), span=SPAN, weather=weather, champions=champions)
    issued = forecasts_of(farm, of, choices, span=SPAN, weather=weather, backtest=False, **chosen)
    return {one.series_id: one for one in issued}


def test_a_series_is_forecast_by_its_champion_whatever_the_others_have(series):
    of = pairs(series)
    champions = {1: PLAIN, 2: Specification(order=(1, 0, 0), harmonics=2, history=timedelta(days=4))}
    together = made(of, champions=champions)

    alone = {one.id: made([(one, history)], champions=champions)[one.id] for one, history in of}
    assert {key: one.specification for key, one in together.items()} == {
        0: specification_for(BARN, SPAN).to_json(),
        1: champions[1].to_json(),
        2: champions[2].to_json(),
    }
    assert {key: one.inputs_hash for key, one in together.items()} == {k: one.inputs_hash for k, one in alone.items()}
    for key, one in together.items():
        assert one.mean == pytest.approx(alone[key].mean, abs=1e-9)
        assert one.mean_profile == alone[key].mean_profile


def test_the_order_of_the_series_changes_no_forecast(series):
    of, champions = pairs(series), {1: PLAIN}

    there, back = made(of, champions=champions), made(of[::-1], champions=champions)
    assert there.keys() == back.keys()
    for key, one in there.items():
        assert one.mean == pytest.approx(back[key].mean, abs=1e-9)
        assert one.inputs_hash == back[key].inputs_hash


@pytest.mark.parametrize(
    ("farm", "weather", "wanted", "left", "remark"),
    [
        pytest.param(BARN, WARM, ("thi", "milking"), ("thi", "milking"), "", id="all_is_known"),
        pytest.param(
            BARN,
            DRY,
            ("thi", "milking"),
            ("milking",),
            "the champion's thi not to be had now; without weather: the provider sleeps",
            id="no_weather",
        ),
        pytest.param(BARN, WARM, ("rain",), (), "the champion's rain not to be had now", id="no_future"),
        pytest.param(
            NOWHERE,
            WARM,
            ("solar_elevation", "milking"),
            (),
            "the champion's solar_elevation, milking not to be had now",
            id="no_place_no_event",
        ),
        pytest.param(BARN, DRY, ("daylight",), ("daylight",), "", id="weather_it_does_not_ask_for"),
    ],
)
def test_a_champion_goes_without_what_is_not_to_be_had_and_says_so(farm, weather, wanted, left, remark):
    champion = Specification(regressors=wanted, harmonics=3)
    choice = choice_of(champion, specification_for(farm, SPAN, weather), site_of(farm), weather)

    assert choice == (Specification(regressors=left, harmonics=3), remark)


def test_a_champion_of_another_step_gives_way_to_the_default(series):
    hourly = Specification(step=4 * BUCKET, harmonics=2, history=SPAN)
    issued = made(pairs(series, 1), champions={0: hourly})[0]

    assert issued.specification == specification_for(BARN, SPAN).to_json()
    assert issued.reason == "the champion has steps of 1:00:00, the series of 0:15:00"


def test_a_calibration_widens_the_bands_of_its_series_and_moves_no_mean(series):
    of = pairs(series)
    plain = made(of, champions={0: PLAIN})
    wider = made(of, champions={0: PLAIN}, calibrations={0: Calibration((2.0,) * 4, (2.0,) * 4)})

    assert [wider[key].mean for key in (0, 1, 2)] == [plain[key].mean for key in (0, 1, 2)]
    assert [wider[key].upper80 == plain[key].upper80 for key in (0, 1, 2)] == [False, True, True]
    assert all(np.array(wider[0].upper80) >= np.array(plain[0].upper80))
