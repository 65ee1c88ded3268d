"""Every code of an alert has a sentence in both languages that takes the same numbers."""

from string import Formatter

import pytest

from core.alert_texts import (
    ABOUT,
    CAUSES,
    CHECKS,
    ENDINGS,
    EVIDENCE,
    KINDS,
    SEVERITIES,
    UNEXPLAINED,
    causes_told,
    evidence_told,
    told,
)

TEXTS = {
    (place, code): text
    for place, texts in enumerate((KINDS, EVIDENCE, ENDINGS, CAUSES, CHECKS, ABOUT, SEVERITIES))
    for code, text in texts.items()
} | {"unexplained": UNEXPLAINED}

SAME_IN_BOTH = {ABOUT["animal"], SEVERITIES["critical"]}


@pytest.mark.parametrize("code", TEXTS)
def test_both_languages_take_the_same_numbers(code):
    english, french = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in TEXTS[code])
    assert english == french
    assert TEXTS[code].en != TEXTS[code].fr or TEXTS[code] in SAME_IN_BOTH


def test_every_kind_says_what_to_check():
    assert CHECKS.keys() == KINDS.keys()


def test_no_cause_is_a_sentence_too():
    assert causes_told([], "en") == [UNEXPLAINED.en]
    assert causes_told([], "fr") == [UNEXPLAINED.fr]


def test_french_puts_a_space_before_percent():
    cause = {"code": "coverage_dropped", "weight": 1, "now": 0.5, "usual": 0.98}
    assert causes_told([cause], "fr") == ["50\u202f% du temps des animaux entendu, 98\u202f% la veille"]
    assert causes_told([cause], "en") == ["50% of the animals' time was heard, 98% the day before"]


def test_a_kind_without_numbers_is_told_by_its_name():
    assert evidence_told("battery", {}, {}, "fr") == "batterie faible"
    assert told(ENDINGS["inside"], "en", {}) == "back inside the band"
