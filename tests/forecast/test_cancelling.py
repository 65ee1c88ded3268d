"""A fit ends when nobody waits for it."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from forecast.cancelling import CancelledError, cancellable
from forecast.model.predicting import predict
from forecast.specification import Specification

WEEK = Specification(history=timedelta(days=7))
SEASONAL = replace(WEEK, order=(1, 1, 1), seasonal_order=(0, 1, 1, 4), harmonics=0, history=timedelta(days=4))


@pytest.mark.parametrize("specification", [WEEK, SEASONAL], ids=["harmonic", "seasonal"])
def test_a_fit_is_cancelled_at_whichever_question_and_never_issues_a_fallback(series, specification):
    history = series(1, days=7, strength=0.3, gaps=0.01)
    asked = count()

    with cancellable(lambda: next(asked) < 0):
        whole = predict(history, specification)

    questions = next(asked)
    assert whole.reason == ""
    assert questions > 5
    for last in {0, 1, 4, questions - 1}:
        again = count()
        with cancellable(lambda: next(again) >= last), pytest.raises(CancelledError):  # noqa: B023 - called at once
            predict(history, specification)
        assert next(again) == last + 1


def test_what_follows_a_cancelled_block_is_not_cancelled(series):
    with cancellable(lambda: True), pytest.raises(CancelledError):
        predict(series(1, days=7, strength=0.3), WEEK)

    assert predict(series(1, days=7, strength=0.3), WEEK).reason == ""
