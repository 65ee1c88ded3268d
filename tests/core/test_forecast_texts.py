"""Remarks on forecasts are told in French, whatever numbers and however many of them."""

from string import Formatter

import numpy as np
import pytest

from core.alert_texts import causes_told
from core.forecast_texts import FRENCH, remark_in_french
from forecast.model.predicting import refusal_of
from forecast.specification import Specification

OTHER = {name: "7" for text in FRENCH for _, name, *_ in Formatter().parse(text) if name}
DAY = 96


@pytest.mark.parametrize("english", FRENCH)
def test_a_remark_is_told_in_french_alone_and_among_others(english):
    said, wanted = english.format(**OTHER), FRENCH[english].format(**OTHER)

    assert remark_in_french(said) == wanted
    assert remark_in_french(f"all values are equal; {said}") == f"toutes les valeurs sont égales ; {wanted}"


@pytest.mark.parametrize("values", [np.full(DAY, np.nan), np.ones(DAY), np.arange(DAY) / DAY])
def test_why_there_is_no_model_is_known(values):
    said = refusal_of(values, np.ones((DAY, 1)), Specification())

    assert said
    assert remark_in_french(said) != said


def test_what_is_not_known_stays():
    assert remark_in_french("") == ""
    assert remark_in_french("something new") == "something new"


def test_a_cause_that_quotes_a_remark_quotes_it_in_its_language():
    cause = {"code": "forecast_remark", "weight": 0.2, "model": "none", "reason": "no value is known"}

    assert causes_told([cause], "fr") == ["remarque sur la prévision d'alors : aucune valeur n'est connue"]
    assert causes_told([cause], "en")[0].endswith("no value is known")
