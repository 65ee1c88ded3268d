"""A length of time has one form in each language, no finer than anybody reads it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alert_texts import EVIDENCE, evidence_told
from core.state_texts import MEASURES, measure_told
from core.time_texts import lasting
from tests.lengths_of_time import TOLD

UNITS = {"s": 1, "min": 60, "h": 3600, "jours": 86_400, "days": 86_400}


@pytest.mark.parametrize(("seconds", "french", "english"), TOLD)
def test_a_length_is_told_as_people_write_it(seconds, french, english):
    assert (lasting(seconds, "fr"), lasting(seconds, "en")) == (french, english)


@given(seconds=st.floats(0, 1e9), language=st.sampled_from(["fr", "en"]))
def test_what_is_told_is_the_length_to_half_of_its_last_unit(seconds, language):
    words = lasting(seconds, language).split()
    units = [*words[1::2], *["min"] * (len(words) % 2)]  # French leaves out the minutes' unit behind hours
    told = sum(int(number) * UNITS[unit] for number, unit in zip(words[::2], units, strict=True))
    finest = min(UNITS[unit] for unit in units) if units != ["h"] else 60
    assert abs(told - seconds) <= finest / 2 + 0.5


@pytest.mark.parametrize("code", EVIDENCE)
def test_an_alert_tells_no_length_otherwise(code):
    """No number that is filled in stands beside a unit of its own."""
    for sentence in EVIDENCE[code]:
        assert not re.search(r"\}\s*(s|min|h|minutes|hours|heures|days|jours)\b", sentence)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "couché depuis 4 h 35 sans se lever ; au-delà de 5 h, c'est anormal pour lui"),
        ("en", "had been lying for 4 h 35 min without a break; more than 5 h is unusual for it"),
    ],
)
def test_an_alert_tells_hours_and_minutes(language, words):
    assert (
        evidence_told("lying_long", {"code": "lying_long", "minutes": 275}, {"limit_minutes": 300}, language) == words
    )


def test_a_measure_of_hours_is_told_as_an_alert_tells_them():
    assert measure_told("standing_h", "fr", 8.04, 9.2, 13.0) == "debout 8 h 02 (d'habitude 9 h 12 à 13 h)"
    assert measure_told("longest_lying_h", "en", 2.4, None, None) == "longest lying 2 h 24 min"
    assert measure_told("lying_bouts", "en", 12.0, 8.0, 14.0) == "12 lying bouts (usually 8 to 14)"
    assert {measure_told(name, "en", None, 1.0, 2.0) for name in MEASURES} == {""}
