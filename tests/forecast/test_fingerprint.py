"""A fingerprint tells apart all that a forecast follows from, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecast.inputs import History
from forecast.model.bands import AS_FITTED, Calibration
from forecast.model.fingerprint import fingerprint, fingerprints
from forecast.specification import Specification

START = datetime(2026, 5, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HISTORY = History(START, QUARTER, np.array([0.25, np.nan, 0.0]))
DESIGN = np.array([[0.0], [1.0], [np.nan], [2.0]])
SPECIFICATION = Specification()
WIDER = Calibration(factor95=(1.0, 1.0, 1.0, 1.5))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((replace(HISTORY, start=START + QUARTER), DESIGN, SPECIFICATION, AS_FITTED), id="start"),
        pytest.param((replace(HISTORY, step=2 * QUARTER), DESIGN, SPECIFICATION, AS_FITTED), id="step"),
        pytest.param(
            (replace(HISTORY, values=np.array([0.25, 0.5, 0.0])), DESIGN, SPECIFICATION, AS_FITTED), id="value"
        ),
        pytest.param((HISTORY, DESIGN + 1.0, SPECIFICATION, AS_FITTED), id="column"),
        pytest.param((HISTORY, DESIGN.reshape(2, 2), SPECIFICATION, AS_FITTED), id="shape"),
        pytest.param((HISTORY, DESIGN, replace(SPECIFICATION, harmonics=5), AS_FITTED), id="specification"),
        pytest.param((HISTORY, DESIGN, SPECIFICATION, WIDER), id="calibration"),
    ],
)
def test_another_input_has_another_fingerprint(other):
    assert fingerprint(*other) != fingerprint(HISTORY, DESIGN, SPECIFICATION, AS_FITTED)


def test_equal_numbers_have_one_fingerprint():
    signed = replace(HISTORY, values=np.array([0.25, -np.nan, -0.0]))

    assert fingerprint(signed, DESIGN, SPECIFICATION, Calibration()) == fingerprint(
        HISTORY, DESIGN.copy(), Specification(), AS_FITTED
    )


def test_histories_have_together_the_fingerprints_that_they_have_alone():
    histories = [HISTORY, HISTORY.until(2), HISTORY]
    calibrations = [AS_FITTED, AS_FITTED, WIDER]

    found = fingerprints(histories, DESIGN, SPECIFICATION, calibrations)

    assert found == [
        fingerprint(history, DESIGN, SPECIFICATION, calibration)
        for history, calibration in zip(histories, calibrations, strict=True)
    ]
    assert len({*found}) == 3
