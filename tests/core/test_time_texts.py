"""A length of time and an instant have one form in each language, no finer than anybody reads them."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.alert_texts import EVIDENCE, evidence_told
from core.state_texts import MEASURES, measure_told, state_told
from core.time_texts import lasting, moment, times_told
from tests.told_times import LENGTHS, MOMENTS

UNITS = {"s": 1, "min": 60, "h": 3600, "jours": 86_400, "days": 86_400}


@pytest.mark.parametrize(("seconds", "french", "english"), LENGTHS)
def test_a_length_is_told_as_people_write_it(seconds, french, english):
    assert (lasting(seconds, "fr"), lasting(seconds, "en")) == (french, english)


@given(seconds=st.floats(0, 1e9), language=st.sampled_from(["fr", "en"]))
@example(seconds=60 * 3600 - 30.5, language="en")  # as far from what is told as can be
def test_what_is_told_is_the_length_to_half_of_its_last_unit(seconds, language):
    words = lasting(seconds, language).split()
    units = [*words[1::2], *["min"] * (len(words) % 2)]  # French leaves out the minutes' unit behind hours
    told = sum(int(number) * UNITS[unit] for number, unit in zip(words[::2], units, strict=True))
    finest = min(UNITS[unit] for unit in units) if units != ["h"] else 60
    halves = {1: 0.5, 60: 30.5, 86_400: 43_230.5}  # of the unit, and of those that were rounded before it
    assert abs(told - seconds) <= halves[finest]


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


PARIS = ZoneInfo("Europe/Paris")
SUNDAY = datetime(2026, 5, 3, 12, tzinfo=UTC)
MONDAY = SUNDAY + timedelta(hours=23, minutes=45)


@pytest.mark.parametrize(("instant", "french", "english"), MOMENTS)
def test_an_instant_is_told_on_the_wall_clock(instant, french, english):
    assert (moment(instant, PARIS, "fr"), moment(instant, PARIS, "en")) == (french, english)


def test_an_hour_that_the_clock_shows_twice_is_told_with_its_zone():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment(first, PARIS, "fr") == "dimanche 25 octobre 02:30 CEST"
    assert moment(first + timedelta(hours=1), PARIS, "fr") == "dimanche 25 octobre 02:30 CET"


@pytest.mark.parametrize(
    ("found", "until", "french", "english"),
    [
        pytest.param(
            MONDAY,
            None,
            "depuis dimanche 3 mai 14:00, constaté lundi 4 mai 13:45",
            "since Sunday 3 May 14:00, found Monday 4 May 13:45",
            id="found_later",
        ),
        pytest.param(SUNDAY, None, "depuis dimanche 3 mai 14:00", "since Sunday 3 May 14:00", id="found_at_once"),
        pytest.param(
            MONDAY,
            MONDAY + timedelta(hours=2),
            "depuis dimanche 3 mai 14:00, constaté lundi 4 mai 13:45, terminé lundi 4 mai 15:45",
            "since Sunday 3 May 14:00, found Monday 4 May 13:45, over Monday 4 May 15:45",
            id="over",
        ),
    ],
)
def test_both_times_of_an_alert_are_told_in_one_sentence(found, until, french, english):
    assert times_told(SUNDAY, found, until, PARIS, "fr") == french
    assert times_told(SUNDAY, found, until, PARIS, "en") == english


def test_a_state_was_found_when_the_alert_about_it_was():
    assert state_told("look_now", MONDAY, PARIS, "fr") == "à aller voir, constaté lundi 4 mai 13:45"
    assert state_told("watch", MONDAY, PARIS, "en") == "watch, found Monday 4 May 13:45"
    assert state_told("normal", MONDAY, PARIS, "en") == "normal, since Monday 4 May 13:45"
