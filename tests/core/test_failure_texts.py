"""Why work failed is told in French too, with what can be done about it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.errors import AnimovError
from core.failure_texts import failure_in_french, failure_told
from forecast.inputs import History
from forecast.life.ratio_file import step_of
from forecast.life.subjects import _known
from forecast.life.training import parted, train
from forecast.model.predicting import ANYWHERE
from forecast.specification import Specification

START = datetime(2026, 5, 1, tzinfo=UTC)


def series(days, value=None):
    """Quarters of an hour with a rhythm, or all alike."""
    values = np.sin(np.arange(days * 96) / 96 * 2 * np.pi) / 4 + 0.5
    return History(START, timedelta(minutes=15), values if value is None else np.full_like(values, value))


def trained(history):
    train(*parted(history), Specification(), site=ANYWHERE)


@pytest.mark.parametrize(
    ("fail", "why", "what"),
    [
        (lambda: _known(series(1, np.nan)), "aucun ratio", "une période plus longue ou un autre lot"),
        (lambda: trained(series(2)), "rien pour apprendre", "5 jours de valeurs"),
        (lambda: trained(series(4)), "2 jours connus au moins à moitié", "5 jours de valeurs"),
        (lambda: trained(series(9, 0.5)), "toutes les valeurs sont égales", "quelque chose change"),
        (lambda: step_of([START]), "au moins deux dates", "également espacées"),
    ],
)
def test_what_a_training_says_is_told_with_what_to_do(fail, why, what):
    with pytest.raises(AnimovError) as raised:
        fail()
    told = failure_told(str(raised.value), "fr")
    assert why in told
    assert what in told
    assert failure_told(str(raised.value), "en").startswith(f"{raised.value}. ")


def test_what_is_not_known_stays_and_a_mistake_of_ours_leads_to_the_log():
    assert failure_in_french("something new") is None
    assert failure_told("something new", "fr") == "something new."
    assert "journal du nœud" in failure_told("LinAlgError", "fr")
