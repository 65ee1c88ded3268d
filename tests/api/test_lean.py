"""Lean answers say what their models would, byte for byte."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from api.forecasts import Forecast, Step, forecast, step
from api.forms.lean import picked, written
from api.window_items import MembersWindow, OneAnimalsWindow, Window, members_window, one_animals_window, window
from core.timeline import bucket_start
from storage.forecasting.forecasts import Issued
from storage.measurements.measured import AnimalWindow, OneOfMany
from storage.measurements.rollups import Total
from storage.measurements.series import Measured

ZONES = st.sampled_from([UTC, ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")])
BUCKETS = st.integers(0, 8_000_000).map(bucket_start)
SECONDS = st.integers(0, 3_000_000)
FEW = st.integers(0, 30)
RATIOS = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 1e-7, 0.1 + 0.2, 5e-324]))
PERHAPS = st.none() | RATIOS
NAMES = st.text(max_size=5) | st.sampled_from(['"', "\\", "\x7f", "é\u2028<>&", "\x01\n"])

animal = st.builds(AnimalWindow, BUCKETS, SECONDS, SECONDS, SECONDS, PERHAPS)
one_of_many = st.builds(OneOfMany, st.integers(1, 2**31), NAMES, BUCKETS, SECONDS, SECONDS, SECONDS, PERHAPS)
measured = st.builds(Measured, BUCKETS, SECONDS, SECONDS, SECONDS, FEW, FEW, PERHAPS)
total = st.builds(Total, BUCKETS, SECONDS, SECONDS, SECONDS, SECONDS, FEW, FEW, SECONDS, PERHAPS)


@st.composite
def issued(draw):
    steps = draw(st.integers(0, 3))
    mean, *bands = (draw(st.lists(RATIOS, min_size=steps, max_size=steps)) for _ in range(5))
    baselines = (draw(st.just([]) | st.lists(RATIOS, min_size=steps, max_size=steps)) for _ in range(4))
    said = (draw(NAMES) for _ in range(3))
    return Issued(1, draw(BUCKETS), draw(st.booleans()), *said, draw(st.binary()), mean, *bands, *baselines)


def held_against(model, told):
    """What a lean answer is written as is what its model writes, and says the same."""
    whole = model.model_validate(told)

    assert written(told) == whole.model_dump_json().encode()
    for name in model.model_fields:
        assert written(picked(told, {name})) == whole.model_dump_json(include={name}).encode()


@given(animal | total, ZONES)
def test_windows_of_an_animal(found, zone):
    held_against(Window, window(found, zone))


@given(measured | total, ZONES)
def test_windows_of_members(found, zone):
    held_against(MembersWindow, members_window(found, zone))


@given(one_of_many, ZONES)
def test_windows_of_one_animal_of_many(found, zone):
    held_against(OneAnimalsWindow, one_animals_window(found, zone))


@given(issued(), ZONES, st.sampled_from(["fr", "en"]), st.booleans())
def test_forecasts(found, zone, language, baselines):
    held_against(Forecast, forecast(found, zone, language, baselines=baselines))
    for index in range(len(found.mean)):
        held_against(Step, step(found, index, zone, baselines=baselines))


def test_coverage_is_the_share_of_the_members_seconds():
    told = members_window(Measured(datetime(2026, 3, 29, tzinfo=UTC), 6950, 6900, 4140, 7, 8, 0.6), UTC)

    assert (told.coverage, told.length_s) == (6900 / 7200, 900)
