"""An alert says on a dashboard, word for word, what it says everywhere else."""

import json
from itertools import pairwise
from zoneinfo import ZoneInfo

import psycopg
import pytest

from core.alert_texts import EVIDENCE, KINDS, evidence_told
from core.time_texts import times_told
from dashboards.sentences import evidence_worded, lasting_worded, times_worded
from tests.told_times import LENGTHS, MOMENTS

NUMBERS = {
    "observed": 0.214,
    "mean": 0.55,
    "known": 0.127,
    "received": 0.874,
    "day": "2026-06-20",
    "newest": "it's 5 days old",
    "code": "",
}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_sentence_is_that_of_the_catalogue(database_url, language):
    named = {name for text in EVIDENCE.values() for name in _names(text.en)}
    whole = {"outside", "windows", "collars", "of", "animals", "seconds", "hours", "messages"}
    values = {name: 3 if name in whole else 17.4 for name in named} | NUMBERS
    sentence = evidence_worded(language).replace("%", "%%")
    query = f"SELECT {sentence} FROM (SELECT %s AS kind, %s::jsonb AS evidence, '{{}}'::jsonb AS expected) a"
    with psycopg.connect(database_url) as connection:
        for code in (*EVIDENCE, "something new"):
            evidence = values | {"code": code}
            (told,) = connection.execute(query, ("battery", json.dumps(evidence))).fetchone()
            assert told == evidence_told("battery", evidence, {}, language), code
    assert KINDS["battery"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_lengths_of_time_are_those_of_the_catalogue(database_url, language):
    worded = lasting_worded("seconds", language).replace("%", "%%")
    query = f"SELECT {worded} FROM unnest(%s::numeric[]) WITH ORDINALITY AS t (seconds, at) ORDER BY at"
    with psycopg.connect(database_url) as connection:
        told = [row[0] for row in connection.execute(query, ([float(seconds) for seconds, _, _ in LENGTHS],))]

    assert told == [french if language == "fr" else english for _, french, english in LENGTHS]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_since_when_it_is_and_when_it_was_found_are_those_of_the_catalogue(database_url, language):
    pairs = [*pairwise(one[0] for one in MOMENTS), (MOMENTS[0][0], MOMENTS[0][0])]
    worded = times_worded("since", "found", "'Europe/Paris'", language)
    query = f"SELECT {worded} FROM (SELECT %s::timestamptz AS since, %s::timestamptz AS found) a"
    with psycopg.connect(database_url) as connection:
        told = [connection.execute(query, pair).fetchone()[0] for pair in pairs]

    assert told == [times_told(*pair, None, ZoneInfo("Europe/Paris"), language) for pair in pairs]


def _names(template):
    return [part.split(":")[0].split("}")[0] for part in template.split("{")[1:]]
