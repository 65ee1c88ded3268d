"""Factors on bands: honest about the next days, blind to what comes after, the same however they are asked."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy.signal import lfilter

from forecast.inputs import History
from forecast.model.bands import AS_FITTED, Z80, Z95, bands_of, calibration_of
from forecast.model.predicting import predict
from forecast.rolling.calibrating import calibrations_by_day, calibrations_of, needed_slots
from forecast.rolling.past_errors import EVERY, PastErrors, past_errors
from forecast.specification import Specification, SpecificationError

QUICK = Specification(order=(1, 0, 0), harmonics=1, history=timedelta(days=4), bounds=None)
DAYS = 20


def noise(seed, days=DAYS):
    """An AR(1) around nothing: what the model knows how to foretell."""
    return lfilter([1], [1, -0.7], np.random.default_rng(seed).normal(0, 1, days * 96))


@pytest.fixture
def histories(series):
    start, step = (example := series(1, days=1, strength=0.3)).start, example.step
    return [History(start, step, noise(seed)) for seed in range(3)]


def test_bands_of_a_known_process_cover_what_they_say(histories):
    """The exact law: given the last value, the value h steps on is normal with a known mean and standard deviation."""
    factors = calibrations_of([replace(one, values=noise(seed)) for seed, one in enumerate(histories * 8)], QUICK)

    for band in range(4):
        assert np.mean([one.factor80[band] for one in factors]) == pytest.approx(1.0, abs=0.08)
        assert np.mean([one.factor95[band] for one in factors]) == pytest.approx(1.0, abs=0.08)


def test_a_model_that_is_too_sure_is_widened_until_it_covers(histories):
    """Errors told at a third of their size: the bands must come out three times as wide as told."""
    found = past_errors(histories, QUICK)
    sure = PastErrors(found.origins, 3 * found.sizes)
    origins, sizes = sure.before(DAYS * 96, 14 * 96)
    calibration = calibration_of(sizes[0], origins)
    bands = bands_of(np.zeros(192), np.ones(192), calibration, None)

    known = [sizes[0][:, steps] for steps in (slice(0, 4), slice(4, 24), slice(24, 96), slice(96, 192))]
    for size, step in zip(known, (0, 4, 24, 96), strict=True):
        assert 0.8 <= (size[np.isfinite(size)] <= bands.upper80[step]).mean() < 0.83
        assert 0.95 <= (size[np.isfinite(size)] <= bands.upper95[step]).mean() < 0.98
        assert bands.upper80[step] == pytest.approx(3 * Z80, rel=0.3)
        assert bands.upper95[step] == pytest.approx(3 * Z95, rel=0.3)


def test_an_error_is_that_of_the_forecast_which_the_state_gives(histories):
    """The first origin after a fit, by hand: an AR(1) decays from the last value as its coefficient says."""
    found = past_errors([histories[0].until(9 * 96)], QUICK)
    for place, origin in enumerate(found.origins):
        passed = (histories[0].start.timestamp() // 900 + origin) % (5 * EVERY)
        if passed == 0 and origin > 4 * 96:
            made = predict(histories[0].until(int(origin)), QUICK)
            truth = histories[0].values[origin : min(origin + 192, 9 * 96)]
            expected = np.abs(truth - made.mean[: len(truth)]) / made.sigma[: len(truth)]
            np.testing.assert_allclose(found.sizes[0, place, : len(truth)], expected, rtol=2e-2, atol=2e-2)


def test_nothing_from_the_day_or_after_it_is_seen(histories):
    origins = [15 * 96, 15 * 96 + 50, 16 * 96 + 95]
    poisoned = histories[0].values.copy()
    poisoned[16 * 96 :] = 1e6

    clean = calibrations_by_day(histories[0], QUICK, origins)
    dirty = calibrations_by_day(replace(histories[0], values=poisoned), QUICK, origins)

    assert clean == dirty
    assert clean[0] == clean[1] != clean[2]
    assert AS_FITTED not in clean


def test_a_node_that_looks_back_each_day_finds_what_a_back_test_finds(histories):
    """From exactly the slots that are said to be needed, and from all."""
    whole = replace(histories[0], values=noise(7, days=DAYS + 2))
    day = (DAYS + 1) * 96
    history = whole.until(day)

    enough = calibrations_of([history.last(needed_slots(QUICK) * history.step)], QUICK)

    assert len(history) > needed_slots(QUICK)
    assert enough == calibrations_of([history], QUICK) == calibrations_by_day(whole, QUICK, [day])


def test_neither_order_nor_company_changes_anything(histories):
    alone = [calibrations_of([one], QUICK)[0] for one in histories]

    assert calibrations_of([histories[2], histories[0], histories[0]], QUICK) == [alone[2], alone[0], alone[0]]


def test_columns_are_taken_as_they_were_known_at_each_origin(histories):
    wanted = replace(QUICK, regressors=("load",))
    asked = []

    def columns_at(origin):
        asked.append(origin)
        return {"load": np.sin(np.arange(origin + 192) / 50)}

    found = past_errors(histories[:1], wanted, columns_at=columns_at)

    judged = np.isfinite(found.sizes[0]).any(axis=1)
    assert judged.sum() > 30
    assert set(found.origins[judged].tolist()) <= set(asked)


def test_a_target_of_which_a_column_does_not_tell_has_no_error(histories):
    wanted = replace(QUICK, regressors=("load",))

    def columns_at(origin):
        return {"load": np.append(np.sin(np.arange(origin + 10) / 50), np.full(182, np.nan))}

    found = past_errors(histories[:1], wanted, columns_at=columns_at)

    assert np.isfinite(found.sizes[0, -6, :10]).all()
    assert np.isnan(found.sizes[0, -6, 10:]).all()


def test_columns_are_not_asked_for_where_nothing_can_be_fitted_yet(histories):
    """A rule such as the same time of the day before can say nothing on the first day."""
    wanted = replace(QUICK, regressors=("load",))

    def columns_at(origin):
        assert origin >= 2.5 * 96
        return {"load": np.sin(np.arange(origin + 192) / 50)}

    assert np.isfinite(past_errors(histories[:1], wanted, columns_at=columns_at).sizes).any()


def test_a_model_without_a_batched_form_is_looked_back_on_too(histories):
    wanted = replace(QUICK, order=(0, 0, 0), harmonics=0, seasonal_order=(1, 0, 0, 4))
    found = past_errors([histories[0].until(9 * 96)], wanted)

    assert np.isfinite(found.sizes).any()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(noise(1, days=3), id="three_days"),
        pytest.param(np.full(DAYS * 96, np.nan), id="nothing_known"),
        pytest.param(np.full(DAYS * 96, 0.5), id="constant"),
        pytest.param(np.empty(0), id="no_history"),
    ],
)
def test_without_errors_bands_stay_as_fitted(histories, values):
    assert calibrations_of([replace(histories[0], values=values)], QUICK) == [AS_FITTED]


def test_no_series_have_no_factors():
    assert calibrations_of([], QUICK) == []


def test_series_of_two_grids_are_refused(histories):
    with pytest.raises(SpecificationError):
        past_errors([histories[0], histories[1].until(100)], QUICK)
