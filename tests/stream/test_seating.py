"""A seat that slips is learned anew from the walking of the last hours, a few times a day at the most."""

import numpy as np
import pytest

from core.motion import Motion
from storage.evidence.registry import SINCE_EVER, Calibration
from stream.calibrating.seating import DAY_MS, DRIFTED_DEG, EFFECT_MS, RENEWED_MS, SEATED_MS, change_of

NOW = 100 * DAY_MS
MINUTE_MS = 60_000


def tilted(degrees):
    return [float(np.sin(np.radians(degrees))), float(np.cos(np.radians(degrees))), 0.0]


def walked(since, until, degrees):
    """Return a stretch of walking every ten minutes, the collar tilted by so much."""
    return [
        Motion(at, at, 1, 1, *tilted(degrees), 0, 0.0, 0.0, 0.0, 0.2, 0.3) for at in range(since, until, 10 * MINUTE_MS)
    ]


def calibrated(since):
    seat = {"anchor": tilted(0), "spread_deg": 5.0}
    return [Calibration(SINCE_EVER, "collar", ("fwd", "up", "right"), 1, {}),
            Calibration(since, "collar", ("fwd", "up", "right"), 1, seat)]  # fmt: skip


def test_a_seat_that_slipped_is_that_of_the_last_hours_and_changes_no_past():
    motions = walked(NOW - DAY_MS, NOW - SEATED_MS, 0) + walked(NOW - SEATED_MS, NOW, 9)

    change = change_of(calibrated(NOW - DAY_MS), motions, NOW)

    assert change.history == ()
    assert change.live.effective_from == NOW + EFFECT_MS
    assert change.live.parameters["anchor"] == pytest.approx(tilted(9))


@pytest.mark.parametrize(
    ("since", "degrees"),
    [
        pytest.param(NOW - DAY_MS, DRIFTED_DEG - 1, id="hardly slipped"),
        pytest.param(NOW - RENEWED_MS + 1, 9, id="learned a while ago"),
    ],
)
def test_a_seat_is_left_alone(since, degrees):
    assert change_of(calibrated(since), walked(NOW - SEATED_MS, NOW, degrees), NOW) is None


def labelled_from(start, made):
    """A model that was asked for, to be used from an instant on, with the seat of the day of asking."""
    latest = made[-1]
    return [*made, latest._replace(effective_from=start, parameters={**latest.parameters, "model": {"intercept": 1}})]


def test_a_model_that_is_to_be_used_in_a_month_does_not_keep_the_seat_from_being_renewed():
    start = NOW + 30 * DAY_MS
    made = labelled_from(start, calibrated(NOW - DAY_MS))
    for day in range(3):
        now = NOW + day * DAY_MS
        change = change_of(made, walked(now - SEATED_MS, now, 9 * (day + 1)), now)
        made = sorted([*made, change.live, *change.later])

        assert change.live.effective_from == now + EFFECT_MS
        assert change.live.parameters["anchor"] == pytest.approx(tilted(9 * (day + 1)))
        assert "model" not in change.live.parameters
        assert made[-1].effective_from == start + day + 1
        assert made[-1].parameters == {**change.live.parameters, "model": {"intercept": 1}}
    assert len(made) == 2 + 1 + 2 * 3


def test_what_takes_effect_soon_is_waited_for():
    made = labelled_from(NOW + EFFECT_MS, calibrated(NOW - DAY_MS))

    assert change_of(made, walked(NOW - SEATED_MS, NOW, 9), NOW) is None
